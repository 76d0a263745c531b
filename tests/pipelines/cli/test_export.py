"""A trained model leaves the store as a file."""

import importlib.util
import json

import pytest
from click.testing import CliRunner

from pipelines.cli.command import main
from pipelines.resources import open_store
from pipelines.settings import Settings
from tests.segmentation.factories_model import write_untrained


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    store = open_store(Settings(home=home))
    for asset, partition in (("trained_model", "unet"), ("champion_model", "all")):
        with store.draft(asset, partition) as draft:
            write_untrained(draft)
            version = store.seal(draft, asset, partition, code_version="1", inputs=(), config={})
        store.publish(version)
    return home


def export(home, *arguments):
    return CliRunner().invoke(main, ["models", "export", *arguments, "--home", str(home)])


def test_weights_leave_as_they_are(home, tmp_path):
    out = tmp_path / "unet.safetensors"
    result = export(home, "unet", "--format", "safetensors", str(out), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["bytes"] == out.stat().st_size > 0


@pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="onnx is not installed")
def test_the_champion_leaves_as_onnx(home, tmp_path):
    out = tmp_path / "champion.onnx"
    result = export(home, "champion", str(out), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["max_difference"] < 1e-4
    assert out.is_file()


def test_a_model_that_is_not_there_is_named(home, tmp_path):
    result = export(home, "stdc1", str(tmp_path / "x.onnx"))
    assert result.exit_code == 1
    assert "stdc1" in result.output
    assert not (tmp_path / "x.onnx").exists()
