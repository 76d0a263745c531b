"""Metadata is made from what a stage wrote: numbers, tables, pictures."""

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from assets.presentation import PICTURE_WIDTH_PX, describe, picture, pictures_to_show


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
    assert cv2.imdecode(np.frombuffer(data, np.uint8), 1).shape == (64, PICTURE_WIDTH_PX, 3)


def test_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "fake.png").write_text("text")
    with pytest.raises(ValueError, match=r"fake\.png"):
        picture(tmp_path / "fake.png")


def test_a_photograph_is_a_jpeg_and_a_chart_stays_a_png(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (100, 100, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "photo.png"), noise)
    cv2.imwrite(str(tmp_path / "chart.png"), np.kron(np.eye(2), np.full((50, 50), 255)))
    assert "data:image/jpeg;base64," in picture(tmp_path / "photo.png").value
    assert "data:image/png;base64," in picture(tmp_path / "chart.png").value


def draw(folder, *names):
    for name in names:
        cv2.imwrite(str(folder / f"{name}.png"), np.zeros((4, 4), np.uint8))


def test_the_whole_comes_first_then_each_event_marked_before_its_delta(tmp_path):
    draw(tmp_path, "delta_1", "delta_2", "delta_10", "marked_1", "marked_2", "timeline")
    shown = [path.stem for path in pictures_to_show(tmp_path, Summary())]
    assert shown == ["timeline", "marked_1", "delta_1", "marked_2"]


def test_what_the_summary_names_comes_first_in_its_order(tmp_path):
    @dataclass(frozen=True)
    class Named:
        pictures: tuple = (Path("elsewhere/absent.png"), Path("z.png"), Path("y_2.png"))

    draw(tmp_path, "a", "y_2", "z")
    assert [path.stem for path in pictures_to_show(tmp_path, Named())] == ["z", "y_2", "a"]
