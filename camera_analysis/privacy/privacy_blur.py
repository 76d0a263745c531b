"""Filters that take detail away: Gaussian blur and pixels as large as a face.

Both work on the boxes around people, on a reduced picture, and copy what is inside the mask back:
a whole-frame filter costs thirty times as much and shows the same.
"""

from __future__ import annotations

import cv2
import numpy as np

from camera_analysis.privacy.privacy_frame import FilterInput, ImageRgb, boxes_of, paste

#: Reduced pixels per standard deviation of a blur: the Gaussian stays smooth, and costs little.
_REDUCED_SIGMA = 2.0


def blur(given: FilterInput) -> ImageRgb:
    """Gaussian blur; its standard deviation is half of the detail."""
    out = given.frame_rgb.copy()
    for crop in boxes_of(given.mask_hw):
        smooth = blurred(given.frame_rgb[crop], given.detail_px / 2)
        paste(smooth, given.mask_hw[crop].view(np.uint8), out[crop])
    return out


def blurred(picture: ImageRgb, sigma_px: float) -> ImageRgb:
    """(h, w, 3) Gaussian blur, made on a picture reduced by a whole number, which is fast."""
    height, width = picture.shape[:2]
    shrink = max(1, int(sigma_px / _REDUCED_SIGMA))
    whole = cv2.copyMakeBorder(
        picture, 0, -height % shrink, 0, -width % shrink, cv2.BORDER_REPLICATE
    )
    small_wh = (whole.shape[1] // shrink, whole.shape[0] // shrink)
    small = cv2.resize(whole, small_wh, interpolation=cv2.INTER_AREA)
    sigma = max(sigma_px / shrink, 0.1)
    small = cv2.GaussianBlur(small, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(small, whole.shape[1::-1])[:height, :width], np.uint8)


def pixelate(given: FilterInput) -> ImageRgb:
    """Squares of the detail's side, each of the mean colour of its place.

    The squares lie on one grid over the frame: moved along with a person, they would show more of
    the person with every frame.
    """
    side = given.detail_px
    rows, columns = given.mask_hw.shape
    out = given.frame_rgb.copy()
    for y, x in boxes_of(given.mask_hw):
        crop = np.s_[_whole_squares(y, side, rows), _whole_squares(x, side, columns)]
        squares = _square_means(given.frame_rgb[crop], side)
        paste(squares, given.mask_hw[crop].view(np.uint8), out[crop])
    return out


def _whole_squares(part: slice, side: int, length: int) -> slice:
    return slice(part.start // side * side, min(-(-part.stop // side) * side, length))


def _square_means(picture: ImageRgb, side: int) -> ImageRgb:
    """Squares of the picture, from its upper left corner on, in their mean colours."""
    height, width = picture.shape[:2]
    down, across = -height % side, -width % side
    padded = cv2.copyMakeBorder(picture, 0, down, 0, across, cv2.BORDER_REPLICATE)
    small_wh = (padded.shape[1] // side, padded.shape[0] // side)
    small = cv2.resize(padded, small_wh, interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, padded.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(large[:height, :width], np.uint8)
