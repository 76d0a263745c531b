"""The banded search misses no pair and invents none."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.near_hashes import near_pairs
from tests.dataset_build.factories_hashes import close_pairs, clustered_hashes


@settings(deadline=None)
@given(clustered_hashes(), st.integers(0, 12))
def test_the_banded_search_finds_exactly_what_close_pairs_finds(hashes, radius):
    pairs = near_pairs(np.array(hashes, np.uint64), radius)
    found = list(
        zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True)
    )
    assert found == close_pairs(hashes, radius)


def test_the_search_in_small_pieces_finds_the_same(monkeypatch):
    rng = random.Random(0)
    hashes = sorted({rng.getrandbits(9) << rng.randrange(3) for _ in range(200)})
    monkeypatch.setattr("dataset_build.near_hashes._PAIRS_AT_ONCE", 7)
    pairs = near_pairs(np.array(hashes, np.uint64), 3)
    found = list(
        zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True)
    )
    assert found == close_pairs(hashes, 3)
