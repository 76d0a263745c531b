"""Where the sources of ``learned-normal real`` lie below a folder of samples, and links to them.

Published layouts are read where they lie. COCO-Stuff maps in a flat folder, and the few frames of
fixed cameras that are learned from, are linked into a layout below the home. Nothing is copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from dataset_build.sources.custom_sources import CustomSource

SOURCE_FOLDERS = {
    "voc": "VOCdevkit/VOC2012",
    "coco_panoptic": "coco",
    "ade20k": "ADEChallengeData2016",
    "penn_fudan": "PennFudanPed",
    "ccp": "ccp",
}
#: COCO-Stuff maps in a flat folder, linked into the published layout.
STUFF_IMAGES, STUFF_MAPS = "cocostuff_spade/train_img", "cocostuff_spade/train_label"


@dataclass(frozen=True, kw_only=True)
class CameraFrames:
    """Frames of one fixed camera to learn from; neighbours are alike, so only a few.

    Args:
        folder: below the samples; holds ``input`` and ``groundtruth``, alike in their order.
        every: takes the first of so many frames.
        labels: how the masks are read.
    """

    folder: str
    every: int
    labels: CustomSource


_SBI = CustomSource(
    human=(255,),
    ignore=(170,),
    licence="CC BY-NC 4.0 (SBI 2015)",
    train_only=True,
    fixed_camera=True,
)
_NOBODY = CustomSource(  # its masks tell cars; nobody is in any frame, and no mask has a 1
    human=(1,), licence="academic use (CDnet 2014)", train_only=True, fixed_camera=True
)
#: Few, since a source's say grows with the root of its size: two rooms are not all the world.
CAMERAS_TO_LEARN = {
    "sbi_humanbody2": CameraFrames(folder="sbi2015/HumanBody2", every=45, labels=_SBI),
    "sbi_cavignal": CameraFrames(folder="sbi2015/CaVignal", every=45, labels=_SBI),
    "cdnet_highway": CameraFrames(folder="cdnet2014/baseline/highway", every=280, labels=_NOBODY),
}


def lay_out_sources(samples: Path, home: Path) -> dict[str, Path]:
    """Folders of the published sources that are present; what is absent is left out, and said."""
    found = {name: samples / folder for name, folder in SOURCE_FOLDERS.items()}
    sources = {name: path for name, path in found.items() if path.is_dir()}
    for name in sorted(set(found) - set(sources)):
        click.echo(f"source {name}: not in {samples}, left out")
    if (samples / STUFF_IMAGES).is_dir():
        root = home / "sources" / "coco_stuff"
        for folder, target in (("images", STUFF_IMAGES), ("stuffthingmaps", STUFF_MAPS)):
            link_to(root / folder / "train2017", samples / target)
        sources["coco_stuff"] = root
    return sources


def lay_out_frames(samples: Path, home: Path) -> dict[str, Path]:
    """Folders of the cameras that are learned from and present, each with few linked frames."""
    sources = {}
    for name, camera in CAMERAS_TO_LEARN.items():
        folder = samples / camera.folder
        if not folder.is_dir():
            click.echo(f"source {name}: not in {samples}, left out")
            continue
        sources[name] = home / "sources" / name
        _link_frames(folder, sources[name], camera.every)
    return sources


def _link_frames(folder: Path, root: Path, every: int) -> None:
    """Links below ``root`` to frames and their masks, under equal names."""
    images, masks = _files(folder / "input"), _files(folder / "groundtruth")
    if len(images) != len(masks):
        raise ValueError(f"{folder}: {len(images)} frames and {len(masks)} masks; expected as many")
    for number in range(0, len(images), every):
        for part, file in (("images", images[number]), ("masks", masks[number])):
            link_to(root / part / f"{number:06}{file.suffix}", file)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def link_to(link: Path, target: Path) -> None:
    """A link to where the samples lie now, whatever an earlier run linked to."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.readlink() != target.resolve():
        link.unlink()
    if not link.is_symlink():
        link.symlink_to(target.resolve())
