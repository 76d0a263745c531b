"""Pictures at a third of their cost, where not looks but what is told beside them is asked."""

from __future__ import annotations

import pytest

from camera_analysis import canvas


def draw_coarsely(patch: pytest.MonkeyPatch) -> None:
    """Few pixels, and nothing looks for its place."""
    patch.setattr(canvas, "DOTS_PER_INCH", 40)
    patch.setattr(canvas, "LAYOUT", None)
