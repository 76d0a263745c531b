"""Drawn views of a camera over many days: a textured room, its light, and what may happen to it."""

from __future__ import annotations

import cv2
import numpy as np

from camera_analysis.labelling.label_pictures import save_plate
from camera_analysis.labelling.registration import read_view
from tests.camera_analysis.factories_scene import noisy, room

HEIGHT, WIDTH = 240, 320
WIDE = np.kron(room(height=80, width=100), np.ones((4, 4, 1), np.uint8))


def plate(*, dx=0, dy=0, seed=1):
    """(H, W, 3) plate of a camera turned by dx, dy pixels."""
    return noisy(WIDE[40 + dy : 40 + dy + HEIGHT, 40 + dx : 40 + dx + WIDTH], seed, 1.0)


def dimmed(plate_rgb, gain):
    return np.clip(plate_rgb * float(gain), 0, 255).astype(np.uint8)


def lit_from_the_side(plate_rgb):
    return np.clip(plate_rgb * np.linspace(0.5, 1.1, WIDTH)[None, :, None], 0, 255).astype(np.uint8)


def with_shadow(plate_rgb):
    shaded = plate_rgb.astype(float)
    shaded[:, 100:160] *= 0.5
    return shaded.astype(np.uint8)


def with_patch_of_sun(plate_rgb):
    lit = plate_rgb.astype(float)
    lit[120:180, 80:140] *= 1.3
    return np.clip(lit, 0, 255).astype(np.uint8)


def with_car(plate_rgb, x=80):
    parked = plate_rgb.copy()
    parked[120:190, x : x + 100] = 30
    parked[130:150, x + 20 : x + 80] = 160
    return parked


def with_shelf(plate_rgb):
    """Six boards of boxes, a fifth of the width and half of the height."""
    random = np.random.default_rng(5)
    full = plate_rgb.copy()
    for y in range(60, 180, 20):
        full[y : y + 4, 200:260] = 200
        for x in range(200, 260, 10):
            full[y + 4 : y + 20, x : x + 8] = random.integers(20, 220, 3)
    return full


def in_fog(plate_rgb, share=0.85):
    return (plate_rgb * (1.0 - share) + 200.0 * share).astype(np.uint8)


def view_of(plate_rgb, folder, privacy="blurred"):
    """The view as a day's counts keep it."""
    path = folder / "plate.png"
    save_plate(plate_rgb, privacy, path)
    return read_view(path)


def moved_over(plate_rgb, degrees):
    """The plate of a camera that was turned about its axis."""
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, 1.0)
    return cv2.warpAffine(plate_rgb, turn, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
