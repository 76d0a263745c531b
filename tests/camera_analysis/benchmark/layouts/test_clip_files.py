"""Files of a benchmark, and those that are none of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from camera_analysis.benchmark.layouts.clip_files import (
    LayoutError,
    find_root,
    image_files,
    picked_images,
)
from camera_analysis.benchmark.layouts.registry import load_benchmark
from tests.camera_analysis.benchmark.layouts.factories_layouts import (
    abnormal_from,
    write_clip,
    write_frames,
    write_masks,
)


@pytest.mark.parametrize("litter", ["__MACOSX", ".Trashes"])
def test_what_an_archive_brings_along_is_no_benchmark(tmp_path, litter):
    for above in (tmp_path, tmp_path / litter):
        (above / "UCSDped2" / "Train").mkdir(parents=True)
    assert find_root(tmp_path, ("Train",), "UCSD") == tmp_path / "UCSDped2"
    (tmp_path / litter / "Train").mkdir()
    assert find_root(tmp_path, ("Train",), "UCSD") == tmp_path / "UCSDped2"


@pytest.mark.parametrize("litter", ["__MACOSX", ".Trashes"])
def test_what_an_archive_brings_along_is_no_sequence(tmp_path, litter):
    write_frames(tmp_path / "Board" / "input", 3)
    write_masks(tmp_path / "Board" / "groundtruth", abnormal_from(3, 0))
    for name in ("input", "groundtruth"):
        folder = tmp_path / litter / "Board" / name
        folder.mkdir(parents=True)
        (folder / "._001.png").write_bytes(b"\0")
    assert [one.name for one in load_benchmark("sbi", tmp_path).sequences] == ["Board"]


def test_hidden_videos_are_left_out(tmp_path):
    write_clip(tmp_path / "train" / "00" / "0.mp4", 3)
    write_clip(tmp_path / "eval.mp4", 3)
    for name in ("eval.labels.csv", "._eval.labels.csv"):
        (tmp_path / name).write_text("0\n0\n1\n")
    for hidden in ("train/00/._0.mp4", "._eval.mp4"):
        (tmp_path / hidden).write_bytes(b"\0")
    benchmark = load_benchmark("upcam", tmp_path)
    assert [clip.name for clip in (*benchmark.train, *benchmark.test)] == ["0", "eval"]


def test_an_image_of_another_size_is_told_with_both(tmp_path):
    write_frames(tmp_path / "clip", 3)
    cv2.imwrite(str(tmp_path / "clip" / "003.png"), np.zeros((5, 7, 3), np.uint8))
    frames = picked_images(image_files(tmp_path / "clip"), lambda number: number > 0)
    assert next(frames)[0] == 1
    with pytest.raises(LayoutError, match=r"003\.png: 7 x 5 pixels; .* before it have 48 x 32"):
        next(frames)
