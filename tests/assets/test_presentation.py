"""Metadata is made from what a stage wrote: numbers, tables, pictures."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from assets.presentation import PICTURE_WIDTH_PX, describe, picture


@dataclass(frozen=True)
class Summary:
    rows: int = 12
    share: float = 0.5
    reasons: dict = field(default_factory=lambda: {"image_dark": 2})
    hidden: object = None


def test_numbers_tables_and_pictures_become_metadata(tmp_path):
    cv2.imwrite(str(tmp_path / "plot.png"), np.zeros((10, 20, 3), np.uint8))
    (tmp_path / "counts.md").write_text("| a |\n|---|\n| 1 |")
    metadata = describe(tmp_path, Summary())
    assert metadata["rows"].value == metadata["dagster/row_count"].value == 12
    assert metadata["share"].value == 0.5
    assert "image_dark | 2" in metadata["reasons"].value
    assert metadata["counts"].value.endswith("| 1 |")
    assert metadata["plot"].value.startswith("![plot](data:image/png;base64,")
    assert "hidden" not in metadata


def test_wide_picture_is_shrunk(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (300, 3000, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "wide.png"), noise)
    shown = picture(tmp_path / "wide.png").value
    import base64

    data = base64.b64decode(shown.split("base64,")[1].rstrip(")"))
    assert cv2.imdecode(np.frombuffer(data, np.uint8), 1).shape == (90, PICTURE_WIDTH_PX, 3)


def test_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "fake.png").write_text("text")
    with pytest.raises(ValueError, match=r"fake\.png"):
        picture(tmp_path / "fake.png")
