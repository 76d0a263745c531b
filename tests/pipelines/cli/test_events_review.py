"""Events in the real FiftyOne: shown without a pixel, tagged, read back, kept when it is lost.

FiftyOne's database is chosen once per process, so the walk runs in a process of its own:
``python -m tests.pipelines.cli.test_events_review <home>`` leaves ``seen.json`` in the home.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from assets.partitions import camera_day_key
from camera_analysis.events.event_marks import read_marks
from pipelines.resources import open_store, resources_of
from pipelines.settings import Settings, load_settings, save_settings
from pipelines.shell.runs import Planned, Runner
from tests.pipelines.cli.test_events_line import DAYS, film_visits
from tests.pipelines.factories_door import add_door
from tests.pipelines.factories_walk import seen_in, walk_and_leave

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What the walk saw of a camera with an event on each of two days."""
    home = tmp_path_factory.mktemp("events")
    save_settings(Settings(home=home, device="cpu", footage_settle_s=0.0))
    return seen_in("tests.pipelines.cli.test_events_review", home, patience_s=500)


def test_events_are_queued_with_their_reason_and_one_picture(seen):
    assert seen["queued"] == 2
    assert all(why.startswith("door 2026-01-0") for why in seen["why"])
    assert seen["pictures_are_there"]
    assert seen["scores_fall"]


def test_tags_become_marks_with_who_and_when(seen):
    assert sorted(seen["marks"]) == [["alarm", "ann"], ["expected", "ann"]]


def test_marked_events_leave_the_queue_and_keep_their_tags(seen):
    assert seen["queued_again"] == 0
    assert seen["tags_after_second_push"] == ["alarm", "expected"]


def test_marks_survive_a_lost_database(seen):
    assert seen["after_loss"] == seen["marks"]


def marks_of(settings: Settings) -> list[list[str]]:
    store = open_store(settings)
    marks = read_marks(store.path(store.require("event_marks")))
    return [[one.mark, one.marked_by] for one in marks.values()]


def walk(home: Path) -> dict[str, object]:
    settings = load_settings(home)
    add_door(settings.footage, DAYS, film_visits)
    runner = Runner(settings)
    runner.add_camera("door")
    for day in DAYS:
        runner.run(Planned(job="camera_job", partition=camera_day_key("door", day)))
    runner.run(Planned(job="event_marks_job"))  # before anything was queued
    runner.run(Planned(job="event_queue_job"))
    import fiftyone

    setup = resources_of(settings)["review_setup"]
    dataset = fiftyone.load_dataset(setup.events_dataset)
    queue = dataset.load_saved_view("queue")
    found = queue.values(["why", "priority", "filepath"])
    seen: dict[str, object] = {
        "queued": len(queue),
        "why": found[0],
        "scores_fall": found[1] == sorted(found[1], reverse=True),
        "pictures_are_there": all(Path(path).is_file() for path in found[2]),
    }
    dataset.info["reviewers"] = [{"name": "ann", "at": datetime.now(UTC).isoformat()}]
    dataset.save()
    for sample, tag in zip(queue, ("expected", "alarm"), strict=True):
        sample.tags = [tag]
        sample.save()
    runner.run(Planned(job="event_marks_job"))
    seen["marks"] = marks_of(settings)
    runner.run(Planned(job="event_queue_job"))
    dataset.reload()
    seen["queued_again"] = len(dataset.load_saved_view("queue"))
    seen["tags_after_second_push"] = sorted(tag for tags in dataset.values("tags") for tag in tags)
    fiftyone.delete_dataset(setup.events_dataset)
    runner.run(Planned(job="event_marks_job"))
    seen["after_loss"] = marks_of(settings)
    return seen


if __name__ == "__main__":
    walk_and_leave(walk)
