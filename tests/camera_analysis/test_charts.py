"""Time axes whose labels stand side by side, on any length of footage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from camera_analysis import charts
from camera_analysis.charts import FloatSeries

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


def drawn(folder: Path, bits: FloatSeries) -> tuple[NDArray[np.bool_], int, int]:
    """What is black in the drawn timeline, the row of its frame, and that of its threshold."""
    timeline = charts.Timeline(
        times=[START + timedelta(seconds=s) for s in range(30)],
        zone=BERLIN,
        surprise_bits=bits,
        delta_share=np.zeros(30),
        alarm_bits=8.0,
        spans=[],
        gap=timedelta(seconds=2),
    )
    charts.save_timeline(timeline, folder / "timeline.png")
    picture = cv2.imread(str(folder / "timeline.png"))
    assert picture is not None
    red = (picture[..., 2] > 180) & (picture[..., 1] < 80)
    threshold_row = int(np.flatnonzero(red.any(axis=1))[0])
    black = picture.max(axis=2) < 90
    return black, int(np.flatnonzero(black.mean(axis=1) > 0.6)[0]), threshold_row


def test_a_threshold_that_nothing_reaches_stays_inside_the_plot(tmp_path: Path) -> None:
    _, frame_row, threshold_row = drawn(tmp_path, np.linspace(0.0, 2.0, 30))
    assert threshold_row - frame_row > 20


def test_no_words_hide_the_curve_just_above_the_threshold(tmp_path: Path) -> None:
    black, frame_row, threshold_row = drawn(tmp_path, np.full(30, 8.4))
    assert threshold_row - frame_row > 20
    drawn_columns = np.flatnonzero(black[frame_row + 5 : threshold_row - 3].any(axis=0))
    curve = drawn_columns[1:-1]  # without the sides of the frame
    curve = curve[np.abs(curve - np.median(curve)) < 0.44 * np.ptp(drawn_columns)]
    assert len(curve) > 0.85 * np.ptp(drawn_columns)
    assert (np.diff(curve) == 1).all()
