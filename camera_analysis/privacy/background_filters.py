"""Filters of what is around people: blurred, or replaced by another picture.

Who blurs the whole frame and pastes the people back has a halo of their colours around them. Here
the background is a masked (normalised) convolution, blur(frame * w) / blur(w) with w = 0 on people
and 1 elsewhere (Knutsson and Westin, "Normalized and differential convolution", CVPR 1993): a
weighted mean of background pixels alone. These filters hide a place, not people.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.privacy.privacy_frame import BoolImage, FilterInput, ImageRgb, paste

FloatImage = npt.NDArray[np.float32]

#: Grey behind people where no other backdrop is given.
BACKDROP_RGB = (200, 200, 200)
#: Reduced pixels per standard deviation of a blur.
_REDUCED_SIGMA = 2.0
#: Width in pixels over which a person's colours fade into a backdrop, outside of the mask.
_FEATHER_PX = 3.0


def background_blur(given: FilterInput) -> ImageRgb:
    """A sharp person before a blurred place; no colour of one is mixed into the other."""
    out = masked_blur(given.frame_rgb, ~given.mask_hw, given.detail_px / 2)
    paste(given.frame_rgb, given.mask_hw.view(np.uint8), out)
    return out


def background_replacement(given: FilterInput) -> ImageRgb:
    """A person before another picture, or plain grey.

    At the outline the person's own colours, continued outwards, fade into the backdrop: nothing of
    the place they stood in is seen.
    """
    mask = given.mask_hw.view(np.uint8)
    if given.backdrop_rgb is None:
        out = np.full_like(given.frame_rgb, BACKDROP_RGB)
    else:
        out = np.array(given.backdrop_rgb, np.uint8)
    if mask.any():
        crop = _box_around(mask, round(2 * _FEATHER_PX))
        _fade_into(given.frame_rgb[crop], given.mask_hw[crop], out[crop])
        paste(given.frame_rgb, mask, out)
    return out


def filling(picture_rgb: ImageRgb, size_wh: tuple[int, ...]) -> ImageRgb:
    """(H, W, 3) the middle of a picture, enlarged or reduced until it fills a width and height."""
    height, width = picture_rgb.shape[:2]
    scale = max(size_wh[0] / width, size_wh[1] / height)
    wide, high = max(size_wh[0], round(width * scale)), max(size_wh[1], round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    large = cv2.resize(picture_rgb, (wide, high), interpolation=way)
    x, y = (wide - size_wh[0]) // 2, (high - size_wh[1]) // 2
    return np.array(large[y : y + size_wh[1], x : x + size_wh[0]], np.uint8)


def _box_around(mask: npt.NDArray[np.uint8], margin_px: int) -> tuple[slice, slice]:
    x, y, width, height = cv2.boundingRect(mask)
    top, left = max(0, y - margin_px), max(0, x - margin_px)
    return np.s_[top : y + height + margin_px, left : x + width + margin_px]


def _fade_into(person_rgb: ImageRgb, mask_hw: BoolImage, backdrop: ImageRgb) -> None:
    continued = masked_blur(person_rgb, mask_hw, _FEATHER_PX)
    apart = cv2.distanceTransform((~mask_hw).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    share = np.clip(1 - apart / np.float32(_FEATHER_PX), 0, 1)[:, :, None]
    backdrop[:] = (continued * share + backdrop * (1 - share)).round()


def masked_blur(frame_rgb: ImageRgb, of_hw: BoolImage, sigma_px: float) -> ImageRgb:
    """Gaussian blur of some pixels, in which the others have no part.

    Computed on a reduced picture. A place with no such pixel within about four standard deviations
    is black.

    Args:
        frame_rgb: (H, W, 3) uint8.
        of_hw: (H, W) the pixels that are blurred into each other.
        sigma_px: standard deviation.

    Returns:
        (H, W, 3) uint8, a new array.
    """
    height, width = of_hw.shape
    shrink = max(1.0, sigma_px / _REDUCED_SIGMA)
    small_wh = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    alone = np.zeros_like(frame_rgb)
    paste(frame_rgb, of_hw.view(np.uint8), alone)
    colours = _reduced_blur(alone.astype(np.float32), small_wh, sigma_px / shrink)
    weights = _reduced_blur(of_hw.astype(np.float32), small_wh, sigma_px / shrink)
    means = colours / np.maximum(weights, 1e-6)[:, :, None]
    small = np.clip(means, 0, 255).round().astype(np.uint8)
    return np.array(cv2.resize(small, (width, height)), np.uint8)


def _reduced_blur(image: FloatImage, small_wh: tuple[int, int], sigma: float) -> FloatImage:
    small = cv2.resize(image, small_wh, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth, np.float32)
