"""Sensors: new cameras and days are found, late files re-open a day, a rebuild waits for all."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from assets.partitions import camera_day_key
from pipelines.automation.jobs import CAMERA_ASSETS
from pipelines.automation.schedules import AGAIN_TAGS, CAMERA_TAG, REBUILD_TAG
from pipelines.automation.sensors import footage_sensor, rebuild_sensor
from pipelines.definitions import build_definitions
from pipelines.settings import Settings

#: Dagster's own tags of two-dimensional partitions.
pytestmark = pytest.mark.filterwarnings("ignore:Non-compliant tag keys:DeprecationWarning")


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, sources={"voc": tmp_path / "voc", "ade20k": tmp_path / "ade"})


def bring(settings: Settings, camera: str, name: str, content: bytes = b"footage") -> Path:
    """A file of footage; sensors read names and time stamps, never contents."""
    path = settings.footage / camera / f"{name}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def tick(
    settings: Settings,
    instance: dg.DagsterInstance,
    cursor: str | None = None,
    wait_s: float = 3600,
) -> dg.SensorResult:
    """One tick of the footage sensor, ``wait_s`` from now."""
    sensor = footage_sensor(settings, clock_s=lambda: time.time() + wait_s)
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, definitions=build_definitions(settings)
    )
    with context:
        return sensor(context)


def days_of(result: dg.SensorResult) -> list[tuple[str, str]]:
    keys = [request.partition_key.keys_by_dimension for request in result.run_requests]
    return [(key["camera"], key["day"]) for key in keys]


# Footage.


def test_new_cameras_and_days_are_found(settings, instance):
    bring(settings, "door", "2026-01-05T08-00-00")
    bring(settings, "door", "2026-01-06T08-00-00")
    bring(settings, "hall", "2026-01-06T08-00-00")
    result = tick(settings, instance)
    assert days_of(result) == [
        ("door", "2026-01-05"),
        ("door", "2026-01-06"),
        ("hall", "2026-01-06"),
    ]
    (added,) = result.dynamic_partitions_requests
    assert (added.partitions_def_name, added.partition_keys) == ("camera", ["door", "hall"])
    tags = [request.tags[CAMERA_TAG] for request in result.run_requests]
    assert tags == ["door", "door", "hall"]
    assert all(request.tags.items() >= AGAIN_TAGS.items() for request in result.run_requests)
    keys = [request.run_key for request in result.run_requests]
    assert len(set(keys)) == 3
    assert keys[0].startswith("door:2026-01-05:")


def test_the_first_days_of_a_new_camera_resolve_to_partitions_of_its_job(settings, tmp_path):
    bring(settings, "door", "2026-01-05T08-00-00")
    definitions = build_definitions(settings)
    sensor = definitions.resolve_sensor_def("footage_sensor")
    fixed = footage_sensor(settings, clock_s=lambda: time.time() + 3600)
    assert sensor.job_name == fixed.job_name == "camera_job"
    repository = definitions.get_repository_def()
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as daemon:
        with dg.SensorEvaluationContext(
            instance_ref=daemon.get_ref(),
            last_tick_completion_time=None,
            last_run_key=None,
            cursor=None,
            repository_name=None,
            repository_def=repository,
        ) as context:
            data = fixed.evaluate_tick(context)
    (request,) = data.run_requests
    assert request.partition_key == camera_day_key("door", "2026-01-05")
    assert request.tags["dagster/partition/camera"] == "door"
    assert request.tags["dagster/partition/day"] == "2026-01-05"


def test_what_was_seen_is_not_requested_again(settings, instance):
    bring(settings, "door", "2026-01-05T08-00-00")
    first = tick(settings, instance)
    second = tick(settings, instance, first.cursor)
    assert not second.run_requests
    assert "nothing new in 1 camera-days" in second.skip_reason.skip_message


def test_a_late_file_opens_its_day_again_and_no_other(settings, instance):
    bring(settings, "door", "2026-01-05T08-00-00")
    bring(settings, "door", "2026-01-06T08-00-00")
    first = tick(settings, instance)
    bring(settings, "door", "2026-01-05T12-00-00")
    second = tick(settings, instance, first.cursor)
    assert days_of(second) == [("door", "2026-01-05")]
    assert second.run_requests[0].run_key not in {one.run_key for one in first.run_requests}
    assert set(json.loads(second.cursor)) == {"door/2026-01-05", "door/2026-01-06"}


def test_a_file_that_may_still_be_written_to_is_left_alone(settings, instance):
    bring(settings, "door", "2026-01-05T08-00-00")
    assert not tick(settings, instance, wait_s=0).run_requests
    assert not tick(settings, instance, wait_s=55).run_requests
    assert days_of(tick(settings, instance, wait_s=65)) == [("door", "2026-01-05")]


def test_a_growing_file_is_requested_once_it_rests(settings, instance):
    bring(settings, "door", "2026-01-05T08-00-00")
    first = tick(settings, instance)
    bring(settings, "door", "2026-01-05T08-00-00", b"footage, and more of it")
    unsettled = tick(settings, instance, first.cursor, wait_s=0)
    assert not unsettled.run_requests
    assert days_of(tick(settings, instance, unsettled.cursor)) == [("door", "2026-01-05")]


def test_an_unusable_folder_is_warned_of_and_does_not_stop_the_others(
    settings, instance, monkeypatch
):
    bring(settings, "door", "2026-01-05T08-00-00")
    (settings.footage / "Hall 2").mkdir()
    (settings.footage / "attic").mkdir()
    (settings.footage / "attic" / "camera.yaml").write_text("footage: /unplugged\n")
    said: list[str] = []
    monkeypatch.setattr(
        logging.Logger, "warning", lambda _self, message, *_a, **_k: said.append(str(message))
    )
    result = tick(settings, instance)
    assert days_of(result) == [("door", "2026-01-05")]
    assert any("Hall 2" in line and "allowed" in line for line in said)
    assert any("attic" in line and "/unplugged" in line for line in said)


def test_a_tick_stays_short_and_the_rest_follows(settings, instance, monkeypatch):
    monkeypatch.setattr("pipelines.automation.sensors.RUNS_PER_TICK", 2)
    for day in ("05", "06", "07"):
        bring(settings, "door", f"2026-01-{day}T08-00-00")
    first = tick(settings, instance)
    second = tick(settings, instance, first.cursor)
    assert [day for _, day in days_of(first)] == ["2026-01-05", "2026-01-06"]
    assert [day for _, day in days_of(second)] == ["2026-01-07"]


def test_a_camera_of_which_only_some_days_were_asked_for_is_gone_on_with(
    settings, instance, monkeypatch
):
    monkeypatch.setattr("pipelines.automation.sensors.RUNS_PER_TICK", 1)
    for camera in ("attic", "door"):
        bring(settings, camera, "2026-01-05T08-00-00")
        bring(settings, camera, "2026-01-06T08-00-00")
    cursor, asked = None, []
    for _ in range(4):
        result = tick(settings, instance, cursor)
        cursor, asked = result.cursor, asked + days_of(result)
    days = ("2026-01-05", "2026-01-06")
    assert asked == [(camera, day) for camera in ("attic", "door") for day in days]
    assert not tick(settings, instance, cursor).run_requests


def test_no_more_is_asked_for_than_the_queue_should_hold(settings, instance, monkeypatch):
    monkeypatch.setattr("pipelines.automation.sensors.UNFINISHED_RUNS", 2)
    for day in ("05", "06", "07"):
        bring(settings, "door", f"2026-01-{day}T08-00-00")

    def start(job: str) -> None:
        run_id = dg._core.utils.make_new_run_id()
        instance.add_run(dg.DagsterRun(job_name=job, run_id=run_id, status=STARTED))

    start("camera_job")
    start("source_job")
    first = tick(settings, instance)
    assert days_of(first) == [("door", "2026-01-05")]
    start("camera_job")
    full = tick(settings, instance, first.cursor)
    assert not full.run_requests
    assert "2 camera-days and more are queued or running" in full.skip_reason.skip_message
    assert full.cursor == first.cursor


def test_the_cursor_forgets_days_whose_report_is_made_or_whose_footage_is_gone(
    settings, instance, monkeypatch
):
    bring(settings, "door", "2026-01-05T08-00-00")
    gone = bring(settings, "door", "2026-01-06T08-00-00")
    first = tick(settings, instance)
    assert set(json.loads(first.cursor)) == {"door/2026-01-05", "door/2026-01-06"}
    gone.unlink()
    monkeypatch.setattr("pipelines.automation.due_days.is_reported", lambda _store, _footage: True)
    assert tick(settings, instance, first.cursor).cursor == "{}"


def test_days_before_the_first_one_have_no_partition_and_are_left_alone(settings, instance):
    bring(settings, "door", "2026-01-05T08-00-00")
    bring(settings, "door", "2026-01-06T08-00-00")
    late = replace(settings, first_day="2026-01-06")
    assert days_of(tick(late, instance)) == [("door", "2026-01-06")]
    definitions = build_definitions(late)
    for asset in CAMERA_ASSETS:
        day = definitions.get_assets_def(asset).partitions_def.time_window_partitions_def
        assert day.get_first_partition_key() == "2026-01-06"


def test_without_cameras_the_folder_is_named(settings, instance):
    skipped = tick(settings, instance)
    assert str(settings.footage) in skipped.skip_reason.skip_message


# Rebuild.

SUCCESS, FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE
STARTED = dg.DagsterRunStatus.STARTED


def remember(instance, source: str, status: dg.DagsterRunStatus, rebuild: str) -> None:
    """A run of ``source_job`` as the daemon would have left it."""
    run = dg.DagsterRun(
        job_name="source_job",
        run_id=dg._core.utils.make_new_run_id(),
        status=status,
        tags={REBUILD_TAG: rebuild, "dagster/partition": source},
    )
    instance.add_run(run)


def rebuild_tick(settings, instance):
    with dg.build_sensor_context(instance=instance) as context:
        return rebuild_sensor(settings)(context)


def test_without_a_rebuild_nothing_is_requested(settings, instance):
    assert "no rebuild" in rebuild_tick(settings, instance).skip_message


def test_a_rebuild_waits_for_every_source(settings, instance):
    remember(instance, "voc", SUCCESS, "2026-01-04T03:00:00")
    remember(instance, "ade20k", STARTED, "2026-01-04T03:00:00")
    skipped = rebuild_tick(settings, instance)
    assert "waits for ['ade20k']" in skipped.skip_message


def test_a_rebuild_goes_on_when_all_are_good(settings, instance):
    for source in ("voc", "ade20k"):
        remember(instance, source, SUCCESS, "2026-01-04T03:00:00")
    request = rebuild_tick(settings, instance)
    assert request.run_key == "2026-01-04T03:00:00"
    assert request.tags == {**AGAIN_TAGS, REBUILD_TAG: "2026-01-04T03:00:00"}
    assert rebuild_sensor(settings).job_name == "dataset_job"


def test_a_failed_source_keeps_the_last_dataset(settings, instance):
    for source in ("voc", "ade20k"):
        remember(instance, source, SUCCESS, "2026-01-04T03:00:00")
    remember(instance, "voc", FAILURE, "2026-01-11T03:00:00")
    remember(instance, "ade20k", SUCCESS, "2026-01-11T03:00:00")
    skipped = rebuild_tick(settings, instance)
    assert "2026-01-11" in skipped.skip_message
    assert "['voc']" in skipped.skip_message
    assert "the last dataset stays" in skipped.skip_message


def test_a_source_that_was_tried_again_with_success_is_good(settings, instance):
    remember(instance, "voc", FAILURE, "2026-01-11T03:00:00")
    remember(instance, "ade20k", SUCCESS, "2026-01-11T03:00:00")
    remember(instance, "voc", SUCCESS, "2026-01-11T03:00:00")
    assert rebuild_tick(settings, instance).run_key == "2026-01-11T03:00:00"


def test_only_configured_sources_are_waited_for(settings, instance):
    remember(instance, "voc", SUCCESS, "2026-01-11T03:00:00")
    one = replace(settings, sources={"voc": settings.home})
    assert rebuild_tick(one, instance).run_key == "2026-01-11T03:00:00"
