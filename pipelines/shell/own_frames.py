"""Frames of a camera become a source: chosen, stored with drafts, masked, deleted again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from camera_analysis.camera import Camera, CameraConfigError, require_camera_id
from camera_analysis.footage.frame_candidates import Candidate, find_candidates
from camera_analysis.footage.frame_choice import choose_frames
from camera_analysis.labelling.labels import NO_SEGMENTER
from dataset_build.sources.own_frames import (
    ImportedMasks,
    StoredFrame,
    forget,
    frame_name,
    import_masks,
    look_at,
    own_frames_source,
    store_frame,
)
from pipelines.executors import GpuSlots
from pipelines.footage import camera_folder_of, load_own_camera
from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.source_settings import (
    SOURCE_FILE,
    own_frames_name,
    own_frames_root,
    plain_source,
)

if TYPE_CHECKING:
    from segmentation.inference.predict import HumanSegmenter


@dataclass(frozen=True, kw_only=True)
class FrameWish:
    """Which frames of a camera are wanted.

    Args:
        count: of new frames.
        first_day, last_day: "YYYY-MM-DD" in the camera's time zone; "" for no limit.
        seed: of what is drawn.
        train_only: none of them is held out; None leaves a source as it is, and a new one is.
    """

    count: int = 8
    first_day: str = ""
    last_day: str = ""
    seed: int = 0
    train_only: bool | None = None


@dataclass(frozen=True, kw_only=True)
class FrameHarvest:
    """What was stored.

    Args:
        root: folder of the source.
        source: its name.
        stored: names of the new frames.
        looked_at: usable frames that there were to choose from.
        unusable: reason -> frames that could not be used.
        drawn_by: version of the model that drew the drafts; "none" without one.
    """

    root: Path
    source: str
    stored: tuple[str, ...]
    looked_at: int
    unusable: dict[str, int]
    drawn_by: str


def require_consent(camera: Camera, root: Path, *, given: bool) -> None:
    """Refuse to store pictures that nobody asked for.

    Raises:
        CameraConfigError: neither on the command line nor in ``camera.yaml``; says what it means.
    """
    if given or camera.store_frames:
        return
    raise CameraConfigError(
        f"frames of camera {camera.id} would be stored as pictures, with the people on them, in"
        f" {root}, until `cameras frames {camera.id} --remove`. Say --store-pictures if that is"
        " allowed, or write `privacy: {store_frames: true}` into its camera.yaml"
    )


def store_chosen_frames(
    settings: Settings,
    camera_id: str,
    wish: FrameWish,
    *,
    consent: bool,
    progress: Callable[[int], None] | None = None,
) -> FrameHarvest:
    """Choose frames of a camera and store them with the champion's drafts, as a source.

    Frames that are stored already stay, and are not chosen again.

    Raises:
        ValueError: no such camera, no consent, no footage, or no usable frame.
    """
    camera = known_camera(settings, camera_id)
    root = own_frames_root(settings.home, camera.id)
    require_consent(camera, root, given=consent)
    guard = GpuSlots(settings.home / "locks", slots=settings.gpu_slots, device=settings.device)
    with guard.slot():
        segmenter = _champion(settings, guard.device)
        found = find_candidates(
            camera,
            segmenter,
            first_day=wish.first_day,
            last_day=wish.last_day,
            progress=progress,
        )
    there = set(look_at(root).frames)
    fresh = [one for one in found.usable if _name(one) not in there]
    if not fresh:
        why = ", ".join(f"{count} {reason}" for reason, count in found.unusable.items())
        raise ValueError(
            f"camera {camera.id}: no usable frame that is not stored already"
            f" ({len(found.usable)} usable{', ' + why if why else ''})"
        )
    drawn_by = segmenter.version if segmenter else NO_SEGMENTER
    places = choose_frames([one.looks for one in fresh], wish.count, seed=wish.seed)
    for place in places:
        _store(root, fresh[place], drawn_by)
    _describe(root, wish.train_only)
    return FrameHarvest(
        root=root,
        source=own_frames_name(camera.id),
        stored=tuple(_name(fresh[place]) for place in places),
        looked_at=len(found.usable),
        unusable=found.unusable,
        drawn_by=drawn_by,
    )


def known_camera(settings: Settings, camera_id: str) -> Camera:
    """The camera of this home.

    Raises:
        ValueError: there is none of this id, or it cannot be used.
    """
    return load_own_camera(camera_folder_of(settings, camera_id))


def import_own_masks(settings: Settings, camera_id: str, folder: Path) -> ImportedMasks:
    """Take a person's masks for stored frames of a camera.

    Raises:
        ValueError: no frames are stored, or nothing in the folder belongs to one.
    """
    root = own_frames_root(settings.home, require_camera_id(camera_id))
    if not root.is_dir():
        raise ValueError(f"no frames of camera {camera_id} are stored in {root}")
    return import_masks(root, folder)


def remove_own_frames(settings: Settings, camera_id: str) -> int:
    """Delete every stored picture of a camera, and the source with it; returns how many.

    Raises:
        ValueError: no id of a camera.
    """
    return forget(own_frames_root(settings.home, require_camera_id(camera_id)))


def _describe(root: Path, train_only: bool | None) -> None:
    """Write how the folder is read as a source; what a person wrote there stays unless told."""
    path = root / SOURCE_FILE
    if path.exists() and train_only is None:
        return
    lines = plain_source(own_frames_source(train_only=train_only is not False))
    path.write_text(yaml.safe_dump(lines, sort_keys=False), encoding="utf-8")


def _champion(settings: Settings, device: str) -> HumanSegmenter | None:
    """The champion's segmenter; None in a home without one."""
    store = open_store(settings)
    champion = store.current("champion_model")
    if champion is None:
        return None
    from segmentation.inference.predict import HumanSegmenter

    return HumanSegmenter(store.path(champion), device)


def _name(candidate: Candidate) -> str:
    return frame_name(candidate.time_utc.astimezone(UTC))


def _store(root: Path, candidate: Candidate, drawn_by: str) -> None:
    frame = StoredFrame(
        name=_name(candidate),
        file=candidate.file,
        pts_s=candidate.pts_s,
        time_utc=candidate.time_utc.astimezone(UTC).isoformat(),
        unsure_bits=candidate.looks.unsure_bits,
        moved_share=candidate.looks.moved_share,
        drawn_by=drawn_by,
    )
    store_frame(root, frame, candidate.picture, candidate.human)
