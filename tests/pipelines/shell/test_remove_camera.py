"""A camera is forgotten, also where its folder is gone; what was made of it stays."""

from __future__ import annotations

import json
import shutil

import pytest

from camera_analysis.reports.report_index import read_entries
from pipelines.instance import open_instance
from pipelines.shell.backfill import write_index_page
from pipelines.shell.remove_camera import remove_camera
from pipelines.shell.runs import Runner


def report(home, camera, day="2026-01-05"):
    """A report as far as an index reads it."""
    told = {"camera_id": camera, "day": day, "status": "judged", "events": 1, "worst_bits": 9.0}
    key = f"{camera}/{day}"
    with home.store.draft("camera_report", key) as folder:
        (folder / "report.json").write_text(json.dumps(told | {"usable_share": 1.0}))
        (folder / "report.html").write_text(camera)
        version = home.store.seal(
            folder, "camera_report", key, code_version="1", inputs=(), config={}
        )
    home.store.publish(version)


def listed(home):
    """Cameras in the current index."""
    index = home.store.path(home.store.require("camera_index"))
    return {row["camera_id"] for row in read_entries(index)}


def registered(home):
    with open_instance(home.settings) as instance:
        return set(instance.get_dynamic_partitions("camera"))


@pytest.fixture
def two(tiny):
    """Two cameras with a report each, in an index."""
    runner = Runner(tiny.settings)
    for camera in ("door", "hall"):
        (tiny.settings.footage / camera).mkdir(parents=True)
        runner.add_camera(camera)
        report(tiny, camera)
    assert write_index_page(runner) == []
    runner.instance.dispose()
    return tiny


@pytest.mark.parametrize("folder_is_gone", [False, True])
def test_a_camera_leaves_dagster_and_the_index_and_its_report_stays(two, folder_is_gone):
    assert listed(two) == {"door", "hall"}
    if folder_is_gone:
        (two.settings.footage / "door").rmdir()
    removed = remove_camera(two.settings, "door")
    assert (removed.reports, removed.problems) == (1, ())
    assert (registered(two), listed(two)) == ({"hall"}, {"hall"})
    assert two.store.current("camera_report", "door/2026-01-05") is not None
    assert not (two.settings.footage / "door").exists()
    with pytest.raises(ValueError, match=r"no camera door in .*; its 1 reports stay in the store"):
        remove_camera(two.settings, "door")


def test_the_last_camera_leaves_an_empty_index(two):
    for camera in ("door", "hall"):
        remove_camera(two.settings, camera)
    assert listed(two) == set()


def test_a_camera_that_is_only_in_the_index_leaves_it(two):
    (two.settings.footage / "door").rmdir()
    with open_instance(two.settings) as instance:
        instance.delete_dynamic_partition("camera", "door")
    assert remove_camera(two.settings, "door").reports == 1
    assert listed(two) == {"hall"}


def test_nothing_is_removed_while_the_footage_root_is_away(two):
    shutil.rmtree(two.settings.footage)
    with pytest.raises(ValueError, match="the folder of all cameras, is not there; is a drive"):
        remove_camera(two.settings, "door")
    assert registered(two) == {"door", "hall"}
    with pytest.raises(ValueError, match="no camera attic in"):
        remove_camera(two.settings, "attic")
