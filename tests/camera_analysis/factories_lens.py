"""Chessboards and straight edges, drawn through a known lens."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from camera_analysis.lenses.lens import Lens, pixel_rays

PATTERN = (7, 5)  # inner corners
SIZE = (480, 360)
FINE = 2  # samples of a pixel along each side, when drawn
FISHEYE = Lens(
    kind="fisheye",
    matrix=((170.0, 0.0, 236.0), (0.0, 168.0, 183.0), (0.0, 0.0, 1.0)),
    distortion=(-0.02, 0.004, 0.0, 0.0),
    size_wh=SIZE,
)
PINHOLE = Lens(
    kind="rectilinear",
    matrix=((380.0, 0.0, 243.0), (0.0, 378.0, 176.0), (0.0, 0.0, 1.0)),
    distortion=(-0.22, 0.06, 0.0, 0.0),
    size_wh=SIZE,
)
#: Turn about x, y, z in radians, then the board's centre in squares: x, y, z.
POSES = (
    ((0.3, 0.0, 0.0), (0.0, 0.0, 7.0)),
    ((-0.4, 0.2, 0.1), (-4.0, -2.0, 6.5)),
    ((0.2, 0.2, 0.2), (4.0, -2.0, 6.5)),
    ((0.3, -0.2, -0.2), (-4.0, 2.5, 6.5)),
    ((-0.3, -0.3, 0.4), (4.0, 2.5, 6.5)),
    ((0.0, 0.6, 0.0), (0.0, -2.5, 6.0)),
    ((0.5, -0.1, 0.9), (0.5, 2.0, 6.0)),
)


def draw_board(lens: Lens, turn: tuple[float, ...], centre: tuple[float, ...]) -> np.ndarray:
    """(H, W) uint8: a board of squares as the lens shows it, smoothed as optics do."""
    width, height = lens.size_wh
    rays = fine_rays(lens)
    rotation = cv2.Rodrigues(np.array(turn))[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (rotation[:, 2] @ np.array(centre)) / (rays @ rotation[:, 2])
        on_board = (rays * distance[:, None] - np.array(centre)) @ rotation
    across, down = on_board[:, 0] + PATTERN[0] / 2, on_board[:, 1] + PATTERN[1] / 2
    inside = (across > -0.5) & (across < PATTERN[0] + 0.5) & (distance > 0)
    inside &= (down > -0.5) & (down < PATTERN[1] + 0.5)
    dark = (np.floor(across + 0.5) + np.floor(down + 0.5)) % 2 == 0
    light = np.where(inside & dark, 30.0, 225.0).reshape(FINE * height, FINE * width)
    small = cv2.resize(light, (width, height), interpolation=cv2.INTER_AREA)
    return np.clip(cv2.GaussianBlur(small, (0, 0), 0.6), 0, 255).astype(np.uint8)


def boards(lens: Lens, poses=POSES) -> dict[str, np.ndarray]:
    return {f"{n}.png": draw_board(lens, *pose) for n, pose in enumerate(poses)}


@functools.cache
def fine_rays(lens: Lens) -> np.ndarray:
    """Directions of FINE x FINE samples of each pixel."""
    ticks = [(np.arange(FINE * n) + 0.5) / FINE - 0.5 for n in lens.size_wh]
    return pixel_rays(np.stack(np.meshgrid(*ticks), -1).reshape(-1, 2), lens)


def edges(lens: Lens, jitter_px: float = 0.0) -> list[np.ndarray]:
    """Points along the edges of a room, as the lens shows them: a window's frame and a floor."""
    rng = np.random.default_rng(3)
    reach = (1.0, 0.7) if lens.kind == "rectilinear" else (2.0, 1.4)
    x, y, z = *reach, 2.2
    ends = [
        ((-x, -y, z), (x, -y, z)),
        ((-x, y, z), (x, y, z)),
        ((-x, -y, z), (-x, y, z)),
        ((x, -y, z), (x, y, z)),
        ((-x / 2, y, z), (x, y, 2 * z)),
    ]
    lines = []
    for start, end in ends:
        share = np.linspace(0, 1, 9)[:, None]
        points = (1 - share) * np.array(start) + share * np.array(end)
        matrix, distortion = np.array(lens.matrix), np.array(lens.distortion)
        origin = np.zeros(3)
        project = cv2.fisheye.projectPoints if lens.kind == "fisheye" else cv2.projectPoints
        seen, _ = project(points[:, None], origin, origin, matrix, distortion)
        line = seen[:, 0] + rng.normal(0, jitter_px, (len(points), 2))
        inside = ((line >= 0) & (line <= np.array(lens.size_wh) - 1)).all(1)
        lines.append(line[inside])
    return lines
