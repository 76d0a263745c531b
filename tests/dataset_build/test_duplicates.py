"""Who repeats whom, and that the fast search misses nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.duplicates import Candidate, find_duplicates, near_pairs


def image(name, phash, *, sha=None, human=True, area_px=100, preferred=False):
    return Candidate(
        sample_id=name,
        image_sha256=sha or f"sha-{name}",
        phash=phash,
        human=human,
        area_px=area_px,
        preferred=preferred,
    )


def removed(candidates, radius=6):
    """Duplicate id -> (kept id, distance, exact)."""
    report = find_duplicates(candidates, radius)
    return {
        candidates[d.row].sample_id: (candidates[d.kept].sample_id, d.distance, d.exact)
        for d in report.duplicates
    }


def groups(candidates, radius=6):
    return list(find_duplicates(candidates, radius).groups)


FAR = 0x0F0F_0F0F_0F0F_0F0F


def test_equal_bytes_are_exact_duplicates_whatever_the_masks():
    pair = [image("ade/a", 0, sha="same"), image("voc/b", 0, sha="same"), image("voc/c", FAR)]
    assert removed(pair) == {"voc/b": ("ade/a", 0, True)}
    assert groups(pair) == ["same", "same", "sha-voc/c"]


def test_six_bits_apart_is_near_and_seven_is_not():
    assert removed([image("a", 0), image("b", 0b111111)]) == {"b": ("a", 6, False)}
    assert removed([image("a", 0), image("b", 0b1111111)]) == {}


def test_the_sign_bit_counts_as_one_bit():
    assert removed([image("a", 0), image("b", -(2**63))], radius=1) == {"b": ("a", 1, False)}


def test_a_chain_is_one_group_but_only_close_members_are_removed():
    chain = [image("a", 0), image("b", 0b111111), image("c", 0b111111_111111)]
    assert removed(chain) == {"b": ("a", 6, False)}
    assert groups(chain) == ["sha-a"] * 3


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"preferred": True, "human": False}, {"human": True}),
        ({"human": True, "area_px": 1}, {"human": False, "area_px": 9}),
        ({"area_px": 9}, {"area_px": 1}),
    ],
)
def test_kept_is_what_was_asked_for_then_humans_then_the_larger(better, worse):
    assert removed([image("a", 0, **worse), image("b", 1, **better)]) == {"a": ("b", 1, False)}


def test_among_equals_the_first_name_stays():
    assert removed([image("b", 0), image("a", 1)]) == {"b": ("a", 1, False)}


def test_a_duplicate_names_the_closest_that_stays():
    images = [image("a", 0), image("b", 0xFF), image("c", 0b11111)]
    assert removed(images, radius=6)["c"] == ("b", 3, False)


def test_nothing_and_one_image_have_no_duplicates():
    assert find_duplicates([], 6).groups == ()
    assert removed([image("a", 5)]) == {}


def test_a_radius_beyond_the_hash_is_refused():
    with pytest.raises(ValueError, match=r"64.*use 0\.\.63"):
        find_duplicates([], 64)


def brute_force(hashes, radius):
    return [
        (i, j, (hashes[i] ^ hashes[j]).bit_count())
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if (hashes[i] ^ hashes[j]).bit_count() <= radius
    ]


@st.composite
def clustered_hashes(draw):
    """Distinct hashes around a few centres, so that pairs lie on both sides of the radius."""
    centres = draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4))
    flips = st.sets(st.integers(0, 63), max_size=9)
    noisy = draw(st.lists(st.tuples(st.sampled_from(centres), flips), max_size=40))
    return sorted({centre ^ sum(1 << bit for bit in bits) for centre, bits in noisy})


@settings(deadline=None)
@given(clustered_hashes(), st.integers(0, 12))
def test_the_banded_search_finds_exactly_what_brute_force_finds(hashes, radius):
    pairs = near_pairs(np.array(hashes, np.uint64), radius)
    found = list(
        zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True)
    )
    assert found == brute_force(hashes, radius)


def test_the_search_in_small_pieces_finds_the_same(monkeypatch):
    rng = random.Random(0)
    hashes = sorted({rng.getrandbits(9) << rng.randrange(3) for _ in range(200)})
    monkeypatch.setattr("dataset_build.duplicates._PAIRS_AT_ONCE", 7)
    pairs = near_pairs(np.array(hashes, np.uint64), 3)
    found = list(
        zip(pairs.left.tolist(), pairs.right.tolist(), pairs.distance.tolist(), strict=True)
    )
    assert found == brute_force(hashes, 3)


@settings(deadline=None)
@given(clustered_hashes(), st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order(hashes, rng):
    images = [
        image(str(i), h - 2**63, human=i % 2 == 0, area_px=i % 3, sha=f"s{i // 2}")
        for i, h in enumerate(hashes)
    ]
    shuffled = rng.sample(images, len(images))
    assert removed(images) == removed(shuffled)
    names = [i.sample_id for i in images], [i.sample_id for i in shuffled]
    assert dict(zip(names[0], groups(images), strict=True)) == dict(
        zip(names[1], groups(shuffled), strict=True)
    )


@settings(deadline=None)
@given(clustered_hashes())
def test_no_two_that_stay_are_close_and_each_duplicate_is_close_to_what_stays(hashes):
    images = [image(str(i), h - 2**63) for i, h in enumerate(hashes)]
    gone = removed(images)
    stay = [h for i, h in enumerate(hashes) if str(i) not in gone]
    assert brute_force(stay, 6) == []
    assert all(kept not in gone and bits <= 6 for kept, bits, _ in gone.values())
