"""An audit of drawn people: what must leak does, what cannot does not."""

from __future__ import annotations

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest

from camera_analysis.audit.audit_attacks import best_attack
from camera_analysis.audit.audit_linking import look_of, most_alike
from camera_analysis.audit.audit_people import AuditFrame, link_people, people_of, seen_people
from camera_analysis.audit.audit_restoring import HiddenPerson, richardson_lucy, wiener
from camera_analysis.audit.audit_table import (
    AuditLimits,
    control_of,
    read_rows,
    verdict_at,
    verdict_of,
    write_rows,
)
from camera_analysis.audit.measured_audit import measured, measured_verdict
from camera_analysis.audit.picture_likeness import psnr_db, ssim
from camera_analysis.audit.privacy_audit import PrivacyAudit, cases
from camera_analysis.labelling.motion import MotionConfig, learn_plate

SHIRTS = [(200, 40, 40), (40, 60, 200), (40, 160, 60), (210, 190, 40)]
TROUSERS = [(40, 40, 60), (200, 200, 190), (90, 60, 30), (120, 120, 130)]


def wall(seed):
    rng = np.random.default_rng(seed)
    noise = rng.integers(170, 230, (12, 16, 3)).astype(np.uint8)
    return cv2.resize(noise, (160, 120), interpolation=cv2.INTER_CUBIC)


