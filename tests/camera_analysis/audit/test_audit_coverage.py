"""What masks leave in view of a drawn walker whose place is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camera_analysis.audit.audit_coverage import coverage_by_margin, coverage_of
from camera_analysis.benchmark.layouts.change_detection import ChangeSequence
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from tests.camera_analysis.factories_private import HEIGHT, WIDTH, frame_of, walker

FRAMES, EMPTY = 40, 10


def drawn(folder, *, wider_px=0):
    """Forty frames, the first ten empty; the truth may claim more than the walker."""
    frames, masks = [], {}
    for step in range(FRAMES):
        frames.append(folder / f"in{step:04}.png")
        cv2.imwrite(str(frames[-1]), frame_of(step, empty=step < EMPTY)[:, :, ::-1])
        truth = np.zeros((HEIGHT, WIDTH), np.uint8)
        if step >= EMPTY:
            rows, columns = walker(step)
            truth[rows.start : rows.stop + wider_px, columns] = 255
        masks[step] = folder / f"gt{step:04}.png"
        cv2.imwrite(str(masks[step]), truth)
    return ChangeSequence(
        name="walk", category="walk", frames=tuple(frames), masks=masks, first=0, last=FRAMES - 1
    )


def test_walker_is_covered_and_the_estimate_says_so(tmp_path):
    found = coverage_of(drawn(tmp_path), None, PrivateVideoSettings())
    assert (found.frames, found.hidden_frames, found.bad_frames) == (30, 0, 0)
    assert found.person_px == 30 * 50 * 16
    assert found.uncovered_px == 0 and found.uncovered_share == 0
    assert found.estimate < 0.01


def test_what_lies_beyond_the_margin_is_counted(tmp_path):
    """Ten rows below the walker's fifty are truth too; a margin of 3.6 px covers three of them."""
    found = coverage_of(drawn(tmp_path, wider_px=10), None, PrivateVideoSettings())
    assert found.bad_frames == 30
    assert found.uncovered_share == pytest.approx(7 / 60, abs=0.02)


def test_a_wider_margin_leaves_less(tmp_path):
    margins = (0.0, 5 / HEIGHT, 12 / HEIGHT)
    found = coverage_by_margin(drawn(tmp_path, wider_px=10), margins, hold_s=0.2)
    assert found.frames == 30
    assert found.uncovered_shares == pytest.approx((10 / 60, 5 / 60, 0), abs=0.02)
    assert found.bad_frames == (30, 30, 0)
