"""A drawn day is judged: who walks where nobody walks is an event, with its box and its reason."""

from __future__ import annotations

import json
import tracemalloc
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pandas as pd
import pytest

from camera_analysis.events import anomaly_files
from camera_analysis.events.anomaly import judge_day
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.label_classes import OTHER_MOVER
from tests.camera_analysis.factories_days import (
    WIDTH,
    draw_day,
    empty_scene,
    fresh,
    lane_walk,
    normal_of,
    with_block,
)

pytestmark = pytest.mark.usefixtures("coarse_pictures")

USUAL_FRAMES = 600
WHEN = {"day": "2026-01-05", "zone": ZoneInfo("UTC")}


@pytest.fixture(scope="module")
def normal(tmp_path_factory):
    """A day on which somebody walks along the upper lane."""
    folder = tmp_path_factory.mktemp("normal")
    return normal_of(folder, draw_day(folder / "day", lane_walk(USUAL_FRAMES)))


def judge(tmp_path, maps, normal, *, mode="history", name="out", **settings):
    day = draw_day(tmp_path / f"day_{name}", maps)
    out = fresh(tmp_path / name)
    config = AnomalyConfig(**settings)
    return judge_day(day.index, day.labels, normal, out, **WHEN, config=config, mode=mode), out


def events_of(out):
    return pd.read_parquet(out / "events.parquet").to_dict("records")


@pytest.mark.parametrize("promised", [0.0, 1000.1, float("inf"), float("nan")])
def test_a_promise_that_is_none_is_refused(promised):
    with pytest.raises(ValueError, match="above 0 and at most 1000"):
        AnomalyConfig(alarms_per_day=promised)


def test_the_usual_walker_is_no_event(tmp_path, normal):
    summary, out = judge(tmp_path, lane_walk(60), normal)
    assert (summary.status, summary.frames, summary.events) == ("judged", 60, 0)
    assert summary.frames_over_threshold == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "anomalies.json",
        "class_departures.parquet",
        "events.parquet",
        "frame_scores.parquet",
        "timeline.png",
    ]


def test_somebody_elsewhere_is_an_event_there(tmp_path, normal):
    maps = lane_walk(60)
    for i in range(20, 26):
        maps[i] = with_block(maps[i], 70, 30)
    summary, out = judge(tmp_path, maps, normal)
    (event,) = events_of(out)
    assert [event[key] for key in ("x0", "y0", "x1", "y1")] == [70, 30, 78, 46]
    assert (event["class_name"], event["frames"], event["area_px"]) == ("human", 6, 128)
    assert event["start_utc"] == pd.Timestamp("2026-01-05T08:00:20Z")
    assert event["end_utc"] == pd.Timestamp("2026-01-05T08:00:25Z")
    assert event["reason"] == (
        f"A person where none of 600 normal frames showed one ({event['score_bits']:.1f} bits)"
    )
    scores = pd.read_parquet(out / "frame_scores.parquet")
    assert scores.frame_id[scores.alarm].between(20, 25).all()
    assert summary.frames_over_threshold == scores.alarm.sum() >= 4
    assert scores.surprise_bits.idxmax() in range(20, 26)
    told = json.loads((out / "anomalies.json").read_text())
    assert (told["status"], told["events"], told["frames"]) == ("judged", 1, 60)
    assert told["alarm_bits"] == summary.alarm_bits


def test_an_object_left_behind_is_told_as_staying(tmp_path, normal):
    maps = [
        with_block(labels, 10, 36, class_id=OTHER_MOVER, size=(6, 6)) if 30 <= i < 73 else labels
        for i, labels in enumerate(lane_walk(90))
    ]
    _, out = judge(tmp_path, maps, normal)
    (event,) = events_of(out)
    assert event["class_name"] == "other mover"
    assert event["reason"].startswith("Something that is not a person stays here for 42 s")


@pytest.mark.usefixtures("fine_pictures")
def test_pictures_show_plate_silhouette_and_box_only(tmp_path, normal):
    maps = lane_walk(30)
    for i in range(10, 20):
        maps[i] = with_block(maps[i], 70, 30)
    summary, out = judge(tmp_path, maps, normal)
    names = [path.name for path in summary.pictures]
    assert names == ["timeline.png", "marked_1.png", "delta_1.png"]
    marked = cv2.imread(str(out / "marked_1.png"))
    human = np.array([0, 94, 213])  # blue, green, red
    assert marked.shape[1] == 900
    assert (marked == human).all(axis=2).mean() > 0.01


def test_without_history_the_day_is_warming_up(tmp_path):
    short = normal_of(tmp_path, draw_day(tmp_path / "short", lane_walk(10)))
    summary, out = judge(tmp_path, lane_walk(20), short)
    assert (summary.status, summary.events, summary.frames) == ("warming_up", 0, 0)
    assert json.loads((out / "anomalies.json").read_text())["status"] == "warming_up"
    assert list(pd.read_parquet(out / "frame_scores.parquet").columns)[:3] == [
        "frame_id",
        "time_utc",
        "delta_share",
    ]
    assert pd.read_parquet(out / "events.parquet").empty


