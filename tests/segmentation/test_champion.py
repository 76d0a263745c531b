import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentation.champion import choose_champion
from segmentation.config import ModelConfig
from segmentation.evaluate import METRICS
from segmentation.model_folder import weights_digest
from segmentation.predict import HumanSegmenter
from tests.segmentation.factories_model import write_untrained

#: Digest of the newest test split.
DATA = "d" * 64


def choose(evaluations, models, out):
    return choose_champion(evaluations, models, out, data_digest=DATA)


@pytest.fixture
def candidates(tmp_path):
    evaluations, models = {}, {}

    def add(name, iou, alarms=0.5, width=2, data=DATA):
        evaluations[name] = tmp_path / "evaluations" / name
        evaluations[name].mkdir(parents=True)
        row = {field.name: 0 for field in METRICS if pa.types.is_integer(field.type)}
        row |= {"scope": "all", "iou": iou, "empty_alarm_rate": alarms}
        table = pa.Table.from_pylist([row], METRICS)
        pq.write_table(table, evaluations[name] / "metrics.parquet")
        models[name] = write_untrained(tmp_path / "models" / name, ModelConfig(width=width))
        judged = {"model_version": weights_digest(models[name]), "data_digest": data}
        (evaluations[name] / "evaluation.json").write_text(json.dumps(judged))

    return evaluations, models, add


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_the_highest_iou_wins_with_its_files(candidates, out):
    evaluations, models, add = candidates
    add("small", 0.5)
    add("large", 0.7, width=3)
    summary = choose(evaluations, models, out)
    assert (summary.architecture, summary.iou) == ("large", 0.7)
    assert summary.candidates == {"large": 0.7, "small": 0.5}
    card = json.loads((out / "champion.json").read_text())
    assert card["architecture"] == "large"
    assert card["candidates"] == {"large": 0.7, "small": 0.5}
    assert "the next, small, has 50.0 %" in card["why"]
    assert HumanSegmenter(out).version == HumanSegmenter(models["large"]).version


def test_of_equals_the_quieter_then_the_smaller_wins(candidates, out):
    evaluations, models, add = candidates
    add("loud", 0.7, alarms=0.9)
    add("large", 0.7, alarms=0.1, width=4)
    add("small", 0.7, alarms=0.1, width=2)
    assert choose(evaluations, models, out).architecture == "small"


def test_a_model_without_a_score_is_named_not_chosen(candidates, out):
    evaluations, models, add = candidates
    add("scored", 0.1)
    add("unscored", None)
    summary = choose(evaluations, models, out)
    assert (summary.architecture, summary.unscored) == ("scored", ("unscored",))


def test_nothing_to_promote_is_an_error(candidates, out):
    evaluations, models, add = candidates
    with pytest.raises(ValueError, match="0 evaluated"):
        choose(evaluations, models, out)
    add("unscored", None)
    with pytest.raises(ValueError, match="has people in it"):
        choose(evaluations, models, out)


def test_an_evaluation_without_weights_is_named(candidates, out):
    evaluations, _, add = candidates
    add("lost", 0.5)
    with pytest.raises(ValueError, match="without weights: lost"):
        choose(evaluations, {}, out)


def test_weights_that_nobody_evaluated_are_left_out(candidates, out):
    evaluations, models, add = candidates
    add("judged", 0.5)
    add("retrained", 0.9)
    write_untrained(models["retrained"], bias=5.0)
    summary = choose(evaluations, models, out)
    assert summary.architecture == "judged"
    card = json.loads((out / "champion.json").read_text())
    assert card["candidates"] == {"judged": 0.5}
    assert card["left_out"] == {"retrained": "trained again since it was evaluated; evaluate again"}


def test_only_what_was_measured_on_the_newest_split_is_compared(candidates, out):
    evaluations, models, add = candidates
    add("new", 0.5)
    add("old", 0.9, data="e" * 64)
    add("silent", 0.9)
    (evaluations["silent"] / "evaluation.json").unlink()
    summary = choose(evaluations, models, out)
    assert summary.architecture == "new"
    assert set(summary.left_out) == {"old", "silent"}
    assert "another test split" in summary.left_out["old"]
    assert "does not say" in summary.left_out["silent"]


def test_where_none_can_be_compared_the_error_says_why(candidates, out):
    evaluations, models, add = candidates
    add("old", 0.9, data="e" * 64)
    with pytest.raises(ValueError, match=r"none of 1 can be compared \(old: .*another test split"):
        choose(evaluations, models, out)
    assert not list(out.iterdir())
