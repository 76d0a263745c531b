"""What is measured and how it adds up; never how long it took."""

import importlib.util
import json

import pyarrow.parquet as pq
import pytest

from segmentation.config import ModelConfig
from segmentation.models.registry import size_of
from segmentation.speed import speed
from segmentation.speed.speed import measure_speed, timed_in_turn
from segmentation.speed.speed_config import SpeedConfig
from segmentation.speed.speed_table import SPEED
from tests.segmentation.factories_model import write_untrained

QUICK = SpeedConfig(height=33, width=48, batches=(1, 2), warm_up=1, rounds=2)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    out = tmp_path_factory.mktemp("speed")
    model = write_untrained(out / "model", ModelConfig(architecture="bisenetv2", width=4))
    return out, measure_speed(model, out, device="cpu", config=QUICK)


def test_every_way_has_a_row_for_every_batch(measured):
    out, summary = measured
    table = pq.read_table(out / "speed.parquet")
    assert table.schema.equals(SPEED)
    ways = {(row["backend"], row["precision"], row["batch"]) for row in table.to_pylist()}
    expected = {("eager", "float32"), ("channels-last", "float32")}
    if importlib.util.find_spec("openvino") and importlib.util.find_spec("onnx"):
        expected.add(("openvino", "float32"))
    assert {(*way, batch) for way in expected for batch in (1, 2)} <= ways
    assert len(ways) == table.num_rows == summary.rows


def test_rows_add_up(measured):
    out, _ = measured
    size = size_of(ModelConfig(architecture="bisenetv2", width=4))
    for row in pq.read_table(out / "speed.parquet").to_pylist():
        assert 0 < row["latency_p50_ms"] <= row["latency_p95_ms"]
        assert row["images_per_s"] == pytest.approx(1e3 * row["batch"] / row["latency_p50_ms"])
        assert (row["height"], row["width"]) == (33, 48)
        assert row["parameters_train"] == size.parameters_train > row["parameters_inference"]
        assert row["flops"] > 100_000


def test_the_summary_names_the_fastest_of_the_table(measured):
    out, summary = measured
    rows = pq.read_table(out / "speed.parquet").to_pylist()
    assert summary.images_per_s == max(row["images_per_s"] for row in rows)
    assert summary.ratio >= 1.0  # eager is among the ways
    facts = json.loads((out / "speed.json").read_text())
    assert facts["copy_ms"] == summary.copy_ms == 0.0
    assert facts["left_out"]["compiled"] == "not asked for"


def test_a_way_that_fails_is_left_out_with_its_reason(tmp_path, monkeypatch):
    def missing(*_args, **_kwargs):
        raise ImportError("no such runtime\nat all")

    monkeypatch.setattr(speed, "OpenVinoBackend", missing)
    monkeypatch.setattr(speed, "write_onnx", lambda *_: None)
    model = write_untrained(tmp_path / "model")
    summary = measure_speed(model, tmp_path, device="cpu", config=QUICK)
    assert summary.rows == 4
    assert summary.left_out["openvino float32"] == "no such runtime"


def test_every_round_runs_everything_once_and_the_first_do_not_count():
    order = []
    runs = {name: lambda name=name: order.append(name) for name in "ab"}
    seconds = timed_in_turn(runs, SpeedConfig(warm_up=2, rounds=3))
    assert order == ["a", "b"] * 5
    assert {name: len(found) for name, found in seconds.items()} == {"a": 3, "b": 3}


def test_slow_networks_are_measured_five_times():
    seconds = timed_in_turn({"a": lambda: None}, SpeedConfig(rounds=50, max_seconds=1e-9))
    assert len(seconds["a"]) == 5


def test_a_protocol_that_measures_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        SpeedConfig(batches=())
    with pytest.raises(ValueError, match="at least 1"):
        SpeedConfig(rounds=0)
    with pytest.raises(ValueError, match=r"max_seconds is -1\.0"):
        SpeedConfig(max_seconds=-1.0)
