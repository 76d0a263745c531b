"""A walkway in the layout of Ped2: exact truth, the same bytes for the same seed."""

from __future__ import annotations

import cv2
import pytest

from camera_analysis.benchmark.layouts.clips import judged_frames
from camera_analysis.benchmark.layouts.registry import load_benchmark
from pipelines.synthetic.walkway import WalkwayConfig, make_walkway

CONFIG = WalkwayConfig(train_clips=1, test_clips=2, frames=40, people=(3, 4))


@pytest.fixture(scope="module")
def walkway(tmp_path_factory):
    return make_walkway(tmp_path_factory.mktemp("walkway"), seed=3, config=CONFIG)


def test_it_is_read_as_ped2(walkway):
    benchmark = load_benchmark("ped2", walkway)
    assert [clip.length for clip in (*benchmark.train, *benchmark.test)] == [40, 40, 40]
    assert benchmark.regions_from == "boxes"


def test_boxes_hold_exactly_the_masks_pixels(walkway):
    seen = 0
    for clip in load_benchmark("ped2", walkway).test:
        for frame, truth in judged_frames(clip):
            assert frame.shape == (240, 360, 3)
            left = truth.mask_hw.copy()
            for region in truth.regions:
                box = region.box
                assert left[box.y0 : box.y1, box.x0 : box.x1].any()
                left[box.y0 : box.y1, box.x0 : box.x1] = False
                seen += 1
            assert not left.any()
    assert seen > 20


def test_the_same_seed_films_the_same_bytes(walkway, tmp_path):
    small = WalkwayConfig(train_clips=1, test_clips=0, frames=2, people=(2, 2))
    one = make_walkway(tmp_path / "a", seed=5, config=small)
    other = make_walkway(tmp_path / "b", seed=5, config=small)
    for name in ("001.tif", "002.tif"):
        files = [folder / "Train" / "Train001" / name for folder in (one, other)]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_people_are_as_tall_as_in_ped2(walkway):
    frame = cv2.imread(str(walkway / "Test" / "Test001" / "001.tif"), cv2.IMREAD_UNCHANGED)
    assert frame.shape == (240, 360)  # grey
    boxes = [
        region.box
        for clip in load_benchmark("ped2", walkway).test
        for truth in clip.truth()
        for region in truth.regions
    ]
    heights = sorted(box.y1 - box.y0 for box in boxes)
    assert 15 <= heights[len(heights) // 2] <= 50
