"""Published layouts -> pairs of files and their class ids. Nothing is decoded while listing.

Every image and every mask of a source becomes one :class:`SampleFiles`, also where its partner is
missing: it is for the scan to say what is wrong with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dataset_build.sources.custom_sources import CustomSource
from dataset_build.sources.mask_files import AdeFullIds, MaskDecoder, MatIds, PngIds
from dataset_build.sources.path_patterns import find_files, is_hidden, is_regular

#: The matrix of class ids in each file of Clothing Co-Parsing.
CCP_VARIABLE = "groundtruth"
#: The matrix of class ids in the structure of each file of SBD.
SBD_VARIABLE = "GTcls.Segmentation"
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
    """A source as listed: its samples sorted by key, and how to read their masks.

    Args:
        strays: files that are neither image nor mask, counted and named.
        masks_in_tables: sample key -> what the decoder takes for its mask file, where the masks of
            all samples lie in one file, such as a JSON.
    """

    samples: tuple[SampleFiles, ...]
    decoder: MaskDecoder
    strays: tuple[str, ...] = ()
    masks_in_tables: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def read_voc(base: Path) -> SourceFiles:
    """VOC2012: the two lists name the samples; photographs without a mask are rows as well."""
    split_of: dict[str, str] = {}
    for split in ("train", "val"):
        path = base / "ImageSets" / "Segmentation" / f"{split}.txt"
        if not path.is_file():
            raise SourceLayoutError(f"{path.parent}: no {path.name}; it lists the {split} samples")
        names = path.read_text(encoding="utf-8", errors="backslashreplace").split()
        split_of.update(dict.fromkeys(names, split))
    return pair(
        base,
        [Folders(images="JPEGImages", masks="SegmentationClass", split="none")],
        listed=split_of,
    )


def read_sbd(base: Path) -> SourceFiles:
    """Semantic Boundaries Dataset: photographs of VOC 2011, masks in MATLAB structures."""
    split_of: dict[str, str] = {}
    for split in ("train", "val"):
        path = base / f"{split}.txt"
        if not path.is_file():
            raise SourceLayoutError(f"{base}: no {path.name}; it lists the {split} samples")
        names = path.read_text(encoding="utf-8", errors="backslashreplace").split()
        split_of.update(dict.fromkeys(names, split))
    folders = Folders(images="img", masks="cls", mask_suffix=".mat", split="none")
    return pair(base, [folders], listed=split_of, decoder=MatIds(SBD_VARIABLE))


def read_ade20k_full(base: Path) -> SourceFiles:
    """Full ADE20K of 2021: photographs and masks side by side, in folders by scene."""
    found: list[SampleFiles] = []
    for part, split in (("training", "train"), ("validation", "val")):
        folder = f"images/ADE/{part}"
        images = find_files(base, f"{folder}/**/ADE_*.jpg", ()).by_key
        masks = find_files(base, f"{folder}/**/ADE_*_seg.png", ()).by_key
        found += [
            SampleFiles(
                key=f"{part}/{key}",
                official_split=split,
                image_path=images.get(key, ""),
                mask_path=masks.get(key, ""),
            )
            for key in images.keys() | masks.keys()
        ]
    return SourceFiles(
        samples=tuple(sorted(found, key=lambda sample: sample.key)), decoder=AdeFullIds()
    )


def read_coco_stuff(base: Path) -> SourceFiles:
    """COCO-Stuff 164k: one folder per split below images and stuffthingmaps."""
    return pair(
        base,
        [
            Folders(
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
    return pair(
        base,
        [
            Folders(
                images=f"images/{part}",
                masks=f"annotations/{part}",
                prefix=f"{part}/",
                split=split,
            )
            for part, split in (("training", "train"), ("validation", "val"))
        ],
    )


def read_penn_fudan(base: Path) -> SourceFiles:
    """Penn-Fudan: PNG photographs, masks of instance ids; no official split."""
    return pair(
        base,
        [
            Folders(
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
    folders = Folders(
        images="photos", masks="annotations/pixel-level", mask_suffix=".mat", split="none"
    )
    return pair(base, [folders], decoder=MatIds(CCP_VARIABLE))


def read_custom(base: Path, source: CustomSource) -> SourceFiles:
    """Images and masks as a few lines of YAML describe them, paired by what wildcards match.

    A draft stands in for a mask that is missing; a draft without an image says nothing. Where both
    lie in one folder, a mask is no image.
    """
    suffixes = (source.image_suffix,) if source.image_suffix else IMAGE_SUFFIXES
    images = find_files(base, source.images, suffixes)
    masks = find_files(base, source.masks, (source.mask_suffix,))
    mask_of = drafts_of(base, source, images.by_key) | masks.by_key
    taken = {*images.by_key.values(), *masks.by_key.values()}
    drawn = set(mask_of.values())
    image_of = {key: path for key, path in images.by_key.items() if path not in drawn}
    return SourceFiles(
        samples=tuple(
            SampleFiles(
                key=key,
                official_split=source.split,
                image_path=image_of.get(key, ""),
                mask_path=mask_of.get(key, ""),
            )
            for key in sorted(image_of.keys() | masks.by_key.keys())
        ),
        decoder=PngIds(),
        strays=tuple(sorted({*images.strays, *masks.strays} - taken)),
    )


def drafts_of(base: Path, source: CustomSource, wanted: Iterable[str]) -> dict[str, str]:
    """Key -> path of the unconfirmed mask, for those of the wanted keys that have one."""
    if not source.drafts:
        return {}
    found = find_files(base, source.drafts, (source.mask_suffix,)).by_key
    return {key: found[key] for key in wanted if key in found}


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Two folders whose files pair by stem."""

    images: str
    masks: str
    split: str
    image_suffix: str = ".jpg"
    mask_suffix: str = ".png"
    prefix: str = ""


def pair(
    base: Path,
    folders: Iterable[Folders],
    *,
    listed: Mapping[str, str] | None = None,
    decoder: MaskDecoder | None = None,
) -> SourceFiles:
    """Pair images with masks by stem; ``listed`` (key -> split) adds and overrides."""
    listed = listed or {}
    found: dict[str, SampleFiles] = {}
    strays: list[str] = []
    for folder in folders:
        images = files_by_stem(base, folder.images, folder.image_suffix, strays)
        masks = files_by_stem(base, folder.masks, folder.mask_suffix, strays)
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


def files_by_stem(base: Path, folder: str, suffix: str, strays: list[str]) -> dict[str, str]:
    """Stem -> path below ``base`` of the files with ``suffix`` in any case; others are strays.

    Where a stem comes twice, as in ``a.JPG`` beside ``a.jpg``, the second stands under its whole
    name: it has no partner, but it is there.
    """
    found: dict[str, str] = {}
    if not (base / folder).is_dir():
        return found
    with os.scandir(base / folder) as listing:  # tells files from folders without asking for each
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        relative = f"{folder}/{entry.name}"
        stem = entry.name[: -len(suffix)]
        if is_hidden(entry.name) or not (
            entry.name.lower().endswith(suffix) and stem and is_regular(entry)
        ):
            strays.append(relative)
        else:
            found[entry.name if stem in found else stem] = relative
    return found
