"""The sources: where each comes from, how it is laid out, and what its class ids mean.

A new source is one entry here, one reader in ``readers.py`` and one map in ``label_maps.py``; or,
where it holds images and mask PNGs, a few lines of YAML (``custom_sources.py``).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from dataset_build.sources import coco_readers, label_maps, readers
from dataset_build.sources.custom_sources import CustomSource, require_source_name
from dataset_build.sources.label_maps import LabelMap
from dataset_build.sources.readers import SourceFiles, SourceLayoutError

#: ``mask_rank`` of sources that are described in the settings: after every published one.
CUSTOM_RANK = 100
NO_CUSTOM_SOURCES: Mapping[str, CustomSource] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class SourceSpec:
    """One source of images and masks.

    Args:
        layout: what its folder should hold, in words; shown when it does not.
        bases: where below the given folder the layout may begin, tried in order.
        folders: below the base; at least the first must exist for the base to be taken. None: the
            given folder itself is the base.
        official_counts: split -> masks of the complete published source; empty where nobody has
            published any.
        mask_rank: lower is better; of one photograph in two sources, the better mask is kept.
        read: base folder -> its files, paired.
        official_humans: split, or ``total`` -> images with humans in the complete source.
        humans_tolerance: share of ``official_humans`` by which what is found may differ, where they
            were counted by other means than ours.
        private: its photographs are drawn on no sheet.
    """

    name: str
    licence: str
    layout: str
    bases: tuple[str, ...]
    folders: tuple[str, ...]
    official_counts: Mapping[str, int]
    mask_rank: int
    labels: LabelMap
    read: Callable[[Path], SourceFiles]
    official_humans: Mapping[str, int] = field(default_factory=dict)
    humans_tolerance: float = 0.0
    private: bool = False


_SPECS = (
    SourceSpec(
        name="voc",
        licence="Flickr terms of use; annotations of PASCAL VOC 2012",
        layout="VOCdevkit/VOC2012 (or VOC2012 itself) with JPEGImages/*.jpg,"
        " SegmentationClass/*.png and ImageSets/Segmentation/{train,val}.txt",
        bases=("", "VOC2012", "VOCdevkit/VOC2012"),
        folders=("SegmentationClass", "JPEGImages", "ImageSets/Segmentation"),
        official_counts={"train": 1464, "val": 1449},
        official_humans={"total": 888},
        mask_rank=10,
        labels=label_maps.VOC,
        read=readers.read_voc,
    ),
    SourceSpec(
        name="coco_stuff",
        licence="annotations CC BY 4.0 (COCO-Stuff), images under their Flickr licences",
        layout="images/{train2017,val2017}/*.jpg and stuffthingmaps/{train2017,val2017}/*.png",
        bases=("",),
        folders=("stuffthingmaps", "images"),
        official_counts={"train": 118_287, "val": 5_000},
        official_humans={"train": 64_115, "val": 2_693},
        humans_tolerance=0.01,
        mask_rank=10,
        labels=label_maps.COCO_STUFF,
        read=readers.read_coco_stuff,
    ),
    SourceSpec(
        name="ade20k",
        licence="BSD-3-Clause annotations; images for research and education only",
        layout="ADEChallengeData2016 with images/{training,validation}/*.jpg and"
        " annotations/{training,validation}/*.png (the SceneParsing150 release)",
        bases=("", "ADEChallengeData2016"),
        folders=("annotations", "images"),
        official_counts={"train": 20_210, "val": 2_000},
        official_humans={"train": 5_075, "val": 526},
        mask_rank=20,
        labels=label_maps.ADE20K,
        read=readers.read_ade20k,
    ),
    SourceSpec(
        name="coco_panoptic",
        licence="annotations CC BY 4.0 (COCO), images under their Flickr licences",
        layout="{train2017,val2017}/*.jpg (or in a folder images),"
        " annotations/panoptic_{train2017,val2017}.json and"
        " annotations/panoptic_{train2017,val2017}/*.png; one split may be absent",
        bases=("",),
        folders=("annotations",),
        official_counts={"train": 118_287, "val": 5_000},
        mask_rank=20,
        labels=label_maps.COCO_PANOPTIC,
        read=coco_readers.read_coco_panoptic,
    ),
    SourceSpec(
        name="coco_instances",
        licence="annotations CC BY 4.0 (COCO), images under their Flickr licences",
        layout="{train2017,val2017}/*.jpg (or in a folder images) and"
        " annotations/instances_{train2017,val2017}.json; one split may be absent",
        bases=("",),
        folders=("annotations",),
        official_counts={"train": 118_287, "val": 5_000},
        official_humans={"train": 64_115, "val": 2_693},
        humans_tolerance=0.01,
        mask_rank=30,
        labels=label_maps.COCO_INSTANCES,
        read=coco_readers.read_coco_instances,
    ),
    SourceSpec(
        name="sbd",
        licence="Flickr terms of use; annotations of the Semantic Boundaries Dataset",
        layout="benchmark_RELEASE/dataset with img/*.jpg, cls/*.mat, train.txt and val.txt",
        bases=("", "dataset", "benchmark_RELEASE/dataset"),
        folders=("cls", "img"),
        official_counts={"train": 8_498, "val": 2_857},
        mask_rank=30,
        labels=label_maps.SBD,
        read=readers.read_sbd,
    ),
    SourceSpec(
        name="ade20k_full",
        licence="ADE20K terms of use: non-commercial research and education only",
        layout="ADE20K_2021_17_01 with images/ADE/{training,validation}/<scenes>/ADE_*.jpg and"
        " ADE_*_seg.png beside them",
        bases=("", "ADE20K_2021_17_01"),
        folders=("images/ADE",),
        official_counts={"train": 25_574, "val": 2_000},
        mask_rank=30,
        labels=label_maps.ADE20K_FULL,
        read=readers.read_ade20k_full,
    ),
    SourceSpec(
        name="penn_fudan",
        licence="free for research; copyright remains with the authors",
        layout="PennFudanPed with PNGImages/*.png and PedMasks/*_mask.png",
        bases=("", "PennFudanPed"),
        folders=("PedMasks", "PNGImages"),
        official_counts={"none": 170},
        mask_rank=10,
        labels=label_maps.PENN_FUDAN,
        read=readers.read_penn_fudan,
    ),
    SourceSpec(
        name="ccp",
        licence="Apache-2.0",
        layout="photos/*.jpg and annotations/pixel-level/*.mat, each with a matrix groundtruth",
        bases=("", "ccp", "clothing-co-parsing"),
        folders=("annotations/pixel-level", "photos"),
        official_counts={"none": 1_004},
        mask_rank=10,
        labels=label_maps.CCP,
        read=readers.read_ccp,
    ),
)

#: Name -> source: the one list of sources.
SOURCES: Mapping[str, SourceSpec] = MappingProxyType({spec.name: spec for spec in _SPECS})


def source_spec(name: str, custom: Mapping[str, CustomSource] = NO_CUSTOM_SOURCES) -> SourceSpec:
    """The entry of a source, built in or described in the settings.

    Raises:
        ValueError: no such source, or a custom one under a built-in name; names those there are.
    """
    if name in custom:
        return _custom_spec(name, custom[name])
    if name not in SOURCES:
        raise ValueError(f"unknown source {name!r}; known: {', '.join((*SOURCES, *custom))}")
    return SOURCES[name]


def source_rank(name: str) -> int:
    """How good a source's masks are, lower is better: which of two equal images is kept."""
    return SOURCES[name].mask_rank if name in SOURCES else CUSTOM_RANK


