"""Drawn days of walks: who takes a path nobody took before is an event, usual walkers are none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from camera_analysis.events import day_judge, path_verdict
from camera_analysis.events.anomaly import judge_day
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.departure_rule import departure_rule
from camera_analysis.events.event_feedback import Feedback, stored_events
from camera_analysis.events.event_marks import ALARM, EXPECTED, EventMark
from camera_analysis.events.path_verdict import judge_paths
from camera_analysis.tracks.path_evidence import usual_ways
from camera_analysis.tracks.walks import read_walks, write_window
from tests.camera_analysis.factories_days import (
    draw_day,
    empty_scene,
    fresh,
    normal_of,
    with_block,
)
from tests.camera_analysis.factories_walks import META, write_day

pytestmark = pytest.mark.usefixtures("coarse_pictures")

HISTORY = [f"2026-01-0{day}" for day in range(1, 5)]
DAY = "2026-01-05"


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    """Folder of a normal that holds the walks of four days: people walk in two lanes."""
    folder, rng = tmp_path_factory.mktemp("window"), np.random.default_rng(1)
    days = {day: write_day(folder / day, day, rng) for day in HISTORY}
    write_window(days, {}, "net", folder)
    return folder


def walked(folder, seed=5, **drawn):
    return write_day(folder / "tracks", DAY, np.random.default_rng(seed), **drawn)


@pytest.mark.parametrize(
    ("way", "pace", "words"),
    [
        ("cross", 30, "took a path nobody took before, from zone A to point 6"),
        ("back", 30, "turned back or cut across, as nobody did before"),
        ("against", 30, "went the usual way backwards"),
        ("right", 120, "took a usual path at another pace than anybody before"),
    ],
)
def test_one_unusual_walk_among_usual_ones_is_seen_and_named(tmp_path, window, way, pace, words):
    verdict = judge_paths(walked(tmp_path, extra=[way], paces=[pace]), window, 0.5)
    (found,) = verdict.unusual
    assert found.walk.track_id == 20  # the last one
    assert words in verdict.words(found)
    assert "none of 80 walks of 4 days is as unlike the others" in verdict.words(found)


def test_nobody_before_is_said_only_where_nobody_was_as_unlike(tmp_path):
    rng, days = np.random.default_rng(1), {}
    for day in HISTORY:
        odd = {"extra": ["cross"], "paces": [120]} if day == HISTORY[0] else {}
        days[day] = write_day(tmp_path / day, day, rng, **odd)
    window = fresh(tmp_path / "window")
    write_window(days, {}, "net", window)
    verdict = judge_paths(walked(tmp_path, extra=["against"]), window, 1.0)
    (found,) = verdict.unusual
    assert verdict.words(found).startswith("went the usual way backwards, from zone")
    assert verdict.words(found).endswith("; 1 of 81 walks of 4 days is as unlike the others")


def test_usual_walkers_stay_silent(tmp_path, window):
    assert judge_paths(walked(tmp_path), window, 0.5).unusual == []


def test_normal_days_alarm_as_rarely_as_promised(tmp_path):
    """20 normal days of 20 walks, each judged by the others; 0.25, 0.5 and 1 alarm are promised."""
    rng, walks = np.random.default_rng(7), []
    for number in range(20):
        walks += read_walks(write_day(tmp_path / str(number), f"d{number:02d}", rng))
    usual = usual_ways(walks)
    assert (usual.days, usual.walks) == (20, 400)
    rates = [usual.past_alarms(promised) / usual.days for promised in (0.25, 0.5, 1.0)]
    assert rates == pytest.approx([0.25, 0.5, 1.0], rel=0.25)


def test_the_only_walk_of_a_day_alarms_where_one_in_twenty_is_as_unlike(tmp_path, window):
    """Its day's half an alarm would be its own: every second usual walk would alarm."""
    p_values = []
    for seed in range(20):
        day = write_day(tmp_path / str(seed), DAY, np.random.default_rng(seed), usual=1)
        verdict = judge_paths(day, window, 0.5)
        assert verdict.summary.alarms_per_day == 0.05
        p_values.append(verdict.walks[0].p)
        assert len(verdict.unusual) == (p_values[-1] <= 0.05)
    assert sum(p <= 0.5 for p in p_values) > 5


def test_fewer_than_19_walks_behind_a_day_tell_nothing(tmp_path):
    for number, status in ((9, "too_few"), (10, "judged")):
        rng, days = np.random.default_rng(1), {}
        for day in HISTORY[:2]:
            days[day] = write_day(tmp_path / str(number) / day, day, rng, usual=number)
        behind = fresh(tmp_path / f"window {number}")
        write_window(days, {}, "net", behind)
        assert judge_paths(walked(tmp_path, usual=1), behind, 0.5).summary.status == status


