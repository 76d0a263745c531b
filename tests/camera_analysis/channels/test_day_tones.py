"""A camera that keeps tones: what looks as its place never does departs, without any label."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from camera_analysis.channels.channel_codes import ABSENT, MOTION, STAY, TONE
from camera_analysis.channels.channel_history import write_scale
from camera_analysis.channels.channel_scale import ALL, ChannelScale
from camera_analysis.events.anomaly import judge_day
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.class_history import DayBehind
from camera_analysis.labelling.code_tables import (
    CodedFrame,
    CodesMeta,
    CodeWriter,
    write_codes_meta,
)
from camera_analysis.normal.day_counts import count_day
from camera_analysis.normal.hourly_channels import HourlyChannels
from camera_analysis.normal.learned_normal import build_normal
from tests.camera_analysis.factories_days import draw_day, empty_scene, fresh

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
    tone_s=1.0,
)
FLOOR, COAT = 30, 5
WHEN = {"day": "2026-01-05", "zone": ZoneInfo("UTC")}
BED, DOOR = np.s_[4:12, 30:38], np.s_[12:20, 4:10]


def write(folder, frames, seed, lies=(), gaps=()):
    """Nothing that a label map shows: a room whose door opens now and then, in noise.

    Args:
        folder: of the day.
        frames: a second each.
        seed: of the noise.
        lies: frames in which somebody in a dark coat lies on the bed.
        gaps: frames before which footage is missing.
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
            writer.add(CodedFrame(number, True, codes, number not in gaps))
    return day


@pytest.fixture(scope="module")
def normal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("normal")
    behind = {}
    for seed, date in enumerate(("2026-01-03", "2026-01-04")):
        day = write(folder / date, 500, seed)
        count_day(day.index, day.labels, counts_dir := fresh(folder / date / "counts"))
        behind[date] = DayBehind(day.index, day.labels, counts_dir)
    out = fresh(folder / "normal")
    counts = {date: day.counts for date, day in behind.items()}
    build_normal(counts, sorted(counts), out, plate=None)
    write_scale(behind, AnomalyConfig(), out)
    return out


def judged(tmp_path, normal, **drawn):
    day = write(tmp_path / "day", 400, 9, **drawn)
    out = fresh(tmp_path / "out")
    judge_day(day.index, day.labels, normal, out, **WHEN, config=AnomalyConfig(), mode="history")
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


def test_stretches_of_a_long_window_know_what_came_before_them(tmp_path, normal, monkeypatch):
    """What looks back a minute is known from the first frame of a stretch on."""
    monkeypatch.setattr("camera_analysis.channels.channel_scale.STRETCH", 100)
    monkeypatch.setattr("camera_analysis.channels.channel_scale.MOST_FRAMES", 500)
    behind = {}
    for seed, date in enumerate(("2026-01-03", "2026-01-04")):
        day = write(tmp_path / date, 500, seed)
        count_day(day.index, day.labels, counts_dir := fresh(tmp_path / date / "counts"))
        behind[date] = DayBehind(day.index, day.labels, counts_dir)
    write_scale(behind, AnomalyConfig(), tmp_path)
    scale, whole = ChannelScale.load(tmp_path), ChannelScale.load(normal)
    sizes = {fold: [part.size for part in parts] for fold, parts in scale.stretches().items()}
    assert sizes == {0: [100, 100, 100], 1: [100, 100, 100]}  # every second hundred
    kept = [*range(0, 100), *range(200, 300), *range(400, 500)]
    first = [score for n, score in enumerate(whole.scores["tone", 0]) if n in kept]
    assert scale.scores["tone", 0] == pytest.approx(first)
    assert len(scale.scores["remain", 0]) == 300 - 59  # of the first stretch a minute is not known
    assert len(whole.scores["remain", 0]) == 500 - 59
    assert set(scale.channels()) >= {"tone", "remain"}
    assert len(scale.scores[ALL, 0]) == 300


def test_days_with_tones_and_without_do_not_add_up(tmp_path, normal):
    with_tones = HourlyChannels.load(normal)
    without = HourlyChannels(CodesMeta(**{**META.__dict__, "tone_grid": None, "tone_s": None}))
    with pytest.raises(ValueError, match="do not add"):
        with_tones + without
    assert (with_tones - with_tones).frames == 0
    with_tones.save(tmp_path)
    assert HourlyChannels.load(tmp_path) == with_tones
