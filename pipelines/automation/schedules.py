"""What runs at a fixed time: the weekly rebuild, the nightly cameras."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from assets.partitions import camera_day_key
from pipelines.automation.jobs import camera_job, event_marks_job, retention_job, source_job
from pipelines.footage import find_camera_days, is_reported
from pipelines.resources import open_store
from pipelines.settings import Settings

#: Runs of one rebuild share this tag; ``rebuild_sensor`` waits for all of them.
REBUILD_TAG = "learned-normal/rebuild"
#: Runs of one camera go one after the other, so that each day finds the days before it.
CAMERA_TAG = "learned-normal/camera"
#: On what a trigger asks for: a run that is ended from outside, as by the end of the service or a
#: loss of power, is run again, whole, this often at most. One of whose stages failed of itself is
#: not: the stage has been tried again already.
AGAIN_TAGS = {
    "dagster/max_retries": "3",
    "dagster/retry_on_asset_or_op_failure": "false",
    "dagster/retry_strategy": "ALL_STEPS",
}
#: How long the nightly schedule asks again for a day that has no report.
CATCH_UP_DAYS = 14


def rebuild_requests(settings: Settings, rebuild: str) -> Iterator[dg.RunRequest]:
    """One run per configured source, all of the same rebuild."""
    for source in sorted(settings.sources):
        yield dg.RunRequest(
            run_key=f"{rebuild}:{source}",
            partition_key=source,
            tags={**AGAIN_TAGS, REBUILD_TAG: rebuild},
        )


def weekly_rebuild(settings: Settings) -> dg.ScheduleDefinition:
    """Scan every source; ``rebuild_sensor`` goes on when all of them are good."""

    def requests(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if not settings.sources:
            yield dg.SkipReason("no dataset sources are configured (settings: sources)")
            return
        yield from rebuild_requests(settings, context.scheduled_execution_time.isoformat())

    return dg.ScheduleDefinition(
        name="weekly_rebuild",
        job=source_job,
        cron_schedule=settings.rebuild_cron,
        execution_fn=requests,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def nightly_event_marks(settings: Settings) -> dg.ScheduleDefinition:
    """Read back what was said of events, so that the nightly cameras obey."""
    return dg.ScheduleDefinition(
        name="nightly_event_marks",
        job=event_marks_job,
        cron_schedule=settings.event_marks_cron,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def nightly_cameras(settings: Settings) -> dg.ScheduleDefinition:
    """Every day that is over and whose report does not show its footage, whatever a sensor saw.

    A run that failed for want of disk, GPU or store is asked for again, each night, until the day
    is older than ``CATCH_UP_DAYS``.
    """

    def requests(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        now = context.scheduled_execution_time
        store = open_store(settings)
        days, unusable = find_camera_days(settings.footage, now, first_day=settings.first_day)
        for camera in unusable:
            context.log.warning(f"{camera.folder}: cannot be used: {camera.reason}")
        oldest = (now - timedelta(days=CATCH_UP_DAYS)).date().isoformat()
        found = [
            footage
            for footage in days
            if oldest <= footage.day and footage.ends_utc <= now and not is_reported(store, footage)
        ]
        for footage in found:
            context.instance.add_dynamic_partitions("camera", [footage.camera])
            yield dg.RunRequest(
                run_key=f"{footage.camera}:{footage.day}:{footage.fingerprint}:{now.date()}",
                partition_key=camera_day_key(footage.camera, footage.day),
                tags={**AGAIN_TAGS, CAMERA_TAG: footage.camera},
            )
        if not found:
            yield dg.SkipReason(f"every day since {oldest} that is over has its report")

    return dg.ScheduleDefinition(
        name="nightly_cameras",
        job=camera_job,
        cron_schedule=settings.cameras_cron,
        execution_fn=requests,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def weekly_retention(settings: Settings) -> dg.ScheduleDefinition:
    """Keep the store bounded."""
    return dg.ScheduleDefinition(
        name="weekly_retention",
        job=retention_job,
        cron_schedule=settings.retention_cron,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
