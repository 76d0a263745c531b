"""Walks are kept as ways in time, and those of a window lie in one table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from camera_analysis.tracks.walks import (
    read_walks,
    read_walks_meta,
    walk_rows,
    write_walks,
    write_window,
)
from tests.camera_analysis.factories_tracks import START, walk
from tests.camera_analysis.factories_walks import META, write_day


def test_a_walk_keeps_its_way_its_height_and_when_it_was_where(tmp_path):
    track = walk([(6 * n, 100) for n in range(26)])  # 150 pixels in 5 s
    write_walks(walk_rows("2026-01-05", [track], ["A"], [None]), META, tmp_path)
    (found,) = read_walks(tmp_path)
    assert read_walks_meta(tmp_path) == META
    assert (found.day, found.track_id, found.entry_zone, found.exit_zone) == (
        *("2026-01-05", 1, "A"),
        None,
    )
    assert (found.start, found.end) == (START, START + timedelta(seconds=5))
    assert np.allclose(found.body_px, 40)
    middle = found.box_at(START + timedelta(seconds=2.41))
    assert (middle.x0, middle.y0, middle.x1, middle.y1) == (62, 60, 83, 100)  # feet at 72.3, 100
    assert found.extent.x0 < 0 < 150 < found.extent.x1
    assert (found.extent.y0, found.extent.y1) == (60, 100)


def test_a_window_leaves_out_alarms_and_days_that_cannot_be_compared(tmp_path):
    rng = np.random.default_rng(0)
    days = {
        name: write_day(tmp_path / name, name, rng, usual=5, meta=meta)
        for name, meta in (
            ("2026-01-02", replace(META, segmenter="another")),
            ("2026-01-03", replace(META, step_s=0.1)),
            ("2026-01-04", META),
            ("2026-01-05", META),
        )
    }
    days["2026-01-01"] = tmp_path  # not tracked
    third = START + timedelta(seconds=125)
    assert write_window(days, {"2026-01-04": [(third, third)]}, "net", tmp_path) == 9
    walks = read_walks(tmp_path)
    assert [walk.day for walk in walks] == ["2026-01-04"] * 4 + ["2026-01-05"] * 5
    assert [walk.track_id for walk in walks[:4]] == [0, 1, 3, 4]


def test_the_same_days_give_the_same_bytes(tmp_path):
    files = []
    for name in ("one", "two"):
        days = {"d": write_day(tmp_path / name / "d", "d", np.random.default_rng(3), usual=4)}
        write_window(days, {}, "net", tmp_path / name)
        files.append((tmp_path / name / "walks.parquet").read_bytes())
    assert files[0] == files[1]


def test_a_window_without_tracks_leaves_nothing(tmp_path):
    assert write_window({}, {}, "net", tmp_path) == 0
    assert read_walks(tmp_path) == []
    assert read_walks_meta(tmp_path) is None
