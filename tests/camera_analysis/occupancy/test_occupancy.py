from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow.parquet as pq
import pytest

from camera_analysis.camera import Camera
from camera_analysis.labelling.day_regions import (
    OUTLINE_SIDE,
    DayRegion,
    FrameRegions,
    RegionWriter,
)
from camera_analysis.labelling.labels import read_labels_meta, write_labels_meta
from camera_analysis.labelling.regions import Box
from camera_analysis.lenses.lens import Lens
from camera_analysis.occupancy.occupancy import find_occupancy
from camera_analysis.occupancy.occupancy_rule import OccupancyRule
from camera_analysis.occupancy.rois import Roi
from tests.camera_analysis.factories_days import draw_day

START = datetime(2026, 1, 5, 7, 59, 57, tzinfo=UTC)
WIDE, HIGH = 48, 32


def walk(columns, class_id=1):
    """A person of 4 x 10 pixels whose left side is at a column, or nobody."""
    maps = []
    for column in columns:
        labels = np.zeros((HIGH, WIDE), np.uint8)
        if column is not None:
            labels[15:25, column : column + 4] = class_id
        maps.append(labels)
    return maps


@pytest.fixture
def camera(tmp_path):
    # Pixels of the full frame, which is twice as large.
    left = Roi(name="left", polygon_xy=((-0.5, -0.5), (31.5, -0.5), (31.5, 63.5), (-0.5, 63.5)))
    right = Roi(name="right", polygon_xy=((63.5, 0), (95.5, 0), (95.5, 63), (63.5, 63)))
    rule = OccupancyRule(score="overlap", enter=0.5, leave=0.25)
    return Camera(id="hall", folder=tmp_path, interval_s=1.0, rois=(left, right), occupancy=rule)


def drawn(folder, maps, native_wh=(2 * WIDE, 2 * HIGH), **settings):
    day = draw_day(folder, maps, start=START, interval_s=1.0, **settings)
    write_labels_meta(replace(read_labels_meta(day.labels), native_wh=native_wh), day.labels)
    return day


def measured(camera, day, tmp_path, regions=None):
    out = tmp_path / "out"
    out.mkdir()
    summary = find_occupancy(camera, "2026-01-05", day.index, day.labels, out, regions)
    return summary, json.loads((out / "occupancy.json").read_text()), out


#: Enters at the left, leaves it half way at frame 3 (1 of 4 columns inside), ends at the right.
COLUMNS = [None, 4, 12, 15, 20, 31, 40, None]


def test_a_walk_through_two_regions_is_two_stays(camera, tmp_path):
    summary, told, out = measured(camera, drawn(tmp_path / "d", walk(COLUMNS)), tmp_path)
    assert summary.frames_occupied == {"left": 3, "right": 2}
    stays = pq.read_table(out / "stays.parquet").to_pylist()
    assert [(row["roi"], row["start_utc"].second, row["dwell_s"]) for row in stays] == [
        ("left", 58, 3.0),
        ("right", 2, 2.0),
    ]
    assert [row["most_persons"] for row in stays] == [1, 1]
    left = told["rois"][0]
    assert (left["frames_over_enter"], left["frames_bottom_centre"]) == (2, 2)
    assert told["counted"] == "human"
    frames = pq.read_table(out / "roi_frames.parquet").to_pylist()
    shares = {row["frame_id"]: row["person_share"] for row in frames if row["roi"] == "left"}
    assert shares == {1: 1.0, 2: 1.0, 3: 0.25}
    assert all(path.stat().st_size > 5_000 for path in summary.pictures)


def test_hours_hold_every_frame_and_the_occupied_ones(camera, tmp_path):
    _, _, out = measured(camera, drawn(tmp_path / "d", walk(COLUMNS)), tmp_path)
    rows = pq.read_table(out / "hours.parquet").to_pylist()
    assert [(r["roi"], r["local_hour"], r["frames"], r["frames_occupied"]) for r in rows] == [
        ("left", 7, 3, 2),
        ("left", 8, 5, 1),
        ("right", 7, 3, 0),
        ("right", 8, 5, 2),
    ]


