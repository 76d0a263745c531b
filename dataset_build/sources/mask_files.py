"""How the sources store class ids, and the way from a mask file's bytes to a human mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dataset_build.sources.binarize import STAINED_IDS, IdArray, binarize, require_unstained
from dataset_build.sources.coco_outlines import OutlineError, draw, outline_size
from dataset_build.sources.faults import RejectReason, SampleFault, undecodable
from dataset_build.sources.image_files import ImageHeader, decode_stored, read_header
from dataset_build.sources.label_maps import (
    ADE20K_FULL_CLASSES,
    ADE20K_FULL_PERSON,
    ADE_OTHER,
    ADE_PERSON,
    ADE_UNLABELLED,
    IGNORE,
    LabelMap,
)
from dataset_build.sources.matlab_files import MatlabFileError, matrix_size, read_matrix

#: Ids that a mask may store, legal or not; fractions, infinities and text are no ids at all.
_WIDE_IDS = np.arange(-1, 65_536)


class MaskDecoder(Protocol):
    """How one source stores class ids."""

    def size(self, data: bytes) -> tuple[int, int]:
        """(width, height) in px, read from the header alone; raises SampleFault."""
        ...

    def class_ids(self, data: bytes, key: str) -> IdArray:
        """(H, W) class ids; raises SampleFault."""
        ...


def human_mask(
    data: bytes, key: str, decoder: MaskDecoder, labels: LabelMap
) -> npt.NDArray[np.uint8]:
    """A mask file's bytes -> human mask. Check its size first, with ``decoder.size``.

    Args:
        data: the file.
        key: the sample id without its source.
        decoder: how the source stores class ids.
        labels: what they mean.

    Returns:
        (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.

    Raises:
        SampleFault: undecodable, unknown ids, stained, or nothing but ignored pixels.
    """
    ids = decoder.class_ids(data, key)
    mask = binarize(ids, labels)
    if not isinstance(decoder, OutlineIds):  # drawn by us, so no compression has touched them
        require_unstained(ids)
    if bool(np.all(mask == IGNORE)):
        raise SampleFault(RejectReason.MASK_ALL_IGNORE, f"all {mask.size} pixels are ignored")
    return mask


def _mask_header(data: bytes) -> ImageHeader:
    header = read_header(data, "mask")
    if header.format != "PNG":
        raise SampleFault(RejectReason.MASK_STAINED, "the mask file holds a JPEG, which is lossy")
    return header


class _InPng:
    """What all decoders of PNG masks share."""

    def size(self, data: bytes) -> tuple[int, int]:
        """(width, height) in px."""
        header = _mask_header(data)
        return header.width, header.height


@dataclass(frozen=True)
class PngIds(_InPng):
    """Class ids are the palette indices or grey values of a PNG."""

    def class_ids(self, data: bytes, key: str) -> IdArray:
        """(H, W) ids as stored."""
        return decode_stored(data, "mask")


@dataclass(frozen=True)
class PanopticIds(_InPng):
    """A PNG's colours name segments, R + 256 G + 65536 B; the JSON names their categories.

    Args:
        segments: sample key -> (n, 2) int32 of segment id and class id.
    """

    segments: Mapping[str, npt.NDArray[np.int32]] = field(repr=False)

    def class_ids(self, data: bytes, key: str) -> IdArray:
        """(H, W) COCO category ids; 0 where no segment was drawn, 255 for crowds of persons."""
        rgb = decode_stored(data, "mask")
        if rgb.ndim != 3 or rgb.shape[2] != 3:
            raise undecodable("mask", f"shape {rgb.shape}; expected three channels of segment ids")
        if key not in self.segments:
            raise undecodable("mask", "the panoptic JSON lists no segments for this file")
        wide = rgb.astype(np.int32)
        segment_ids = wide[..., 0] | wide[..., 1] << 8 | wide[..., 2] << 16
        known = np.unique(np.vstack([np.zeros((1, 2), np.int32), self.segments[key]]), axis=0)
        position = np.searchsorted(known[:, 0], segment_ids)
        position[position == len(known)] = 0
        unlisted = np.unique(segment_ids[known[position, 0] != segment_ids])
        if len(unlisted):
            stained = len(unlisted) >= STAINED_IDS
            reason = RejectReason.MASK_STAINED if stained else RejectReason.UNKNOWN_CLASS_ID
            shown = ", ".join(str(s) for s in unlisted[:STAINED_IDS])
            raise SampleFault(reason, f"{len(unlisted)} segments not in the JSON: {shown}")
        class_ids: IdArray = known[position, 1]
        return class_ids


@dataclass(frozen=True)
class MatIds:
    """Class ids are one matrix of a MATLAB 5 file."""

    variable: str

    def size(self, data: bytes) -> tuple[int, int]:
        """(width, height) in px."""
        try:
            height, width = matrix_size(data, self.variable)
        except MatlabFileError as error:
            raise undecodable("mask", str(error)) from error
        return width, height

    def class_ids(self, data: bytes, key: str) -> IdArray:
        """(H, W) ids; doubles that hold whole numbers are taken."""
        try:
            stored = read_matrix(data, self.variable)
        except MatlabFileError as error:
            raise undecodable("mask", str(error)) from error
        if stored.dtype == np.uint8:
            return stored.astype(np.uint8)
        if not np.all(np.isin(stored, _WIDE_IDS)):
            raise undecodable("mask", f"{self.variable!r} holds numbers that are no class ids")
        return stored.astype(np.int32)


@dataclass(frozen=True)
class OutlineIds:
    """Outlines of persons, as ``coco_outlines`` packs them from COCO's instances JSON."""

    def size(self, data: bytes) -> tuple[int, int]:
        """(width, height) in px, as the JSON states them."""
        height, width = outline_size(data)
        return width, height

    def class_ids(self, data: bytes, key: str) -> IdArray:
        """(H, W) of 0 nothing, 1 a person, 255 a crowd."""
        try:
            return draw(data)
        except OutlineError as error:
            raise undecodable("mask", str(error)) from error


@dataclass(frozen=True)
class AdeFullIds(_InPng):
    """Full ADE20K: a PNG's colours hold the class, R // 10 * 256 + G; B tells instances apart."""

    def class_ids(self, data: bytes, key: str) -> IdArray:
        """(H, W) of unlabelled, person and other; the 3,688 classes do not fit into 8 bits."""
        rgb = decode_stored(data, "mask")
        if rgb.ndim != 3 or rgb.shape[2] != 3:
            raise undecodable(
                "mask", f"shape {rgb.shape}; expected three channels, R and G a class"
            )
        red, green = rgb[..., 0], rgb[..., 1]
        between = np.count_nonzero(red % 10)
        if between:
            raise SampleFault(
                RejectReason.MASK_STAINED,
                f"{between} pixels whose red is no multiple of 10; compressed with loss",
            )
        classes = red.astype(np.int32) // 10 * 256 + green
        highest = int(classes.max())
        if highest > ADE20K_FULL_CLASSES:
            raise SampleFault(
                RejectReason.UNKNOWN_CLASS_ID,
                f"class {highest}; there are {ADE20K_FULL_CLASSES}",
            )
        ids = np.full(classes.shape, ADE_OTHER, np.uint8)
        ids[classes == ADE20K_FULL_PERSON] = ADE_PERSON
        ids[classes == 0] = ADE_UNLABELLED
        return ids
