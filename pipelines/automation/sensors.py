"""What runs when something happens: footage arrives, all sources of a rebuild are done."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Mapping

import dagster as dg

from assets.partitions import CAMERA, camera_day_key
from pipelines.automation.due_days import DueDay, DueDays
from pipelines.automation.footage_watch import FootageWatch
from pipelines.automation.jobs import camera_job, dataset_job, report_job, source_job
from pipelines.automation.schedules import AGAIN_TAGS, CAMERA_TAG, REBUILD_TAG
from pipelines.footage import load_own_camera
from pipelines.resources import open_store
from pipelines.settings import Settings

#: Dimensions of a camera-day.
KEYS = ("camera", "day")
#: A tick stays short; the rest follows at the next tick.
RUNS_PER_TICK = 200
#: Dagster ends a tick after 60 s.
TICK_S = 20.0
#: Camera-days asked for and not yet done; a queue of tens of thousands would slow Dagster down.
UNFINISHED_RUNS = 1000
UNFINISHED = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
)


def footage_sensor(
    settings: Settings, clock_s: Callable[[], float] = time.time
) -> dg.SensorDefinition:
    """Find new cameras and days and request their runs; a late file re-opens its day.

    A day whose report was made from the footage as it lies there is not run again, whoever made
    the report: a backfill, the nightly schedule, or a sensor before this one lost its cursor.
    """
    watch = FootageWatch(settings.footage, settings.first_day)
    days = DueDays(watch, settings.footage_settle_s)

    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        started_s = clock_s()
        room = min(RUNS_PER_TICK, UNFINISHED_RUNS - unfinished_runs(context.instance))
        # The cursor is stored with every tick: it holds only days that a run may still change.
        store = open_store(settings)
        found = days.look(
            store,
            json.loads(context.cursor or "{}"),
            now_s=started_s,
            room=room,
            is_over=lambda: clock_s() - started_s > TICK_S,
        )
        for trouble in found.unusable:
            context.log.warning(f"{trouble.folder}: cannot be read: {trouble.reason}")
        cursor = json.dumps(found.asked, sort_keys=True)
        if not found.due:
            nothing = f"nothing new in {len(found.seen)} camera-days of {settings.footage}"
            if room <= 0:
                nothing = f"{UNFINISHED_RUNS} camera-days and more are queued or running"
            return dg.SensorResult(skip_reason=nothing, cursor=cursor)
        cameras = sorted({one.footage.camera for one in found.due})
        return dg.SensorResult(
            dynamic_partitions_requests=[CAMERA.build_add_request(cameras)],
            run_requests=[_run_of(one, started_s) for one in found.due],
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


def unfinished_runs(
    instance: dg.DagsterInstance, tags: Mapping[str, str | list[str]] | None = None
) -> int:
    """How many runs of camera-days, of those with all of some tags, wait or run."""
    filters = dg.RunsFilter(job_name=camera_job.name, statuses=list(UNFINISHED), tags=tags)
    return int(instance.get_runs_count(filters))


def _run_of(due: DueDay, now_s: float) -> dg.RunRequest:
    """The run of a day; Dagster starts none twice for the same footage and the same report.

    Footage that is put back as it was, after a report of other footage, is asked for once more;
    so is that which was overwritten in between, as its first run may have read the other.
    """
    footage, again_at = due.footage, f"{now_s:.0f}" if due.again else ""
    parts = (footage.camera, footage.day, footage.fingerprint, due.report, again_at)
    return dg.RunRequest(
        run_key=":".join(filter(None, parts)),
        partition_key=camera_day_key(footage.camera, footage.day),
        tags={**AGAIN_TAGS, CAMERA_TAG: footage.camera},
    )


def private_video_sensor(settings: Settings) -> dg.RunStatusSensorDefinition:
    """Write a day's page once more when its private video is there: the video comes last."""

    def ended(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        camera, day = (context.dagster_run.tags[f"dagster/partition/{one}"] for one in KEYS)
        try:
            wanted = load_own_camera(settings.footage / camera).private_video
        except (ValueError, FileNotFoundError) as error:  # it was removed since, or is being edited
            return dg.SkipReason(f"{camera}/{day}: {error}")
        if wanted is None:
            return dg.SkipReason(f"{camera}/{day}: no video is wanted")
        store = open_store(settings)
        video, page = (
            store.current(name, f"{camera}/{day}") for name in ("private_video", "camera_report")
        )
        if video is None or page is None or video in store.provenance(page).inputs:
            return dg.SkipReason(f"{camera}/{day}: its page knows its video")
        return dg.RunRequest(
            run_key=f"{camera}/{day}:{video.digest}",
            partition_key=camera_day_key(camera, day),
            tags={**AGAIN_TAGS, CAMERA_TAG: camera},
        )

    return dg.RunStatusSensorDefinition(
        name="private_video_sensor",
        run_status=dg.DagsterRunStatus.SUCCESS,
        run_status_sensor_fn=ended,
        monitored_jobs=[camera_job],
        request_job=report_job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=private_video_sensor.__doc__,
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
        return dg.RunRequest(run_key=newest, tags={**AGAIN_TAGS, REBUILD_TAG: newest})

    return dg.SensorDefinition(
        name="rebuild_sensor",
        evaluation_fn=tick,
        job=dataset_job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=rebuild_sensor.__doc__,
    )
