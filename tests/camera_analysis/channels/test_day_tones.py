"""A camera that keeps tones: what looks as its place never does departs, without any label."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from camera_analysis.channels.channel_codes import ABSENT, MOTION, STAY, TONE
from camera_analysis.channels.channel_history import write_scale
from camera_analysis.channels.channel_scale import ALL, ChannelScale
from camera_analysis.events.anomaly import judge_day
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.class_history import DayBehind
from camera_analysis.events.held_out_scale import CHANNEL_STRENGTHS_FILE, HeldOutScale
from camera_analysis.labelling.code_tables import (
    CodedFrame,
    CodesMeta,
    CodeWriter,
    write_codes_meta,
)
from camera_analysis.normal.day_counts import count_day
from camera_analysis.normal.hourly_channels import HourlyChannels
from camera_analysis.normal.learned_normal import build_normal
from tests.camera_analysis.factories_days import MORNING, draw_day, empty_scene, fresh

pytestmark = pytest.mark.usefixtures("coarse_pictures")

HEIGHT, WIDTH, CELL = 96, 192, 8
GRID = HEIGHT // CELL, WIDTH // CELL
TONES = 22, 44
META = CodesMeta(
    grid=GRID,
    cell_px=(8.0, 8.0),
    speed_px=3.0,
    size_px=2.0,
    stay_s=1.0,
    per_octave={"speed": 6, "size": 6, "stay": 2},
    tone_grid=TONES,
)
FLOOR, COAT = 30, 5
#: Far less than the history can tell, so that no ordinary day has an event by chance.
PROMISE = AnomalyConfig(alarms_per_day=0.1)
WHEN = {"day": "2026-01-05", "zone": ZoneInfo("UTC")}
BED, DOOR = np.s_[4:12, 30:38], np.s_[12:20, 4:10]


def write(folder, frames, seed, lies=(), gaps=()):
    """Nothing that a label map shows: a room whose door opens now and then, in noise.

    Args:
        folder: of the day.
        frames: a second each.
        seed: of the noise.
        lies: frames in which somebody in a dark coat lies on the bed.
        gaps: frames before which ten minutes of footage are missing.
    """
    rng = np.random.default_rng(seed)
    day = draw_day(folder, [empty_scene(HEIGHT, WIDTH)] * frames)
    write_codes_meta(META, day.labels)
    with CodeWriter(day.labels, tones=True) as writer:
        for number in range(frames):
            codes = {c: np.full(GRID, ABSENT, np.uint8) for c in (*MOTION, STAY)}
            tone = FLOOR + rng.integers(-1, 2, TONES)
            if number % 25 == 0:
                door, shut = rng.integers(34, 50), number + rng.integers(3, 14)
            if number < shut:
                tone[DOOR] = door
            if number in lies:
                tone[BED] = COAT
            codes[TONE] = tone.astype(np.uint8)
            writer.add(CodedFrame(number, True, codes))
    if gaps:
        frames_file = day.index / "frames.parquet"
        index = pd.read_parquet(frames_file)
        for gap in gaps:
            index.loc[gap:, "time_utc"] += pd.Timedelta(minutes=10)
        schema = pq.read_schema(frames_file)
        pq.write_table(pa.Table.from_pandas(index, schema=schema), frames_file)
    return day


def two_days(folder, lies=()):
    """Days of a window; on the second, somebody may lie on the bed."""
    behind = {}
    for date, shown in {"2026-01-03": (), "2026-01-04": lies}.items():
        day = write(folder / date, 500, len(behind), lies=shown)
        count_day(day.index, day.labels, counts_dir := fresh(folder / date / "counts"))
        behind[date] = DayBehind(day.index, day.labels, counts_dir)
    return behind


@pytest.fixture(scope="module")
def normal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("normal")
    behind = two_days(folder)
    out = fresh(folder / "normal")
    counts = {date: day.counts for date, day in behind.items()}
    build_normal(counts, sorted(counts), out, plate=None)
    write_scale(behind, AnomalyConfig(), out)
    return out


def judged(tmp_path, normal, **drawn):
    day = write(tmp_path / "day", 400, 9, **drawn)
    out = fresh(tmp_path / "out")
    judge_day(day.index, day.labels, normal, out, **WHEN, config=PROMISE, mode="history")
    events = pd.read_parquet(out / "events.parquet").to_dict("records")
    return events, pd.read_parquet(out / "frame_scores.parquet")


def test_a_day_like_the_others_has_no_event(tmp_path, normal):
    events, scores = judged(tmp_path, normal)
    assert events == []
    assert scores.tone_bits.notna().all() and scores.remain_bits.notna().all()


def test_who_lies_where_nobody_ever_did_is_an_event_that_says_so(tmp_path, normal):
    events, scores = judged(tmp_path, normal, lies=range(120, 240))
    (event,) = events
    assert event["leading"] in {"tone", "remain"}
    assert "this place" in event["reason"] and "hardly ever does" in event["reason"]
    box = [event[side] for side in ("x0", "y0", "x1", "y1")]
    assert box[0] < 34 * WIDTH / TONES[1] < box[2] and box[1] < 8 * HEIGHT / TONES[0] < box[3]
    assert scores.alarm[122:238].mean() > 0.9
    assert not scores.alarm.drop(range(118, 242)).any()
    # What stays for a minute departs in the channel that looks back a minute, and not before.
    assert scores.remain_bits[150] < scores.remain_bits[235]


def test_nothing_remains_over_footage_that_is_missing(tmp_path, normal):
    _, whole = judged(tmp_path / "whole", normal, lies=range(100, 180))
    _, cut = judged(tmp_path / "cut", normal, lies=range(100, 180), gaps=(150,))
    assert whole.remain_bits[170] > 0
    assert (cut.remain_bits[150:180] == 0).all()
    assert np.array_equal(whole.tone_bits, cut.tone_bits)


def test_stretches_of_a_long_window_know_what_came_before_them(tmp_path, monkeypatch):
    """What looks back a minute is known from the first frame of a stretch on."""
    behind = two_days(tmp_path)
    write_scale(behind, PROMISE, tmp_path)
    whole = ChannelScale.load(tmp_path)
    monkeypatch.setattr("camera_analysis.normal.held_out.STRETCH", 100)
    monkeypatch.setattr("camera_analysis.normal.held_out.MOST_FRAMES", 500)
    write_scale(behind, PROMISE, tmp_path)
    scale = ChannelScale.load(tmp_path)
    told = {0: [0, 200, 400], 1: [100, 300]}  # every second hundred, other hours of each day
    for fold, starts in told.items():
        kept = [n for start in starts for n in range(start, start + 100)]
        assert len(scale.scores[ALL, fold]) == len(kept)
        assert scale.scores["tone", fold] == [whole.scores["tone", fold][n] for n in kept]
    # Nothing is known of the first 59 frames of a day, and of all frames of the other stretches.
    assert len(scale.scores["remain", 0]) == 300 - 59
    assert len(scale.scores["remain", 1]) == 200
    assert set(scale.channels()) >= {"tone", "remain"}


def test_what_was_called_an_alarm_calibrates_nothing(tmp_path):
    """Its frames are none of the counts either, so that it would be stronger than it was."""
    behind = two_days(tmp_path, lies=range(200, 240))
    write_scale(behind, PROMISE, tmp_path)
    before = HeldOutScale.load(tmp_path / CHANNEL_STRENGTHS_FILE).folds
    span = MORNING + timedelta(seconds=200), MORNING + timedelta(seconds=242)
    behind["2026-01-04"] = replace(behind["2026-01-04"], alarms=[span])
    write_scale(behind, PROMISE, tmp_path)
    after = HeldOutScale.load(tmp_path / CHANNEL_STRENGTHS_FILE).folds
    assert max(before[1].strengths) > max(after[1].strengths, default=0.0) + 4
    assert (before[1].frames, after[1].frames) == (500, 500 - 43)


def test_a_clip_knows_what_came_before_each_of_its_blocks(tmp_path, normal):
    day = write(tmp_path / "day", 800, 9, lies=range(300, 420))
    out = fresh(tmp_path / "out")
    judge_day(day.index, day.labels, normal, out, **WHEN, config=PROMISE, mode="clip")
    scores = pd.read_parquet(out / "frame_scores.parquet")
    assert (scores.remain_bits[:59] == 0).all()
    assert scores.remain_bits[400] > scores.remain_bits[200:290].max()  # its block begins there


def test_days_with_tones_and_without_do_not_add_up(tmp_path, normal):
    with_tones = HourlyChannels.load(normal)
    without = HourlyChannels(CodesMeta(**{**META.__dict__, "tone_grid": None}))
    with pytest.raises(ValueError, match="do not add"):
        with_tones + without
    assert (with_tones - with_tones).frames == 0
    with_tones.save(tmp_path)
    assert HourlyChannels.load(tmp_path) == with_tones
