"""Sequences of moving pixels: whole ones, halves of one, and spans that judge nothing."""

from __future__ import annotations

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