def test_two_who_stand_before_each_other_are_two_persons(camera, tmp_path):
    maps = walk([4, 4, 4, 4])
    maps[2][15:25, 4:11] = 1  # nearly twice as wide
    maps[3][2:10, 4:9] = 1  # a second one, apart
    _, told, _ = measured(camera, drawn(tmp_path / "d", maps), tmp_path)
    assert told["rois"][0]["most_persons"] == 2


def test_a_large_mover_is_one_where_nothing_tells_people_from_vehicles(camera, tmp_path):
    maps = walk([4, 4, 4], class_id=2)
    maps[2][10:28, 2:14] = 2
    _, told, _ = measured(camera, drawn(tmp_path / "d", maps, segmenter="none"), tmp_path)
    assert told["rois"][0]["most_persons"] == 1


def test_pixels_that_the_network_doubts_are_expected_less(camera, tmp_path):
    regions = tmp_path / "regions"
    regions.mkdir()
    with RegionWriter(regions) as writer:
        for frame_id, probability in ((1, 0.4), (None, 0.9)):
            seen = DayRegion(
                box=Box(4, 15, 8, 25),
                area_px=40,
                class_id=1,
                outline=bytes(OUTLINE_SIDE**2 // 8),
                human_probability=probability,
            )
            writer.add(FrameRegions(time_utc=START, frame_id=frame_id, regions=(seen,)))
    day = drawn(tmp_path / "d", walk([None, 4, None]))
    _, _, out = measured(camera, day, tmp_path, regions)
    (row,) = pq.read_table(out / "roi_frames.parquet").to_pylist()
    assert row["expected_px"] == pytest.approx(0.4 * 40)
    assert row["person_share"] == 1


def test_without_a_segmenter_every_mover_counts(camera, tmp_path):
    day = drawn(tmp_path / "d", walk(COLUMNS, class_id=2), segmenter="none")
    summary, told, _ = measured(camera, day, tmp_path)
    assert told["counted"] == "other mover"
    assert summary.frames_occupied["left"] == 3


def test_a_day_without_regions_or_frame_size_says_so(camera, tmp_path):
    day = drawn(tmp_path / "d", walk(COLUMNS), native_wh=None)
    summary, told, _ = measured(camera, day, tmp_path)
    assert (summary.status, told["status"]) == ("frame_size_unknown", "frame_size_unknown")
    out = tmp_path / "none"
    out.mkdir()
    plain = replace(camera, rois=())
    assert find_occupancy(plain, "2026-01-05", day.index, day.labels, out).status == "no_regions"
    assert pq.read_table(out / "stays.parquet").num_rows == 0


def test_under_a_fisheye_both_views_are_drawn(camera, tmp_path):
    lens = Lens(
        kind="fisheye",
        matrix=((30.0, 0, 47.5), (0, 30.0, 31.5), (0, 0, 1.0)),
        distortion=(0.0,) * 4,
        size_wh=(96, 64),
    )
    fisheye = replace(camera, lens=lens)
    day = drawn(tmp_path / "d", walk(COLUMNS))
    summary, told, _ = measured(fisheye, day, tmp_path)
    assert summary.frames_occupied["left"] >= 2
    assert told["rois"][0]["roi_px"] < 16 * 32  # pixels far from the axis weigh less


def test_the_same_day_gives_the_same_bytes(camera, tmp_path):
    day = drawn(tmp_path / "d", walk(COLUMNS))
    written = []
    for name in ("a", "b"):
        out = tmp_path / name
        out.mkdir()
        find_occupancy(camera, "2026-01-05", day.index, day.labels, out)
        written.append({path.name: path.read_bytes() for path in sorted(out.iterdir())})
    assert written[0] == written[1]
