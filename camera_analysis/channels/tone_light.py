"""Tone freed from light: a lamp that is switched changes every tone of a view, and is no anomaly.

Light multiplies what a view shows, more or less alike; an object changes its own places only. So
the light of a frame is the ratio to the usual picture that half of the places exceed: somebody who
fills less than half of the view does not move it. What is left is the light of one side: a display,
a lamp in a corner, the camera's own exposure. It is read in the same way around each place, in a
third of the view, and changes little: somebody close to the camera is no lamp.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
GreyImage = npt.NDArray[np.uint8]

#: Grey levels between which a ratio says something of light: neither black nor burnt out.
DARKEST, BRIGHTEST = 8.0, 235.0
#: Largest change of light, as a factor: beyond it the view is covered or blinded.
MOST = 8.0
#: Largest change of the light of one side, as a factor: a lamp in a corner, not a coat.
MOST_NEARBY = 1.25
#: Blocks along the width, and blocks along each side of the part of the view that agrees on light.
BLOCKS, AGREEING = 16, 5


def tone_picture(grey: GreyImage, shape: tuple[int, int]) -> FloatImage:
    """(h, w) mean grey level around each place."""
    small = cv2.resize(cv2.blur(grey, (3, 3)), shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def light_of(picture: FloatImage, usual: FloatImage) -> float:
    """How many times as bright as usual a picture is; 1 where no place can tell."""
    tells = (usual > DARKEST) & (usual < BRIGHTEST) & (picture < BRIGHTEST)
    if not tells.any():
        return 1.0
    ratio = float(np.median(picture[tells] / usual[tells]))
    return float(np.clip(ratio, 1 / MOST, MOST))


def freed_from_light(picture: FloatImage, usual: FloatImage) -> FloatImage:
    """(h, w) grey levels as they would be by the usual light, 0 to 255."""
    even = picture / np.float32(light_of(picture, usual))
    return np.asarray(np.minimum(even / _light_nearby(even, usual), 255.0), np.float32)


def _light_nearby(picture: FloatImage, usual: FloatImage) -> FloatImage:
    """(h, w) how many times as bright as usual the part of the view around each place is."""
    height, width = picture.shape
    side = max(1, width // BLOCKS)
    rows, columns = -(-height // side), -(-width // side)
    tells = (usual > DARKEST) & (usual < BRIGHTEST) & (picture < BRIGHTEST)
    ratio = np.where(tells, picture / np.maximum(usual, DARKEST), np.inf)
    beyond = ((0, rows * side - height), (0, columns * side - width))
    blocks = np.pad(ratio, beyond, constant_values=np.inf).reshape(rows, side, columns, side)
    ordered = np.sort(blocks.transpose(0, 2, 1, 3).reshape(rows, columns, -1), axis=2)
    known = np.isfinite(ordered).sum(axis=2)
    middle = np.take_along_axis(ordered, np.maximum(known - 1, 0)[..., None] // 2, axis=2)[..., 0]
    light = np.clip(np.where(known > 0, middle, 1.0), 1 / MOST_NEARBY, MOST_NEARBY)
    agreed = cv2.medianBlur(light.astype(np.float32), AGREEING)
    return np.asarray(cv2.resize(agreed, (width, height)), np.float32)


def usual_picture(pictures: Sequence[FloatImage]) -> FloatImage:
    """The median of pictures of one view, each freed from its own light.

    Args:
        pictures: one or more, (h, w) grey levels.
    """
    lights = [light_of(picture, pictures[0]) for picture in pictures]
    freed = [picture / light for picture, light in zip(pictures, lights, strict=True)]
    return np.asarray(np.median(freed, axis=0) * np.median(lights), np.float32)
