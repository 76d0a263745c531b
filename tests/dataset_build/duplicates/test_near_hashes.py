"""The banded search misses no pair and invents none."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.duplicates.near_hashes import NearIndex
from tests.dataset_build.duplicates.factories_hashes import close_pairs, clustered_hashes


def asked_in_bulk(hashes, radius, batch):
    """(left, right, distance) of hashes against those put in before, batch after batch."""
    index, found = NearIndex(np.array(hashes, np.uint64), radius), []
    for start in range(0, len(hashes), batch):
        rows = np.arange(start, min(start + batch, len(hashes)))
        for place, member in index.near(rows):
            found += zip(member.tolist(), rows[place].tolist(), strict=True)
        index.add(rows)
    return sorted((i, j, (hashes[i] ^ hashes[j]).bit_count()) for i, j in found)


def proposed_across(hashes, radius, labels):
    """As above, of pairs with different labels."""
    index, found = NearIndex(np.array(hashes, np.uint64), radius), []
    for band in range(index.bands):
        for left, right in index.across(band, np.arange(len(hashes)), np.array(labels, int)):
            near = index.first_found(band, left, right)
            found += zip(left[near].tolist(), right[near].tolist(), strict=True)
    assert all(labels[left] > labels[right] for left, right in found)
    return sorted((min(p), max(p), (hashes[p[0]] ^ hashes[p[1]]).bit_count()) for p in found)


def in_other_batches(pairs, batch):
    return [pair for pair in pairs if pair[0] // batch != pair[1] // batch]


@settings(deadline=None)
@given(clustered_hashes(), st.integers(0, 12), st.integers(1, 9))
def test_the_banded_search_finds_exactly_what_close_pairs_finds(hashes, radius, batch):
    expected = in_other_batches(close_pairs(hashes, radius), batch)
    assert asked_in_bulk(hashes, radius, batch) == expected


@settings(deadline=None)
@given(clustered_hashes(), st.integers(0, 12), st.integers(1, 9))
def test_across_labels_each_pair_is_proposed_once(hashes, radius, kinds):
    labels = [place * 7 % kinds for place in range(len(hashes))]
    expected = [p for p in close_pairs(hashes, radius) if labels[p[0]] != labels[p[1]]]
    assert proposed_across(hashes, radius, labels) == expected


def test_equal_hashes_are_near():
    assert asked_in_bulk([5, 5, 5], 0, 1) == [(0, 1, 0), (0, 2, 0), (1, 2, 0)]


def test_the_search_in_small_pieces_finds_the_same(monkeypatch):
    rng = random.Random(0)
    hashes = sorted({rng.getrandbits(9) << rng.randrange(3) for _ in range(200)})
    monkeypatch.setattr("dataset_build.duplicates.near_hashes._PAIRS_AT_ONCE", 7)
    monkeypatch.setattr("dataset_build.duplicates.near_hashes._ROWS_AT_ONCE", 5)
    expected = close_pairs(hashes, 3)
    assert asked_in_bulk(hashes, 3, 16) == in_other_batches(expected, 16)
    assert proposed_across(hashes, 3, list(range(len(hashes)))) == expected


@settings(deadline=None)
@given(clustered_hashes(), st.integers(0, 12), st.integers(1, 9))
def test_what_will_be_compared_is_known_before(hashes, radius, kinds):
    labels = np.array([place * 7 % kinds for place in range(len(hashes))], int)
    index, rows = NearIndex(np.array(hashes, np.uint64), radius), np.arange(len(hashes))
    proposed = np.zeros(len(hashes), int)
    for band in range(index.bands):
        for left, _ in index.across(band, rows, labels):
            np.add.at(proposed, left, 1)
    assert index.proposed_across(rows, labels).tolist() == proposed.tolist()
    assert index.compared(rows).tolist() == [0] * len(hashes)
    index.add(rows)
    near = [(np.bitwise_count(index.hashes ^ one) <= radius).sum() for one in index.hashes]
    assert (index.compared(rows) >= np.array(near, int)).all()