@pytest.mark.parametrize(
    ("status", "change"),
    [("too_few", {"usual": 50}), ("no_history", {"meta": replace(META, segmenter="another")})],
)
def test_without_enough_comparable_walks_there_is_no_evidence(tmp_path, window, status, change):
    verdict = judge_paths(walked(tmp_path, extra=["cross"], **change), window, 0.5)
    assert (verdict.summary.status, verdict.is_evidence, verdict.unusual) == (status, False, [])
    assert judge_paths(None, window, 0.5).summary.status == "not_tracked"
    assert judge_paths(walked(tmp_path), window, 0.0).summary.status == "not_asked"


def test_a_single_day_before_is_told_with_its_walks(tmp_path):
    first = write_day(tmp_path / "first", HISTORY[0], np.random.default_rng(1), usual=20)
    alone = fresh(tmp_path / "alone")
    write_window({HISTORY[0]: first}, {}, "net", alone)
    told = judge_paths(walked(tmp_path), alone, 0.5).summary
    assert (told.status, told.usual_walks, told.days) == ("too_few", 20, 1)


class Judged:
    """A day of empty label maps, one each 25 s, and its walks; judged by the window's."""

    def __init__(self, folder, window, samples=60, shown=None):
        nobody = empty_scene(META.height, META.width)
        maps = [nobody if shown is None or at not in shown else shown[at] for at in range(samples)]
        self.folder, drawn = folder, {"interval_s": 25.0, "segmenter": "net"}
        self.day = draw_day(folder / "day", maps, **drawn)
        before = draw_day(folder / "before", [nobody] * samples * 10, **drawn)
        self.normal = normal_of(folder, before, date=HISTORY[-1])
        for name in ("walks.parquet", "walks.json"):
            (self.normal / name).write_bytes((window / name).read_bytes())

    def __call__(self, name, tracks, *marks):
        feedback = Feedback(camera="door", day=DAY, marks=marks) if marks else None
        out = fresh(self.folder / name)
        summary = judge_day(
            self.day.index,
            self.day.labels,
            self.normal,
            out,
            day=DAY,
            zone=ZoneInfo("UTC"),
            config=AnomalyConfig(),
            mode="history",
            trajectories=tracks,
            feedback=feedback,
        )
        events = pd.read_parquet(out / "events.parquet").to_dict("records")
        return summary, events, pd.read_parquet(out / "frame_scores.parquet"), out


def test_the_event_has_its_way_and_its_like_may_be_expected(tmp_path, window):
    judge, tracks = Judged(tmp_path, window), walked(tmp_path, extra=["cross"])
    summary, (event,), scores, out = judge("first", tracks)
    assert (summary.status, summary.events, summary.paths.unusual) == ("judged", 1, 1)
    assert event["leading"] == "path"
    assert event["reason"].startswith("A person took a path nobody took before, from zone A to ")
    assert (event["y0"], event["y1"]) == (0, 230)  # around all of the way
    assert (out / "path_1.png").is_file()
    assert json.loads((out / "anomalies.json").read_text())["paths"]["alarms_per_day"] == 0.5
    within = scores.time_utc.between(event["start_utc"], event["end_utc"])
    assert scores.alarm.sum() == within.sum() > 0
    assert scores.path_bits[within].min() == event["path_bits"] == scores.path_bits.max()

    (known,) = stored_events(out, "door", DAY)
    mark = as_expected(known)
    summary, (event,), scores, _ = judge("again", tracks, mark)
    assert (summary.events, summary.expected_events) == (0, 1)
    assert event["expected_by"] == mark.event.key
    assert not scores.alarm.any()


def as_expected(event, **changed):
    """A mark of the day before on the like of a stored event."""
    yesterday = timedelta(days=1)
    seen = replace(
        event,
        day=HISTORY[-1],
        start_utc=event.start_utc - yesterday,
        end_utc=event.end_utc - yesterday,
        **changed,
    )
    return EventMark(
        event=seen, mark=EXPECTED, tags=(), marked_by="ann", marked_at=datetime.now(UTC)
    )


def said_of(event, mark, hours=0):
    """What somebody said of an event, some hours after the day."""
    moment = datetime(2026, 1, 6, tzinfo=UTC) + timedelta(hours=hours)
    return EventMark(event=event, mark=mark, tags=(), marked_by="ann", marked_at=moment)


