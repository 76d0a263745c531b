"""What is left of a training once its model is published."""

import json
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets import models
from assets.resources import ModelSetup
from pipelines.executors import GpuSlots
from pipelines.storage.store import Store
from segmentation.config import TrainConfig
from segmentation.training import train
from tests.segmentation.factories_model import write_untrained


@pytest.fixture
def train_with(monkeypatch, tmp_path):
    """Run ``trained_model`` with a training that ends with the given weight."""

    def run(weight: float) -> tuple[bool, Path]:
        def end(_model, _config, _data, _validation, out, *, work_dir, progress):
            work_dir.mkdir(parents=True)
            (work_dir / "checkpoint").write_text("half way")
            write_untrained(out, bias=weight)
            pq.write_table(pa.table({"loss": [2.0, 1.0]}), out / "history.parquet")

        split = SimpleNamespace(
            split=SimpleNamespace(digest="d"), versions=[], load=lambda _split, **_: None
        )
        monkeypatch.setattr(train, "train", end)
        monkeypatch.setattr(models, "SplitInputs", lambda *_: split)
        setup = ModelSetup(models={}, training=TrainConfig(), work_dir=tmp_path / "work")
        resources = {
            "store": Store(str(tmp_path / "store")),
            "dataset_config": "not read",
            "model_setup": setup,
            "gpu": GpuSlots(tmp_path / "locks", slots=1, device="cpu"),
        }
        result = dg.materialize(
            [models.trained_model],
            partition_key="unet",
            resources=resources,
            raise_on_error=False,
        )
        return result.success, tmp_path / "work" / "d" / "unet"

    return run


def test_checkpoints_of_a_published_model_are_removed(train_with):
    success, work_dir = train_with(weight=0.5)
    assert success
    assert not work_dir.exists()


def test_a_published_model_has_its_onnx_file(train_with, tmp_path):
    assert train_with(weight=0.5)[0]
    store = Store(str(tmp_path / "store"))
    folder = store.path(store.require("trained_model", "unet"))
    assert json.loads((folder / "export.json").read_text())["agrees"]
    assert (folder / "model.onnx").is_file()


def test_checkpoints_of_a_model_that_failed_its_audit_stay(train_with):
    success, work_dir = train_with(weight=float("nan"))
    assert not success
    assert (work_dir / "checkpoint").is_file()
