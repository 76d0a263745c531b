"""A drawn day judged in its channels: faster, the other way, larger, longer than is usual there."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from camera_analysis.camera import MOST_ALARMS_PER_DAY
from camera_analysis.channels.channel_codes import ABSENT, DIRECTION, MOTION, SIZE, SPEED, STAY
from camera_analysis.channels.channel_history import write_scale
from camera_analysis.channels.channel_judge import DEPARTS_BITS, ChannelJudge, often, rarity
from camera_analysis.channels.channel_scale import ALL, ChannelScale
from camera_analysis.channels.channel_words import departure
from camera_analysis.events.anomaly import judge_day
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.class_history import DayBehind
from camera_analysis.events.held_out_scale import CHANNEL_STRENGTHS_FILE, HeldOutScale
from camera_analysis.label_classes import HUMAN
from camera_analysis.labelling.code_tables import (
    CodedFrame,
    CodesMeta,
    CodeWriter,
    write_codes_meta,
)
from camera_analysis.labelling.stay import StayClock
from camera_analysis.normal.day_counts import count_day
from camera_analysis.normal.hourly_channels import HourlyChannels
from camera_analysis.normal.learned_normal import build_normal
from tests.camera_analysis.factories_days import MORNING, draw_day, empty_scene, fresh, with_block

pytestmark = pytest.mark.usefixtures("coarse_pictures")

HEIGHT, WIDTH, CELL = 96, 192, 8
META = CodesMeta(
    grid=(HEIGHT // CELL, WIDTH // CELL),
    cell_px=(8.0, 8.0),
    speed_px=3.0,
    size_px=2.0,
    stay_s=1.0,
    per_octave={"speed": 6, "size": 6, "stay": 2},
)
#: About 12 pixels a second, to the right, about 23 pixels large.
WALK = {SPEED: 12, DIRECTION: 0, SIZE: 21}
LANE_Y, BODY = 40, (16, 32)
WHEN = {"day": "2026-01-05", "zone": ZoneInfo("UTC")}


class Drawn:
    """Label maps and codes of a lane, a second apart: somebody walks along it, again and again."""

    def __init__(self, frames, seed):
        self.rng = np.random.default_rng(seed)
        self.places = [4 + 12 * (n % 14) for n in range(frames)]
        self.kinds = [dict(WALK) for _ in range(frames)]

    def during(self, first, last, *, x=None, **codes):
        """The same body, with other codes or in one place, for some frames."""
        for n in range(first, last):
            self.kinds[n].update(codes)
            self.places[n] = self.places[n] if x is None else x
        return self

    def write(self, folder):
        maps = [
            with_block(empty_scene(HEIGHT, WIDTH), x, LANE_Y, class_id=HUMAN, size=BODY)
            for x in self.places
        ]
        day = draw_day(folder, maps)
        clock = StayClock(META.grid, 1.0)
        write_codes_meta(META, day.labels)
        with CodeWriter(day.labels) as writer:
            for number, (labels, kind, x) in enumerate(
                zip(maps, self.kinds, self.places, strict=True)
            ):
                codes = {c: np.full(META.grid, ABSENT, np.uint8) for c in MOTION}
                cells = np.s_[
                    LANE_Y // CELL : (LANE_Y + BODY[1]) // CELL, x // CELL : (x + 16) // CELL
                ]
                for channel in MOTION:
                    jitter = 0 if channel == DIRECTION else int(self.rng.integers(-2, 3))
                    if kind.get(channel) is not None:
                        codes[channel][cells] = kind[channel] + jitter
                codes[STAY] = clock.read(labels, MORNING.timestamp() + number)
                writer.add(CodedFrame(number, True, codes))
        return day


@pytest.fixture(scope="module")
def normal(tmp_path_factory):
    """Two ordinary days."""
    folder = tmp_path_factory.mktemp("normal")
    behind = {}
    for seed, date in enumerate(("2026-01-03", "2026-01-04")):
        day = Drawn(420, seed).write(folder / date)
        count_day(day.index, day.labels, counts_dir := fresh(folder / date / "counts"))
        behind[date] = DayBehind(day.index, day.labels, counts_dir)
    out = fresh(folder / "normal")
    counts = {date: day.counts for date, day in behind.items()}
    build_normal(counts, sorted(counts), out, plate=None)
    write_scale(behind, AnomalyConfig(), out)
    return out


def judged(tmp_path, drawn, normal, *, mode="history"):
    day = drawn.write(tmp_path / "day")
    out = fresh(tmp_path / "out")
    summary = judge_day(
        day.index, day.labels, normal, out, **WHEN, config=AnomalyConfig(), mode=mode
    )
    return summary, out, pd.read_parquet(out / "events.parquet").to_dict("records")


def test_an_ordinary_day_has_no_event(tmp_path, normal):
    summary, out, events = judged(tmp_path, Drawn(300, 9), normal)
    assert events == []
    scores = pd.read_parquet(out / "frame_scores.parquet")
    assert scores.channels_bits.notna().all()
    assert summary.channel_least_bits > DEPARTS_BITS


@pytest.mark.parametrize(
    ("codes", "leading", "words"),
    [
        ({SPEED: 30}, "speed", "times as fast as is usual here"),
        ({DIRECTION: 4}, "direction", "moves to the left, where most move to the right"),
        ({SIZE: 33}, "size", "4 times as large as is usual here"),
    ],
)
def test_an_event_says_which_channel_departs_and_how_rare_it_is(
    tmp_path, normal, codes, leading, words
):
    _, out, events = judged(tmp_path, Drawn(300, 9).during(100, 112, **codes), normal)
    (event,) = events
    assert event["leading"] == leading
    assert event["reason"].startswith("A person ")
    assert words in event["reason"]
    assert "normal frames show" in event["reason"]
    bits = {c: event[f"{c}_bits"] for c in ("speed", "direction", "size", "stay")}
    assert max(bits, key=bits.get) == leading
    scores = pd.read_parquet(out / "frame_scores.parquet")
    assert scores.alarm[100:112].mean() > 0.8
    assert not scores.alarm.drop(range(98, 114)).any()


def test_who_stands_where_people_walk_departs_by_staying(tmp_path, normal):
    still = dict.fromkeys(MOTION)
    drawn = Drawn(300, 9).during(100, 220, x=52, **still)
    _, _, events = judged(tmp_path, drawn, normal)
    (event,) = [event for event in events if event["leading"] == "stay"]
    assert "this place has been occupied for about 1 min" in event["reason"]


def test_days_without_channels_are_judged_by_class_alone_and_say_so(tmp_path, normal):
    drawn = Drawn(300, 9).during(100, 112, **{SPEED: 30})
    day = drawn.write(tmp_path / "day")
    for name in ("codes.parquet", "codes.json"):
        (day.labels / name).unlink()
    out = fresh(tmp_path / "out")
    summary = judge_day(
        day.index, day.labels, normal, out, **WHEN, config=AnomalyConfig(), mode="history"
    )
    assert (summary.status, summary.events, summary.channel_least_bits) == ("judged", 0, None)
    assert json.loads((out / "anomalies.json").read_text())["channel_least_bits"] is None
    assert pd.read_parquet(out / "frame_scores.parquet").channels_bits.isna().all()


def test_a_clip_is_judged_by_its_other_blocks(tmp_path, normal):
    drawn = Drawn(400, 9).during(196, 208, **{SPEED: 30})
    _, _, events = judged(tmp_path, drawn, normal, mode="clip")
    assert [event["leading"] for event in events] == ["speed"]


def test_a_clip_that_may_have_as_many_alarms_as_it_likes_is_judged_all_the_same(tmp_path, normal):
    day = Drawn(120, 9).write(tmp_path / "day")
    out, config = fresh(tmp_path / "out"), AnomalyConfig(alarms_per_day=MOST_ALARMS_PER_DAY)
    judge_day(day.index, day.labels, normal, out, **WHEN, config=config, mode="clip")
    told = json.loads((out / "anomalies.json").read_text())
    assert told["channel_least_bits"] == DEPARTS_BITS + 1  # two samples of the least that departs


def test_a_lone_day_is_calibrated_on_its_blocks(tmp_path):
    day = Drawn(420, 0).write(tmp_path / "day")
    count_day(day.index, day.labels, counts := fresh(tmp_path / "counts"))
    behind = {"2026-01-04": DayBehind(day.index, day.labels, counts)}
    write_scale(behind, AnomalyConfig(), tmp_path)
    scale = ChannelScale.load(tmp_path)
    assert set(scale.channels()) == {"speed", "direction", "size", "stay"}
    assert len({fold for _, fold in scale.scores}) == 8
    folds = HeldOutScale.load(tmp_path / CHANNEL_STRENGTHS_FILE).folds
    assert [fold.name for fold in folds] == [f"2026-01-04/{n}" for n in range(8)]
    assert sum(fold.frames for fold in folds) == 420


def test_a_long_window_is_calibrated_by_what_departed_when_its_days_were_judged(
    tmp_path, normal, monkeypatch
):
    drawn = Drawn(300, 9).during(100, 112, **{SPEED: 30})
    _, out, _ = judged(tmp_path, drawn, normal)
    day = drawn.write(tmp_path / "behind")
    count_day(day.index, day.labels, counts := fresh(tmp_path / "counts"))
    other = Drawn(300, 5).write(tmp_path / "other")
    count_day(other.index, other.labels, others := fresh(tmp_path / "others"))
    behind = {
        "2026-01-03": DayBehind(other.index, other.labels, others),
        "2026-01-04": DayBehind(day.index, day.labels, counts, judged=out),
    }
    write_scale(behind, AnomalyConfig(), tmp_path)
    whole = HeldOutScale.load(tmp_path / CHANNEL_STRENGTHS_FILE).folds
    monkeypatch.setattr("camera_analysis.normal.held_out.MOST_FRAMES", 400)
    write_scale(behind, AnomalyConfig(), tmp_path)
    first, second = HeldOutScale.load(tmp_path / CHANNEL_STRENGTHS_FILE).folds
    departed = pd.read_parquet(out / "channel_departures.parquet").strength_bits
    assert second.frames == 300
    assert max(second.strengths) == max(departed)
    assert len(second.strengths) <= len(departed)
    assert max(departed) > max(first.strengths, default=0.0) + 3
    assert second != whole[1]  # which was judged by the other day


def test_rarity_claims_no_more_than_the_frames_can_tell():
    assert rarity(3.0, 100_000) == ""
    assert rarity(10.0, 100_000) == "; 1 in 1,000 normal frames shows as much anywhere"
    assert rarity(20.0, 100_000) == "; none of 100,000 normal frames showed as much anywhere"


def test_how_often_is_known_where_rarity_is_no_news():
    assert often(2.0, 100_000) == "; 1 in 4 normal frames shows as much anywhere"
    assert often(0.3, 100_000) == "; most normal frames show as much anywhere"
    assert often(10.0, 100_000) == often(20.0, 100_000) == ""


def test_words_name_what_was_never_seen():
    nothing = np.zeros(48, np.int64)
    codes = np.array([24, 24], np.uint8)
    assert departure("speed", codes, nothing, META) == (
        "moves at 51 pixels a second, where nothing has moved before"
    )
    usual = np.bincount([10] * 9, minlength=36)
    assert departure("stay", np.array([20], np.uint8), usual, META) == (
        "stays: this place has been occupied for about 20 min 18 s, where 38 s is usual"
    )


def test_a_place_without_a_code_may_score_by_its_neighbours(normal):
    counts, scale = HourlyChannels.load(normal), ChannelScale.load(normal)
    judge = ChannelJudge(counts.total(), META, scale.channels(), scale.calibration(ALL), 1.0)
    for y in range(META.grid[0]):
        codes = {c: np.full(META.grid, ABSENT, np.uint8) for c in (*MOTION, STAY)}
        codes[SPEED][y, 9] = 40  # a single place: the window around it scores too
        for region in judge.judge(CodedFrame(0, True, codes)).regions:
            assert region.told.words.startswith("moves at ")
