"""What makes two thumbnails agree, and that looks are numbered by what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataset_build.duplicates.look_alikes import (
    Links,
    correlation,
    distinct_looks,
    in_pieces,
    stacked,
)

RAMP = np.tile(np.arange(0, 160, 10, dtype=np.uint8), 16)


def of(one, two):
    return float(correlation(np.array([one], np.uint8), np.array([two], np.uint8))[0])


def test_brightness_and_contrast_do_not_matter_and_the_pattern_does():
    assert of(RAMP, RAMP // 2 + 90) == pytest.approx(1.0)
    assert of(RAMP, RAMP[::-1]) == pytest.approx(-1.0)
    assert of(RAMP, np.sort(RAMP)) == pytest.approx(0.0, abs=0.1)


def test_flat_pictures_agree_by_brightness_alone():
    grey, lighter, white = (np.full(256, value) for value in (100, 104, 250))
    assert of(grey, lighter) == 1.0
    assert of(grey, white) == 0.0
    assert of(grey, RAMP) == 0.0


pictures = hnp.arrays(np.uint8, (6, 256))


@given(pictures, pictures)
def test_correlation_is_that_of_numpy_and_the_same_in_any_batch(one, two):
    found = correlation(one, two)
    for row, value in enumerate(found):
        assert value == correlation(one[row : row + 1], two[row : row + 1])[0]
        if one[row].std() >= 1 and two[row].std() >= 1:
            assert value == pytest.approx(np.corrcoef(one[row], two[row])[0, 1], abs=1e-9)


@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.binary(min_size=3, max_size=3))))
def test_every_image_has_the_look_it_came_with(drawn):
    hashes = np.array([phash for phash, _ in drawn], np.int64)
    pictures = [picture for _, picture in drawn] or [b""]  # nothing has no size
    looks = distinct_looks(hashes, stacked(pictures)[: len(drawn)])
    found = [
        (int(looks.hashes[look].astype(np.int64)), looks.thumbnails[look].tobytes())
        for look in looks.look_of
    ]
    assert found == drawn
    assert len(looks.hashes) == len(set(drawn))
    assert looks.hashes.tolist() == sorted(looks.hashes.tolist())


def test_pieces_hold_every_pair_once(monkeypatch):
    monkeypatch.setattr("dataset_build.duplicates.look_alikes._COMPARED_AT_ONCE", 2)
    pieces = list(in_pieces(np.arange(5), np.arange(5, 10)))
    assert [left.tolist() for left, _ in pieces] == [[0, 1], [2, 3], [4]]
    assert [right.tolist() for _, right in pieces] == [[5, 6], [7, 8], [9]]


def test_a_chain_of_links_has_its_smallest_node_on_top():
    links = Links(6)
    links.join(np.array([4, 3]), np.array([3, 1]))
    links.join(np.array([5]), np.array([5]))
    assert links.top.tolist() == [0, 1, 2, 1, 1, 5]
    left, right = links.apart(np.array([4, 0]), np.array([1, 1]))
    assert (left.tolist(), right.tolist()) == ([0], [1])


nodes = st.integers(0, 11)


@given(st.lists(st.lists(st.tuples(nodes, nodes), max_size=6), max_size=5))
def test_links_in_any_pieces_are_those_of_sets(pieces):
    links, group = Links(12), [{node} for node in range(12)]
    for piece in pieces:
        ends = np.array(piece, np.int64).reshape(-1, 2)
        links.join(ends[:, 0], ends[:, 1])
        for one, two in piece:
            joined = group[one] | group[two]
            for node in joined:
                group[node] = joined
    assert links.top.tolist() == [min(linked) for linked in group]