def _custom_spec(name: str, custom: CustomSource) -> SourceSpec:
    require_source_name(name)
    if name in SOURCES:
        raise ValueError(f"source {name!r} is built in; give your own another name")
    return SourceSpec(
        name=name,
        licence=custom.licence,
        layout=f"images in {custom.images} and masks in {custom.masks}",
        bases=("",),
        folders=(),
        official_counts={},
        mask_rank=CUSTOM_RANK,
        labels=custom.labels,
        read=functools.partial(readers.read_custom, source=custom),
        private=custom.private,
    )


def open_source(spec: SourceSpec, root: Path) -> SourceFiles:
    """List a source below its root folder; paths come back relative to ``root``.

    Raises:
        SourceLayoutError: the folder is missing, empty or laid out differently; names the folder
            and what it should hold.
    """
    base = _base(spec, root)
    files = spec.read(root / base)
    if not files.samples:
        raise _layout_error(spec, root, "holds no image and no mask")
    if not base:
        return files
    return dataclasses.replace(
        files,
        samples=tuple(
            dataclasses.replace(
                sample,
                image_path=sample.image_path and f"{base}/{sample.image_path}",
                mask_path=sample.mask_path and f"{base}/{sample.mask_path}",
            )
            for sample in files.samples
        ),
        strays=tuple(f"{base}/{stray}" for stray in files.strays),
    )


def _base(spec: SourceSpec, root: Path) -> str:
    if not root.is_dir():
        raise _layout_error(spec, root, "is not a folder" if root.exists() else "does not exist")
    if not spec.folders:
        return ""
    for base in spec.bases:
        if (root / base / spec.folders[0]).is_dir():
            absent = [name for name in spec.folders if not (root / base / name).is_dir()]
            if absent:
                raise _layout_error(spec, root / base, f"lacks {', '.join(absent)}")
            return base
    raise _layout_error(spec, root, f"lacks {', '.join(spec.folders)}")


def _layout_error(spec: SourceSpec, folder: Path, got: str) -> SourceLayoutError:
    return SourceLayoutError(
        f"source {spec.name!r}: {folder} {got}; it should hold {spec.layout}."
        " Extract the source there, or correct its entry under `sources` in settings.yaml."
    )
