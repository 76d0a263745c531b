"""Human masks as pictures that a person can see and paint: 255 human, 128 ignored, 0 the rest.

The name of a picture says which image it belongs to and which mask it was written with, so that a
picture that was painted on is known from one that was not.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from dataset_build.sources.faults import SampleFault
from dataset_build.sources.image_files import read_header
from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN

U8 = npt.NDArray[np.uint8]

#: Values of the mask pictures, far apart so that any viewer shows them.
HUMAN_GREY, IGNORE_GREY = 255, 128
_SHOWN = 6  # stray values that are named in a message
_OPAQUE = 255


class MaskPictureError(ValueError):
    """A picture that is no mask: of another size, or with values that mean nothing."""


@dataclass(frozen=True, kw_only=True)
class PictureName:
    """``<sha256 of the image>-<sha256 of the mask it was written with>.png``."""

    image_sha256: str
    mask_sha256: str

    @property
    def file_name(self) -> str:
        """The name of the file."""
        return f"{self.image_sha256}-{self.mask_sha256}.png"

    @classmethod
    def of(cls, path: Path) -> PictureName:
        """What a file name says; ``mask_sha256`` is "" where it says nothing."""
        image, _, mask = path.stem.partition("-")
        return cls(image_sha256=image, mask_sha256=mask)


def mask_digest(mask_hw: U8) -> str:
    """sha256 of the raw (H, W) bytes: what names a mask everywhere."""
    return hashlib.sha256(np.ascontiguousarray(mask_hw).tobytes()).hexdigest()


def write_picture(mask_hw: U8, folder: Path, image_sha256: str) -> Path:
    """Write a mask for the eye, unless a picture of the same name, maybe painted on, is there.

    Raises:
        OSError: it could not be written.
    """
    name = PictureName(image_sha256=image_sha256, mask_sha256=mask_digest(mask_hw)).file_name
    path = folder / name
    if path.exists():
        return path
    done, data = cv2.imencode(".png", to_greys(mask_hw))
    if not done:
        raise OSError(f"{name} could not be encoded: mask of shape {mask_hw.shape}")
    draft = path.with_suffix(".part")
    draft.write_bytes(data.tobytes())
    draft.replace(path)
    return path


def to_greys(mask_hw: U8) -> U8:
    """NOT_HUMAN, HUMAN, IGNORE -> 0, 255, 128."""
    grey_of = np.zeros(256, np.uint8)
    grey_of[HUMAN], grey_of[IGNORE] = HUMAN_GREY, IGNORE_GREY
    return grey_of[mask_hw]


def read_picture(data: bytes, size_hw: tuple[int, int]) -> U8:
    """A painted picture -> human mask.

    Grey, palette and colour PNGs are taken, as painting programs save them, if every pixel is an
    opaque 0, 128 or 255 grey.

    Args:
        data: the file.
        size_hw: height and width of the image it belongs to.

    Raises:
        MaskPictureError: no PNG, another size, or any other value.
    """
    return from_greys(read_greys(data, size_hw), size_hw)


def read_greys(data: bytes, size_hw: tuple[int, int]) -> U8:
    """(H, W) grey levels of a painted picture, whatever they mean.

    Raises:
        MaskPictureError: no PNG, another size, colours, or transparent pixels.
    """
    try:
        header = read_header(data, "mask")
    except SampleFault as fault:
        raise MaskPictureError(f"not readable: {fault.detail}") from fault
    if header.format != "PNG":
        raise MaskPictureError("a JPEG, whose values are never exact; save the mask as PNG")
    _require_size((header.height, header.width), size_hw)
    with Image.open(io.BytesIO(data)) as picture:
        rgba = np.asarray(picture.convert("RGBA"))
    if not bool(np.all(rgba[..., 3] == _OPAQUE)):
        raise MaskPictureError("transparent pixels; flatten the picture and save it again")
    if not bool(np.all(rgba[..., :1] == rgba[..., :3])):
        raise MaskPictureError(
            f"coloured pixels; paint with grey {HUMAN_GREY}, {IGNORE_GREY} or 0 only"
        )
    return np.asarray(rgba[..., 0], np.uint8)


def from_greys(greys_hw: npt.NDArray[np.generic], size_hw: tuple[int, int]) -> U8:
    """0, 255, 128 -> NOT_HUMAN, HUMAN, IGNORE.

    Args:
        greys_hw: (H, W) of any number type.
        size_hw: height and width that it must have.

    Raises:
        MaskPictureError: another shape, any other value, or nothing but ignored pixels.
    """
    if greys_hw.ndim != 2:
        raise MaskPictureError(f"shape {greys_hw.shape}; expected one value per pixel")
    _require_size((greys_hw.shape[0], greys_hw.shape[1]), size_hw)
    values, counts = np.unique(greys_hw, return_counts=True)
    legal = {0: NOT_HUMAN, IGNORE_GREY: IGNORE, HUMAN_GREY: HUMAN}
    stray = [value.item() for value in values if value.item() not in legal]
    if stray:
        px = int(counts[~np.isin(values, list(legal))].sum())
        advice = "paint with a hard brush, without anti-aliasing"
        if set(stray) == {HUMAN}:
            advice = f"write humans as {HUMAN_GREY}, which can be seen, instead of {HUMAN}"
        raise MaskPictureError(
            f"{px} pixels with values {stray[:_SHOWN]}; expected only 0, {IGNORE_GREY} and"
            f" {HUMAN_GREY}: {advice}"
        )
    mask = np.zeros(greys_hw.shape, np.uint8)
    for value, label in legal.items():
        mask[greys_hw == value] = label
    if bool(np.all(mask == IGNORE)):
        raise MaskPictureError("every pixel is ignored; reject the image instead")
    return mask


def _require_size(found_hw: tuple[int, int], wanted_hw: tuple[int, int]) -> None:
    if found_hw != wanted_hw:
        raise MaskPictureError(
            f"{found_hw[1]} x {found_hw[0]} px, the image has {wanted_hw[1]} x {wanted_hw[0]};"
            " save it at the size of the image"
        )
