"""The champion through Dagster and the store: kept, promoted, forced, and what is recorded."""

import json

import pytest

from assets import models
from assets.champion_history import read_history
from assets.champions import BY_TAG, PROMOTE_TAG, WHY_TAG
from pipelines.storage.store import Store
from segmentation.evaluation import evaluate
from segmentation.model_folder import weights_digest
from tests.assets.factories_models import (
    BETTER,
    LUCKY,
    PLAIN,
    materialize,
    publish_judged,
    split_of,
)
from tests.segmentation.factories_evaluation import scores_of_hits, write_evaluation


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "store"))


@pytest.fixture
def judged(store, tmp_path):
    def add(name, hits, **other):
        publish_judged(store, tmp_path, name, hits, **other)

    return add


@pytest.fixture
def run(monkeypatch, store, tmp_path):
    """Materialize the champion; the card of the current one and whether the run went well."""

    def champion(digest=None, tags=None, **rule):
        split = split_of(digest) if digest else split_of()
        monkeypatch.setattr(models, "SplitInputs", lambda *_: split)
        result = materialize(store, tmp_path, tags=tags, **rule)
        folder = store.path(store.require("champion_model"))
        return json.loads((folder / "champion.json").read_text()), result

    return champion


def test_the_champion_stays_until_one_is_surely_better_and_every_choice_is_logged(
    store, judged, run
):
    judged("unet", PLAIN, seed=1.0)
    assert run()[0]["decision"] == "promoted"
    judged("stdc1", LUCKY, seed=2.0)
    card, result = run()
    assert result.success
    assert (card["architecture"], card["decision"]) == ("unet", "kept")
    assert "not surely better" in card["why"]
    judged("stdc1", BETTER, seed=3.0)
    assert run()[0]["architecture"] == "stdc1"
    choices = read_history(store).choices
    assert [(one.action, one.architecture, one.by) for one in choices] == [
        ("promoted", "unet", "the rule"),
        ("kept", "unet", "the rule"),
        ("promoted", "stdc1", "the rule"),
    ]
    assert read_history(store).previous.architecture == "unet"


def test_a_second_run_changes_nothing(store, judged, run):
    judged("unet", PLAIN, seed=1.0)
    run()
    before = store.require("champion_model"), store.require("champion_history")
    run()
    assert (store.require("champion_model"), store.require("champion_history")) == before


def test_a_champion_that_was_never_noted_is_noted_with_the_next(store, judged, run):
    judged("unet", PLAIN, seed=1.0)
    run()
    with store.draft("champion_history") as folder:
        (folder / "history.json").write_text("[]")  # as after a kill before the log was written
        version = store.seal(folder, "champion_history", code_version="1", inputs=(), config={})
    store.publish(version)
    judged("stdc1", BETTER, seed=2.0)
    run()
    history = read_history(store)
    assert [one.architecture for one in history.line] == ["unet", "stdc1"]
    assert history.line[0].by == "an earlier run"


def test_a_candidate_whose_loss_rose_is_refused(judged, run):
    judged("unet", PLAIN, seed=1.0)
    run()
    judged("stdc1", BETTER, seed=2.0, fell=False)
    card, _ = run()
    assert card["decision"] == "kept"
    assert card["left_out"]["stdc1"].startswith("loss_went_down does not hold: loss 1.000")


def test_the_champion_is_contested_though_its_architecture_was_trained_again(judged, run):
    judged("unet", BETTER, seed=1.0)
    run()
    judged("unet", PLAIN, seed=2.0)
    card, result = run()
    assert result.success
    assert card["decision"] == "kept"
    assert card["contests"][0]["difference"] == pytest.approx(-0.06)


def test_on_a_new_split_a_champion_that_is_gone_is_judged_anew(judged, run, monkeypatch):
    judged("unet", PLAIN, seed=1.0)
    run()
    seen = []

    def judge(model, data, out, *, device, steps):
        seen.append((data.digest, device))
        weights = weights_digest(model)
        write_evaluation(out, scores_of_hits(PLAIN), model=weights, data="e" * 64)

    monkeypatch.setattr(evaluate, "evaluate", judge)
    judged("unet", BETTER, seed=2.0, data="e" * 64)
    card, result = run(digest="e" * 64)
    assert result.success
    assert seen == [("e" * 64, "cpu")]
    assert card["decision"] == "promoted"
    assert card["contests"][0]["difference"] == pytest.approx(0.06)


def test_a_person_is_obeyed_by_force_and_not_overruled_by_what_was_there(store, judged, run):
    judged("unet", PLAIN, seed=1.0)
    run()
    judged("stdc1", LUCKY, seed=2.0)
    judged("bisenetv1", BETTER, seed=3.0)
    tags = {PROMOTE_TAG: "stdc1", BY_TAG: "Ann"}
    _, refused = run(tags=tags)
    assert not refused.success
    card, done = run(tags={**tags, WHY_TAG: "better at night"})
    assert done.success
    assert (card["architecture"], card["forced_by"]) == ("stdc1", "Ann")
    card, _ = run()
    assert (card["architecture"], card["decision"]) == ("stdc1", "kept")
    assert "overruled by Ann" in card["left_out"]["bisenetv1"]
    # Trained again, it is another model.
    judged("bisenetv1", [hits + 30 for hits in PLAIN], seed=4.0)
    assert run()[0]["architecture"] == "bisenetv1"


def test_retention_leaves_the_champions_that_a_rollback_may_need(store, judged, run):
    for place in range(4):
        judged("unet", [hits + 5 * place for hits in PLAIN], seed=float(place))
        run()
    line = read_history(store).line
    store.prune(1)
    left = {version.digest for version in store.history("champion_model")}
    assert left == {one.version for one in line[-3:]}


def test_all_models_stand_side_by_side(store, judged, run, tmp_path, monkeypatch):
    judged("unet", PLAIN, seed=1.0)
    judged("stdc1", BETTER, seed=2.0)
    monkeypatch.setattr(models, "SplitInputs", lambda *_: split_of())
    result = materialize(store, tmp_path, "model_comparison")
    assert result.success
    metadata = result.asset_materializations_for_node("model_comparison")[0].metadata
    assert "| stdc1 | 55.5 (" in metadata["comparison"].md_str
    assert metadata["best"].value == "stdc1"
