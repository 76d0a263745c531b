"""A camera-day is counted by local hour, whatever its frames are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.day_counts import count_day
from tests.camera_analysis.factories_days import MORNING, draw_day, empty_scene, fresh, with_block


def test_a_day_is_counted_by_local_hour_and_pandas_reads_it(tmp_path):
    maps = [empty_scene()] * 30 + [with_block(empty_scene(), 10, 20)] * 30
    day = draw_day(tmp_path, maps, start=MORNING.replace(minute=59, second=30), offset_h=1)
    seen = []
    summary = count_day(
        day.index, day.labels, fresh(tmp_path / "out"), progress=lambda *at: seen.append(at)
    )
    assert summary.frames_by_hour == {9: 30, 10: 30}
    assert seen[-1] == (60, 60)
    table = pd.read_parquet(tmp_path / "out" / "counts.parquet")
    human = table[(table.local_hour == 10) & (table.class_id == 1)].set_index("y")
    frames_by_row = np.cumsum(np.stack(human.n_minus_above), axis=0)
    assert frames_by_row[20, 8:20].tolist() == [0, 0, *[30] * 8, 0, 0]
    assert frames_by_row[[19, 36]].any() == 0
    assert set(zip(table.local_hour, table.class_id, strict=True)) == {(10, 1)}
    assert (tmp_path / "out" / "activity.png").stat().st_size > 1000


def test_a_day_without_frames_is_counted_as_such(tmp_path):
    day = draw_day(tmp_path, [])
    summary = count_day(day.index, day.labels, fresh(tmp_path / "out"))
    assert (summary.frames, summary.mover_share) == (0, 0.0)
    assert ClassCounts.load(tmp_path / "out").frames == 0


def test_a_label_map_of_no_usable_frame_is_refused(tmp_path):
    day = draw_day(tmp_path, [empty_scene()] * 2)
    other = draw_day(tmp_path / "other", [empty_scene()])
    with pytest.raises(ValueError, match="frame 1 is no usable frame"):
        count_day(other.index, day.labels, fresh(tmp_path / "out"))
