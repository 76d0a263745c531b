"""Who repeats whom, and that the fast search misses nothing."""

from __future__ import annotations

import tracemalloc
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.duplicates.duplicates import find_duplicates
from dataset_build.duplicates.look_alikes import correlation
from tests.dataset_build.duplicates.factories_hashes import (
    ball_of_hashes,
    close_pairs,
    clustered_hashes,
    one_cluster,
)
from tests.dataset_build.review.factories_candidates import (
    MIRRORED,
    RAMP,
    THUMBNAILS,
    Image,
    columns,
    image,
    images,
)


def find(images, radius=6):
    """Duplicates among the rows, at a correlation of 0.9."""
    return find_duplicates(columns(images), radius, 0.9)


def removed(candidates, radius=6):
    """Duplicate id -> (kept id, distance, exact)."""
    report = find(candidates, radius)
    return {
        candidates[d.row].sample_id: (candidates[d.kept].sample_id, d.distance, d.exact)
        for d in report.duplicates
    }


def groups(candidates, radius=6):
    return list(find(candidates, radius).groups)


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


def test_equal_hashes_with_unlike_thumbnails_are_no_duplicates():
    pair = [image("a", 0), image("b", 0, thumbnail=MIRRORED)]
    assert removed(pair) == {}
    assert groups(pair) == ["sha-a", "sha-b"]


def test_an_unlike_thumbnail_breaks_a_chain():
    chain = [image("a", 0), image("b", 1, thumbnail=MIRRORED), image("c", 3)]
    assert removed(chain) == {"c": ("a", 2, False)}
    assert groups(chain) == ["sha-a", "sha-b", "sha-a"]


def test_thumbnails_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match=r"thumbnails of \[4, 256\] bytes; scan"):
        removed([image("a", 0), image("b", 0, thumbnail=b"abcd")])


def test_very_many_equal_pictures_are_one_group():
    crowd = [image(f"{number:05}", 0) for number in range(3_000)]
    report = find(crowd)
    assert len(report.duplicates) == 2_999
    assert {duplicate.kept for duplicate in report.duplicates} == {0}
    assert set(report.groups) == {"sha-00000"}


def test_a_chain_is_one_group_but_only_close_members_are_removed():
    chain = [image("a", 0), image("b", 0b111111), image("c", 0b111111_111111)]
    assert removed(chain) == {"b": ("a", 6, False)}
    assert groups(chain) == ["sha-a"] * 3


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"preferred": True, "human": False}, {"human": True}),
        ({"human": True, "rank": 9}, {"human": False, "rank": 1}),
        ({"rank": 1, "area_px": 1}, {"rank": 2, "area_px": 9}),
        ({"area_px": 9}, {"area_px": 1}),
    ],
)
def test_kept_is_what_was_asked_for_then_humans_then_the_better_source_then_the_larger(
    better, worse
):
    assert removed([image("a", 0, **worse), image("b", 1, **better)]) == {"a": ("b", 1, False)}


def test_among_equals_the_first_name_stays():
    assert removed([image("b", 0), image("a", 1)]) == {"b": ("a", 1, False)}


def test_a_duplicate_names_the_closest_that_stays():
    images = [image("a", 0), image("b", 0xFF), image("c", 0b11111)]
    assert removed(images, radius=6)["c"] == ("b", 3, False)


def test_nothing_and_one_image_have_no_duplicates():
    assert find([]).groups == ()
    assert removed([image("a", 5)]) == {}


def test_a_radius_beyond_the_hash_is_refused():
    with pytest.raises(ValueError, match=r"64.*use 0\.\.63"):
        find([], 64)


def alike(one, two):
    pair = [np.frombuffer(c.thumbnail, np.uint8)[None] for c in (one, two)]
    bits = ((one.phash ^ two.phash) & (2**64 - 1)).bit_count()
    return bits <= 6 and correlation(*pair)[0] >= 0.9


