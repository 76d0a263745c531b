from dataclasses import fields

import numpy as np

from pipelines.synthetic.augmentation_sheet import (
    COLUMNS,
    CROP_PX,
    SHOWN,
    augmented,
    draw_sheet,
    drawn_sample,
    only,
)
from segmentation.config import TrainConfig

#: Shares that decide which picture is looked at, not what is done to it; pasting has two pictures.
NOT_SHOWN = {"negative_share", "person_centred_share", "paste_share"}


def test_every_augmentation_of_the_recipe_is_shown():
    shares = {field.name for field in fields(TrainConfig) if field.name.endswith("_share")}
    assert shares - NOT_SHOWN == {share for share in SHOWN.values() if share}


def test_each_tile_differs_from_the_plain_crop():
    sample = drawn_sample(9)
    plain, _ = augmented(sample, "", 4)
    for share in SHOWN.values():
        image, mask = augmented(sample, share, 4)
        assert image.shape == (CROP_PX, CROP_PX, 3)
        assert set(np.unique(mask)) <= {0, 1, 255}
        assert np.array_equal(image, plain) == (share == "")


def test_only_one_is_on():
    config = only("jpeg_share")
    assert config.jpeg_share == 1.0
    assert {getattr(config, share) for share in SHOWN.values() if share} == {0.0, 1.0}


def test_the_sheet_is_a_grid():
    height, width, _ = draw_sheet().shape
    assert width > COLUMNS * CROP_PX
    assert height > -(-len(SHOWN) // COLUMNS) * CROP_PX
