"""The champion's claims look at the evaluations, not at what the champion says of itself."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.champions import failed_claims
from assets.checks_models import (
    best_comes_first,
    champion_was_evaluated,
    images_add_up,
    no_rival_is_surely_better,
    onnx_agrees,
    scores_are_shares,
    times_are_in_order,
)
from segmentation.champions.champion import Entrant, choose_champion
from segmentation.champions.comparison import compare_models
from segmentation.inference.export import export_beside
from tests.segmentation.factories_evaluation import DATA, write_judged_model
from tests.segmentation.factories_model import write_untrained

PLAIN = [40 + place for place in range(20)]


@pytest.fixture
def inputs(tmp_path):
    """Evaluations and models: ``good``, ``poor``, and ``other``, the best on other images."""
    evaluations, models = {}, {}
    for place, (name, more, data) in enumerate(
        [("good", 8, DATA), ("poor", 0, DATA), ("other", 30, "e" * 64)]
    ):
        hits = [hit + more for hit in PLAIN]
        models[name], evaluations[name] = write_judged_model(
            tmp_path / name, hits, seed=float(place), data=data
        )
    return evaluations, models


@pytest.fixture
def promoted(inputs, tmp_path):
    """The champion among some of the models, as it is written."""
    evaluations, models = inputs

    def write(*names):
        out = tmp_path / "champion"
        out.mkdir()
        entrants = {
            name: Entrant(model=models[name], evaluation=evaluations[name]) for name in names
        }
        choose_champion(entrants, out, data_digest=DATA)
        return out

    return write


def test_the_best_of_those_measured_alike_passes(inputs, promoted):
    folder = promoted("good", "poor")
    assert no_rival_is_surely_better(folder, *inputs).passed
    assert champion_was_evaluated(folder).passed


def test_a_poorer_one_fails_whatever_its_card_says(inputs, promoted):
    found = no_rival_is_surely_better(promoted("poor"), *inputs)
    assert not found.passed
    assert found.seen == "poor among 2; surely better: ['good']"


def test_a_poorer_one_passes_when_a_person_said_so(inputs, promoted):
    folder = promoted("poor")
    card = json.loads((folder / "champion.json").read_text())
    (folder / "champion.json").write_text(json.dumps(card | {"decision": "forced"}))
    assert no_rival_is_surely_better(folder, *inputs).passed


def test_weights_that_were_not_evaluated_fail(inputs, promoted):
    folder = promoted("good")
    shutil.copyfile(inputs[1]["poor"] / "weights.safetensors", folder / "weights.safetensors")
    assert not champion_was_evaluated(folder).passed


def test_a_share_beyond_one_fails(inputs):
    folder = inputs[0]["good"]
    assert scores_are_shares(folder).passed
    table = pq.read_table(folder / "metrics.parquet")
    rows = table.to_pylist()
    rows[1]["ece_high"] = 1.5
    pq.write_table(type(table).from_pylist(rows, table.schema), folder / "metrics.parquet")
    found = scores_are_shares(folder)
    assert not found.passed
    assert "('voc', 'ece_high')" in found.seen


def test_an_image_that_counts_twice_or_differently_fails(inputs):
    folder = inputs[0]["good"]
    assert images_add_up(folder).passed
    table = pq.read_table(folder / "images.parquet")
    rows = table.to_pylist()
    rows[0]["hits"] += 1
    rows[1]["sample_id"] = rows[2]["sample_id"]
    pq.write_table(type(table).from_pylist(rows, table.schema), folder / "images.parquet")
    found = images_add_up(folder)
    assert not found.passed
    assert found.seen == "21 images, 1 of them twice; counts that differ: ['hits']"


def test_a_comparison_out_of_order_fails(inputs, tmp_path):
    evaluations, models = inputs
    entrants = {n: Entrant(model=models[n], evaluation=evaluations[n]) for n in ("good", "poor")}
    compare_models(entrants, tmp_path, data_digest=DATA)
    assert best_comes_first(tmp_path).passed
    table = pq.read_table(tmp_path / "comparison.parquet")
    rows = table.to_pylist()
    rows[1]["behind_best"] = 0.1
    pq.write_table(type(table).from_pylist(rows, table.schema), tmp_path / "comparison.parquet")
    assert not best_comes_first(tmp_path).passed


def test_what_does_not_hold_of_a_candidate_is_named_also_what_is_missing(inputs):
    folder = inputs[1]["good"]
    found = failed_claims({"trained_model": folder, "model_evaluation": inputs[0]["good"]})
    assert found.startswith("loss_went_down does not hold: not readable")
    assert "weights_are_finite" not in found


@pytest.mark.parametrize(
    ("backend", "p50", "holds"),
    [("eager", 10.0, True), ("eager", 13.0, False), ("eager", 0.0, False), ("other", 10.0, False)],
)
def test_times_are_in_order(tmp_path, backend, p50, holds):
    row = {"precision": "float32", "batch": 1, "latency_p95_ms": 12.0}
    rows = [{**row, "backend": backend, "latency_p50_ms": p50}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "speed.parquet")
    assert times_are_in_order(tmp_path).passed is holds


def test_an_onnx_file_is_that_of_the_weights_beside_it(tmp_path):
    folder = write_untrained(tmp_path / "model")
    assert onnx_agrees(folder).passed  # older models have none
    export_beside(folder)
    assert onnx_agrees(folder).passed
    (folder / "model.onnx").write_bytes(b"another graph")
    found = onnx_agrees(folder)
    assert not found.passed
    assert "other than when it was tried: ['model.onnx']" in found.seen


@pytest.mark.parametrize("agrees", [True, False])
def test_only_a_wrong_graph_speaks_against_a_model(tmp_path, agrees):
    record = {"agrees": agrees, "why_not": "a reason"}
    (tmp_path / "export.json").write_text(json.dumps(record))
    found = onnx_agrees(tmp_path)
    assert (found.passed, found.seen) == (agrees, "no ONNX file: a reason")
