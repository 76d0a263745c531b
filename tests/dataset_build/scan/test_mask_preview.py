from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dataset_build.scan.mask_preview import PreviewTile, choose_samples, draw_preview
from tests.dataset_build import factories_sources as draw


def table(path: Path, human_px: list[int], rejected: int = 0) -> Path:
    count = len(human_px) + rejected
    pq.write_table(
        pa.table(
            {
                "sample_id": [f"s/{n:03d}" for n in range(count)],
                "human_px": pa.array(human_px + [None] * rejected, pa.int64()),
                "reject_reason": [""] * len(human_px) + ["image_missing"] * rejected,
            }
        ),
        path,
    )
    return path


@pytest.mark.parametrize(
    ("positives", "negatives", "shown", "shown_negatives"),
    [(40, 40, 12, 3), (40, 0, 12, 0), (0, 40, 12, 12), (2, 3, 5, 3), (0, 0, 0, 0)],
)
def test_the_choice_is_spread_and_a_quarter_is_without_humans(
    positives, negatives, shown, shown_negatives, tmp_path: Path
):
    path = table(tmp_path / "s.parquet", [9] * positives + [0] * negatives, rejected=5)
    chosen = choose_samples(path, limit=12)
    assert len(chosen) == shown
    assert sum(int(name[2:]) >= positives for name in chosen) == shown_negatives


def test_humans_are_tinted_ignored_pixels_striped_and_the_rest_left_alone(tmp_path: Path):
    path = draw.write_image(tmp_path / "grey.png", np.full((60, 60, 3), 90, np.uint8))
    mask = np.zeros((60, 60), np.uint8)
    mask[:, :20] = 1
    mask[:, 40:] = 255
    tile = PreviewTile.load("source/grey", path, mask)
    sheet = draw_preview([tile], tmp_path / "preview.png")
    with Image.open(sheet) as picture:
        colours = {rgb for _, rgb in picture.convert("RGB").getcolors(1 << 24)}
    assert (90, 90, 90) in colours
    assert any(red > green + 50 > blue + 60 for red, green, blue in colours)
    assert tile.human_share == 0.5


@pytest.mark.parametrize("name", ["$_$", "größe-日本", "new\nline"])
def test_any_file_name_can_be_written_on_the_sheet(name: str, tmp_path: Path):
    path = draw.write_image(tmp_path / "grey.png", np.full((60, 60, 3), 90, np.uint8))
    tile = PreviewTile.load(f"source/{name}", path, np.eye(60, dtype=np.uint8))
    assert draw_preview([tile], tmp_path / "preview.png").stat().st_size > 1000
