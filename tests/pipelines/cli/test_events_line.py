"""Somebody says what an event was, and the next day shows it: end to end on drawn footage."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from camera_analysis.events.event_marks import read_marks
from camera_analysis.events.held_out_scale import CLASS_SCALE_FILE, HeldOutScale
from camera_analysis.footage.video_write import write_video
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.learned_normal import load_normal
from camera_analysis.tracks.tracker import Tracker
from pipelines.cli.command import main
from tests.pipelines.factories_door import add_door, call

DAYS = ("2026-01-05", "2026-01-06", "2026-01-07")
#: Left edge of a visitor where nobody walks; on the last day, they stand a step aside.
VISITOR_X = {DAYS[0]: None, DAYS[1]: 100, DAYS[2]: 114}
VISIT = range(60, 76)  # of 160 frames, 2 a second
FLOOR = np.repeat(np.repeat(np.random.default_rng(7).integers(60, 160, (16, 27, 3)), 6, 0), 6, 1)[
    :, :160
].astype(np.uint8)


def film(path, *, visitor_x, seed):
    """Somebody walks along the upper lane, to and fro; a visitor stands below for eight seconds."""
    noise = np.random.default_rng(seed)

    def frames():
        for number in range(160):
            frame = np.clip(FLOOR + noise.normal(0, 2, FLOOR.shape), 0, 255).astype(np.uint8)
            x = 5 * number % 280
            x = min(x, 280 - x)
            frame[10:40, x : x + 12] = (230, 60, 40)
            if visitor_x is not None and number in VISIT:
                frame[56:86, visitor_x : visitor_x + 12] = (40, 60, 230)
            yield frame

    write_video(path, frames(), 2.0)


def film_visits(path, number):
    """A day of ``DAYS``."""
    film(path, visitor_x=VISITOR_X[DAYS[number]], seed=number)


@pytest.fixture(scope="module")
def judged_home(shared_home):
    """Three days filmed, two of them judged."""
    add_door(shared_home.settings.footage, DAYS, film_visits)
    call(shared_home, "cameras", "backfill", "door", "--to", DAYS[1])
    return shared_home.settings.home


@pytest.fixture
def door(tiny, judged_home):
    """A home of its own for each test."""
    shutil.copytree(judged_home, tiny.settings.home, dirs_exist_ok=True)
    return tiny


def folder_of(home, asset, day):
    return home.store.path(home.store.require(asset, f"door/{day}"))


def events_of(home, day):
    return pq.read_table(folder_of(home, "anomalies", day) / "events.parquet").to_pylist()


def judged(home, day):
    return json.loads((folder_of(home, "anomalies", day) / "anomalies.json").read_text())


def frames_behind(home, day):
    return json.loads((folder_of(home, "learned_normal", day) / "normal.json").read_text())[
        "frames"
    ]


def counted(home):
    """Frames of the first two days, which are behind the third."""
    folders = [folder_of(home, "activity_counts", day) for day in DAYS[:2]]
    return sum(ClassCounts.load(folder).frames for folder in folders)


def page(home, day):
    return (folder_of(home, "camera_report", day) / "report.html").read_text()


def visit_of(home, day):
    """The event of the visit; the walker alone makes none."""
    (event,) = events_of(home, day)
    assert event["y0"] >= 45
    return event


def test_a_tracker_that_fails_costs_the_day_no_other_alarm(door, monkeypatch):
    def stumbles(*_):
        raise IndexError("index 7 is out of bounds")

    monkeypatch.setattr(Tracker, "update", stumbles)
    call(door, "cameras", "backfill", "door", "--to", DAYS[2])
    visit_of(door, DAYS[2])
    assert judged(door, DAYS[2])["paths"]["status"] == "not_tracked"
    assert "No path evidence: tracking failed (IndexError: index 7" in page(door, DAYS[2])


def test_an_expected_event_is_no_alarm_on_the_next_day(door):
    event = visit_of(door, DAYS[1])
    assert judged(door, DAYS[1])["events"] == 1

    listed = call(door, "events", "list", "door", DAYS[1])
    assert f"door {DAYS[1]}   1" in listed
    said = call(door, "events", "mark", "door", DAYS[1], "1", "expected", "--reviewer", "ann")
    assert "event 1: expected, by ann" in said
    home = f"--home {door.settings.home}"
    assert f": learned-normal events apply door --from {DAYS[1]} {home}\n" in said
    assert "[expected, ann]" in call(door, "events", "list")
    at = listed.split(f"door {DAYS[1]}   1  ")[1].split()[0]
    assert f"door {DAYS[1]} {at}: expected, ann" in call(door, "events", "pull")

    call(door, "cameras", "backfill", "door", "--to", DAYS[2])
    again = visit_of(door, DAYS[2])
    marks = read_marks(door.store.path(door.store.require("event_marks")))
    assert [again["expected_by"]] == list(marks)
    told = judged(door, DAYS[2])
    assert (told["events"], told["expected_events"]) == (0, 1)
    scores = pq.read_table(folder_of(door, "anomalies", DAYS[2]) / "frame_scores.parquet")
    times, alarms = scores["time_utc"].to_pylist(), scores["alarm"].to_pylist()
    span = again["start_utc"], again["end_utc"]
    within = [a for t, a in zip(times, alarms, strict=True) if span[0] <= t <= span[1]]
    assert within
    assert not any(within)
    assert again["class_name"] == event["class_name"]
    assert "1 expected event, no alarm" in page(door, DAYS[2])
    assert "which ann marked expected" in page(door, DAYS[2])
    assert frames_behind(door, DAYS[2]) == counted(door)  # its frames count

    call(door, "events", "apply", "door", "--from", DAYS[1])
    assert [judged(door, day)["events"] for day in DAYS[1:]] == [0, 0]
    assert "Marked expected by ann" in page(door, DAYS[1])

    result = CliRunner().invoke(
        main,
        ["events", "mark", "door", DAYS[1], "9", "alarm", "--home", str(door.settings.home)],
    )
    assert result.exit_code == 1
    assert f"no event 9 of door on {DAYS[1]}; it has [1]" in result.output


def test_an_alarm_is_kept_out_of_what_the_next_day_is_judged_by(door):
    call(door, "cameras", "backfill", "door")
    event = visit_of(door, DAYS[1])
    assert frames_behind(door, DAYS[2]) == counted(door)
    normal = load_normal(folder_of(door, "learned_normal", DAYS[2]))
    assert normal.counts_khw[1:, 56:86, 100:112].max() == event["frames"]

    call(door, "events", "mark", "door", DAYS[1], "1", "alarm", "--reviewer", "ann")
    call(door, "events", "apply", "door", "--from", DAYS[2])
    assert counted(door) - frames_behind(door, DAYS[2]) == event["frames"]
    normal = load_normal(folder_of(door, "learned_normal", DAYS[2]))
    assert normal.counts_khw[1:, 56:86, 100:112].sum() == 0  # nothing ever moved there
    inputs = door.store.provenance(door.store.require("learned_normal", f"door/{DAYS[2]}")).inputs
    assert "event_marks" in {one.asset for one in inputs}


def test_a_long_window_is_calibrated_by_the_verdicts_of_its_days(door, monkeypatch):
    monkeypatch.setattr("camera_analysis.normal.held_out.MOST_FRAMES", 40)
    call(door, "cameras", "backfill", "door")
    version = door.store.require("learned_normal", f"door/{DAYS[2]}")
    read = {(one.asset, one.partition) for one in door.store.provenance(version).inputs}
    assert ("anomalies", f"door/{DAYS[1]}") in read
    assert ("anomalies", f"door/{DAYS[0]}") not in read, "it had no history to be judged by"
    scale = HeldOutScale.load(door.store.path(version) / CLASS_SCALE_FILE)
    verdict = folder_of(door, "anomalies", DAYS[1]) / "class_departures.parquet"
    departed = pq.read_table(verdict)["strength_bits"].to_pylist()
    assert departed, "somebody stood on the second day where nobody had"
    assert {fold.name: fold.strengths for fold in scale.folds}[DAYS[1]] == tuple(departed)
