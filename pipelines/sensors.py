"""What runs when something happens: footage arrives, all sources of a rebuild are done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import dagster as dg

from assets.partitions import CAMERA, camera_day_key
from pipelines.footage import CameraDayFootage, camera_days, load_cameras
from pipelines.jobs import camera_job, dataset_job, source_job
from pipelines.schedules import CAMERA_TAG, REBUILD_TAG
from pipelines.settings import Settings

#: A tick stays short; the rest follows at the next tick.
RUNS_PER_TICK = 200


def footage_sensor(
    settings: Settings, clock_s: Callable[[], float] = time.time
) -> dg.SensorDefinition:
    """Find new cameras and days and request their runs; a late file re-opens its day."""

    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        seen: dict[str, str] = json.loads(context.cursor or "{}")
        cameras, unusable = load_cameras(settings.footage)
        for camera in unusable:
            context.log.warning(f"{camera.folder}: not a camera: {camera.reason}")
        settled = clock_s() - settings.footage_settle_s
        fresh = [
            footage
            for camera in cameras
            for footage in camera_days(camera)
            if footage.newest_s <= settled and seen.get(_key(footage)) != footage.fingerprint
        ][:RUNS_PER_TICK]
        if not fresh:
            return dg.SkipReason(f"nothing new for {len(cameras)} cameras in {settings.footage}")
        seen.update({_key(footage): footage.fingerprint for footage in fresh})
        return dg.SensorResult(
            dynamic_partitions_requests=[
                CAMERA.build_add_request(sorted({footage.camera for footage in fresh}))
            ],
            run_requests=[_run_of(footage) for footage in fresh],
            cursor=json.dumps(seen, sort_keys=True),
        )

    return dg.SensorDefinition(
        name="footage_sensor",
        evaluation_fn=tick,
        job=camera_job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=footage_sensor.__doc__,
    )


def _key(footage: CameraDayFootage) -> str:
    return f"{footage.camera}/{footage.day}"


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
