"""People of one image in the scene of another, and things or pieces of scenery beside them.

From few photographs, a network learns the places where people were photographed. Pasted people
stand anywhere, small and large; pasted scenery, labelled as what it is, keeps the seam of a paste
from being the mark of a person.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from dataset_build.sources.object_kinds import FIRST_KIND, UNTOLD
from segmentation.config import TrainConfig
from segmentation.data import U8, Sample
from segmentation.training.augment import MAX_ENLARGEMENT, Crop, log_uniform

#: Regions that are smaller are hands and heads at the border.
MIN_CUTOUT_HEIGHT_PX = 32
MIN_CUTOUT_AREA_PX = 300
#: A pasted thing takes at most this share of the crop's height.
MAX_CROP_SHARE = 0.95
MAX_PEOPLE = 3
_GAIN = (0.75, 1.25)  # another light than that of the scene
_OPAQUE = 0.5  # from here on a mixed pixel belongs to what was pasted


@dataclass(frozen=True)
class Cutout:
    """Something cut out along its outline.

    Args:
        image_hwc_rgb: (h, w, 3) uint8, the surroundings included.
        inside_hw: (h, w) uint8, 1 inside the outline.
        label: HUMAN, NOT_HUMAN, a kind, or UNTOLD.
    """

    image_hwc_rgb: U8
    inside_hw: U8
    label: int


def cut_out_person(sample: Sample, rng: np.random.Generator) -> Cutout | None:
    """One connected human region, at random; None where all are too small."""
    return _cut_out_region(sample, HUMAN, rng)


def cut_out_thing(sample: Sample, rng: np.random.Generator) -> Cutout | None:
    """A region of one of the kinds in a picture; None where none is told, or all are too small."""
    counts = np.bincount(sample.mask_hw.ravel(), minlength=UNTOLD)
    kinds = FIRST_KIND + np.flatnonzero(counts[FIRST_KIND:UNTOLD])
    return _cut_out_region(sample, int(rng.choice(kinds)), rng) if kinds.size else None


def _cut_out_region(sample: Sample, label: int, rng: np.random.Generator) -> Cutout | None:
    mask = (sample.mask_hw == label).view(np.uint8)
    _, regions, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    fits = (boxes[:, cv2.CC_STAT_HEIGHT] >= MIN_CUTOUT_HEIGHT_PX) & (
        boxes[:, cv2.CC_STAT_AREA] >= MIN_CUTOUT_AREA_PX
    )
    found = np.flatnonzero(fits[1:]) + 1  # region 0 is everything else
    if not found.size:
        return None
    region = int(found[rng.integers(found.size)])
    x0, y0, width, height = (int(value) for value in boxes[region, :4])
    window = (slice(y0, y0 + height), slice(x0, x0 + width))
    inside = (regions[window] == region).astype(np.uint8)
    return Cutout(sample.image_hwc_rgb[window], inside, label)


def cut_out_scenery(sample: Sample, rng: np.random.Generator) -> Cutout | None:
    """An upright ellipse of a place where nobody is labelled; None where somebody is in the way."""
    height, width = sample.mask_hw.shape
    tall = int(rng.integers(MIN_CUTOUT_HEIGHT_PX, max(MIN_CUTOUT_HEIGHT_PX, height // 2) + 1))
    wide = max(8, round(tall * rng.uniform(0.3, 0.9)))
    if tall > height or wide > width:
        return None
    y0, x0 = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
    window = (slice(y0, y0 + tall), slice(x0, x0 + wide))
    inside = np.zeros((tall, wide), np.uint8)
    centre, axes = (wide // 2, tall // 2), (wide // 2, tall // 2)
    cv2.ellipse(inside, centre, axes, 0, 0, 360, 1, thickness=-1)
    shown = sample.mask_hw[window][inside == 1]
    if np.any((shown == HUMAN) | (shown == IGNORE)):
        return None
    label = UNTOLD if np.any(shown != NOT_HUMAN) else NOT_HUMAN  # parts of things are no things
    return Cutout(sample.image_hwc_rgb[window], inside, label)


@dataclass(frozen=True)
class ScaledCutout:
    """A cutout at the size that it is pasted in, mirrored or not, in another light.

    Args:
        image_hwc_rgb: (h, w, 3) float32 in [0, 255], or brighter.
        inside_hw: (h, w) float32 in [0, 1], how much of a pixel belongs to it.
        label: as in ``Cutout``.
    """

    image_hwc_rgb: npt.NDArray[np.float32]
    inside_hw: npt.NDArray[np.float32]
    label: int


def paste(crop: Crop, cutout: Cutout, config: TrainConfig, rng: np.random.Generator) -> Crop:
    """The crop with the cutout somewhere in it, scaled to a height of the stated range.

    At least half of it lies within the crop. Neither argument is changed.
    """
    scaled = scaled_cutout(cutout, crop.mask_hw.shape[0], config, rng)
    height, width = scaled.inside_hw.shape
    rows, columns = crop.mask_hw.shape
    y0 = int(rng.integers(-(height // 4), rows - height + height // 4 + 1))
    x0 = int(rng.integers(-(width // 4), max(1, columns - width + width // 4 + 1)))
    return put(crop, scaled, y0, x0)


def put(crop: Crop, scaled: ScaledCutout, y0: int, x0: int) -> Crop:
    """The crop with a cutout at a place, which may lie partly or wholly outside.

    Args:
        crop: is not changed.
        scaled: what to paste.
        y0: row of the crop at which its first row lies.
        x0: the same for columns.
    """
    image, mask = crop.image_hwc_rgb.copy(), crop.mask_hw.copy()
    height, width = scaled.inside_hw.shape
    rows = slice(max(0, y0), max(0, min(mask.shape[0], y0 + height)))
    columns = slice(max(0, x0), max(0, min(mask.shape[1], x0 + width)))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return Crop(image, mask)
    part = (slice(rows.start - y0, rows.stop - y0), slice(columns.start - x0, columns.stop - x0))
    opacity = scaled.inside_hw[part]
    image[rows, columns] = _blend(scaled.image_hwc_rgb[part], image[rows, columns], opacity)
    mask[rows, columns][opacity > _OPAQUE] = scaled.label
    return Crop(image, mask)


def scaled_cutout(
    cutout: Cutout, crop_px: int, config: TrainConfig, rng: np.random.Generator
) -> ScaledCutout:
    """A cutout at a height of the stated range, mirrored or not, in another light."""
    height, width = cutout.inside_hw.shape
    largest = min(config.max_person_px, MAX_CROP_SHARE * crop_px, MAX_ENLARGEMENT * height)
    scale = log_uniform(min(config.min_person_px, largest), largest, rng) / height
    scale = min(scale, MAX_CROP_SHARE * crop_px / width)
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image = cv2.resize(cutout.image_hwc_rgb.astype(np.float32), size, interpolation=mode)
    inside = cv2.resize(cutout.inside_hw.astype(np.float32), size, interpolation=mode)
    if rng.random() < 0.5:
        image, inside = image[:, ::-1], inside[:, ::-1]
    gain = rng.uniform(*_GAIN)
    return ScaledCutout(
        np.asarray(image * gain, np.float32), np.asarray(inside, np.float32), cutout.label
    )


def _blend(above: npt.NDArray[np.float32], below: U8, opacity_hw: npt.NDArray[np.float32]) -> U8:
    share = opacity_hw[..., None]
    mixed = share * above + (1 - share) * below
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