def by_brute_force(candidates):
    """(removed, groups) by visiting best first and comparing with everything."""
    kept, gone, best = [], {}, {}
    for one in sorted(candidates, key=Image.rank):
        if one.image_sha256 in best:
            gone[one.sample_id] = best[one.image_sha256].sample_id
            continue
        best[one.image_sha256] = one
        near = [
            (((one.phash ^ other.phash) & (2**64 - 1)).bit_count(), other.rank(), other.sample_id)
            for other in kept
            if alike(one, other)
        ]
        if near:
            gone[one.sample_id] = min(near)[2]
        else:
            kept.append(one)
    group = {sha: {sha} for sha in best}
    for one in best.values():
        for other in best.values():
            if alike(one, other):
                joined = group[one.image_sha256] | group[other.image_sha256]
                for sha in joined:
                    group[sha] = joined
    return gone, [min(group[candidate.image_sha256]) for candidate in candidates]


@settings(deadline=None)
@given(images())
def test_removals_and_groups_are_those_of_brute_force(candidates):
    gone, grouped = by_brute_force(candidates)
    assert {name: kept for name, (kept, _, _) in removed(candidates).items()} == gone
    assert groups(candidates) == grouped


#: Three moods of one view: the first is like the second, and the second like the third.
MOODS = [RAMP, RAMP[:-9] + bytes(9), RAMP[:-24] + bytes(24), MIRRORED]


#: How often a look is compared before it is in a crowd: all looks, some, and none are.
CROWDS = [0, 12, 10_000]


@settings(deadline=None, max_examples=60)
@given(one_cluster(), st.sampled_from(CROWDS), st.data())
def test_a_cluster_visited_in_small_batches_and_pieces_is_that_of_brute_force(hashes, crowd, data):
    candidates = [
        image(
            f"{number:02}",
            phash - 2**63,
            thumbnail=data.draw(st.sampled_from(MOODS + THUMBNAILS)),
            area_px=data.draw(st.integers(1, 3)),
        )
        for number, phash in enumerate(hashes)
    ]
    gone, grouped = by_brute_force(candidates)
    with (
        patch("dataset_build.duplicates.near_visit._VISITED_AT_ONCE", 4),
        patch("dataset_build.duplicates.near_visit._CROWD", crowd),
        patch("dataset_build.duplicates.look_sketches._COMPARED_WITH", 6),
        patch("dataset_build.duplicates.look_sketches._BLOCK", 5),
        patch("dataset_build.duplicates.look_alikes._COMPARED_AT_ONCE", 3),
        patch("dataset_build.duplicates.near_hashes._PAIRS_AT_ONCE", 5),
    ):
        found = removed(candidates), groups(candidates)
    assert {name: kept for name, (kept, _, _) in found[0].items()} == gone
    assert found[1] == grouped


def test_unlike_pictures_of_near_hashes_are_told_apart_by_sketches_alone(monkeypatch):
    def compared(*_):
        raise AssertionError("a pair that cannot be alike was compared pixel by pixel")

    monkeypatch.setattr("dataset_build.duplicates.near_visit.correlation", compared)
    monkeypatch.setattr("dataset_build.duplicates.near_visit._CROWD", 0)
    thumbnails = np.random.default_rng(0).integers(0, 256, (3_000, 256)).astype(np.uint8)
    film = [
        image(f"{number:05}", phash - 2**63, thumbnail=thumbnail.tobytes())
        for number, (phash, thumbnail) in enumerate(
            zip(ball_of_hashes(3_000), thumbnails, strict=True)
        )
    ]
    assert find(film).duplicates == ()


def test_memory_does_not_grow_with_the_pairs_of_a_cluster():
    rng = np.random.default_rng(0)
    view = rng.integers(40, 216, 256)
    film = [
        image(f"{number:05}", phash - 2**63, thumbnail=bytes((view + noise).astype(np.uint8)))
        for number, (phash, noise) in enumerate(
            zip(ball_of_hashes(3_000), rng.integers(-9, 10, (3_000, 256)), strict=True)
        )
    ]
    tracemalloc.start()
    try:
        report = find(film)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(report.duplicates) == 2_999
    assert set(report.groups) == {"sha-00000"}
    assert peak < 64 * 2**20  # its 4.5 million pairs alone, as row numbers, take 69 MiB


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
    assert close_pairs(stay, 6) == []
    assert all(kept not in gone and bits <= 6 for kept, bits, _ in gone.values())
