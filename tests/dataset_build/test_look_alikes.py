"""What makes two thumbnails agree, and that looks are numbered by what they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataset_build.look_alikes import alike_pairs, correlation, distinct_looks

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
    looks = distinct_looks([phash for phash, _ in drawn], [picture for _, picture in drawn])
    found = [
        (int(looks.hashes[look].astype(np.int64)), looks.thumbnails[look].tobytes())
        for look in looks.look_of
    ]
    assert found == drawn
    assert len(looks.hashes) == len(set(drawn))
    assert looks.hashes.tolist() == sorted(looks.hashes.tolist())


def test_pairs_need_both_the_hash_and_the_thumbnail(monkeypatch):
    monkeypatch.setattr("dataset_build.look_alikes._COMPARED_AT_ONCE", 2)
    pictures = [RAMP, RAMP, RAMP[::-1], RAMP]
    looks = distinct_looks([0, 1, 1, 0xFFFF], [bytes(p) for p in pictures])
    pairs = alike_pairs(looks, radius=6, min_correlation=0.9)
    linked = {tuple(sorted(pair)) for pair in zip(pairs.left, pairs.right, strict=True)}
    assert linked == {tuple(sorted((looks.look_of[0], looks.look_of[1])))}
    assert pairs.distance.tolist() == [1]
