"""Schedules: the weekly rebuild asks for every source, the night for yesterday's cameras."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from assets.partitions import camera_day_key
from pipelines.automation.schedules import CAMERA_TAG, REBUILD_TAG
from pipelines.definitions import build_definitions
from pipelines.settings import Settings

#: Dagster's own tags of two-dimensional partitions.
pytestmark = pytest.mark.filterwarnings("ignore:Non-compliant tag keys:DeprecationWarning")

SUNDAY = datetime(2026, 1, 11, 3, tzinfo=UTC)
NIGHT = datetime(2026, 1, 7, 2, tzinfo=UTC)


@pytest.fixture
def instance(tmp_path):
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as local:
        yield local


def evaluate(settings: Settings, instance: dg.DagsterInstance, name: str, when: datetime):
    """A tick of one of the schedules of the definitions."""
    definitions = build_definitions(settings)
    schedule = definitions.resolve_schedule_def(name)
    repository = definitions.get_repository_def()
    with dg.build_schedule_context(
        instance=instance, scheduled_execution_time=when, repository_def=repository
    ) as context:
        return schedule.evaluate_tick(context)


def film(settings: Settings, camera: str, name: str) -> None:
    path = settings.footage / camera / f"{name}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"footage")


def test_weekly_rebuild_asks_for_every_source_under_one_tag(tmp_path, instance):
    sources = {name: tmp_path / name for name in ("voc", "ade20k", "coco_stuff")}
    tick = evaluate(Settings(home=tmp_path, sources=sources), instance, "weekly_rebuild", SUNDAY)
    assert [request.partition_key for request in tick.run_requests] == sorted(sources)
    assert {request.tags[REBUILD_TAG] for request in tick.run_requests} == {SUNDAY.isoformat()}
    assert len({request.run_key for request in tick.run_requests}) == len(sources)


def test_weekly_rebuild_without_sources_says_so(tmp_path, instance):
    tick = evaluate(Settings(home=tmp_path), instance, "weekly_rebuild", SUNDAY)
    assert not tick.run_requests
    assert "no dataset sources are configured" in tick.skip_message


def test_the_night_asks_for_days_that_are_over_and_have_no_report(tmp_path, instance):
    settings = Settings(home=tmp_path)
    film(settings, "door", "2026-01-05T08-00-00")
    film(settings, "door", "2026-01-06T08-00-00")
    film(settings, "door", "2026-01-07T01-00-00")  # today
    film(settings, "hall", "2026-01-06T23-30-00")
    film(settings, "yard", "2025-12-20T08-00-00")  # too old to try again
    tick = evaluate(settings, instance, "nightly_cameras", NIGHT)
    assert [request.partition_key for request in tick.run_requests] == [
        camera_day_key("door", "2026-01-05"),
        camera_day_key("door", "2026-01-06"),
        camera_day_key("hall", "2026-01-06"),
    ]
    assert [request.tags[CAMERA_TAG] for request in tick.run_requests] == ["door", "door", "hall"]
    assert tick.run_requests[0].tags["dagster/partition/day"] == "2026-01-05"
    assert sorted(instance.get_dynamic_partitions("camera")) == ["door", "hall"]


def test_a_day_is_over_where_the_camera_hangs(tmp_path, instance):
    settings = Settings(home=tmp_path)
    film(settings, "door", "2026-01-06T08-00-00")
    (settings.footage / "door" / "camera.yaml").write_text("time_zone: America/New_York\n")
    early = evaluate(settings, instance, "nightly_cameras", NIGHT)
    late = evaluate(settings, instance, "nightly_cameras", NIGHT + timedelta(hours=3))
    assert not early.run_requests
    assert [request.partition_key for request in late.run_requests] == [
        camera_day_key("door", "2026-01-06")
    ]


def test_a_failed_day_is_asked_for_again_the_next_night(tmp_path, instance):
    settings = Settings(home=tmp_path)
    film(settings, "door", "2026-01-06T08-00-00")
    ticks = [
        evaluate(settings, instance, "nightly_cameras", NIGHT + timedelta(days=days))
        for days in (0, 1)
    ]
    keys = [request.run_key for tick in ticks for request in tick.run_requests]
    assert len(set(keys)) == 2


def test_a_night_without_footage_says_so(tmp_path, instance):
    tick = evaluate(Settings(home=tmp_path), instance, "nightly_cameras", NIGHT)
    assert not tick.run_requests
    assert "has its report" in tick.skip_message


def test_crons_come_from_the_settings(tmp_path):
    settings = Settings(home=Path(tmp_path), rebuild_cron="0 4 * * 6", cameras_cron="15 1 * * *")
    definitions = build_definitions(settings)
    assert definitions.resolve_schedule_def("weekly_rebuild").cron_schedule == "0 4 * * 6"
    assert definitions.resolve_schedule_def("nightly_cameras").cron_schedule == "15 1 * * *"
    for name in ("weekly_rebuild", "nightly_cameras"):
        schedule = definitions.resolve_schedule_def(name)
        assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
