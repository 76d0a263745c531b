"""What a real room does and a drawn one does not: one side grows lighter, and blankets are moved.

Light that falls on a part of the view (a display, a lamp in a corner, the camera's own exposure)
and soft things that lie a little differently each time change tones slightly and for long, while
nothing is wrong. A rule that is chosen on rooms without them calls each of those an anomaly.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.synthetic.figures import ImageArray

FloatImage = npt.NDArray[np.float32]
Generator = np.random.Generator

#: Of a room.
LIGHTS, SOFT_THINGS = 3, 2
#: Standard deviations at strength 1: of a light, as a logarithm of the factor, and of a soft
#: thing's folds, in grey levels.
LIGHT_SIGMA, FOLDS_SIGMA = 0.05, 8.0
#: Pixels that a fold is wide.
FOLD_PX = 2.5


def lived_in(
    frames: Iterator[ImageArray], room: Generator, file: Generator, count: int, strength: float
) -> Iterator[ImageArray]:
    """Frames of a file, whose light and soft things change one to three times.

    Args:
        frames: (H, W, 3) uint8 RGB.
        room: says where soft things are; in the same state for every file of a room.
        file: says how they lie, and where light falls.
        count: frames of the file.
        strength: 0 leaves the frames as they are.
    """
    if not strength:
        yield from frames
        return
    times = np.arange(1, count)
    changes = np.sort(file.choice(times, min(times.size, int(file.integers(1, 4))), replace=False))
    looks: list[tuple[FloatImage, FloatImage]] = []
    soft: list[FloatImage] = []
    lights: list[FloatImage] = []
    for number, frame in enumerate(frames):
        if not looks:
            soft = [_patch(room, frame, 0.06, 0.12) for _ in range(SOFT_THINGS)]
            lights = [_patch(file, frame, 0.2, 0.5) for _ in range(LIGHTS)]
            looks = [_look(file, lights, soft, strength) for _ in range(len(changes) + 1)]
        gain, folds = looks[int(np.searchsorted(changes, number, side="right"))]
        yield np.clip(frame * gain + folds, 0, 255).astype(np.uint8)


def _patch(rng: Generator, frame: ImageArray, least: float, most: float) -> FloatImage:
    """(H, W, 1) 1 at some place, falling to 0 around it; widths in shares of the view's."""
    height, width = frame.shape[:2]
    y, x = np.mgrid[:height, :width]
    middle_y, middle_x = rng.uniform(0, height), rng.uniform(0, width)
    spread = rng.uniform(least, most) * width
    away = ((y - middle_y) ** 2 + (x - middle_x) ** 2) / (2 * spread**2)
    return np.exp(-away).astype(np.float32)[..., None]


def _look(
    rng: Generator, lights: list[FloatImage], soft: list[FloatImage], strength: float
) -> tuple[FloatImage, FloatImage]:
    """Factor of the light, and what folds add, (H, W, 1) each."""
    gain = np.exp(sum(light * rng.normal(0, LIGHT_SIGMA * strength) for light in lights))
    noise = rng.normal(size=lights[0].shape[:2])
    folds = cv2.GaussianBlur(noise, (0, 0), FOLD_PX)[..., None]
    scale = FOLDS_SIGMA * strength / folds.std()
    return np.asarray(gain, np.float32), np.asarray(scale * folds * sum(soft), np.float32)
