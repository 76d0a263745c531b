"""Judge days of a camera again: from the day on from which it learns its scene anew, or as marked.

Nothing is decoded or labelled again: the scene, the normal, the anomalies and the report follow
from what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from assets.partitions import camera_day_key
from camera_analysis.camera_edit import set_camera_keys
from pipelines.automation.schedules import CAMERA_TAG
from pipelines.footage import camera_calendar, camera_folder_of, load_own_camera
from pipelines.next_steps import next_step
from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.shell.backfill import write_index_page
from pipelines.shell.outcome import index_page
from pipelines.shell.runs import Planned, Runner
from pipelines.storage.store import Store


@dataclass(frozen=True, kw_only=True)
class JudgedAgain:
    """Days that were judged again, oldest first, and those that failed, with the reason."""

    days: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    index_page: Path | None


def relearn(settings: Settings, camera_id: str, first_day: str) -> JudgedAgain:
    """Learn a camera's scene anew from a day on, and judge that day and all later ones again.

    Args:
        settings: of the home.
        camera_id: a camera below the footage root.
        first_day: "YYYY-MM-DD"; from now on no window of the camera holds an earlier day.

    Raises:
        ValueError: there is no such camera, the day is no day, or it lies after all days that
            there are; nothing is written then.
    """
    folder = camera_folder_of(settings, camera_id)
    _require_not_after_all(settings, folder, first_day)
    set_camera_keys(folder, {"learn_from": date.fromisoformat(first_day)})
    return judge_again(settings, camera_id, first_day)


def judge_again(settings: Settings, camera_id: str, first_day: str) -> JudgedAgain:
    """Judge the labelled days of a camera again, from a day on, oldest first.

    Args:
        settings: of the home.
        camera_id: a camera below the footage root.
        first_day: "YYYY-MM-DD".

    Raises:
        ValueError: there is no such camera.
    """
    camera_folder_of(settings, camera_id)
    labelled = _labelled_days(open_store(settings), camera_id)
    days = [day for day in labelled if day >= first_day]
    if not days:
        return JudgedAgain(days=(), failed=(), index_page=index_page(settings))
    runner = Runner(settings)
    runner.add_camera(camera_id)
    failed = runner.run_all([_planned(camera_id, day) for day in days], keep_going=True)
    problems = [(str(planned.partition), reason) for planned, reason in failed]
    return JudgedAgain(
        days=tuple(days),
        failed=(*problems, *write_index_page(runner)),
        index_page=index_page(settings),
    )


def lines_of(settings: Settings, camera_id: str, outcome: JudgedAgain) -> Sequence[str]:
    """The outcome for a terminal."""
    span = f", {outcome.days[0]} to {outcome.days[-1]}" if outcome.days else ""
    found = [f"camera {camera_id}: {len(outcome.days)} days judged again{span}"]
    if not outcome.days:
        found.append(
            "no day from then on is labelled yet; what has footage:"
            f" {next_step(settings, f'cameras backfill {camera_id}')}"
        )
    found += [f"{day}: {reason}" for day, reason in outcome.failed]
    return [*found, *([f"index of cameras: {outcome.index_page}"] if outcome.index_page else [])]


def _require_not_after_all(settings: Settings, folder: Path, first_day: str) -> None:
    """Refuse a first day after which nothing would be learned or judged any more."""
    camera = load_own_camera(folder)
    filmed, _ = camera_calendar(camera, first_day=settings.first_day)
    known = [*filmed, *_labelled_days(open_store(settings), camera.id)]
    if not known:
        raise ValueError(f"camera {camera.id}: no footage and no label maps to learn a scene from")
    if first_day > max(known):
        raise ValueError(
            f"camera {camera.id}: {first_day} lies after its newest day, {max(known)}, so nothing"
            " would be learned; give that day or an earlier one"
        )


def _labelled_days(store: Store, camera_id: str) -> list[str]:
    keys = (key.split("/") for key in store.partitions("activity_counts"))
    return sorted(day for camera, day in keys if camera == camera_id)


def _planned(camera_id: str, day: str) -> Planned:
    return Planned(
        job="judge_job",
        partition=camera_day_key(camera_id, day),
        tags={CAMERA_TAG: camera_id},
    )
