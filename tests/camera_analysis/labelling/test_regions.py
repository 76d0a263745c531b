"""Surprising pixels that lie together become one region with its box."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.labelling.regions import Box, surprising_regions
from camera_analysis.normal.surprise import ScoreConfig, SurpriseModel
from tests.camera_analysis.factories_days import empty_scene, with_block


def regions_of(labels, *, min_area_share=0.0005):
    height, width = labels.shape
    counts = np.zeros((3, height, width), np.uint32)
    counts[0] = 2000
    model = SurpriseModel(counts, 2000, ScoreConfig())
    return surprising_regions(labels, model.score(labels), model, 8.0, min_area_share)


def test_nothing_where_nothing_moves():
    assert regions_of(empty_scene()) == []


def test_two_bodies_are_two_regions_with_exact_boxes():
    labels = with_block(with_block(empty_scene(), 5, 10), 60, 20, class_id=2)
    left, right = regions_of(labels)
    assert (left.box, right.box) == (Box(5, 10, 13, 26), Box(60, 20, 68, 36))
    assert left.class_px.tolist() == [0, 128, 0]
    assert right.class_px.tolist() == [0, 0, 128]
    assert right.seen.tolist() == [2000, 0, 0]
    assert left.score_bits == pytest.approx(np.log2(2001.5 / 0.5), abs=0.02)


def test_a_body_torn_by_one_pixel_is_one_region():
    labels = with_block(empty_scene(), 20, 10, size=(8, 20))
    labels[18] = 0
    assert [region.box for region in regions_of(labels)] == [Box(20, 10, 28, 30)]


def test_a_region_below_the_smallest_area_is_left_out():
    labels = with_block(empty_scene(), 20, 10, size=(4, 4))
    assert len(regions_of(labels)) == 1
    assert regions_of(labels, min_area_share=0.01) == []


def test_box_algebra():
    box = Box(0, 0, 4, 2)
    assert (box.area, box.grown(0.5)) == (8, Box(-2, -2, 6, 4))
    assert (box.common(Box(3, 1, 9, 9)), box.common(Box(5, 5, 6, 6))) == (1, 0)
    assert box.overlap(box) == 1.0
    assert box.union(Box(3, 1, 9, 9)) == Box(0, 0, 9, 9)
