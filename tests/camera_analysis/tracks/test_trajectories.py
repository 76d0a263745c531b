"""The trajectories of a drawn day: tables that agree, pictures, and the next day going on."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from camera_analysis.label_classes import CLASS_NAMES, HUMAN
from camera_analysis.labelling.day_regions import RegionsMeta, RegionWriter, write_regions_meta
from camera_analysis.tracks.track_tables import TRACK_SUMMARY, TRACKS
from camera_analysis.tracks.track_writer import speeds
from camera_analysis.tracks.tracker import Tracker
from camera_analysis.tracks.tracking_rule import TrackingRule
from camera_analysis.tracks.trajectories import make_trajectories
from camera_analysis.tracks.walks import read_walks_meta
from tests.camera_analysis.factories_tracks import START, film, line

DAY = "2026-01-05"
META = RegionsMeta(
    classes=CLASS_NAMES, height=240, width=320, native_wh=(640, 480), step_s=0.2, segmenter="net"
)
#: Twice to the right, three times back, each 10 s, one after the other.
WALKS = [
    line(10, 100, 310, 100, 0, 10),
    line(10, 104, 310, 104, 20, 30),
    line(10, 98, 310, 98, 40, 50),
    line(310, 200, 10, 200, 60, 70),
    line(310, 204, 10, 204, 80, 90),
    line(310, 198, 10, 198, 100, 110),
    line(310, 202, 10, 202, 120, 130),
]


class Day:
    def __init__(self, folder):
        self.folder = folder

    def make(self, name, frames, *, meta=META, rule=None, before=None, day=DAY):
        regions, out = self.folder / name / "regions", self.folder / name / "out"
        regions.mkdir(parents=True)
        out.mkdir()
        with RegionWriter(regions) as writer:
            for frame in frames:
                writer.add(frame)
        write_regions_meta(meta, regions)
        summary = make_trajectories(
            regions,
            out,
            day=day,
            title="yard",
            rule=rule or TrackingRule(),
            plate=None,
            before=before,
        )
        return summary, out


@pytest.fixture
def days(tmp_path):
    return Day(tmp_path)


def test_a_day_of_walks(days):
    summary, out = days.make("day", film(140, *WALKS))
    assert (summary.status, summary.tracks, summary.people, summary.walks) == ("tracked", 7, 7, 7)
    assert (summary.paths, summary.gaps, summary.breaks, summary.went_on) == (2, 0, 0, 0)
    points, rows = (
        pq.read_table(out / "tracks.parquet"),
        pq.read_table(out / "track_summary.parquet"),
    )
    assert points.schema.equals(TRACKS)
    assert rows.schema.equals(TRACK_SUMMARY)
    assert points.num_rows == sum(rows["points"].to_pylist()) == 7 * 50
    first = rows.to_pylist()[0]
    assert (first["track_id"], first["class_id"], first["path"]) == (20260105_000001, HUMAN, 1)
    assert first["start_utc"] == START + timedelta(
        seconds=0.2
    )  # a track begins with its second sight
    assert first["mean_speed_px_s"] == pytest.approx(30, rel=0.02)
    assert first["mean_speed_m_s"] is None
    told = json.loads((out / "trajectories.json").read_text())
    assert [path["walks"] for path in told["paths"]] == [4, 3]
    walked = np.array(told["origin_destination"]["walks"])
    assert walked.sum() == 7
    assert sorted(walked[walked > 0].tolist()) == [3, 4]
    assert sorted(path.name for path in out.glob("*.png")) == [
        "paths.png",
        "tracks.png",
        "zones.png",
    ]
    assert [zone["entries"] + zone["exits"] for zone in told["zones"]] == [4, 4, 3, 3]


def test_the_same_regions_give_the_same_bytes(days):
    _, first = days.make("first", film(140, *WALKS))
    _, second = days.make("second", film(140, *WALKS))
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_a_homography_gives_metres_a_second(days):
    rule = TrackingRule(
        homography=((0.01, 0, 0), (0, 0.01, 0), (0, 0, 1))
    )  # 100 raw pixels a metre
    _, out = days.make("day", film(12, WALKS[0]), rule=rule)
    (row,) = pq.read_table(out / "track_summary.parquet").to_pylist()
    assert row["mean_speed_m_s"] == pytest.approx(0.6, rel=0.02)  # 30 pixels, 60 raw ones
    point = pq.read_table(out / "tracks.parquet").to_pylist()[0]
    assert (point["ground_x_m"], point["ground_y_m"]) == pytest.approx((0.32, 2.0), abs=0.02)


def test_metres_beyond_the_horizon_are_null(days):
    rule = TrackingRule(homography=((1, 0, 0), (0, 0, 100), (0, 1, -300)))  # horizon at row 300
    _, out = days.make("day", film(12, WALKS[0]), rule=rule)  # feet at row 200
    (row,) = pq.read_table(out / "track_summary.parquet").to_pylist()
    assert row["mean_speed_m_s"] is None
    points = pq.read_table(out / "tracks.parquet").to_pylist()
    assert {point[name] for point in points for name in ("ground_x_m", "speed_m_s")} == {None}


def test_a_walk_over_midnight_goes_on(days):
    frames = film(10, WALKS[0])
    _, before = days.make("before", frames[:25])
    summary, out = days.make("after", frames[25:], before=before, day="2026-01-06")
    assert summary.went_on == 1
    (row,) = pq.read_table(out / "track_summary.parquet").to_pylist()
    assert (row["track_id"], row["began_before"], row["entry_zone"]) == (
        20260105_000001,
        True,
        None,
    )


def test_a_camera_that_is_looked_at_too_rarely_has_no_tracks_and_says_so(days):
    rare = RegionsMeta(**{**vars(META), "step_s": 1.0})
    summary, out = days.make("rare", film(10, WALKS[0]), meta=rare)
    assert (summary.status, summary.tracks, summary.pictures) == ("off", 0, ())
    assert pq.read_table(out / "tracks.parquet").num_rows == 0
    off, _ = days.make("off", film(10, WALKS[0]), rule=TrackingRule(fps=0))
    assert off.status == "off"


def test_a_day_without_anybody_has_empty_tables(days):
    summary, out = days.make("empty", [])
    assert (summary.status, summary.tracks, summary.walks) == ("tracked", 0, 0)
    assert pq.read_table(out / "track_summary.parquet").num_rows == 0
    assert len(list(out.glob("*.png"))) == 3


def test_steps_of_slow_footage_are_no_gaps(days):
    slow = [frame for number, frame in enumerate(film(10, WALKS[0])) if number % 2 == 0]
    summary, _ = days.make("slow", slow)
    assert (summary.walks, summary.gaps) == (1, 0)


def test_speeds_are_measured_over_a_second_and_jitter_is_none():
    times = np.arange(0, 4_000_000, 200_000)
    steady = np.column_stack([times / 1e6 * 30, np.zeros(len(times))])
    assert speeds(steady, times) == pytest.approx(np.full(len(times), 30))
    shaking = steady + np.column_stack([np.resize([1, -1], len(times)), np.zeros(len(times))])
    assert np.abs(speeds(shaking, times) - 30).max() <= 5
    apart = np.array([0, 3_000_000])  # out of sight for three seconds
    assert speeds(np.array([[0.0, 0], [30, 0]]), apart).tolist() == [10, 10]
    assert np.isnan(speeds(np.zeros((1, 2)), np.zeros(1, np.int64))).all()


def test_a_tracker_that_fails_leaves_empty_tables_and_the_reason(days, monkeypatch):
    calls = iter(range(1000))

    def stumbles(self, time_s, boxes):
        if next(calls) == 300:
            raise IndexError("index 7 is out of bounds")
        return found(self, time_s, boxes)

    found = Tracker.update
    monkeypatch.setattr(Tracker, "update", stumbles)
    summary, out = days.make("day", film(140, *WALKS))
    reason = "IndexError: index 7 is out of bounds"
    assert (summary.status, summary.tracks, summary.reason) == ("failed", 0, reason)
    assert json.loads((out / "trajectories.json").read_text())["reason"] == reason
    assert pq.read_table(out / "tracks.parquet").num_rows == 0
    assert read_walks_meta(out) is None  # a day of no walks is another thing than a quiet one
    going_on, _ = days.make("next", film(10, WALKS[0]), before=out, day="2026-01-06")
    assert (going_on.status, going_on.went_on) == ("tracked", 0)


def test_a_file_that_cannot_be_written_is_tried_again(days, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("camera_analysis.tracks.trajectories.write_state", full)
    with pytest.raises(OSError, match="No space left"):
        days.make("day", film(10, WALKS[0]))
