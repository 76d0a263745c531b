"""Time axes whose labels stand side by side, on any length of footage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest

from camera_analysis import charts

START = datetime(2020, 6, 1, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (30, ["14:00:00", "14:00:10", "14:00:20", "14:00:30"]),
        (150, ["14:00", "14:01", "14:02"]),
        (6 * 3600, ["14:00", "15:00", "16:00", "17:00", "18:00", "19:00", "20:00"]),
    ],
)
def test_ticks_are_round_local_times(seconds: int, labels: list[str]) -> None:
    ticks = charts.time_ticks(START, START + timedelta(seconds=seconds), BERLIN)
    assert ticks.labels == labels


@pytest.mark.parametrize("seconds", [1, 7, 29, 45, 59, 61, 240, 3599, 86_399])
def test_ticks_never_crowd(seconds: int) -> None:
    ticks = charts.time_ticks(START, START + timedelta(seconds=seconds), BERLIN)
    wide = len(ticks.labels[0]) > len("14:00")
    assert (
        1
        <= len(ticks.labels)
        <= (charts.MOST_STEPS_WITH_SECONDS if wide else charts.MOST_STEPS) + 1
    )


def test_the_words_of_the_threshold_stay_inside_the_plot(tmp_path: Path) -> None:
    """Nothing surprising: the threshold is the highest thing drawn, and its words need room."""
    timeline = charts.Timeline(
        times=[START + timedelta(seconds=s) for s in range(30)],
        zone=BERLIN,
        surprise_bits=np.linspace(0.0, 2.0, 30),
        delta_share=np.zeros(30),
        alarm_bits=8.0,
        spans=[],
        gap=timedelta(seconds=2),
    )
    charts.save_timeline(timeline, tmp_path / "timeline.png")
    picture = cv2.imread(str(tmp_path / "timeline.png"))
    red = (picture[..., 2] > 180) & (picture[..., 1] < 80)
    threshold_row = int(np.flatnonzero(red.any(axis=1))[0])
    frame_row = int(np.flatnonzero((picture.max(axis=2) < 60).mean(axis=1) > 0.6)[0])
    assert threshold_row - frame_row > 20
