"""Tone freed from light: a lamp that is switched changes every tone of a view, and is no anomaly.

Light multiplies what a view shows, more or less alike; an object changes its own places only. So
the light of a frame is the ratio to the usual picture that half of the places exceed: somebody who
fills less than half of the view does not move it.
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
#: Mean grey level of a view in that common light.
COMMON_LEVEL = 96.0


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


def level_of(picture: FloatImage) -> float:
    """What brings a view to a common light, as a factor, so that tones of all its days add up."""
    return COMMON_LEVEL / max(float(picture.mean()), 1.0)


def usual_picture(pictures: Sequence[FloatImage]) -> FloatImage:
    """The median of pictures of one view, each freed from its own light.

    Args:
        pictures: one or more, (h, w) grey levels.
    """
    lights = [light_of(picture, pictures[0]) for picture in pictures]
    freed = [picture / light for picture, light in zip(pictures, lights, strict=True)]
    return np.asarray(np.median(freed, axis=0) * np.median(lights), np.float32)
