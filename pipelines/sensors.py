"""What runs when something happens: footage arrives, all sources of a rebuild are done."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable

import dagster as dg

from assets.partitions import CAMERA, camera_day_key
from pipelines.footage import CameraDayFootage, find_camera_days, is_reported
from pipelines.jobs import camera_job, dataset_job, source_job
from pipelines.resources import open_store
from pipelines.schedules import CAMERA_TAG, REBUILD_TAG
from pipelines.settings import Settings

#: A tick stays short; the rest follows at the next tick.
RUNS_PER_TICK = 200
#: Dagster ends a tick after 60 s.
TICK_S = 20.0


def footage_sensor(
    settings: Settings, clock_s: Callable[[], float] = time.time
) -> dg.SensorDefinition:
    """Find new cameras and days and request their runs; a late file re-opens its day.

    A day whose report was made from the footage as it lies there is not run again, whoever made
    the report: a backfill, the nightly schedule, or a sensor before this one lost its cursor.
    """

    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        seen: dict[str, str] = json.loads(context.cursor or "{}")
        started_s = clock_s()
        days, unusable = find_camera_days(settings.footage)
        for camera in unusable:
            context.log.warning(f"{camera.folder}: cannot be read: {camera.reason}")
        settled_s = started_s - settings.footage_settle_s
        store = open_store(settings)
        due: list[CameraDayFootage] = []
        for footage in days:
            if footage.newest_s > settled_s or seen.get(footage.key) == footage.fingerprint:
                continue
            seen[footage.key] = footage.fingerprint
            if not is_reported(store, footage):
                due.append(footage)
            if len(due) == RUNS_PER_TICK or clock_s() - started_s > TICK_S:
                break
        cursor = json.dumps(seen, sort_keys=True)
        if not due:
            nothing = f"nothing new in {len(days)} camera-days of {settings.footage}"
            return dg.SensorResult(skip_reason=nothing, cursor=cursor)
        cameras = sorted({footage.camera for footage in due})
        return dg.SensorResult(
            dynamic_partitions_requests=[CAMERA.build_add_request(cameras)],
            run_requests=[_run_of(footage) for footage in due],
            cursor=cursor,
        )

    return dg.SensorDefinition(
        name="footage_sensor",
        evaluation_fn=tick,
        job=camera_job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=inspect.getdoc(footage_sensor),
    )


def _run_of(footage: CameraDayFootage) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{footage.camera}:{footage.day}:{footage.fingerprint}",
        partition_key=camera_day_key(footage.camera, footage.day),
        tags={CAMERA_TAG: footage.camera},
    )


def rebuild_sensor(settings: Settings) -> dg.SensorDefinition:
    """Go on with the rebuild when every source's run has ended well; else keep the last dataset."""

    def tick(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        runs = context.instance.get_runs(
            dg.RunsFilter(job_name=source_job.name), limit=20 * max(1, len(settings.sources))
        )
        rebuilds = [run.tags[REBUILD_TAG] for run in runs if REBUILD_TAG in run.tags]
        if not rebuilds:
            return dg.SkipReason("no rebuild has been started")
        newest = max(rebuilds)
        mine = [run for run in runs if run.tags.get(REBUILD_TAG) == newest]
        good = {
            run.tags["dagster/partition"]
            for run in mine
            if run.status == dg.DagsterRunStatus.SUCCESS
        }
        missing = sorted(set(settings.sources) - good)
        if missing:
            return dg.SkipReason(f"rebuild {newest} waits for {missing}; the last dataset stays")
        return dg.RunRequest(run_key=newest, tags={REBUILD_TAG: newest})

    return dg.SensorDefinition(
        name="rebuild_sensor",
        evaluation_fn=tick,
        job=dataset_job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=rebuild_sensor.__doc__,
    )
