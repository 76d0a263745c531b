"""Published layouts -> pairs of files and their class ids. Nothing is decoded while listing.

Every image and every mask of a source becomes one :class:`SampleFiles`, also where its partner is
missing: it is for the scan to say what is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dataset_build.custom_sources import CustomSource
from dataset_build.label_maps import PANOPTIC_CROWD, PANOPTIC_PERSON
from dataset_build.mask_files import MaskDecoder, MatIds, PanopticIds, PngIds
from dataset_build.path_patterns import find_files

#: The matrix of class ids in each file of Clothing Co-Parsing.
CCP_VARIABLE = "groundtruth"
#: Suffixes of photographs, where a custom source does not name its own.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


class SourceLayoutError(FileNotFoundError):
    """A source's folder is missing, empty or in another layout; says what it should hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleFiles:
    """One image with its mask, as found.

    Args:
        key: the sample id without its source, such as ``train2017/000000000009``.
        official_split: train, val, test or none.
        image_path: posix path below the source's base folder; "" if missing.
        mask_path: the same for the mask.
    """

    key: str
    official_split: str
    image_path: str
    mask_path: str


@dataclass(frozen=True, kw_only=True)
class SourceFiles:
    """A source as listed: its samples sorted by key, and how to read their masks."""

    samples: tuple[SampleFiles, ...]
    decoder: MaskDecoder
    strays: tuple[str, ...] = ()  # files that are neither image nor mask, counted and named


def read_voc(base: Path) -> SourceFiles:
    """VOC2012: the two lists name the samples; photographs without a mask are rows as well."""
    split_of: dict[str, str] = {}
    for split in ("train", "val"):
        path = base / "ImageSets" / "Segmentation" / f"{split}.txt"
        if not path.is_file():
            raise SourceLayoutError(f"{path.parent}: no {path.name}; it lists the {split} samples")
        names = path.read_text(encoding="utf-8", errors="backslashreplace").split()
        split_of.update(dict.fromkeys(names, split))
    return _pair(
        base,
        [_Folders(images="JPEGImages", masks="SegmentationClass", split="none")],
        listed=split_of,
    )


def read_coco_stuff(base: Path) -> SourceFiles:
    """COCO-Stuff 164k: one folder per split below images and stuffthingmaps."""
    return _pair(
        base,
        [
            _Folders(
                images=f"images/{part}",
                masks=f"stuffthingmaps/{part}",
                prefix=f"{part}/",
                split=split,
            )
            for part, split in (("train2017", "train"), ("val2017", "val"))
        ],
    )


def read_ade20k(base: Path) -> SourceFiles:
    """ADE20K SceneParsing: one folder per split below images and annotations."""
    return _pair(
        base,
        [
            _Folders(
                images=f"images/{part}",
                masks=f"annotations/{part}",
                prefix=f"{part}/",
                split=split,
            )
            for part, split in (("training", "train"), ("validation", "val"))
        ],
    )


def read_coco_panoptic(base: Path) -> SourceFiles:
    """COCO panoptic: images per split, PNGs of segment ids, one JSON of segments per split."""
    segments: dict[str, npt.NDArray[np.int32]] = {}
    split_of: dict[str, str] = {}
    folders = []
    for part, split in (("train2017", "train"), ("val2017", "val")):
        table = base / "annotations" / f"panoptic_{part}.json"
        masks = f"annotations/panoptic_{part}"
        if not (table.is_file() or (base / part).is_dir() or (base / masks).is_dir()):
            continue
        listed = _panoptic_segments(table, f"{part}/")
        segments |= listed
        split_of |= dict.fromkeys(listed, split)
        folders.append(_Folders(images=part, masks=masks, prefix=f"{part}/", split=split))
    return _pair(base, folders, listed=split_of, decoder=PanopticIds(segments))


def read_penn_fudan(base: Path) -> SourceFiles:
    """Penn-Fudan: PNG photographs, masks of instance ids; no official split."""
    return _pair(
        base,
        [
            _Folders(
                images="PNGImages",
                image_suffix=".png",
                masks="PedMasks",
                mask_suffix="_mask.png",
                split="none",
            )
        ],
    )


def read_ccp(base: Path) -> SourceFiles:
    """Clothing Co-Parsing: photographs and MATLAB matrices of clothing tags; no official split."""
    folders = _Folders(
        images="photos", masks="annotations/pixel-level", mask_suffix=".mat", split="none"
    )
    return _pair(base, [folders], decoder=MatIds(CCP_VARIABLE))


def read_custom(base: Path, source: CustomSource) -> SourceFiles:
    """Images and masks as a few lines of YAML describe them, paired by what wildcards match."""
    suffixes = (source.image_suffix,) if source.image_suffix else IMAGE_SUFFIXES
    images = find_files(base, source.images, suffixes)
    masks = find_files(base, source.masks, (source.mask_suffix,))
    taken = {*images.by_key.values(), *masks.by_key.values()}
    return SourceFiles(
        samples=tuple(
            SampleFiles(
                key=key,
                official_split=source.split,
                image_path=images.by_key.get(key, ""),
                mask_path=masks.by_key.get(key, ""),
            )
            for key in sorted(images.by_key.keys() | masks.by_key.keys())
        ),
        decoder=PngIds(),
        strays=tuple(sorted({*images.strays, *masks.strays} - taken)),
    )


@dataclass(frozen=True, kw_only=True)
class _Folders:
    """Two folders whose files pair by stem."""

    images: str
    masks: str
    split: str
    image_suffix: str = ".jpg"
    mask_suffix: str = ".png"
    prefix: str = ""


def _pair(
    base: Path,
    folders: Iterable[_Folders],
    *,
    listed: Mapping[str, str] | None = None,
    decoder: MaskDecoder | None = None,
) -> SourceFiles:
    """Pair images with masks by stem; ``listed`` (key -> split) adds and overrides."""
    listed = listed or {}
    found: dict[str, SampleFiles] = {}
    strays: list[str] = []
    for folder in folders:
        images = _by_stem(base, folder.images, folder.image_suffix, strays)
        masks = _by_stem(base, folder.masks, folder.mask_suffix, strays)
        for stem in images.keys() | masks.keys():
            key = folder.prefix + stem
            found[key] = SampleFiles(
                key=key,
                official_split=listed.get(key, folder.split),
                image_path=images.get(stem, ""),
                mask_path=masks.get(stem, ""),
            )
    for key in listed.keys() - found.keys():
        found[key] = SampleFiles(key=key, official_split=listed[key], image_path="", mask_path="")
    return SourceFiles(
        samples=tuple(found[key] for key in sorted(found)),
        decoder=decoder or PngIds(),
        strays=tuple(sorted(strays)),
    )


def _by_stem(base: Path, folder: str, suffix: str, strays: list[str]) -> dict[str, str]:
    """Stem -> path below ``base`` of the files with ``suffix`` in any case; others are strays."""
    found: dict[str, str] = {}
    if not (base / folder).is_dir():
        return found
    for path in sorted((base / folder).iterdir()):
        relative = f"{folder}/{path.name}"
        stem = path.name[: -len(suffix)]
        if path.name.lower().endswith(suffix) and stem and stem not in found and path.is_file():
            found[stem] = relative
        else:
            strays.append(relative)
    return found


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
