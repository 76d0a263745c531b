"""A camera is moved: its days are blocked and say so, until it learns its scene anew."""

from __future__ import annotations

import json
import shutil
from datetime import date

import dagster as dg
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from assets.partitions import camera_day_key
from camera_analysis.camera_file import load_camera
from camera_analysis.footage.video_write import write_video
from pipelines.cli.command import main
from pipelines.instance import open_instance
from tests.pipelines.factories_door import add_door, call

DAYS = ("2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08")
#: The camera was knocked in the night before the third day.
MOVED = DAYS[2]
FLOOR = np.repeat(
    np.repeat(np.random.default_rng(7).integers(60, 160, (24, 32, 3)), 8, 0), 8, 1
).astype(np.uint8)


def film(path, *, dx=0, seed=0):
    """Somebody walks over a tiled floor, 160 x 96 pixels, 40 frames at 2 a second."""
    noise = np.random.default_rng(seed)

    def frames():
        for number in range(40):
            frame = FLOOR[20:116, 20 + dx : 180 + dx] + noise.normal(0, 2, (96, 160, 3))
            frame = np.clip(frame, 0, 255).astype(np.uint8)
            x = 5 * number % 140
            frame[40:70, x : x + 12] = (230, 60, 40)
            yield frame

    write_video(path, frames(), 2.0)


@pytest.fixture(scope="module")
def judged_home(shared_home):
    """All days filmed; those before the knock are judged."""

    def film_day(path, number):
        film(path, dx=24 if DAYS[number] >= MOVED else 0, seed=number)

    add_door(shared_home.settings.footage, DAYS, film_day)
    call(shared_home, "cameras", "backfill", "door", "--to", DAYS[1])
    return shared_home.settings.home


@pytest.fixture
def knocked(tiny, judged_home):
    """A home of its own for each test."""
    shutil.copytree(judged_home, tiny.settings.home, dirs_exist_ok=True)
    return tiny


def told(home, asset, file, day):
    return json.loads(
        (home.store.path(home.store.require(asset, f"door/{day}")) / file).read_text()
    )


def page(home, day):
    return (
        home.store.path(home.store.require("camera_report", f"door/{day}")) / "report.html"
    ).read_text()


def test_a_moved_camera_is_blocked_told_and_learned_anew(knocked):
    call(knocked, "cameras", "backfill", "door")

    statuses = [told(knocked, "anomalies", "anomalies.json", day)["status"] for day in DAYS]
    assert statuses == ["warming_up", "judged", "scene_changed", "scene_changed"]
    blocked = knocked.store.path(knocked.store.require("anomalies", f"door/{MOVED}"))
    assert pq.read_table(blocked / "events.parquet").num_rows == 0
    assert pq.read_table(blocked / "frame_scores.parquet").num_rows == 0

    scene = told(knocked, "scene_change", "scene.json", DAYS[3])
    assert (scene["kind"], scene["since"]) == ("moved", MOVED)
    assert scene["says"].startswith(f"Since {MOVED} the camera shows another view: displaced by 15")
    report = page(knocked, DAYS[3])
    assert "Not judged: the camera shows another scene" in report
    assert f"learned-normal cameras relearn door --from {MOVED}" in report
    assert scene["says"] in report
    index = knocked.store.path(knocked.store.require("camera_index")) / "index.html"
    assert "Not judged: another scene" in index.read_text()

    with open_instance(knocked.settings) as instance:
        key = dg.AssetCheckKey(dg.AssetKey("scene_change"), "scene_is_the_learned_one")
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, 1)
        check = record.event.dagster_event.asset_check_evaluation_data
        assert not check.passed
        assert "Anomalies are blocked." in check.description
        assert check.partition in (None, camera_day_key("door", DAYS[3]))

    output = call(knocked, "cameras", "relearn", "door", "--from", MOVED)
    assert f"2 days judged again, {MOVED} to {DAYS[3]}" in output
    assert load_camera(knocked.settings.footage / "door").learn_from == date.fromisoformat(MOVED)
    statuses = [told(knocked, "anomalies", "anomalies.json", day)["status"] for day in DAYS]
    assert statuses == ["warming_up", "judged", "warming_up", "judged"]
    normal = told(knocked, "learned_normal", "normal.json", DAYS[3])
    assert (normal["days"], normal["moved_days"]) == ([MOVED], [])
    assert "cameras relearn" not in page(knocked, DAYS[3])


def test_a_camera_that_only_reports_is_judged_all_the_same(knocked):
    camera = knocked.settings.footage / "door" / "camera.yaml"
    camera.write_text(camera.read_text() + "scene_changes: report\n")
    call(knocked, "cameras", "backfill", "door", "--from", MOVED, "--to", MOVED)
    # Its window holds no day of this view, so there is nothing to judge by, and the page says why.
    assert told(knocked, "anomalies", "anomalies.json", MOVED)["status"] == "warming_up"
    assert told(knocked, "scene_change", "scene.json", MOVED)["says"] in page(knocked, MOVED)


def test_relearning_an_unknown_camera_says_so(tiny):
    arguments = ["cameras", "relearn", "door", "--from", "2026-01-05"]
    result = CliRunner().invoke(main, [*arguments, "--home", str(tiny.settings.home)])
    assert result.exit_code == 1
    assert "no camera door" in result.output
