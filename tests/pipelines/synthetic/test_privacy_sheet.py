"""The sheet of privacy filters shows a person in front of each."""

from __future__ import annotations

import numpy as np

from camera_analysis.privacy.privacy_filters import FILTERS
from pipelines.synthetic.privacy_sheet import COLUMNS, TILE_PX, draw_scene, draw_sheet


def test_the_drawn_people_are_where_the_frame_differs_from_the_plate():
    scene = draw_scene((320, 180))
    apart = np.abs(scene.frame_rgb.astype(int) - scene.plate_rgb).max(axis=2)
    assert 0.02 < scene.mask_hw.mean() < 0.3
    assert apart[scene.mask_hw].mean() > 40
    assert apart[~scene.mask_hw].mean() < 2


def test_every_filter_has_its_tile():
    sheet = draw_sheet()
    rows = -(-(len(FILTERS) + 1) // COLUMNS)
    assert sheet.shape[1] >= COLUMNS * TILE_PX
    assert sheet.shape[0] >= rows * TILE_PX * 9 // 16
