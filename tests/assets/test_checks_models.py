"""The champion's claim looks at the evaluations, not at what the champion says of itself."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.checks_models import champion_is_the_best_evaluated
from segmentation.evaluate import METRICS
from segmentation.model_folder import weights_digest
from tests.segmentation.factories_model import write_untrained


@pytest.fixture
def inputs(tmp_path):
    """Evaluations and models: ``good`` at 0.7, ``poor`` at 0.5, ``other`` at 0.9 elsewhere."""
    evaluations, models = {}, {}
    for place, (name, iou, data) in enumerate(
        [("good", 0.7, "d"), ("poor", 0.5, "d"), ("other", 0.9, "e")]
    ):
        models[name] = write_untrained(tmp_path / "models" / name, bias=float(place))
        evaluations[name] = tmp_path / "evaluations" / name
        evaluations[name].mkdir(parents=True)
        row = {field.name: 0 for field in METRICS if pa.types.is_integer(field.type)}
        table = pa.Table.from_pylist([row | {"scope": "all", "iou": iou}], METRICS)
        pq.write_table(table, evaluations[name] / "metrics.parquet")
        judged = {"model_version": weights_digest(models[name]), "data_digest": data}
        (evaluations[name] / "evaluation.json").write_text(json.dumps(judged))
    return evaluations, models


def promoted(folder, models, name, weights_of=None):
    """A champion that says it is ``name``."""
    weights = (models[weights_of or name] / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(weights)
    card = {"architecture": name, "candidates": {name: 1.0}}
    (folder / "champion.json").write_text(json.dumps(card))
    return folder


def test_the_best_of_those_measured_alike_passes(inputs, tmp_path):
    evaluations, models = inputs
    folder = promoted(tmp_path, models, "good")
    assert champion_is_the_best_evaluated(folder, evaluations, models).passed


def test_a_poorer_one_fails_whatever_its_card_says(inputs, tmp_path):
    evaluations, models = inputs
    found = champion_is_the_best_evaluated(promoted(tmp_path, models, "poor"), evaluations, models)
    assert not found.passed
    assert found.seen == "poor at 0.500; best of 2 0.700"


def test_weights_that_were_not_evaluated_fail(inputs, tmp_path):
    evaluations, models = inputs
    folder = promoted(tmp_path, models, "good", weights_of="poor")
    assert not champion_is_the_best_evaluated(folder, evaluations, models).passed
