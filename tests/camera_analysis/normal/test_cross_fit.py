"""A clip's blocks are judged by the others, never by themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_analysis.labelling.labels import read_labels_meta
from camera_analysis.normal.cross_fit import CrossFit, cut_blocks
from camera_analysis.normal.surprise import ScoreConfig
from tests.camera_analysis.factories_days import draw_day, empty_scene, with_block


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 500), st.integers(2, 12), st.integers(0, 40))
def test_blocks_cover_the_clip_once_and_keep_a_middle(frames, wanted, guard):
    blocks = cut_blocks(frames, wanted, guard)
    positions = [p for block in blocks for p in range(block.start, block.end)]
    assert positions == list(range(frames))
    for block in blocks:
        parts = [block.part(p) for p in range(block.start, block.end)]
        assert parts == sorted(parts)
        assert parts.count(0) == parts.count(2) == block.guard <= guard


def test_one_block_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        cut_blocks(100, 1, 0)


def test_a_normal_leaves_out_its_block_and_the_guards_beside_it(tmp_path):
    maps = [empty_scene()] * 80
    maps[25] = maps[19] = with_block(empty_scene(), 40, 20)  # in block 2; in the guard before it
    day = draw_day(tmp_path, maps)
    blocks = cut_blocks(80, 8, 2)
    fit = CrossFit(day.labels, read_labels_meta(day.labels), blocks, ScoreConfig())
    here = np.array([28]), np.array([44])
    assert fit.least_frames == 80 - 10 - 4
    assert fit.model_at(25).frames == 66
    assert fit.model_at(25).seen(*here).tolist() == [66, 0, 0]
    assert fit.model_at(15).seen(*here).tolist() == [65, 1, 0]  # block 1 is judged by frame 25 too
    assert fit.model_at(79).seen(*here).tolist() == [66, 2, 0]


def test_one_normal_serves_a_whole_block(tmp_path):
    day = draw_day(tmp_path, [empty_scene()] * 40)
    fit = CrossFit(day.labels, read_labels_meta(day.labels), cut_blocks(40, 4, 0), ScoreConfig())
    assert fit.model_at(11) is fit.model_at(19)
    assert fit.model_at(20) is not fit.model_at(19)
