from __future__ import annotations

from dataset_build.sources.official_counts import official_count_findings
from dataset_build.sources.sources import SOURCES

VOC = SOURCES["voc"]
FULL = {"train": 1464, "val": 1449}
HUMANS = {"train": 442, "val": 446}


def said(*arguments) -> list[tuple[bool, str]]:
    return [(finding.passed, finding.seen) for finding in official_count_findings(*arguments)]


def test_a_full_source_meets_every_number():
    assert said(VOC, FULL, HUMANS) == [
        (True, "train: 1,464 of 1,464"),
        (True, "val: 1,449 of 1,449"),
        (True, "total: 888 images with humans of 888"),
    ]


def test_a_few_missing_files_are_a_fault_with_the_numbers():
    assert said(VOC, FULL | {"train": 1460}, HUMANS) == [
        (False, "train: 1,460 of 1,464"),
        (True, "val: 1,449 of 1,449"),
    ]


def test_more_than_was_published_is_a_fault():
    assert (False, "val: 1,450 of 1,449") in said(VOC, FULL | {"val": 1450}, HUMANS)


def test_a_small_part_is_a_sample_and_no_fault():
    assert said(VOC, {"train": 170, "val": 156}, {"train": 90}) == [
        (True, "a sample: 326 of 2,913")
    ]


def test_samples_outside_the_published_splits_do_not_count():
    assert said(VOC, FULL | {"none": 14_212}, HUMANS)[0] == (True, "train: 1,464 of 1,464")


def test_an_absent_split_is_said():
    found = said(SOURCES["coco_stuff"], {"train": 118_287}, {"train": 63_965})
    assert found == [
        (True, "train: 118,287 of 118,287"),
        (True, "val: absent, 5,000 are published"),
        (True, "train: 63,965 images with humans of 64,115 (±1%)"),
    ]


def test_too_few_human_images_of_a_complete_source_tell_a_wrong_class_id():
    wrong = said(SOURCES["ade20k"], {"train": 20_210, "val": 2_000}, {"train": 9, "val": 526})
    assert (False, "train: 9 images with humans of 5,075") in wrong


def test_nothing_is_asked_where_nothing_is_published():
    assert said(VOC.__class__(**{**vars(VOC), "official_counts": {}}), {"none": 4}, {}) == [
        (True, "no official counts are published")
    ]
