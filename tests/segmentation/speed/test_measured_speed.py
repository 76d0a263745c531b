"""Which row of a speed table counts: that of the way networks are run here, not the fastest."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentation.inference.inference_config import InferenceConfig
from segmentation.speed.measured_speed import SPEED_FILE, read_speed

#: Images per second by backend and precision, at batches of 1 and 4.
ON_CPU = {
    ("eager", "float32"): (2.0, 3.0),
    ("channels-last", "float32"): (5.0, 6.0),
    ("openvino", "float32"): (11.0, 10.0),
    ("openvino", "bfloat16"): (20.0, 30.0),
}
ON_GPU = {
    ("eager", "float32"): (100.0, 200.0),
    ("channels-last", "float32"): (110.0, 300.0),
    ("channels-last", "float16"): (120.0, 900.0),
    ("channels-last", "bfloat16"): (130.0, 1_000.0),
}


def write_speeds(folder, ways, device):
    rows = [
        {
            "device": device,
            "backend": backend,
            "precision": precision,
            "height": 360,
            "width": 640,
            "batch": batch,
            "latency_p50_ms": 1_000 * batch / images_per_s,
            "images_per_s": images_per_s,
        }
        for (backend, precision), speeds in ways.items()
        for batch, images_per_s in zip((1, 4), speeds, strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / SPEED_FILE)
    return folder


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, 11.0),
        ({"precision": "bfloat16"}, 30.0),
        ({"backend": "eager"}, 6.0),
        ({"backend": "openvino"}, 11.0),
    ],
)
def test_on_a_processor_the_way_of_the_settings_counts(tmp_path, config, expected):
    found = read_speed(write_speeds(tmp_path, ON_CPU, "cpu"), InferenceConfig(**config))
    assert found.images_per_s == expected


@pytest.mark.parametrize(("backend", "expected"), [("auto", 900.0), ("eager", 300.0)])
def test_on_a_gpu_half_precision_counts_unless_eager_is_asked_for(tmp_path, backend, expected):
    found = read_speed(write_speeds(tmp_path, ON_GPU, "cuda"), InferenceConfig(backend=backend))
    assert found.images_per_s == expected


def test_its_latency_is_the_least_of_its_batches_and_its_way_is_named(tmp_path):
    found = read_speed(write_speeds(tmp_path, ON_CPU, "cpu"), InferenceConfig())
    assert found.latency_p50_ms == pytest.approx(1_000 / 11)
    assert found.how == "cpu, openvino, float32, 640 x 360"


def test_where_openvino_was_not_measured_eager_takes_its_place_unless_it_is_asked_for(tmp_path):
    without = {way: speeds for way, speeds in ON_CPU.items() if way[0] != "openvino"}
    folder = write_speeds(tmp_path, without, "cpu")
    assert read_speed(folder, InferenceConfig()).images_per_s == 6.0
    assert read_speed(folder, InferenceConfig(backend="openvino")) is None


def test_nothing_measured_is_no_speed(tmp_path):
    assert read_speed(None, InferenceConfig()) is None
    assert read_speed(tmp_path, InferenceConfig()) is None
