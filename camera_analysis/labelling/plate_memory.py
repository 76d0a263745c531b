"""What a camera showed in earlier files corrects the plate of a later one.

Somebody who stands still for a whole file is all that the file shows at their place, and would be
its background. The plate before knows better. Where the two differ as regions, the state without a
contour is the background (:mod:`camera_analysis.labelling.plate_states`), unless the difference is
light, an even change of brightness as by a sun patch. What was not seen again for some hours is
forgotten, so that moved furniture does not stay a mover.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from camera_analysis.labelling.light_change import light_change
from camera_analysis.labelling.motion import BoolImage, FloatImage, ImageRgb, MotionConfig, Plate
from camera_analysis.labelling.plate_states import object_regions


@dataclass(frozen=True)
class Remembered:
    """A plate, and for how long each of its places has shown something else.

    Attributes:
        plate: background and noise.
        unseen_s: (H, W) float32 seconds; 0 where the file itself showed the plate.
    """

    plate: Plate
    unseen_s: FloatImage


def remember(
    plate: Plate,
    before: Remembered | None,
    since_s: float,
    config: MotionConfig,
    *,
    longest_s: float = 4 * 3600.0,
) -> Remembered:
    """The plate of a file, with the background of earlier files where somebody now stands.

    Args:
        plate: learned from the file alone.
        before: what was remembered after the file before, of the same view; None at the start.
        since_s: from the start of that file to the start of this one.
        config: noise, light, and what makes a region.
        longest_s: for how long a place may show something else; nobody stands still for four hours.
    """
    unseen = np.zeros(plate.log_rgb.shape[:2], np.float32)
    if before is None:
        return Remembered(plate, unseen)
    old = before.plate
    light = light_change(old.log_rgb - plate.log_rgb, plate.log_rgb, config.light)
    earlier = np.asarray(old.log_rgb - light, np.float32)
    difference = np.abs(plate.log_rgb - earlier)
    rival = (difference * plate.certainty).max(axis=2) > config.states.apart_sigma
    rival &= before.unseen_s + since_s <= longest_s
    kept = object_regions(plate.log_rgb, earlier, rival, config.states)
    kept = _without_light(plate.log_rgb - earlier, kept, config)
    if not kept.any():
        return Remembered(plate, unseen)
    unseen[kept] = before.unseen_s[kept] + np.float32(since_s)
    here = kept[..., None]
    joined = replace(
        plate,
        rgb=np.where(here, _relit(old.rgb, light, config), plate.rgb),
        log_rgb=np.where(here, earlier, plate.log_rgb),
        certainty=np.where(here, old.certainty, plate.certainty),
    )
    return Remembered(joined, unseen)


def _without_light(change: FloatImage, kept: BoolImage, config: MotionConfig) -> BoolImage:
    """The regions in which not all of (H, W, 3) `change` is one change of brightness."""
    _, labels = cv2.connectedComponents(kept.astype(np.uint8), connectivity=4)
    left = np.zeros(kept.shape, bool)
    for number in range(1, int(labels.max()) + 1):
        region = labels == number
        values = change[region]
        middle = float(np.median(values))
        even = (np.abs(values - middle) <= config.light.tolerance).all(axis=1).mean() > 0.5
        if not even or abs(middle) > config.light.largest:
            left |= region
    return left


def _relit(rgb: ImageRgb, light: FloatImage, config: MotionConfig) -> ImageRgb:
    """An earlier picture in the light of now."""
    bright = (rgb + config.dark_offset) * np.exp(-light) - config.dark_offset
    return np.asarray(np.clip(np.round(bright), 0, 255), np.uint8)
