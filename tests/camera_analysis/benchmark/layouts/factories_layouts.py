"""Tiny benchmarks in the published layouts: a bright square that walks, and in tests a big one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat

from camera_analysis.footage.video_write import write_video

SIZE_HW = (32, 48)


def square(left: int, side: int = 6) -> np.ndarray:
    """(H, W) mask of a square at row 10."""
    mask = np.zeros(SIZE_HW, bool)
    mask[10 : 10 + side, max(0, left) : left + side] = True
    return mask


def picture(mask: np.ndarray) -> np.ndarray:
    grey = np.full(SIZE_HW, 90, np.uint8)
    grey[mask] = 210
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def write_frames(folder: Path, frames: int, suffix: str = ".png", first: int = 1) -> None:
    folder.mkdir(parents=True)
    for number in range(frames):
        cv2.imwrite(str(folder / f"{first + number:03d}{suffix}"), picture(square(2 + number)))


def write_masks(folder: Path, masks: list[np.ndarray], suffix: str = ".bmp") -> None:
    folder.mkdir(parents=True)
    for number, mask in enumerate(masks, start=1):
        cv2.imwrite(str(folder / f"{number:03d}{suffix}"), mask.astype(np.uint8) * 255)


def write_clip(path: Path, frames: int, fps: int = 5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rgb = (np.ascontiguousarray(picture(square(2 + number))) for number in range(frames))
    write_video(path, rgb, fps, crf=20, group_of_pictures=5, preset="veryfast")


def write_label_cells(path: Path, masks: list[np.ndarray], *, compressed: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.empty((1, len(masks)), object)
    for number, mask in enumerate(masks):
        cells[0, number] = mask.astype(np.uint8)
    other = np.arange(6.0).reshape(2, 3)
    savemat(path, {"other": other, "volLabel": cells}, do_compression=compressed)


def abnormal_from(frames: int, first: int) -> list[np.ndarray]:
    """Masks of a clip in which a square is abnormal from a frame on."""
    nothing = np.zeros(SIZE_HW, bool)
    return [square(2 + number) if number >= first else nothing for number in range(frames)]