def draw(picture, x, shirt, trousers):
    """A head, a striped shirt and trousers, 72 pixels high; the mask of them."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    for canvas, colours in (
        (picture, ((225, 180, 150), shirt, trousers)),
        (mask, (1, 1, 1)),
    ):
        cv2.circle(canvas, (x, 36), 8, colours[0], -1)
        cv2.rectangle(canvas, (x - 12, 44), (x + 12, 74), colours[1], -1)
        cv2.rectangle(canvas, (x - 10, 75), (x + 10, 100), colours[2], -1)
    for y in range(48, 74, 8):
        cv2.line(picture, (x - 12, y), (x + 12, y), (240, 240, 240), 2)
    return mask.view(bool)


@pytest.fixture(scope="module")
def frames():
    """Two cameras, two people each, four moments."""
    made = []
    for camera in range(2):
        empty = wall(camera)
        plate = learn_plate([empty] * 3, MotionConfig())
        for moment in range(4):
            picture, tracks = empty.copy(), np.zeros((120, 160), np.int32)
            for track in (1, 2):
                who = 2 * camera + track - 1
                at = 30 + 8 * moment + 70 * (track - 1)
                tracks[draw(picture, at, SHIRTS[who], TROUSERS[who])] = track
            made.append(
                AuditFrame(
                    sequence=f"camera {camera}",
                    frame_rgb=picture,
                    people_hw=tracks > 0,
                    tracks_hw=tracks,
                    plate=plate,
                )
            )
    return made


@pytest.fixture(scope="module")
def rows(frames):
    audit = PrivacyAudit(frames)
    cases = [("mask", 0.05), ("blank", 0.05), ("pixelate", 0.02), ("blur", 0.02)]
    return {method: audit.measure(method, strength) for method, strength in cases}


def test_everybody_is_audited_and_known_when_clear(rows):
    for row in rows.values():
        assert (row.people, row.probes, row.gallery, row.linked_clear) == (16, 16, 4, 16)


def test_fine_blur_and_pixels_leave_clothes_by_which_people_are_linked(rows):
    assert min(rows["blur"].linked, rows["pixelate"].linked) >= 12
    assert max(row.linked_control for row in rows.values()) <= 8


def test_the_empty_view_leaves_nothing_to_link_or_to_see(rows):
    assert rows["blank"].linked == 0
    assert rows["blank"].seen == 0
    assert rows["blank"].foot_error is None


def test_mask_leaves_where_people_are(rows):
    assert rows["mask"].seen == 1
    assert rows["mask"].foot_error < 0.05


def test_deblurring_restores_more_than_the_blur_shows(rows):
    assert rows["blur"].attack != "none"
    assert rows["blur"].similarity > rows["blur"].similarity_left
    assert rows["blur"].similarity > rows["mask"].similarity + 0.3


def test_verdict_measures_by_a_solid_mask(rows):
    control = control_of(list(rows.values()))
    assert verdict_of(control, control, AuditLimits()).passed
    assert verdict_of(rows["blank"], control, AuditLimits()).passed
    failed = verdict_of(rows["blur"], control, AuditLimits())
    assert not failed.passed
    told = "; ".join(failed.reasons)
    assert re.search(r"a matcher links 1\d of 16 people among 4 \(by outline and place: \d\)", told)
    assert "restores a structural similarity of 0." in told


def test_a_filter_that_holds_only_while_its_seed_is_secret_fails(rows):
    control, limits = control_of(list(rows.values())), AuditLimits()
    kept = replace(rows["blank"], method="scramble")
    assert verdict_of(replace(kept, seed_similarity=0.1, seed_linked=0), control, limits).passed
    undone = replace(kept, seed_similarity=1.0, seed_linked=16)
    told = "; ".join(verdict_of(undone, control, limits).reasons)
    assert "who knows the seed links 16 of 16 people" in told
    assert "who knows the seed restores a structural similarity of 1.00" in told


def test_a_scramble_is_undone_by_its_seed_and_no_other_method_has_one(frames, rows):
    row = PrivacyAudit(frames).measure("scramble", 0.05)
    assert row.seed_similarity == pytest.approx(1.0, abs=0.01)
    assert row.seed_similarity > row.similarity + 0.3 and row.seed_linked == 16
    assert all(one.seed_similarity is None for one in rows.values())


class FindsClothes:
    """A network that knows every colour of shirts and trousers, and no grey of a mask."""

    version = "clothes-1"

    def probability(self, frames):
        apart = [np.abs(frames.astype(int) - one).max(axis=3) for one in SHIRTS + TROUSERS]
        return (np.min(apart, axis=0) < 5).astype(np.float32)


def test_our_segmenter_finds_who_is_clear_and_nobody_under_a_mask(frames, rows):
    row = PrivacyAudit(frames, FindsClothes()).measure("mask", 0.05)
    assert (row.segmenter_clear, row.segmenter_found) == (16, 0)
    assert rows["mask"].segmenter_found is None, "nobody was asked"


def test_pass_between_failures_is_chance(rows):
    """Measured at 0.02 (fails), 0.05 (passes) and 0.1 (fails): nothing but more passes."""
    fails, passes = rows["blur"], replace(rows["blank"], method="blur")
    measured = [rows["mask"], fails, replace(passes, strength=0.05), replace(fails, strength=0.1)]
    limits = AuditLimits()
    assert not verdict_at(measured, "blur", 0.06, limits).passed
    assert verdict_at(measured[:3], "blur", 0.06, limits).passed
    assert not verdict_at(measured[:3], "blur", 0.04, limits).passed
    (reason,) = verdict_at(measured, "blur", 0.01, limits).reasons
    assert reason == "blur was not measured at a strength of 0.01 or less"


def test_people_of_one_sequence_alone_cannot_be_audited(frames):
    with pytest.raises(ValueError, match="two sequences at least"):
        PrivacyAudit(frames[:4])


def test_table_comes_back_as_it_was_written(rows, tmp_path):
    write_rows(list(rows.values()), tmp_path / "audit.json", about="four drawn people")
    read, about = read_rows((tmp_path / "audit.json").read_text())
    assert read == list(rows.values()) and about == "four drawn people"
    with pytest.raises(ValueError, match="no table of a privacy audit"):
        read_rows('{"rows": [{"method": "blur"}], "about": ""}')


def masks_of(*boxes_by_frame):
    masks = []
    for boxes in boxes_by_frame:
        mask = np.zeros((60, 120), bool)
        for x in boxes:
            mask[10:50, x : x + 14] = True
        masks.append(mask)
    return masks


def test_who_is_apart_keeps_a_track_and_who_was_hidden_behind_another_gets_a_new_one():
    apart, near, one, again = masks_of((18, 76), (28, 64), (38, 52), (20, 70))
    linked = list(link_people([apart, near, one, again]))
    assert np.unique(linked[0]).tolist() == np.unique(linked[1]).tolist() == [0, 1, 2]
    assert linked[2].max() == 0, "two people in one part cannot be told apart"
    assert set(np.unique(linked[3])) == {0, 3, 4}


def test_low_people_are_left_out(frames):
    low = AuditFrame(
        sequence="far",
        frame_rgb=frames[0].frame_rgb,
        people_hw=frames[0].people_hw,
        tracks_hw=np.where(np.arange(120)[:, None] < 60, frames[0].tracks_hw, 0).astype(np.int32),
    )
    assert people_of([low]) == []


def test_what_equals_the_empty_view_is_not_seen(frames):
    people = people_of(frames[:1])
    gone = seen_people(people, frames[:1], [frames[0].plate.rgb])
    assert [one.mask_hw.any() for one in gone] == [False, False]
    there = seen_people(people, frames[:1], [frames[0].frame_rgb])
    assert all(one.mask_hw.mean() > 0.5 for one in there)


def test_most_alike_is_the_same_clothes(frames):
    people = people_of(frames[:2])
    looks = [look_of(frames[one.frame].frame_rgb, one) for one in people]
    assert most_alike(looks[0], looks[2:]) == 0
    assert most_alike(looks[1], looks[2:]) == 1


def blurred_person(sigma):
    picture = wall(5)
    mask = draw(picture, 60, SHIRTS[0], TROUSERS[0])
    hidden = np.where(mask[..., None], cv2.GaussianBlur(picture, (0, 0), sigma), picture)
    return HiddenPerson(
        picture_rgb=hidden,
        mask_hw=mask,
        clear_rgb=picture,
        person_hw=mask,
        detail_px=round(2 * sigma),
        phase_yx=(0, 0),
    )


@pytest.mark.parametrize("attack", [wiener, richardson_lucy])
def test_deconvolution_sharpens_a_known_blur_and_leaves_the_rest(attack):
    hidden = blurred_person(2.0)
    restored = attack(hidden)
    before = psnr_db(hidden.picture_rgb, hidden.clear_rgb, hidden.person_hw)
    assert psnr_db(restored, hidden.clear_rgb, hidden.person_hw) > before + 2
    assert np.array_equal(restored[~hidden.mask_hw], hidden.picture_rgb[~hidden.mask_hw])


def test_dictionary_learns_colours_that_were_swapped():
    """Red and blue exchanged: no picture of it is alike, and yet nothing is hidden."""
    people = []
    for number in range(6):
        picture = wall(number)
        mask = draw(picture, 60 + number, SHIRTS[number % 4], TROUSERS[number % 4])
        people.append(
            HiddenPerson(
                picture_rgb=np.where(mask[..., None], 255 - picture, picture),
                mask_hw=mask,
                clear_rgb=picture,
                person_hw=mask,
                detail_px=4,
                phase_yx=(0, 0),
            )
        )
    found = best_attack(people, [str(number) for number in range(6)], blurred=False)
    assert found.name == "dictionary"
    assert found.similarity > 0.8 > found.similarity_left


def test_likeness_of_pictures():
    picture = wall(3)
    everywhere = np.ones(picture.shape[:2], bool)
    assert ssim(picture, picture, everywhere) == pytest.approx(1)
    assert psnr_db(picture, picture, everywhere) == 99
    off = np.clip(picture.astype(int) + 10, 0, 255).astype(np.uint8)
    assert psnr_db(picture, off, everywhere) == pytest.approx(10 * np.log10(255**2 / 100))
    with pytest.raises(ValueError, match="mask is empty"):
        ssim(picture, picture, ~everywhere)


def test_every_filter_that_hides_people_was_measured():
    rows, about = measured()
    assert {(row.method, row.strength) for row in rows} == set(cases())
    assert about.startswith("Measured in November 2026")


def test_filters_that_hide_the_place_alone_never_pass():
    (reason,) = measured_verdict("background_blur", 0.05).reasons
    assert reason == "background_blur hides no people"