def crowded():
    """Somebody fills the view at 1,200 s, less of it at 1,225 s, and crosses until 1,207 s."""
    nobody = empty_scene(META.height, META.width)
    return {
        48: with_block(nobody, 0, 0, size=(META.width, META.height)),
        49: with_block(nobody, 0, 0, size=(META.width, META.height // 2)),
    }


def test_an_expected_place_does_not_silence_the_unusual_walk_of_who_is_there(tmp_path, window):
    judge, tracks = Judged(tmp_path, window, shown=crowded()), walked(tmp_path, extra=["cross"])
    summary, (event,), _, out = judge("first", tracks)
    assert (summary.events, event["leading"]) == (1, "class")
    assert "; also took a path nobody took before" in event["reason"]
    (known,) = stored_events(out, "door", DAY)
    place, way = as_expected(known), as_expected(known, leading="path")
    summary, _, scores, _ = judge("place", tracks, place)
    assert (summary.events, summary.expected_events) == (1, 0)
    assert scores.alarm.any()
    summary, _, scores, _ = judge("both", tracks, place, way)
    assert (summary.events, summary.expected_events) == (0, 1)
    assert not scores.alarm.any()


def test_a_walk_belongs_to_an_event_that_is_told_by_what_stays_after_it(tmp_path, window):
    """Who crosses leaves something where they came from, which stays for minutes."""
    nobody = empty_scene(META.height, META.width)
    left = with_block(nobody, 0, 0, size=(META.width, META.height // 3))
    shown = {48: crowded()[48], **dict.fromkeys(range(49, 54), left)}
    judge = Judged(tmp_path, window, shown=shown)
    _, (event,), _, _ = judge("out", walked(tmp_path, extra=["cross"]))
    assert event["peak_time_utc"] > event["start_utc"] + timedelta(seconds=20)
    assert "stays here for 1 min 40 s" in event["reason"].replace("\u00a0", " ")
    assert "; also took a path nobody took before" in event["reason"]


def test_what_is_said_of_the_walker_is_not_said_of_the_way(tmp_path, window):
    judge, tracks = Judged(tmp_path, window), walked(tmp_path, extra=["cross"])
    *_, out = judge("first", tracks)
    (way,) = stored_events(out, "door", DAY)
    walker = replace(way, leading="class", x0=way.x0 + 1)  # as another event of the day
    summary, (event,), scores, _ = judge("walker", tracks, said_of(walker, EXPECTED))
    assert (summary.expected_events, event["leading"], scores.alarm.any()) == (0, "path", True)
    both = said_of(way, EXPECTED), said_of(walker, ALARM, hours=1)
    summary, (event,), _, _ = judge("both", tracks, *both)
    assert (summary.expected_events, event["expected_by"]) == (1, way.key)


@pytest.mark.parametrize(
    ("of_event", "of_way", "expected"),
    [
        (EXPECTED, "", 1),  # who says it has read of the way
        (EXPECTED, ALARM, 0),  # said later, of the way
        (ALARM, EXPECTED, 0),
    ],
)
def test_an_event_with_its_way_obeys_what_was_said_of_either(
    tmp_path, window, of_event, of_way, expected
):
    judge, tracks = Judged(tmp_path, window, shown=crowded()), walked(tmp_path, extra=["cross"])
    *_, out = judge("first", tracks)
    (known,) = stored_events(out, "door", DAY)
    way = replace(known, leading="path")
    said = [said_of(known, of_event)]
    said += [said_of(way, of_way, hours=1)] if of_way else []
    summary, _, _, _ = judge("again", tracks, *said)
    assert summary.expected_events == expected


def test_an_event_ends_with_the_last_judged_frame_though_the_walk_goes_on(tmp_path, window):
    """49 samples, the last at 1,200 s; the last walk is from there to 1,207 s."""
    judge = Judged(tmp_path, window, samples=49)
    _, (event,), scores, _ = judge("out", walked(tmp_path, extra=["cross"]))
    assert event["start_utc"] == event["end_utc"] == scores.time_utc.max()


def test_a_day_without_tracks_is_judged_as_before_and_says_so(tmp_path, window):
    summary, events, scores, _ = Judged(tmp_path, window)("out", None)
    assert (summary.paths.status, events) == ("not_tracked", [])
    assert scores.path_bits.isna().all()


def test_walks_and_departures_share_the_budget(tmp_path, window, monkeypatch):
    """Walks have half of the day's alarm where they can be judged, and the others the rest."""
    given = []

    def noted(sources, alarms_per_day):
        given.append(alarms_per_day)
        return departure_rule(sources, alarms_per_day)

    monkeypatch.setattr(day_judge, "departure_rule", noted)
    judge = Judged(tmp_path, window)
    summary, *_ = judge("walked", walked(tmp_path))
    assert (summary.paths.alarms_per_day, given) == (0.5, [0.5])
    judge("not_tracked", None)
    judge("too_few", walked(tmp_path, usual=50))
    assert given[1:] == [1.0, 1.0]


def test_walks_do_not_take_all_of_the_budget():
    with pytest.raises(ValueError, match="path_alarms_share is 1"):
        AnomalyConfig(path_alarms_share=1.0)


def test_of_a_day_of_many_unusual_walks_the_most_unlike_are_events_and_the_rest_counted(
    tmp_path, window, monkeypatch
):
    monkeypatch.setattr(path_verdict, "MOST_EVENTS", 2)
    judge, tracks = Judged(tmp_path, window), walked(tmp_path, extra=["cross"] * 4)
    summary, events, scores, _ = judge("out", tracks)
    assert (summary.paths.unusual, summary.paths.without_event) == (4, 2)
    assert (summary.events, [event["leading"] for event in events]) == (2, ["path"] * 2)
    verdict = judge_paths(tracks, window, 0.5)
    told, unusual = ([one.distance for one in walks] for walks in (verdict.told, verdict.unusual))
    assert sorted(told) == sorted(unusual)[2:]
    last = [one.walk.start for one in verdict.unusual]
    alarms = scores.time_utc[scores.alarm]
    assert all((abs(alarms - start).min().total_seconds() <= 25) for start in last)
