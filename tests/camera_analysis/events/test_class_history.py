"""Days behind a normal are judged by each other: what departs on one is held against the next."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from camera_analysis.events import class_history
from camera_analysis.events.anomaly import judge_day
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.class_history import DayBehind, write_class_scale
from camera_analysis.events.held_out_scale import CLASS_SCALE_FILE, HeldOutScale
from camera_analysis.normal import held_out
from camera_analysis.normal.day_counts import count_day
from camera_analysis.normal.learned_normal import build_normal
from tests.camera_analysis.factories_days import MORNING, draw_day, fresh, lane_walk, with_block

pytestmark = pytest.mark.usefixtures("coarse_pictures")

FRAMES = 240


def visit(maps, first, last, *, x=70):
    """Somebody stands below the lane for some frames, a second each."""
    return [with_block(m, x, 30) if first <= n < last else m for n, m in enumerate(maps)]


class Window:
    """Drawn days, their counts, and their normal."""

    def __init__(self, folder, days):
        self.folder, self.behind = folder, {}
        for name, maps in days.items():
            day = draw_day(folder / name, maps)
            count_day(day.index, day.labels, counts := fresh(folder / name / "counts"))
            self.behind[name] = DayBehind(day.index, day.labels, counts)
        self.normal = fresh(folder / "normal")
        counts = {name: day.counts for name, day in self.behind.items()}
        build_normal(counts, sorted(counts), self.normal, plate=None)

    def scale(self, **more):
        days = {
            name: DayBehind(d.index, d.labels, d.counts, **more) for name, d in self.behind.items()
        }
        write_class_scale(days, AnomalyConfig(), self.normal)
        return HeldOutScale.load(self.normal / CLASS_SCALE_FILE)

    def calibrated_by(self, verdicts, **more):
        """The scale where some days were judged themselves; verdicts are folders by day."""
        days = {
            name: DayBehind(d.index, d.labels, d.counts, judged=verdicts.get(name), **more)
            for name, d in self.behind.items()
        }
        write_class_scale(days, AnomalyConfig(), self.normal)
        return HeldOutScale.load(self.normal / CLASS_SCALE_FILE)

    def judged(self, name, maps, **settings):
        day, out = draw_day(self.folder / name, maps), fresh(self.folder / f"out_{name}")
        summary = judge_day(
            day.index,
            day.labels,
            self.normal,
            out,
            day="2026-01-05",
            zone=ZoneInfo("UTC"),
            config=AnomalyConfig(**settings),
            mode="history",
        )
        return summary, pd.read_parquet(out / "frame_scores.parquet")


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """Two days; on the second somebody stands for four seconds where nobody is."""
    folder = tmp_path_factory.mktemp("window")
    usual = lane_walk(FRAMES)
    days = {"2026-01-03": usual, "2026-01-04": visit(usual, 100, 104)}
    made = Window(folder, days)
    made.scale()
    return made


def test_what_departs_on_one_day_is_what_the_others_never_showed(window):
    first, second = HeldOutScale.load(window.normal / CLASS_SCALE_FILE).folds
    assert (first.name, first.frames, first.strengths) == ("2026-01-03", FRAMES, ())
    (strength,) = second.strengths
    never = np.log2((2 * FRAMES + 1.5) / 0.5)  # as much as the whole normal would say
    assert strength == pytest.approx(never + 2, abs=0.1)


def test_a_day_like_the_history_has_no_event_and_one_that_lasts_has(window):
    usual = lane_walk(FRAMES)
    short, scores = window.judged("short", visit(usual, 50, 53, x=20), alarms_per_day=0.5)
    assert (short.events, short.usual_departures) == (0, 1)
    assert not scores.alarm.any()
    long, scores = window.judged("long", visit(usual, 50, 62, x=20), alarms_per_day=0.5)
    assert (long.events, long.usual_departures) == (1, 0)
    assert scores.alarm[50:62].all()


def test_the_promise_is_of_all_sources_and_known_where_the_history_is_long_enough(window):
    known, _ = window.judged("known", lane_walk(FRAMES), alarms_per_day=0.5)
    (source,) = known.promise.sources  # there are neither channels nor walks
    assert (source.source, source.promised, source.is_known) == ("class", 0.5, True)
    assert known.promise.measured == source.measured
    unknown, _ = window.judged("unknown", lane_walk(FRAMES), alarms_per_day=0.25)
    assert not unknown.promise.is_known
    assert unknown.class_least_bits > known.class_least_bits


def test_frames_that_were_called_an_alarm_calibrate_nothing(tmp_path):
    window = Window(
        tmp_path, {"2026-01-03": lane_walk(120), "2026-01-04": visit(lane_walk(120), 60, 70)}
    )
    span = MORNING + timedelta(seconds=60), MORNING + timedelta(seconds=70)
    assert [len(fold.strengths) for fold in window.scale().folds] == [0, 1]
    assert [len(fold.strengths) for fold in window.scale(alarms=[span]).folds] == [0, 0]


def test_a_lone_day_is_held_out_in_blocks(tmp_path):
    window = Window(tmp_path, {"2026-01-04": visit(lane_walk(FRAMES), 40, 44)})
    folds = window.scale().folds
    assert [fold.name for fold in folds] == [f"2026-01-04/{n}" for n in range(8)]
    assert [len(fold.strengths) for fold in folds] == [0, 1, 0, 0, 0, 0, 0, 0]


def test_a_long_window_is_looked_at_in_stretches_that_go_on_while_something_does(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(held_out, "MOST_FRAMES", 80)
    monkeypatch.setattr(held_out, "STRETCH", 40)
    usual = lane_walk(FRAMES)
    whole = Window(tmp_path, {"2026-01-03": usual, "2026-01-04": visit(usual, 180, 210)})
    _, second = whole.scale().folds
    assert 60 <= second.frames < 70
    assert second.strengths[0] == pytest.approx(np.log2(481.5 / 0.5) + np.log2(30), abs=0.1)


def test_a_long_window_is_calibrated_by_what_departed_when_its_days_were_judged(
    tmp_path, monkeypatch
):
    usual = lane_walk(FRAMES)
    before = Window(tmp_path / "before", {"2026-01-01": usual, "2026-01-02": usual})
    maps = visit(visit(usual, 50, 54, x=20), 180, 210)
    before.judged("verdict", maps)
    verdict = before.folder / "out_verdict"
    window = Window(tmp_path / "window", {"2026-01-03": usual, "2026-01-04": maps})
    by_others = window.calibrated_by({"2026-01-04": verdict})
    monkeypatch.setattr(held_out, "MOST_FRAMES", 80)
    monkeypatch.setattr(held_out, "STRETCH", 40)
    first, second = window.calibrated_by({"2026-01-04": verdict}).folds
    assert 80 <= first.frames < 90  # all that is looked at once more
    assert second.frames == FRAMES
    never = np.log2((2 * FRAMES + 1.5) / 0.5)
    assert second.strengths == pytest.approx([never + 2, never + np.log2(30)], abs=0.1)
    assert by_others.folds[1].strengths == pytest.approx(second.strengths, abs=0.1)
    span = MORNING + timedelta(seconds=185), MORNING + timedelta(seconds=190)
    _, marked = window.calibrated_by({"2026-01-04": verdict}, alarms=[span]).folds
    assert marked.strengths == pytest.approx([never + 2], abs=0.1)


def test_a_verdict_without_a_history_is_no_calibration(tmp_path, monkeypatch):
    monkeypatch.setattr(held_out, "MOST_FRAMES", 80)
    monkeypatch.setattr(held_out, "STRETCH", 40)
    usual = lane_walk(FRAMES)
    window = Window(tmp_path, {"2026-01-03": usual, "2026-01-04": usual})
    empty = fresh(tmp_path / "warming_up")
    assert window.calibrated_by({"2026-01-04": empty}) == window.calibrated_by({})


@pytest.mark.parametrize("days", [7, 14, 30])
def test_the_stretches_of_a_long_window_lie_all_around_the_day(days):
    """Days of 86,400 frames, one a second: one stretch a day must not be midnight's each time."""
    most, frame_ids = held_out.MOST_FRAMES // days, range(86_400)
    shown = [class_history._stretches(frame_ids, most, (n + 0.5) / days) for n in range(days)]
    assert all(0.5 * most <= len(set(one)) <= max(most, held_out.STRETCH) for one in shown)
    hours = {frame_id // 3600 for one in shown for frame_id in one}
    assert hours == set(range(24))


def test_the_same_days_give_the_same_bytes(window):
    path = window.normal / "class_scale.parquet"
    before = path.read_bytes()
    window.scale()
    assert path.read_bytes() == before
