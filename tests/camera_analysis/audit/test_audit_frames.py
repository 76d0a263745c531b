"""Labelled sequences, of images or of a video, become frames that are read when they are needed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camera_analysis.audit.audit_frames import LabelledFootage, audit_frames, walk_frames
from camera_analysis.audit.audit_walks import walks_found
from camera_analysis.benchmark.layouts.change_detection import load_labelled
from camera_analysis.footage.video_write import write_video
from tests.camera_analysis.factories_private import HEIGHT, WIDTH, frame_of, walker

FRAMES, EMPTY = 40, 10


def draw(folder, *, video=False):
    """Somebody walks through the view from the eleventh frame on."""
    (folder / "groundtruth").mkdir(parents=True)
    for step in range(FRAMES):
        truth = np.zeros((HEIGHT, WIDTH), np.uint8)
        if step >= EMPTY:
            truth[walker(step)] = 255
        cv2.imwrite(str(folder / "groundtruth" / f"gt{step + 1:06}.png"), truth)
    shown = [frame_of(step, empty=step < EMPTY) for step in range(FRAMES)]
    if video:
        write_video(folder / "input.mp4", iter(shown), 10.0)
        return
    (folder / "input").mkdir()
    for step, frame in enumerate(shown):
        cv2.imwrite(str(folder / "input" / f"in{step + 1:06}.png"), frame[:, :, ::-1])


def footage(folder, **said):
    (sequence,) = load_labelled(folder).sequences
    return LabelledFootage(sequence, **said)


def test_frames_with_people_are_spread_and_known_again(tmp_path):
    draw(tmp_path / "yard")
    chosen = audit_frames(footage(tmp_path), 4)
    rows = [np.flatnonzero(frame.people_hw.any(axis=0))[0] for frame in chosen]
    assert rows == [walker(step)[1].start for step in (10, 20, 29, 39)]
    assert [np.unique(frame.tracks_hw).tolist() for frame in chosen] == [[0, 1]] * 4


@pytest.mark.parametrize(("fps", "every", "step_s"), [(25.0, 3, 0.12), (10.0, 1, 0.1)])
def test_people_are_followed_about_eight_times_a_second(tmp_path, fps, every, step_s):
    draw(tmp_path / "yard")
    walks = walk_frames(footage(tmp_path, fps=fps))
    assert walks.step_s == pytest.approx(step_s)
    assert len(list(walks.frames)) == len(list(walks.frames)) == len(range(0, FRAMES, every))
    found = walks_found([walks], lambda frame: frame.frame_rgb)
    assert (found.walks, found.found) == (1, 1)


def test_frames_are_read_anew_and_not_kept(tmp_path):
    draw(tmp_path / "yard")
    walks = walk_frames(footage(tmp_path))
    first = list(walks.frames)
    (tmp_path / "yard" / "input" / "in000004.png").unlink()
    with pytest.raises(ValueError, match=r"in000004\.png: not an image"):
        list(walks.frames)
    assert first[1].frame_rgb.shape == (HEIGHT, WIDTH, 3)


def test_a_video_says_its_own_rate(tmp_path):
    draw(tmp_path / "yard", video=True)
    read = footage(tmp_path, fps=25.0)
    assert read.fps == 10.0
    assert [frame.people_hw.any() for frame in walk_frames(read).frames] == [False] * 10 + [
        True
    ] * 30


def test_a_mask_without_a_frame_is_named(tmp_path):
    draw(tmp_path / "yard", video=True)
    last = tmp_path / "yard" / "groundtruth" / f"gt{FRAMES:06}.png"
    last.rename(last.with_name("gt000099.png"))
    with pytest.raises(ValueError, match=r"gt000099\.png: there is no frame of this number"):
        footage(tmp_path)
