"""Sequences of moving pixels: whole ones, halves of one, and spans that judge nothing."""

from __future__ import annotations

import pytest

from camera_analysis.benchmark.layouts.clip_files import LayoutError
from camera_analysis.benchmark.layouts.registry import load_benchmark
from tests.camera_analysis.benchmark.layouts.factories_layouts import (
    abnormal_from,
    write_frames,
    write_masks,
)


def write_sequence(home, frames=3):
    write_frames(home / "input", frames)
    write_masks(home / "groundtruth", abnormal_from(frames, 0))


def test_half_a_sequence_is_left_out_by_name(tmp_path):
    write_sequence(tmp_path / "baseline" / "highway")
    write_frames(tmp_path / "baseline" / "office" / "input", 3)
    write_masks(tmp_path / "thermal" / "park" / "groundtruth", abnormal_from(3, 0))
    benchmark = load_benchmark("cdnet", tmp_path)
    assert [one.name for one in benchmark.sequences] == ["highway"]
    assert benchmark.left_out == {
        "baseline/office": "no folder groundtruth beside its frames",
        "thermal/park": "no input beside its masks",
    }


def test_a_span_that_judges_nothing_is_refused(tmp_path):
    home = tmp_path / "baseline" / "highway"
    write_sequence(home, 5)
    for span in ("100 200", "0 0"):
        (home / "temporalROI.txt").write_text(span)
        first, last = span.split()
        told = rf"highway.temporalROI\.txt: judges frames {first} to {last}, there are 5, 1 to 5"
        with pytest.raises(LayoutError, match=told):
            load_benchmark("cdnet", tmp_path)
    (home / "temporalROI.txt").write_text("4 200")
    assert load_benchmark("cdnet", tmp_path).sequences[0].judged == [3, 4]
    for number in (4, 5):
        (home / "groundtruth" / f"{number:03d}.bmp").unlink()
    with pytest.raises(LayoutError, match=r"no mask of the frames that .* judges; there are 3"):
        load_benchmark("cdnet", tmp_path)