def test_a_day_in_its_own_history_is_refused(tmp_path):
    own = normal_of(tmp_path, draw_day(tmp_path / "own", lane_walk(60)), date="2026-01-05")
    with pytest.raises(ValueError, match="2026-01-05 is in the window of its own normal"):
        judge(tmp_path, lane_walk(60), own)


def test_a_clip_does_not_judge_a_frame_by_itself(tmp_path):
    maps = lane_walk(160)
    maps[70] = with_block(maps[70], 70, 30)
    clip = normal_of(tmp_path, draw_day(tmp_path / "clip", maps))
    summary, out = judge(tmp_path, maps, clip, mode="clip")
    scores = pd.read_parquet(out / "frame_scores.parquet")
    others = 160 - 20 - 2 * 5
    never_seen = np.log2((others + 1.5) / 0.5)
    assert (summary.status, summary.normal_frames) == ("cross_fitted", others)
    assert scores.surprise_raw_bits[70] == pytest.approx(never_seen, abs=0.2)
    assert scores.surprise_raw_bits.drop(70).max() < scores.surprise_raw_bits[70] - 2


def test_a_clip_has_events_too(tmp_path):
    maps = lane_walk(160)
    for i in range(70, 76):
        maps[i] = with_block(maps[i], 70, 30)
    clip = normal_of(tmp_path, draw_day(tmp_path / "clip", maps))
    _, out = judge(tmp_path, maps, clip, mode="clip")
    (event,) = events_of(out)
    assert (event["x0"], event["y0"], event["frames"]) == (70, 30, 6)


def test_a_clip_too_short_for_cross_fitting_is_warming_up(tmp_path):
    maps = lane_walk(32)
    clip = normal_of(tmp_path, draw_day(tmp_path / "clip", maps))
    summary, _ = judge(tmp_path, maps, clip, mode="clip")
    assert summary.status == "warming_up"


def test_another_resolution_is_refused_with_both_sizes(tmp_path, normal):
    with pytest.raises(ValueError, match=f"60 x 40 pixels cannot be judged by a normal of {WIDTH}"):
        judge(tmp_path, [empty_scene(40, 60)], normal)


def test_the_same_day_gives_the_same_bytes(tmp_path, normal, fine_pictures):
    maps = lane_walk(30)
    for i in range(10, 20):
        maps[i] = with_block(maps[i], 70, 30)
    outs = [judge(tmp_path, maps, normal, name=name)[1] for name in ("one", "two")]
    names = sorted(path.name for path in outs[0].iterdir())
    for name in names:
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes(), name


def test_progress_counts_both_passes_of_a_clip(tmp_path):
    maps = lane_walk(80)
    day = draw_day(tmp_path / "day", maps)
    clip = normal_of(tmp_path, day)
    seen = []
    judge_day(
        day.index,
        day.labels,
        clip,
        fresh(tmp_path / "out"),
        **WHEN,
        config=AnomalyConfig(),
        mode="clip",
        progress=lambda *at: seen.append(at),
    )
    assert (seen[0], seen[-1], len(seen)) == ((1, 160), (160, 160), 160)


def test_a_day_without_usable_frames_is_warming_up(tmp_path, normal):
    assert judge(tmp_path, [], normal)[0].status == "warming_up"


@pytest.mark.parametrize("mode", ["history", "clip"])
def test_memory_does_not_grow_with_the_length_of_the_day(tmp_path, monkeypatch, mode):
    monkeypatch.setattr(anomaly_files, "save_pictures", lambda *_: ())  # traced, they are slow
    scene = empty_scene(192, 320)
    walk = [with_block(scene, 4 * i, 20) for i in range(60)]
    usual = normal_of(tmp_path, draw_day(tmp_path / "usual", walk))
    peaks = []
    for length in (60, 360):
        day = draw_day(tmp_path / str(length), (walk * (length // 60)))
        out = fresh(tmp_path / f"out_{length}")
        tracemalloc.start()
        judge_day(day.index, day.labels, usual, out, **WHEN, config=AnomalyConfig(), mode=mode)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 300 * scene.nbytes / 10  # a tenth of the added label maps


def test_a_normal_of_another_segmenter_is_refused(tmp_path, normal):
    day = draw_day(tmp_path / "day", lane_walk(10), segmenter="b2")
    with pytest.raises(ValueError, match="'b2' cannot be judged by a normal of 'drawn'"):
        judge_day(
            day.index, day.labels, normal, tmp_path, **WHEN, config=AnomalyConfig(), mode="history"
        )


def test_settings_that_judge_nothing_are_refused():
    with pytest.raises(ValueError, match="blocks"):
        AnomalyConfig(blocks=1)
    with pytest.raises(ValueError, match="alarm_bits"):
        AnomalyConfig(alarm_bits=-1.0)
