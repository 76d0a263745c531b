import cv2
import numpy as np

from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation import pictures
from segmentation.checkpoint import HistoryRow
from segmentation.pictures import draw_curves, draw_worst, judged_sample, overlay


def history(steps, val_iou=None):
    row = {"pixel_loss": 0.5, "region_loss": 0.5, "lr": 0.1, "grad_norm": 1.0}
    return [
        HistoryRow(step=s + 1, loss=1.0 / (s + 1), val_iou=val_iou, **row) for s in range(steps)
    ]


def test_curves_are_drawn_with_and_without_validation(tmp_path):
    for name, rows in {"a.png": history(3), "b.png": history(500, val_iou=0.4)}.items():
        path = draw_curves(rows, tmp_path / name, title="unet, width 2")
        assert cv2.imread(str(path)).shape[1] == 900  # 6 inches


def test_without_matplotlib_there_is_no_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "find_spec", lambda name: None)
    assert draw_curves(history(3), tmp_path / "a.png", title="t") is None
    assert list(tmp_path.iterdir()) == []


def test_humans_are_tinted_and_unlabelled_pixels_grey():
    image = np.full((1, 3, 3), 100, np.uint8)
    drawn = overlay(image, np.array([[0, HUMAN, IGNORE]], np.uint8))
    assert drawn[0, 0].tolist() == [100, 100, 100]
    assert drawn[0, 1, 0] > 150 > 100 > drawn[0, 1, 2]
    assert len(set(drawn[0, 2].tolist())) == 1
    assert image.max() == 100


def test_worst_samples_of_any_shape_fit_on_a_sheet(tmp_path):
    tiles = [
        judged_sample(
            name,
            np.zeros((*size, 3), np.uint8),
            np.zeros(size, np.uint8),
            np.ones(size, np.uint8),
        )
        for name, size in (("voc/a: IoU 3 %", (900, 300)), ("voc/$_$: IoU 3 %", (20, 700)))
    ]
    assert [tile.mask_hw.shape for tile in tiles] == [(240, 80), (9, 320)]
    assert draw_worst(tiles, tmp_path / "worst.png") == tmp_path / "worst.png"
    assert draw_worst([], tmp_path / "none.png") is None
