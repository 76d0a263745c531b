"""The speed of a trained model becomes a version of its own."""

import dagster as dg
import pyarrow.parquet as pq

from assets import models
from assets.resources import ModelSetup
from pipelines.executors import GpuSlots
from pipelines.storage.store import Store
from segmentation.config import TrainConfig
from segmentation.inference.inference_config import InferenceConfig
from segmentation.speed.measured_speed import read_speed
from segmentation.speed.speed_config import SpeedConfig
from tests.segmentation.factories_model import write_untrained


def test_a_trained_model_is_measured_as_the_settings_say(tmp_path):
    tiny = SpeedConfig(height=32, width=32, batches=(1,), warm_up=1, rounds=1)
    setup = ModelSetup(models={}, training=TrainConfig(), work_dir=tmp_path, speed=tiny)
    store = Store(str(tmp_path / "store"))
    with store.draft("trained_model", "unet") as draft:
        write_untrained(draft)
        version = store.seal(draft, "trained_model", "unet", code_version="1", inputs=(), config={})
    store.publish(version)
    gpu = GpuSlots(tmp_path / "locks", slots=1, device="cpu")
    resources = {"store": store, "gpu": gpu, "model_setup": setup}
    result = dg.materialize([models.model_speed], partition_key="unet", resources=resources)
    assert result.success
    measured = store.require("model_speed", "unet")
    assert read_speed(store.path(measured), InferenceConfig()).images_per_s > 0
    metadata = result.asset_materializations_for_node("model_speed")[0].metadata
    assert metadata["ratio"].value >= 1.0
    table = pq.read_table(store.path(measured) / "speed.parquet").to_pylist()
    assert {(row["height"], row["batch"]) for row in table} == {(32, 1)}
