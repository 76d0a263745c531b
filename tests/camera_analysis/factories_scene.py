"""A drawn room with texture, sensor noise and a walker, whose truth is known."""

from __future__ import annotations

import numpy as np

HEIGHT, WIDTH = 64, 96


def room(seed: int = 0, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """(H, W, 3) uint8 furniture: rectangles of many brightnesses, never darker than 50."""
    random = np.random.default_rng(seed)
    scene = np.full((height + 40, width + 40, 3), 120, np.uint8)
    for _ in range(45):
        x, y = random.integers(0, width + 30), random.integers(0, height + 30)
        w, h = random.integers(6, 26, 2)
        scene[y : y + h, x : x + w] = random.integers(50, 210, 3)
    return scene[:height, :width].copy()


def noisy(frame: np.ndarray, seed: int, strength: float = 2.0) -> np.ndarray:
    """The frame with sensor noise."""
    noise = np.random.default_rng(seed).normal(0, strength, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


def walker_box(step: int) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the walker; walks to the right and starts again."""
    x = (step * 4) % (WIDTH - 12)
    return x, 24, x + 10, 56


def with_walker(frame: np.ndarray, step: int) -> np.ndarray:
    """A copy with a magenta walker in it."""
    x0, y0, x1, y1 = walker_box(step)
    walked = frame.copy()
    walked[y0:y1, x0:x1] = (230, 20, 200)
    return walked
