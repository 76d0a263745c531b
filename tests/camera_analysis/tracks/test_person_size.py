"""How large people are in a view, and regions of several people split by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from camera_analysis.label_classes import HUMAN
from camera_analysis.labelling.day_regions import DayRegion, outline_of, regions_of
from camera_analysis.labelling.regions import Box
from camera_analysis.tracks.person_size import PersonSize, learn_person_size, people_of

SIZE_HW = (240, 320)
SIZE = PersonSize(slope=0.25, intercept=10.0, aspect=0.4, fill=1.0, regions=100)


def boxes(random, count, *, shape=2.5, slope=0.25, intercept=10.0):
    """Boxes of people anywhere in the view, 5 % taller or smaller than usual."""
    foot = random.uniform(90, 230, count)
    height = (slope * foot + intercept) * random.normal(1, 0.05, count)
    middle = random.uniform(40, 280, count)
    half = height / shape / 2
    return np.column_stack([middle - half, foot - height, middle + half, foot])


def areas(xyxy):
    return (xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])


def test_height_grows_with_the_row_of_the_feet_and_pairs_do_not_disturb():
    random = np.random.default_rng(1)
    singles, pairs = boxes(random, 300), boxes(random, 120, shape=1.2)
    xyxy = np.concatenate([singles, pairs])
    size = learn_person_size(xyxy, 0.6 * areas(xyxy), SIZE_HW)
    assert size.height(100) == pytest.approx(35, rel=0.05)
    assert size.height(220) == pytest.approx(65, rel=0.05)
    assert size.aspect == pytest.approx(0.4, rel=0.05)
    assert size.fill == pytest.approx(0.6)


def test_a_view_of_cars_has_no_person_size():
    random = np.random.default_rng(2)
    cars, people = boxes(random, 300, shape=0.6), boxes(random, 90)
    xyxy = np.concatenate([cars, people])
    assert learn_person_size(xyxy, areas(xyxy), SIZE_HW) is None


def test_too_few_people_teach_nothing():
    xyxy = boxes(np.random.default_rng(3), 30)
    assert learn_person_size(xyxy, areas(xyxy), SIZE_HW) is None


def test_people_who_all_stand_on_one_row_are_of_one_height():
    xyxy = np.tile([100.0, 100, 116, 140], (80, 1))
    size = learn_person_size(xyxy, areas(xyxy), SIZE_HW)
    assert (size.height(50), size.height(200)) == (40, 40)


def drawn(*people):
    """One region of rectangles that touch."""
    labels = np.zeros(SIZE_HW, np.uint8)
    for box in people:
        labels[box.y0 : box.y1, box.x0 : box.x1] = HUMAN
    (region,) = regions_of(labels)
    return region


def test_one_person_is_one():
    region = drawn(Box(100, 80, 116, 120))  # 40 high with the feet in row 120: as usual
    assert people_of(region, SIZE) == [region.box]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_people_side_by_side_are_split_from_left_to_right(count):
    people = [Box(100 + 16 * n, 80, 116 + 16 * n, 120) for n in range(count)]
    found = people_of(drawn(*people), SIZE)
    assert len(found) == count
    for box, person in zip(found, people, strict=True):
        assert box.overlap(person) > 0.8


def test_people_behind_each_other_are_split_from_top_to_bottom():
    front, back = Box(100, 80, 116, 120), Box(102, 44, 118, 80)
    found = sorted(people_of(drawn(front, back), SIZE), key=lambda box: box.y0)
    assert len(found) == 2
    assert found[1].overlap(front) > 0.7


def test_a_long_shadow_of_a_thin_one_splits_nothing():
    person, shadow = Box(100, 80, 116, 120), Box(116, 116, 150, 120)
    region = drawn(person, shadow)
    assert people_of(region, SIZE) == [region.box]  # wide, but no larger than one and a half


def test_a_crowd_is_cut_into_eight_at_most():
    crowd = DayRegion(
        box=Box(0, 0, 320, 120),
        area_px=320 * 120,
        class_id=HUMAN,
        outline=outline_of(np.ones((8, 8), bool)),
    )
    assert len(people_of(crowd, SIZE)) == 8
    assert len(people_of(replace(crowd, area_px=900), SIZE)) == 1
