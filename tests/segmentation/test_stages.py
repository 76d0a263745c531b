import subprocess
import sys

import pytest

from segmentation.config import TrainConfig
from segmentation.stages import Stage

LARGER = Stage(begins=0.5, crop_px=64, batch_size=1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"begins": 0.0, "crop_px": 64}, "begins = 0.0; expected a share above 0 and below 1"),
        ({"begins": 1.0, "crop_px": 64}, "begins = 1.0"),
        ({"begins": 0.5}, "begins at 0.5 changes nothing"),
    ],
)
def test_a_stage_that_is_none_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        Stage(**wrong)


def test_each_stage_changes_the_recipe_of_the_one_before():
    more = Stage(begins=0.8, paste_share=0.9)
    first, second, third = TrainConfig(crop_px=32, stages=(LARGER, more)).recipes
    assert (first.crop_px, first.batch_size, first.paste_share) == (32, 8, 0.3)
    assert (second.crop_px, second.batch_size, second.paste_share) == (64, 1, 0.3)
    assert (third.crop_px, third.batch_size, third.paste_share) == (64, 1, 0.9)
    assert not (first.stages or second.stages or third.stages)


def test_without_stages_there_is_one_recipe():
    assert TrainConfig(crop_px=32).recipes == (TrainConfig(crop_px=32),)


def test_a_stage_is_held_to_what_any_recipe_is_held_to():
    with pytest.raises(ValueError, match="crop_px = 50; expected a multiple of 32"):
        TrainConfig(stages=(Stage(begins=0.5, crop_px=50),))


def test_stages_come_one_after_the_other():
    with pytest.raises(ValueError, match=r"stages begin at \[0.5, 0.5\]"):
        TrainConfig(stages=(LARGER, LARGER))


def test_stages_load_without_torch():
    code = "import sys, segmentation.stages; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
