"""How the light changed between a frame and the plate: a smooth field of offsets of log brightness.

Light and objects both change what a pixel shows. Light changes most of the view alike, or keeps
the texture of what it falls on; an object does neither. So the offset that most pixels agree on
wins, with no change as the first guess. A part of the view in which few pixels follow it has a lamp
of its own if its texture stayed; else it is covered and takes the light of its surroundings: a
person who fills half of the view is no change of light.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]

#: Pixels looked at in each direction of a cell of the grid.
_CELL = 8


@dataclass(frozen=True, kw_only=True)
class LightConfig:
    """What counts as a change of light, in units of log brightness."""

    grid: tuple[int, int] = (4, 6)  # rows, columns: lamps light regions of this size or larger
    tolerance: float = 0.1  # pixels this near follow the same change: three times the noise floor
    largest: float = 1.2  # lights that change by a factor of 3
    least_share: float = 0.25  # of a cell: three quarters may be covered by somebody
    no_change_share: float = 0.5  # no change wins with half the votes of the best change
    same_texture: float = 0.8  # correlation: light multiplies, which log brightness turns to adding
    deepest_shadow: float = 0.7  # half of the light: what is darker is an object
    least_texture: float = 0.07  # standard deviation, twice the noise floor: below it is no texture


def light_change(change: FloatImage, plate_log: FloatImage, config: LightConfig) -> FloatImage:
    """(H, W, 3) smooth part of a change of log brightness.

    Args:
        change: (H, W, 3) log brightness of a frame minus that of the plate.
        plate_log: (H, W, 3) log brightness of the plate.
        config: see there.
    """
    cells = _cells(change, config.grid)  # (rows, columns, pixels, 3)
    base = _cells(plate_log, config.grid).mean(axis=3)
    view = _of_view(cells.reshape(-1, 3), config)
    follows = (np.abs(cells - view) <= config.tolerance).all(axis=3)
    votes = follows.sum(axis=2)
    known = votes >= config.least_share * cells.shape[2]
    field = (cells * follows[..., None]).sum(axis=2) / np.maximum(votes, 1)[..., None]
    if not known.all():
        own = ~known & _same_texture(base, base + cells.mean(axis=3), config)
        field[own] = np.median(cells[own], axis=1)
        known |= own
        field[~known] = 0
    calm = _from_neighbours(field.astype(np.float32), known.astype(np.float32), view)
    calm = np.clip(calm, -config.largest, config.largest)
    size = (change.shape[1], change.shape[0])
    return np.asarray(cv2.resize(calm, size, interpolation=cv2.INTER_LINEAR), np.float32)


def shadow(residual: FloatImage, config: LightConfig) -> FloatImage:
    """(H, W) darkening <= 0 that a shadow explains, to be taken off all three channels.

    A shadow takes light evenly and leaves the texture of what it falls on, so that the change of
    log brightness is smooth; at the contour of an object, and on most cloth, it is not. The mean of
    the channels is taken off: what remains of a shadow is nothing, of a colour its difference.

    Args:
        residual: (H, W, 3) change of log brightness, freed from the light of the view.
        config: see there.
    """
    size = (5, 5)
    grey = cv2.transform(residual, np.full((1, 3), 1 / 3, np.float32))
    mean = cv2.blur(grey, size)
    variance = cv2.blur(cv2.multiply(grey, grey), size) - cv2.multiply(mean, mean)
    darker = np.clip(grey, -config.deepest_shadow, 0)
    darker[variance >= config.tolerance**2] = 0
    return np.asarray(darker, np.float32)


def _cells(image: FloatImage, grid: tuple[int, int]) -> FloatImage:
    rows, columns = grid
    thin = cv2.resize(image, (columns * _CELL, rows * _CELL), interpolation=cv2.INTER_NEAREST)
    split = thin.reshape(rows, _CELL, columns, _CELL, 3).transpose(0, 2, 1, 3, 4)
    return np.asarray(split.reshape(rows, columns, _CELL * _CELL, 3), np.float32)


def _of_view(change: FloatImage, config: LightConfig) -> FloatImage:
    """(3,) the change that most pixels (n, 3) agree on."""
    grey, near = change.mean(axis=1), config.tolerance
    most = float(np.abs(grey).max()) + 2 * near
    bins = np.arange(-most, most, near / 4)
    window = np.convolve(np.histogram(grey, bins)[0], np.ones(8), "valid")
    peak = bins[int(window.argmax())] + near  # a window of 8 bins is two tolerances wide
    unchanged = np.abs(grey) <= near
    if unchanged.sum() >= config.no_change_share * window.max():
        voters = unchanged
    else:
        voters = np.abs(grey - peak) <= near
    return np.asarray(np.median(change[voters], axis=0), np.float32)


def _same_texture(
    before: FloatImage, after: FloatImage, config: LightConfig
) -> npt.NDArray[np.bool_]:
    """(rows, columns) of cells (rows, columns, pixels) that have a texture and kept it."""
    before, after = (x - x.mean(axis=2, keepdims=True) for x in (before, after))
    spread = np.sqrt((before**2).mean(axis=2))
    both = spread * np.sqrt((after**2).mean(axis=2))
    correlation = (before * after).mean(axis=2) / np.maximum(both, 1e-9)
    return np.asarray((spread > config.least_texture) & (correlation > config.same_texture))


def _from_neighbours(field: FloatImage, known: FloatImage, view: FloatImage) -> FloatImage:
    """Smooth over known cells; cells far from any take the view's light."""
    weight = cv2.GaussianBlur(known, (3, 3), 0.7)[..., None]
    total = cv2.GaussianBlur(field, (3, 3), 0.7)
    slight = np.float32(1e-3)
    return np.asarray((total + slight * view) / (weight + slight), np.float32)
