"""Frames of one's own camera as a source: pictures, a model's drafts, a person's masks.

``images/<name>.png`` are the frames. ``drafts/<name>.png`` are what a model sees in them; a frame
that has no more than a draft stays out of the dataset. ``masks/<name>.png`` are what a person says.
Drafts and masks are painted as everywhere in review: 255 human, 128 ignored, 0 the rest.
"""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from dataset_build.sources.custom_sources import CustomSource
from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from dataset_build.sources.mask_pictures import (
    HUMAN_GREY,
    IGNORE_GREY,
    U8,
    MaskPictureError,
    from_greys,
    read_greys,
    to_greys,
)

IMAGES, DRAFTS, MASKS = "images", "drafts", "masks"
FRAMES_FILE = "frames.json"
_ONLY_OWNER = 0o700  # there are people on the pictures


@dataclass(frozen=True, kw_only=True)
class StoredFrame:
    """Where a stored frame comes from, and why it was chosen.

    Args:
        name: of its files, without suffix: the instant in UTC.
        file: footage file, relative to the camera's folder.
        pts_s: time stamp in the file's own clock.
        time_utc: ISO 8601.
        unsure_bits: mean entropy of the model's answer, bits per pixel; 0 without a model.
        moved_share: share of pixels that differed from the background plate.
        drawn_by: version of the model that drew the draft; "none" without one.
    """

    name: str
    file: str
    pts_s: float
    time_utc: str
    unsure_bits: float
    moved_share: float
    drawn_by: str


@dataclass(frozen=True, kw_only=True)
class OwnFrames:
    """What a folder of frames holds, by name: all, and those with a mask of a person's."""

    frames: tuple[str, ...]
    masked: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ImportedMasks:
    """Names of frames that have a mask now, and files that could not be taken, with the reason."""

    imported: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def own_frames_source(*, train_only: bool) -> CustomSource:
    """How such a folder is read.

    Args:
        train_only: frames of one view are all nearly the same picture: held-out ones would flatter
            whatever was trained on the others.
    """
    return CustomSource(
        images=IMAGES,
        masks=MASKS,
        drafts=DRAFTS,
        human=(HUMAN_GREY,),
        ignore=(IGNORE_GREY,),
        other=(0,),
        licence="own footage; not to be passed on",
        train_only=train_only,
        fixed_camera=True,
        private=True,
    )


def frame_name(instant_utc: datetime) -> str:
    """Name of a frame's files: ``20260105T080012-500Z``."""
    return f"{instant_utc:%Y%m%dT%H%M%S}-{instant_utc.microsecond // 1000:03}Z"


def store_frame(root: Path, frame: StoredFrame, picture_png: bytes, draft_png: bytes) -> None:
    """Write a frame and its draft; the draft first, so that no frame is ever without.

    Args:
        root: of the source; created if absent, readable by its owner alone.
        frame: named and noted in ``frames.json``.
        picture_png: the frame.
        draft_png: 255 human, 128 ignored, 0 the rest.
    """
    root.mkdir(mode=_ONLY_OWNER, parents=True, exist_ok=True)
    for folder in (IMAGES, DRAFTS, MASKS):
        (root / folder).mkdir(exist_ok=True)
    noted = [one for one in stored_frames(root) if one.name != frame.name]
    rows = [asdict(one) for one in sorted([*noted, frame], key=lambda one: one.name)]
    _replace(root / FRAMES_FILE, (json.dumps(rows, indent=1) + "\n").encode())
    _replace(root / DRAFTS / f"{frame.name}.png", draft_png)
    _replace(root / IMAGES / f"{frame.name}.png", picture_png)


def stored_frames(root: Path) -> list[StoredFrame]:
    """What was noted of the stored frames, by name."""
    path = root / FRAMES_FILE
    if not path.is_file():
        return []
    return [StoredFrame(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def look_at(root: Path) -> OwnFrames:
    """The frames of a folder; none where it does not exist."""
    frames = {path.stem for path in (root / IMAGES).glob("*.png")}
    masks = {path.stem for path in (root / MASKS).glob("*.png")}
    return OwnFrames(frames=tuple(sorted(frames)), masked=tuple(sorted(frames & masks)))


def import_masks(root: Path, folder: Path) -> ImportedMasks:
    """Take masks that bear the names of stored frames; one that was there before is replaced.

    If any mask of the folder holds a 1, all are 0, 1 (human) and 255 (ignored). Otherwise 255 is
    human, and 128, as in the pictures of the review, is ignored.

    Args:
        root: of the source.
        folder: PNG files; it must not be the source's own.

    Raises:
        ValueError: the folder is the source's own, or holds no PNG of such a name.
    """
    if folder.resolve() == (root / MASKS).resolve():
        raise ValueError(
            f"{folder} is the source's own; masks of 0, 128 and 255 count there as they are, others"
            " are imported from another folder"
        )
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")
    frames = set(look_at(root).frames)
    known = [path for path in files if path.stem in frames]
    if not known:
        raise ValueError(
            f"no PNG in {folder} bears the name of a frame in {root / IMAGES};"
            f" {len(files)} PNGs there, {len(frames)} frames here"
        )
    refused = [(path.name, "no frame of this name") for path in files if path.stem not in frames]
    greys: dict[str, U8] = {}
    for path in known:
        try:
            greys[path.stem] = read_greys(path.read_bytes(), _size_of(root, path.stem))
        except MaskPictureError as error:
            refused.append((path.name, str(error)))
    ones = any(bool((grey == HUMAN).any()) for grey in greys.values())
    imported = []
    for name, grey in greys.items():
        try:
            mask = _from_ids(grey) if ones else from_greys(grey, (grey.shape[0], grey.shape[1]))
        except MaskPictureError as error:
            refused.append((f"{name}.png", str(error)))
            continue
        _replace(root / MASKS / f"{name}.png", cv2.imencode(".png", to_greys(mask))[1].tobytes())
        imported.append(name)
    return ImportedMasks(imported=tuple(imported), refused=tuple(sorted(refused)))


def _from_ids(values_hw: U8) -> U8:
    stray = sorted(set(np.unique(values_hw).tolist()) - {NOT_HUMAN, HUMAN, IGNORE})
    if stray:
        raise MaskPictureError(
            f"values {stray[:6]}; another mask of the folder holds a 1, so that 0, 1 and 255 are"
            " expected in all"
        )
    if bool(np.all(values_hw == IGNORE)):
        raise MaskPictureError("every pixel is ignored; leave the mask away instead")
    return values_hw


def _size_of(root: Path, name: str) -> tuple[int, int]:
    with Image.open(io.BytesIO((root / IMAGES / f"{name}.png").read_bytes())) as picture:
        return picture.height, picture.width


def forget(root: Path) -> int:
    """Delete the folder with all pictures, drafts and masks; returns how many frames there were."""
    frames = len(look_at(root).frames)
    if root.is_dir():
        shutil.rmtree(root)
    return frames


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(data)
    draft.replace(path)
