"""Regions of a camera-day: what moved in each frame looked at, whatever the samples are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from camera_analysis.camera import Camera
from camera_analysis.footage.video_write import write_video
from camera_analysis.label_classes import HUMAN, OTHER_MOVER
from camera_analysis.labelling.day_regions import (
    OUTLINE_SIDE,
    REGIONS,
    DayRegion,
    FrameRegions,
    RegionWriter,
    iterate_regions,
    outline_mask,
    outline_of,
    read_regions_meta,
    regions_of,
    with_classes_of,
)
from camera_analysis.labelling.label_pass import process_day
from camera_analysis.labelling.labels import iterate_labels
from camera_analysis.labelling.regions import Box
from camera_analysis.tracks.tracking_rule import TrackingRule
from tests.camera_analysis.factories_scene import noisy, room
from tests.camera_analysis.labelling.test_label_pass import DAY, ColourSegmenter

pytestmark = pytest.mark.usefixtures("coarse_pictures")

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def test_what_lies_together_is_one_region_of_its_most_frequent_class():
    labels = np.zeros((12, 20), np.uint8)
    labels[2:8, 3:6] = HUMAN
    labels[8:10, 3:6] = OTHER_MOVER  # a shadow at the feet
    labels[4:6, 12:18] = OTHER_MOVER
    human = np.where(labels == HUMAN, 0.9, 0.1).astype(np.float32)
    person, car = regions_of(labels, human)
    assert (person.box, person.area_px, person.class_id) == (Box(3, 2, 6, 10), 24, HUMAN)
    assert person.human_probability == pytest.approx((18 * 0.9 + 6 * 0.1) / 24)
    assert (car.box, car.class_id) == (Box(12, 4, 18, 6), OTHER_MOVER)
    assert regions_of(labels)[0].human_probability is None


def test_an_outline_is_the_mask_of_a_region_in_its_box():
    inside = np.zeros((2 * OUTLINE_SIDE, 3 * OUTLINE_SIDE), bool)
    inside[:, : 2 * OUTLINE_SIDE] = True  # the left two thirds
    mask = outline_mask(outline_of(inside))
    assert mask[:, :16].all()
    assert not mask[:, 16:].any()


def test_a_line_thinner_than_a_place_still_has_an_outline():
    inside = np.zeros((4 * OUTLINE_SIDE, 4 * OUTLINE_SIDE), bool)
    inside[0] = inside[:, 0] = True
    assert outline_mask(outline_of(inside)).any()


def test_between_samples_a_region_has_the_class_of_the_one_it_overlaps_most():
    before = [_region(Box(0, 0, 10, 10), HUMAN), _region(Box(20, 0, 30, 10), OTHER_MOVER)]
    now = [_region(Box(2, 0, 12, 10)), _region(Box(9, 0, 29, 10)), _region(Box(50, 0, 60, 10))]
    assert [r.class_id for r in with_classes_of(now, before)] == [HUMAN, OTHER_MOVER, None]


def test_rows_come_back_frame_by_frame(tmp_path):
    frames = [
        FrameRegions(
            time_utc=START + timedelta(seconds=n / 5),
            frame_id=n // 5 if n % 5 == 0 else None,
            regions=tuple(_region(Box(k, n, k + 4, n + 9), HUMAN) for k in range(n % 3)),
        )
        for n in range(20)
    ]
    with RegionWriter(tmp_path, rows_per_group=4) as writer:
        for frame in frames:
            writer.add(frame)
    assert pq.read_schema(tmp_path / "regions.parquet").equals(REGIONS)
    assert list(iterate_regions(tmp_path)) == [frame for frame in frames if frame.regions]
    summary = writer.summary(0.2)
    assert (summary.frames, summary.between_samples, summary.frames_per_s) == (20, 16, 5.0)
    assert summary.regions == summary.human_regions == sum(n % 3 for n in range(20))


def box_at(second):
    """A walker of 10 x 32 pixels, 10 pixels a second to the right, and again from the left."""
    x = round(10 * second) % 84
    return Box(x, 24, x + 10, 56)


def walker_at(second):
    frame, box = room(), box_at(second)
    frame[box.y0 : box.y1, box.x0 : box.x1] = (230, 20, 200)
    return frame


@pytest.fixture
def walk(tmp_path):
    """A walker over 20 s, ten frames a second."""
    footage = tmp_path / "yard"
    footage.mkdir()
    frames = (noisy(walker_at(n / 10), n, 1.0) for n in range(200))
    write_video(footage / f"{DAY}T08-00-00.mp4", frames, 10, crf=12)

    def run(name, segmenter=None, regions=True, **settings):
        out = [tmp_path / name / part for part in ("index", "labels", "regions")]
        for folder in out:
            folder.mkdir(parents=True)
        camera = Camera(id="yard", folder=footage, **{"interval_s": 1.0, **settings})
        regions_out = out[2] if regions else None
        summary = process_day(camera, DAY, segmenter, *out[:2], regions_out=regions_out)
        return summary, out

    return run


def test_movers_are_looked_at_five_times_a_second_and_label_maps_stay_as_they_were(walk):
    summary, (index, labels, regions) = walk("with", ColourSegmenter())
    _, (plain_index, plain_labels, _) = walk("without", ColourSegmenter(), regions=False)
    for name in ("frames.parquet", "faults.parquet"):
        assert (index / name).read_bytes() == (plain_index / name).read_bytes()
    for name in ("labels.parquet", "codes.parquet", "labels.json", "plate.png"):
        assert (labels / name).read_bytes() == (plain_labels / name).read_bytes()
    assert (summary.regions.frames, summary.regions.between_samples) == (100, 80)
    meta = read_regions_meta(regions)
    assert (meta.step_s, meta.native_wh, meta.width) == (0.2, (96, 64), 96)
    for frame in list(iterate_regions(regions))[10::7]:
        second = (frame.time_utc - datetime(2026, 1, 5, 8, tzinfo=UTC)).total_seconds()
        (region,) = frame.regions
        assert region.class_id == HUMAN
        assert region.box.overlap(box_at(second)) > 0.6
        assert (frame.frame_id is None) == (second % 1 > 1e-6)


def test_a_sample_says_how_fast_its_regions_move_and_what_the_network_thinks(walk):
    _, (_, labels, regions) = walk("with", ColourSegmenter())
    ids = {shown.frame_id for shown in iterate_labels(labels)}
    samples = [frame for frame in iterate_regions(regions) if frame.frame_id in ids]
    inner = [frame.regions[0] for frame in samples[3:-3]]
    assert all(region.human_probability > 0.7 for region in inner)
    speeds = [region.speed_px_s for region in inner if region.speed_px_s]
    assert len(speeds) > len(inner) / 2
    assert 5 < np.median(speeds) < 20  # 10 was drawn; flow sees little in an even colour


def test_a_camera_without_tracks_is_looked_at_at_its_samples_alone(walk):
    summary, _ = walk("off", tracking=TrackingRule(fps=0))
    assert (summary.regions.frames, summary.regions.between_samples) == (20, 0)


def _region(box, class_id=None):
    return DayRegion(
        box=box, area_px=box.area, class_id=class_id, outline=outline_of(np.ones((4, 4), bool))
    )


def test_footage_slower_than_asked_for_says_its_own_step(tmp_path):
    with RegionWriter(tmp_path) as writer:
        assert writer.step_s(0.2) == 0.2
        for n in range(5):
            time = START + timedelta(seconds=n)
            writer.add(FrameRegions(time_utc=time, frame_id=n, regions=()))
        assert (writer.step_s(0.2), writer.step_s(5.0)) == (1.0, 5.0)
