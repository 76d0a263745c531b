"""What bfloat16 costs: the human IoU stays within a stated margin of float32's.

Margins: 0.005 for looking with the same weights, 0.03 for a whole training of its own, whose
rounding leads to other weights. docs/training.md has the figures on photographs.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from segmentation.config import ModelConfig
from segmentation.inference.predict import human_probability, to_images
from segmentation.metrics import HumanCounts, count_image
from segmentation.model_folder import Normalisation, load_network
from segmentation.training import train as loop
from segmentation.training.train import train
from tests.segmentation.factories_split import TINY, draw, write_split
from tests.segmentation.factories_trained import drawn_batch

SAME_WEIGHTS, OWN_TRAINING = 0.005, 0.03
MODEL = ModelConfig(width=4)
RECIPE = replace(
    TINY, crop_px=64, batch_size=4, steps=150, max_lr=5e-3, ema_decay=0.9, max_person_px=48
)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """One training in each precision, on the same drawn people."""
    folder = tmp_path_factory.mktemp("half")
    drawn = [draw(f"p{n}", people=n % 3, size_hw=(64, 64), seed=n) for n in range(24)]
    data = write_split(folder, drawn)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "draw_curves", lambda *args, **options: None)
        for precision in ("float32", "bfloat16"):
            out = folder / precision
            out.mkdir()
            recipe = replace(RECIPE, precision=precision)
            train(MODEL, recipe, data, None, out, work_dir=out / "work")
            found[precision] = load_network(out)
    return found


def iou_of(network, *, half):
    """On 32 drawn images that no training saw."""
    frames, masks = drawn_batch(32, (64, 64), start=1000)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        found = human_probability(network, to_images(frames), Normalisation()).numpy()
    counts = [count_image(p >= 0.5, mask) for p, mask in zip(found, masks, strict=True)]
    return sum(counts, HumanCounts()).iou


def test_the_networks_have_learned_something(networks):
    assert iou_of(networks["float32"], half=False) > 0.9


def test_looking_in_bfloat16_keeps_the_iou(networks):
    for network in networks.values():
        assert abs(iou_of(network, half=True) - iou_of(network, half=False)) < SAME_WEIGHTS


def test_training_in_bfloat16_keeps_the_iou(networks):
    ious = [iou_of(network, half=False) for network in networks.values()]
    assert np.ptp(ious) < OWN_TRAINING
