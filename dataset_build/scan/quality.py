"""Image and mask faults as numbers; which of them are too bad is for the cleaning rules."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dataset_build.scan.person_sizes import PersonSizes, measure_persons
from dataset_build.scan.surveillance import likeness
from dataset_build.sources.label_maps import HUMAN, IGNORE

#: Width at which quality is measured, so that sharpness compares across image sizes.
MEASURED_WIDTH_PX = 256
#: Side of the small picture by which near duplicates are verified.
THUMBNAIL_SIDE = 16
THUMBNAIL_BYTES = THUMBNAIL_SIDE**2
_HASH_INPUT_PX = 32  # side of the picture whose cosine transform is taken
_HASH_SIDE = 8  # 8 x 8 lowest frequencies = 64 bits
_LABELS_OF_16_BITS = 1 << 16
_FLAT = 1e-3  # coefficients below this are rounding noise of a flat picture


@dataclass(frozen=True, kw_only=True)
class ImageQuality:
    """Numbers of one image, all measured on its luma (0..255) at 256 px wide.

    Args:
        luma_mean: mean luma.
        luma_std: its standard deviation.
        sharpness: variance of the Laplacian.
        entropy_bits: entropy of the 256-bin luma histogram, 0..8.
        phash: 64-bit perceptual hash, signed view.
        thumbnail: 16 x 16 luma, averaged over areas, row by row: 256 bytes.
    """

    luma_mean: float
    luma_std: float
    sharpness: float
    entropy_bits: float
    phash: int
    thumbnail: bytes


@dataclass(frozen=True, kw_only=True)
class MaskQuality(PersonSizes):
    """Numbers of one human mask, with the sizes of its persons.

    Args:
        human_share: human pixels / labelled pixels, in [0, 1].
        ignore_share: ignored pixels / all pixels, in [0, 1].
        human_px: human pixels.
        human_regions: 8-connected human regions of at least the asked size.
        tallest_region_share: height of the tallest of them / image height; 0 without any.
        border_touch_share: share of them that touch the frame's border; 0 without any.
        surveillance_score: how like a fixed camera's view, in [0, 1]; 0 where all humans are
            specks, None without human pixels.
    """

    human_share: float
    ignore_share: float
    human_px: int
    human_regions: int
    tallest_region_share: float
    border_touch_share: float
    surveillance_score: float | None


def measure_image(luma_hw: npt.NDArray[np.uint8]) -> ImageQuality:
    """Exposure, contrast, sharpness and hash of a picture.

    Args:
        luma_hw: (h, w) uint8; reduced to 256 px wide, never enlarged.
    """
    height, width = luma_hw.shape
    if width > MEASURED_WIDTH_PX:
        size = (MEASURED_WIDTH_PX, max(1, round(height * MEASURED_WIDTH_PX / width)))
        luma_hw = cv2.resize(luma_hw, size, interpolation=cv2.INTER_AREA)
    counts = np.bincount(luma_hw.ravel(), minlength=256).astype(np.float64)
    share = counts / counts.sum()
    levels = np.arange(256, dtype=np.float64)
    mean = float(share @ levels)
    used = share[share > 0]
    return ImageQuality(
        luma_mean=mean,
        luma_std=float(np.sqrt(share @ (levels - mean) ** 2)),
        sharpness=_laplacian_variance(luma_hw),
        entropy_bits=abs(float(-(used @ np.log2(used)))),
        phash=perceptual_hash(luma_hw),
        thumbnail=thumbnail_of(luma_hw),
    )


def thumbnail_of(luma_hw: npt.NDArray[np.uint8]) -> bytes:
    """A picture at 16 x 16 px, stretched to a square, each pixel the mean of its area.

    Args:
        luma_hw: (h, w) uint8.

    Returns:
        256 bytes, row by row.
    """
    side = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    small: npt.NDArray[np.uint8] = cv2.resize(luma_hw, side, interpolation=cv2.INTER_AREA)
    return small.tobytes()


def perceptual_hash(luma_hw: npt.NDArray[np.uint8]) -> int:
    """64-bit hash whose Hamming distance is small for pictures that look alike.

    The signs of the 8 x 8 lowest cosine frequencies against their median, row by row, the first
    bit highest; flat pictures hash to 0 but for the mean.

    Args:
        luma_hw: (h, w) uint8.

    Returns:
        The bits as a signed 64-bit integer.
    """
    small = cv2.resize(luma_hw, (_HASH_INPUT_PX, _HASH_INPUT_PX), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:_HASH_SIDE, :_HASH_SIDE].copy()
    low[np.abs(low) < _FLAT] = 0.0
    bits = np.packbits(low.ravel() > np.median(low))
    return int.from_bytes(bits.tobytes(), "big", signed=True)


def measure_mask(mask_hw: npt.NDArray[np.uint8], *, min_region_px: int) -> MaskQuality:
    """Shares and regions of a human mask.

    Args:
        mask_hw: (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.
        min_region_px: smaller regions are specks and are not counted.

    Raises:
        ValueError: every pixel is ignored, so that no share exists.
    """
    height, width = mask_hw.shape
    ignored_px = int(np.count_nonzero(mask_hw == IGNORE))
    labelled_px = mask_hw.size - ignored_px
    if labelled_px == 0:
        raise ValueError(f"all {mask_hw.size} pixels are ignored; no share to measure")
    human = (mask_hw == HUMAN).view(np.uint8)
    human_px = cv2.countNonZero(human)
    regions = _regions(human, min_region_px) if human_px else np.zeros((0, 5), np.int32)
    x, y, w, h = regions.T[: cv2.CC_STAT_AREA]
    touching = (x == 0) | (y == 0) | (x + w == width) | (y + h == height)
    tallest = float(h.max()) / height if len(regions) else 0.0
    persons = measure_persons(regions, height, width)
    return MaskQuality(
        **asdict(persons),
        human_share=human_px / labelled_px,
        ignore_share=ignored_px / mask_hw.size,
        human_px=human_px,
        human_regions=len(regions),
        tallest_region_share=tallest,
        border_touch_share=float(touching.mean()) if len(regions) else 0.0,
        surveillance_score=_score(tallest, persons) if human_px else None,
    )


def _score(tallest_region_share: float, persons: PersonSizes) -> float:
    """How like a camera's view; specks of which no person can be made out are not like one."""
    if not persons.person_regions:
        return 0.0
    sample = {"tallest_region_share": tallest_region_share, **asdict(persons)}
    return likeness(sample).score()


def _regions(human_hw: npt.NDArray[np.uint8], min_region_px: int) -> npt.NDArray[np.int32]:
    """(n, 5) x, y, width, height, pixels of the 8-connected regions that are large enough.

    Only the box around all humans is searched, with 16-bit labels where no picture of its size can
    need more: a sixth of the time of the whole frame with 32 bits.
    """
    x, y, width, height = cv2.boundingRect(human_hw)
    most_labels = ((width + 1) // 2) * ((height + 1) // 2) + 1  # one in each 2 x 2 block
    _, _, stats, _ = cv2.connectedComponentsWithStats(
        human_hw[y : y + height, x : x + width],
        connectivity=8,
        ltype=cv2.CV_16U if most_labels <= _LABELS_OF_16_BITS else cv2.CV_32S,
    )
    regions: npt.NDArray[np.int32] = stats[1:]  # the first is the background
    regions = regions[regions[:, cv2.CC_STAT_AREA] >= min_region_px]
    return regions + np.array([x, y, 0, 0, 0], np.int32)


def _laplacian_variance(luma_hw: npt.NDArray[np.uint8]) -> float:
    _, deviation = cv2.meanStdDev(cv2.Laplacian(luma_hw, cv2.CV_16S))
    return float(deviation[0, 0]) ** 2
