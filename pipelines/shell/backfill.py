"""Every day of one camera, oldest first, so that each day finds the days before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assets.partitions import camera_day_key
from camera_analysis.camera import Camera
from pipelines.automation.schedules import CAMERA_TAG
from pipelines.footage import (
    camera_days,
    in_calendar,
    is_reported,
    load_own_camera,
    own_camera_folder,
    untimed_files,
)
from pipelines.next_steps import next_step
from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.shell.outcome import index_page
from pipelines.shell.runs import Planned, RunFailedError, Runner


@dataclass(frozen=True, kw_only=True)
class BackfillOutcome:
    """What a backfill did."""

    filled: int
    skipped: int
    failed: tuple[tuple[str, str], ...]  # (day, reason)
    index_page: Path | None


def backfill_camera(
    settings: Settings,
    camera_id: str,
    *,
    first: str | None = None,
    last: str | None = None,
    again: bool = False,
) -> BackfillOutcome:
    """Run the camera's job for each day with footage.

    Args:
        settings: Of the home.
        camera_id: A camera below the footage root.
        first: Leave earlier days out.
        last: Leave later days out.
        again: Also fill days whose report shows their footage.

    Raises:
        ValueError: There is no such camera, or it has no footage, or none between these days.
    """
    if first and last and last < first:
        raise ValueError(f"--to {last} lies before --from {first}; exchange them")
    folder = own_camera_folder(
        settings.footage, camera_id, next_step(settings, f"cameras add {camera_id} <folder>")
    )
    camera = load_own_camera(folder)
    days, outside = in_calendar(camera_days(camera), first_day=settings.first_day)
    if not days and not outside:
        untimed = untimed_files(camera)
        raise ValueError(
            f"camera {camera_id}: no footage whose time is known in {camera.folder}"
            f"{'; there is ' * bool(untimed)}{untimed}"
        )
    wanted = [item for item in days if (first or item.day) <= item.day <= (last or item.day)]
    if days and not wanted:
        raise ValueError(
            f"camera {camera_id}: its footage is of {days[0].day} to {days[-1].day};"
            f" none of it is {_range(first, last)}"
        )
    store = open_store(settings)
    todo = [item.day for item in wanted if again or not is_reported(store, item)]
    runner = Runner(settings)
    runner.add_camera(camera_id)
    plan = [planned for day in todo for planned in runs_of_day(camera, day)]
    failed = runner.run_all(plan, keep_going=True)
    index_failed = write_index_page(runner)
    problems = [(str(planned.partition), reason) for planned, reason in failed]
    problems += [(camera.folder, camera.reason) for camera in outside]
    return BackfillOutcome(
        filled=len(todo) - len({str(planned.partition) for planned, _ in failed}),
        skipped=len(wanted) - len(todo),
        failed=tuple(problems + index_failed),
        index_page=index_page(settings),
    )


def _range(first: str | None, last: str | None) -> str:
    if first and last:
        return f"from {first} to {last}"
    return f"of {first} or later" if first else f"of {last} or earlier"


def runs_of_day(camera: Camera, day: str) -> list[Planned]:
    """What fills a day: its job, and its page once more where a private video comes after it."""
    jobs = ["camera_job", "report_job"] if camera.private_video else ["camera_job"]
    key, tags = camera_day_key(camera.id, day), {CAMERA_TAG: camera.id}
    return [Planned(job=job, partition=key, tags=tags) for job in jobs]


def write_index_page(runner: Runner) -> list[tuple[str, str]]:
    """Make the index of cameras anew; what failed, with the reason."""
    try:
        runner.run(Planned(job="index_job"))
    except RunFailedError as error:
        return [("index", str(error))]
    return []
