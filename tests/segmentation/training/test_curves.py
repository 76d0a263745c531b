import cv2

from dataset_build import charts
from segmentation.training.checkpoint import HistoryRow
from segmentation.training.curves import draw_curves


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
    monkeypatch.setattr(charts, "find_spec", lambda name: None)
    assert draw_curves(history(3), tmp_path / "a.png", title="t") is None
    assert list(tmp_path.iterdir()) == []
