"""Coarse pictures for the files that judge and label day after day."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from camera_analysis import canvas
from tests.camera_analysis.factories_pictures import draw_coarsely

FINE = {name: getattr(canvas, name) for name in ("DOTS_PER_INCH", "LAYOUT")}


@pytest.fixture(scope="module")
def coarse_pictures() -> Iterator[None]:
    """Pictures whose looks are judged where they are drawn, or by a test with ``fine_pictures``."""
    with pytest.MonkeyPatch.context() as patch:
        draw_coarsely(patch)
        yield


@pytest.fixture
def fine_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """As users see them, in a file of coarse ones."""
    for name, value in FINE.items():
        monkeypatch.setattr(canvas, name, value)
