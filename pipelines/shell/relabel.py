"""Stale camera-days labelled again from the shell, oldest first, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.partitions import camera_day_key
from pipelines.automation.schedules import CAMERA_TAG
from pipelines.automation.stale_days import CHAMPION, stale_days, with_footage
from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.shell.backfill import write_index_page
from pipelines.shell.outcome import index_page
from pipelines.shell.runs import Planned, Runner


@dataclass(frozen=True, kw_only=True)
class Stale:
    """Camera-days ``camera/day`` that another champion labelled, the oldest day first.

    Args:
        days: whose footage is there.
        gone: whose footage is there no longer; their reports stay as they are.
    """

    days: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RelabelOutcome:
    """What was labelled again, and what is left."""

    done: int
    left: int
    failed: tuple[tuple[str, str], ...]  # (camera-day, reason)
    index_page: Path | None


def find_stale(
    settings: Settings,
    cameras: Sequence[str] = (),
    *,
    first: str | None = None,
    last: str | None = None,
) -> Stale:
    """Camera-days that another champion labelled.

    Args:
        settings: of the home.
        cameras: only these; none means all.
        first: leave earlier days out.
        last: leave later days out.

    Raises:
        ValueError: there is no champion yet.
    """
    store = open_store(settings)
    if store.current(CHAMPION) is None:
        raise ValueError("there is no champion yet; learned-normal train")
    found = []
    for key in stale_days(store):
        camera, day = key.split("/")
        if (not cameras or camera in cameras) and (first or day) <= day <= (last or day):
            found.append(key)
    there = with_footage(settings, found)
    return Stale(
        days=tuple(key for key in found if key in there),
        gone=tuple(key for key in found if key not in there),
    )


def relabel(settings: Settings, days: Sequence[str], *, at_most: int) -> RelabelOutcome:
    """Run the cameras' job again for the first of some stale camera-days.

    Args:
        settings: of the home.
        days: camera-days ``camera/day``, in order.
        at_most: how many are run now.
    """
    runner = Runner(settings)
    batch = days[:at_most]
    for camera in sorted({key.split("/")[0] for key in batch}):
        runner.add_camera(camera)
    failed = runner.run_all([_planned(key) for key in batch], keep_going=True)
    problems = [(str(planned.partition), reason) for planned, reason in failed]
    problems += write_index_page(runner)
    return RelabelOutcome(
        done=len(batch) - len(failed),
        left=len(days) - len(batch),
        failed=tuple(problems),
        index_page=index_page(settings),
    )


def _planned(key: str) -> Planned:
    camera, day = key.split("/")
    return Planned(
        job="camera_job", partition=camera_day_key(camera, day), tags={CAMERA_TAG: camera}
    )
