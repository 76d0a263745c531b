"""Images and masks of the same name in two folders, as footage with ground truth brings them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset_build.sources.faults import SampleFault
from dataset_build.sources.image_files import decode_rgb, decode_stored
from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from segmentation.data import U8, Sample

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg"})
IMAGE_SUFFIXES = JPEG_SUFFIXES | {".png"}
#: What change-detection benchmarks paint beside 0 and 255: a shadow is no human; what lies outside
#: the region of interest was not labelled.
SHADOW = 50
OUTSIDE = 85
_WHITE = 255
#: ``in000001.jpg`` belongs to ``gt000001.png``.
_ROLE = re.compile(r"^(in|gt)(?=\d)")
_NUMBER = re.compile(r"\d+$")
_SEEN_AT_MOST = 12


@dataclass(frozen=True, kw_only=True)
class LabelledFolder:
    """Pairs of files, and what the values of the masks mean.

    Args:
        pairs: stem -> image and mask, sorted.
        unpaired: file names without a partner.
        human_value: 1 or 255.
        ignored_values: count nowhere.
    """

    name: str
    pairs: tuple[tuple[Path, Path], ...]
    unpaired: tuple[str, ...]
    human_value: int
    ignored_values: frozenset[int]

    def load(self) -> Iterator[Sample]:
        """Every pair, decoded; one at a time is in memory."""
        return map(self.read, range(len(self.pairs)))

    def read(self, number: int) -> Sample:
        """One pair, decoded."""
        image, mask = self.pairs[number]
        values, picture = _mask_values(mask), _image(image)
        if values.shape != picture.shape[:2]:
            raise ValueError(
                f"{image.name} has {picture.shape[1]} x {picture.shape[0]} pixels, its mask"
                f" {mask.name} {values.shape[1]} x {values.shape[0]}; save the mask at the image's"
                " size, or leave the pair out"
            )
        mask_hw = np.full(values.shape, NOT_HUMAN, np.uint8)
        mask_hw[values == self.human_value] = HUMAN
        mask_hw[np.isin(values, sorted(self.ignored_values))] = IGNORE
        return Sample(
            sample_id=f"{self.name}/{image.stem}",
            source=self.name,
            image_hwc_rgb=picture,
            mask_hw=mask_hw,
        )


def open_folder(
    images: Path, masks: Path, *, unknown_value: int | None = None, name: str = ""
) -> LabelledFolder:
    """Pair the files and find out how the masks are painted.

    Masks of 0, 1 and 255 are read as this project's own (255 is ignored). Masks of 0 and 255 are
    black and white: 255 is human, and ``unknown_value``, 50 and 85 may occur beside it as in
    change-detection benchmarks. All masks of a folder are painted alike.

    Args:
        images: JPEG or PNG files.
        masks: PNG files of the same stem; ``in000001`` and ``gt000001`` belong together. It may be
            the same folder, where the images are JPEGs.
        unknown_value: a third value that counts nowhere, such as 170; None for none.
        name: of the folder in sample ids; "" takes that of ``images``.

    Raises:
        ValueError: no pair at all, two images of one stem, or a mask with other values.
    """
    shared = images.resolve() == masks.resolve()
    image_files = _by_stem(images, JPEG_SUFFIXES if shared else IMAGE_SUFFIXES)
    mask_files = _by_stem(masks, {".png"} if shared else IMAGE_SUFFIXES)
    if not image_files.keys() & mask_files.keys():
        image_files, mask_files = _by_number(image_files), _by_number(mask_files)
    stems = sorted(image_files.keys() & mask_files.keys())
    if not stems:
        raise ValueError(
            f"no image in {images} has a mask of the same stem in {masks}"
            f" ({len(image_files)} JPEG or PNG images, {len(mask_files)} masks); expected for"
            " example street_01.jpg and street_01.png"
        )
    strangers = image_files.keys() ^ mask_files.keys()
    lone = {**mask_files, **image_files}
    pairs = tuple((image_files[stem], mask_files[stem]) for stem in stems)
    human, ignored = _convention([mask for _, mask in pairs], unknown_value)
    return LabelledFolder(
        name=name or images.name,
        pairs=pairs,
        unpaired=tuple(sorted(lone[stem].name for stem in strangers)),
        human_value=human,
        ignored_values=ignored,
    )


def _by_stem(folder: Path, suffixes: AbstractSet[str]) -> dict[str, Path]:
    """Files by stem; an umlaut is one character, as some systems write it, or two."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; expected images or masks in it")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in suffixes:
            continue
        stem = _ROLE.sub("", unicodedata.normalize("NFC", path.stem))
        if stem in found:
            raise ValueError(
                f"{folder}: {found[stem].name} and {path.name} have the same stem; which of them is"
                " meant? Remove the other"
            )
        found[stem] = path
    return found


def _by_number(files: Mapping[str, Path]) -> dict[str, Path]:
    """Files by the number that ends their stem: CaVignal_000007 and gt000007 belong together."""
    numbered = {match[0]: path for stem, path in files.items() if (match := _NUMBER.search(stem))}
    return numbered if len(numbered) == len(files) else dict(files)


def _convention(masks: Iterable[Path], unknown_value: int | None) -> tuple[int, frozenset[int]]:
    """Human value, and ignored values, from all masks of the folder."""
    seen: set[int] = set()
    for path in masks:
        found = {int(value) for value in np.unique(_mask_values(path))}
        black_and_white = {NOT_HUMAN, _WHITE, SHADOW, OUTSIDE}
        known = (
            black_and_white | {HUMAN} | ({unknown_value} if unknown_value is not None else set())
        )
        if found - known:
            raise ValueError(
                f"{path.name}: mask values {sorted(found - known)[:_SEEN_AT_MOST]}; expected 0/255,"
                f" 0/1/255, or 0/{unknown_value or 170}/255 with that unknown value; save masks as"
                " PNG, never as JPEG"
            )
        seen |= found
    if unknown_value is not None and {unknown_value, _WHITE} <= seen:
        # A folder of the 0/unknown/255 convention; a stray 1 in it (SBI IBMtest2) counts nowhere.
        return _WHITE, frozenset({OUTSIDE, unknown_value, HUMAN})
    if HUMAN in seen:
        if seen - {NOT_HUMAN, HUMAN, IGNORE}:
            raise ValueError(
                f"masks hold both 1 and {sorted(seen - {NOT_HUMAN, HUMAN, IGNORE})}; paint all"
                " masks of a folder alike"
            )
        return HUMAN, frozenset({IGNORE})
    unknown = {unknown_value} if unknown_value is not None else set()
    return _WHITE, frozenset({OUTSIDE} | unknown)


def _image(path: Path) -> U8:
    try:
        return decode_rgb(path.read_bytes())
    except SampleFault as fault:
        raise ValueError(f"{path}: {fault}; remove it with its mask, or mend it") from fault


def _mask_values(path: Path) -> U8:
    """(H, W) of a mask; of a colour PNG the first channel, where all agree; alpha says nothing."""
    try:
        values = decode_stored(path.read_bytes(), "mask")
    except SampleFault as fault:
        raise ValueError(f"{path.name}: {fault}; expected a PNG mask") from fault
    if values.ndim == 3:
        colours = values[..., : 1 if values.shape[2] == 2 else 3]
        if np.any(colours != colours[..., :1]):
            raise ValueError(f"{path.name}: a coloured mask; expected grey values")
        values = colours[..., 0]
    if values.dtype != np.uint8:
        raise ValueError(f"{path.name}: {values.dtype} values; save masks with 8 bits")
    return np.asarray(values, np.uint8)
