"""The speed of a trained model becomes a version of its own."""

import functools

import dagster as dg

from assets import models
from pipelines.executors import GpuSlots
from pipelines.storage.store import Store
from segmentation import speed
from segmentation.measured_speed import read_fastest
from segmentation.speed import SpeedConfig
from tests.segmentation.factories_model import write_untrained


def test_a_trained_model_is_measured(tmp_path, monkeypatch):
    tiny = SpeedConfig(height=32, width=32, batches=(1,), warm_up=1, rounds=1)
    measure = functools.partial(speed.measure_speed, config=tiny)
    monkeypatch.setattr(speed, "measure_speed", measure)
    store = Store(str(tmp_path / "store"))
    with store.draft("trained_model", "unet") as draft:
        write_untrained(draft)
        version = store.seal(draft, "trained_model", "unet", code_version="1", inputs=(), config={})
    store.publish(version)
    resources = {"store": store, "gpu": GpuSlots(tmp_path / "locks", slots=1, device="cpu")}
    result = dg.materialize([models.model_speed], partition_key="unet", resources=resources)
    assert result.success
    measured = store.require("model_speed", "unet")
    assert read_fastest(store.path(measured)).images_per_s > 0
    metadata = result.asset_materializations_for_node("model_speed")[0].metadata
    assert metadata["ratio"].value >= 1.0
