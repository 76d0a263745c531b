"""Pictures at a third of their cost, where not looks but what is told beside them is asked."""

from __future__ import annotations

import pytest

from camera_analysis import canvas
from dataset_build import charts

COARSE = {"DOTS_PER_INCH": 40, "LAYOUT": None}  # nothing looks for its place
FINE = {(sheet, name): getattr(sheet, name) for sheet in (canvas, charts) for name in COARSE}


def draw_coarsely(patch: pytest.MonkeyPatch) -> None:
    """Few pixels."""
    for sheet, name in FINE:
        patch.setattr(sheet, name, COARSE[name])


def draw_finely(patch: pytest.MonkeyPatch) -> None:
    """As users see them."""
    for (sheet, name), value in FINE.items():
        patch.setattr(sheet, name, value)
