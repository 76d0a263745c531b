"""Forgetting a camera: its folder, its partition and its place in the index; its reports stay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from camera_analysis.camera import CAMERA_FILE, CameraConfigError, require_camera_id
from camera_analysis.reports.report_index import read_entries
from pipelines.footage import own_camera_folder
from pipelines.instance import open_instance
from pipelines.next_steps import next_step
from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.shell.backfill import write_index_page
from pipelines.shell.runs import Runner
from pipelines.storage.store import Store


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What stays of a removed camera.

    Args:
        reports: in the store, of which the index says nothing any more.
        problems: what failed, with the reason.
    """

    reports: int
    problems: tuple[tuple[str, str], ...]


def remove_camera(settings: Settings, camera_id: str) -> Removed:
    """Forget a camera, also one whose folder is gone; footage and versions are not touched.

    Raises:
        ValueError: it is no camera, it holds footage, or the folder of all cameras is not there.
    """
    place = settings.footage / require_camera_id(camera_id)
    store = open_store(settings)
    reports = sum(key.startswith(f"{camera_id}/") for key in store.partitions("camera_report"))
    if place.is_dir():
        _remove_folder(place)
    else:
        _require_gone(settings, store, camera_id, reports)
    with open_instance(settings) as instance:
        instance.delete_dynamic_partition("camera", camera_id)
    problems = write_index_page(Runner(settings)) if reports else []
    return Removed(reports=reports, problems=tuple(problems))


def _remove_folder(place: Path) -> None:
    inside = [path.name for path in place.iterdir() if path.name != CAMERA_FILE]
    if inside:
        raise CameraConfigError(
            f"{place} holds footage ({inside[0]} ...); move it elsewhere before removing the camera"
        )
    (place / CAMERA_FILE).unlink(missing_ok=True)
    place.rmdir()


def _require_gone(settings: Settings, store: Store, camera_id: str, reports: int) -> None:
    """Refuse a camera that nothing knows, or whose folder may only be out of reach."""
    with open_instance(settings) as instance:
        known = instance.has_dynamic_partition("camera", camera_id)
    if not known and not (reports and _is_listed(store, camera_id)):
        hint = next_step(settings, "cameras list")
        if reports:
            hint = f"its {reports} reports stay in the store, and no index lists them; {hint}"
        own_camera_folder(settings.footage, camera_id, hint)
    if not settings.footage.is_dir():
        raise CameraConfigError(
            f"camera {camera_id}: {settings.footage}, the folder of all cameras, is not there;"
            " is a drive away? Make it, if the cameras are gone for good, and try again"
        )


def _is_listed(store: Store, camera_id: str) -> bool:
    """Whether the present index shows the camera; so, too, where there is no index."""
    index = store.current("camera_index")
    rows = read_entries(store.path(index)) if index is not None else [{"camera_id": camera_id}]
    return any(row["camera_id"] == camera_id for row in rows)
