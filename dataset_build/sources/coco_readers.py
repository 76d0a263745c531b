"""COCO's two JSON formats -> pairs of files; what the JSON says is kept small."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dataset_build.sources.coco_outlines import OutlineError, read_instances
from dataset_build.sources.label_maps import PANOPTIC_CROWD, PANOPTIC_PERSON
from dataset_build.sources.mask_files import OutlineIds, PanopticIds
from dataset_build.sources.readers import (
    Folders,
    SampleFiles,
    SourceFiles,
    SourceLayoutError,
    files_by_stem,
    pair,
)

_PARTS = (("train2017", "train"), ("val2017", "val"))


def read_coco_panoptic(base: Path) -> SourceFiles:
    """COCO panoptic: images per split, PNGs of segment ids, one JSON of segments per split."""
    segments: dict[str, npt.NDArray[np.int32]] = {}
    split_of: dict[str, str] = {}
    folders = []
    for part, split in _PARTS:
        table = base / "annotations" / f"panoptic_{part}.json"
        masks = f"annotations/panoptic_{part}"
        images = _images(base, part)
        if not (table.is_file() or (base / images).is_dir() or (base / masks).is_dir()):
            continue
        listed = _panoptic_segments(table, f"{part}/")
        segments |= listed
        split_of |= dict.fromkeys(listed, split)
        folders.append(Folders(images=images, masks=masks, prefix=f"{part}/", split=split))
    return pair(base, folders, listed=split_of, decoder=PanopticIds(segments))


def read_coco_instances(base: Path) -> SourceFiles:
    """COCO instances: images per split, and one JSON of outlines per split in place of masks."""
    found: dict[str, SampleFiles] = {}
    outlines: dict[str, bytes] = {}
    strays: list[str] = []
    for part, split in _PARTS:
        relative = f"annotations/instances_{part}.json"
        images = files_by_stem(base, _images(base, part), ".jpg", strays)
        if not images and not (base / relative).is_file():
            continue
        listed = _outlines(base / relative, f"{part}/")
        outlines |= listed
        for key in listed.keys() | {f"{part}/{stem}" for stem in images}:
            found[key] = SampleFiles(
                key=key,
                official_split=split,
                image_path=images.get(key.removeprefix(f"{part}/"), ""),
                mask_path=relative if key in listed else "",
            )
    return SourceFiles(
        samples=tuple(found[key] for key in sorted(found)),
        decoder=OutlineIds(),
        strays=tuple(sorted(strays)),
        masks_in_tables=outlines,
    )


def _images(base: Path, part: str) -> str:
    """Images lie beside the annotations, or in a folder ``images`` that COCO-Stuff shares."""
    return part if (base / part).is_dir() else f"images/{part}"


def _outlines(table: Path, prefix: str) -> dict[str, bytes]:
    if not table.is_file():
        raise SourceLayoutError(f"{table.parent}: no {table.name}; it holds the outlines")
    try:
        return {prefix + Path(one.file_name).stem: one.outlines for one in read_instances(table)}
    except OutlineError as error:
        raise SourceLayoutError(f"{table}: {error}; download it again") from error


def _panoptic_segments(table: Path, prefix: str) -> dict[str, npt.NDArray[np.int32]]:
    """Key -> (n, 2) int32 of segment id and class id; boxes are dropped while parsing."""
    if not table.is_file():
        raise SourceLayoutError(f"{table.parent}: no {table.name}; it says what each segment is")
    try:
        with table.open(encoding="utf-8") as file:
            document = json.load(file, object_hook=_compact)
        annotations = document["annotations"]
        return {prefix + Path(name).stem: rows for name, rows in annotations}
    except (ValueError, TypeError, LookupError) as error:
        raise SourceLayoutError(
            f"{table}: not a COCO panoptic JSON ({error}); download it again"
        ) from error


def _compact(found: dict[str, Any]) -> Any:  # noqa: ANN401 - the JSON decoder's own signature
    """A segment becomes a pair of ids and an annotation a name with its pairs, at once."""
    if "segments_info" in found:
        rows = np.array(found["segments_info"], dtype=np.int32).reshape(-1, 2)
        return found["file_name"], rows
    if "category_id" in found:
        category = int(found["category_id"])
        crowd = category == PANOPTIC_PERSON and bool(found.get("iscrowd", 0))
        return int(found["id"]), PANOPTIC_CROWD if crowd else category
    return found
