import numpy as np

from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.evaluation.pictures import draw_worst, judged_sample, overlay


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
