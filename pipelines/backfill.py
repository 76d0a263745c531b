"""Every day of one camera, oldest first, so that each day finds the days before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assets.partitions import camera_day_key
from pipelines.footage import (
    camera_days,
    in_calendar,
    is_reported,
    load_own_camera,
    own_camera_folder,
)
from pipelines.outcome import index_page
from pipelines.resources import open_store
from pipelines.runs import Planned, RunFailedError, Runner
from pipelines.schedules import CAMERA_TAG
from pipelines.settings import Settings


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
        ValueError: There is no such camera, or it has no footage.
    """
    folder = own_camera_folder(
        settings.footage, camera_id, f"learned-normal cameras add {camera_id} <folder>"
    )
    days, outside = in_calendar(camera_days(load_own_camera(folder)), first_day=settings.first_day)
    if not days and not outside:
        raise ValueError(f"camera {camera_id}: no footage whose time is known in {folder}")
    wanted = [item for item in days if (first or item.day) <= item.day <= (last or item.day)]
    store = open_store(settings)
    todo = [item.day for item in wanted if again or not is_reported(store, item)]
    runner = Runner(settings)
    runner.add_camera(camera_id)
    failed = runner.run_all([_day(camera_id, day) for day in todo], keep_going=True)
    index_failed = write_index_page(runner)
    problems = [(str(planned.partition), reason) for planned, reason in failed]
    problems += [(camera.folder, camera.reason) for camera in outside]
    return BackfillOutcome(
        filled=len(todo) - len(failed),
        skipped=len(wanted) - len(todo),
        failed=tuple(problems + index_failed),
        index_page=index_page(settings),
    )


def _day(camera_id: str, day: str) -> Planned:
    key = camera_day_key(camera_id, day)
    return Planned(job="camera_job", partition=key, tags={CAMERA_TAG: camera_id})


def write_index_page(runner: Runner) -> list[tuple[str, str]]:
    """Make the index of cameras anew; what failed, with the reason."""
    try:
        runner.run(Planned(job="index_job"))
    except RunFailedError as error:
        return [("index", str(error))]
    return []
