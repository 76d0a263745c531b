import hashlib
import json
from dataclasses import replace

import pytest

from segmentation.config import ModelConfig
from segmentation.stages import Stage
from segmentation.training.origin import model_by_content, recipe_by_content
from tests.segmentation.factories_split import TINY


def test_weights_are_named_by_content_wherever_they_lie(tmp_path):
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "weights.safetensors"
        path.write_bytes(b"tensors")
        found.append(model_by_content(ModelConfig(width=2, weights=str(path))))
    assert found[0] == found[1]
    assert found[0].weights == f"sha256:{hashlib.sha256(b'tensors').hexdigest()}"
    path.write_bytes(b"others")
    assert model_by_content(ModelConfig(width=2, weights=str(path))) != found[0]


def test_from_scratch_there_is_nothing_to_name():
    assert model_by_content(ModelConfig(width=2)) == ModelConfig(width=2)


def test_missing_weights_are_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="name an existing file"):
        model_by_content(ModelConfig(weights=str(tmp_path / "none.safetensors")))


def test_a_recipe_says_nothing_about_this_machine():
    here = replace(TINY, mlflow_uri="http://ann:secret@host", sequences="/home/ann/clips")
    assert recipe_by_content(here) == recipe_by_content(TINY)
    assert recipe_by_content(TINY)["steps"] == TINY.steps


def test_a_recipe_is_what_its_file_gives_back():
    staged = recipe_by_content(replace(TINY, stages=(Stage(begins=0.5, crop_px=64),)))
    assert json.loads(json.dumps(staged)) == staged
    assert [stage["crop_px"] for stage in staged["stages"]] == [64]
