import subprocess
import sys

import pytest

from segmentation.config import ModelConfig, TrainConfig


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"architecture": "vgg"}, "expected one of unet"),
        ({"width": 0}, "width = 0"),
        ({"classes": 0}, "classes = 0"),
        ({"backbone": "mobilenet_v2"}, "of unet; expected plain or resnet18 or resnet50"),
        ({"architecture": "stdc1", "backbone": "resnet50"}, "of stdc1; expected none"),
        (
            {"architecture": "deeplabv3", "backbone": "vgg"},
            "expected resnet50 or resnet18 or mobilenet_v2",
        ),
        ({"clip_output": "first"}, "expected one of each, last"),
        ({"object_kinds": True}, "object_kinds of unet on plain; only unet on resnet18"),
        (
            {"architecture": "deeplabv3", "backbone": "resnet18", "object_kinds": True},
            "object_kinds of deeplabv3 on resnet18; only unet",
        ),
    ],
)
def test_impossible_networks_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        ModelConfig(**wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"crop_px": 100}, "multiple of 32"),
        ({"steps": 0}, "steps = 0"),
        ({"negative_share": 1.5}, "negative_share"),
        ({"ema_decay": 1.0}, "ema_decay"),
        ({"min_person_px": 50, "max_person_px": 40}, "swap them"),
        ({"precision": "int4"}, "float32"),
        ({"max_lr": 0.0}, "max_lr"),
        ({"pixel_loss": "hinge"}, "expected one of bce, ohem, focal"),
        ({"rotate_share": 1.5}, "rotate_share"),
        ({"head_steps": -1}, "head_steps = -1"),
        ({"patience_validations": -1}, "patience_validations = -1"),
        ({"region_loss": "iou"}, "expected one of dice, jaccard"),
        ({"auxiliary_weight": -1.0}, "auxiliary_weight = -1.0"),
        ({"max_seconds": -1.0}, "max_seconds"),
    ],
)
def test_impossible_recipes_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        TrainConfig(**wrong)


def test_configuration_loads_without_torch():
    code = "import sys, segmentation.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
