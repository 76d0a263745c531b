"""Promotion and rollback from the shell, over a store whose champions were chosen by the rule."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import dagster as dg
import pytest
from click.testing import CliRunner

from assets import models
from assets.champion_history import read_history
from pipelines.cli.command import main
from pipelines.instance import open_instance
from pipelines.settings import SettingsError
from pipelines.shell.champion_choice import roll_back
from segmentation.champions.champion_rule import ChampionRule
from segmentation.model_folder import weights_digest
from tests.assets.factories_models import (
    BETTER,
    LUCKY,
    PLAIN,
    materialize,
    publish_judged,
    split_of,
)


@pytest.fixture
def line(tiny, tmp_path, monkeypatch):
    """Champions ``unet``, then ``stdc1``; returns a function that chooses among the newest."""
    monkeypatch.setattr(models, "SplitInputs", lambda *_: split_of())

    def choose(name, hits, seed):
        publish_judged(tiny.store, tmp_path, name, hits, seed=seed)
        assert materialize(tiny.store, tmp_path).success

    choose("unet", PLAIN, 1.0)
    choose("stdc1", BETTER, 2.0)
    return choose


def call(home, *words, code=0):
    result = CliRunner().invoke(main, ["models", *words, "--home", str(home)])
    assert result.exit_code == code, result.output
    return result.output


def champion(tiny):
    return weights_digest(tiny.store.path(tiny.store.require("champion_model")))


def test_rollback_brings_back_the_weights_and_the_rule_does_not_undo_it(tiny, line, tmp_path):
    home, store = tiny.settings.home, tiny.store
    first, second = (store.path(store.require("trained_model", n)) for n in ("unet", "stdc1"))
    assert champion(tiny) == weights_digest(second)
    said = call(home, "rollback", "--why", "blind at night", "--by", "Ann")
    assert said.startswith("champion: unet, version ")
    assert champion(tiny) == weights_digest(first)
    assert materialize(store, tmp_path).success
    assert champion(tiny) == weights_digest(first)
    said = call(home, "history")
    assert "rolled_back unet" in said
    assert "by Ann: blind at night" in said
    assert "stdc1" in said


def test_a_rollback_is_noted_at_the_time_that_it_is_told(tiny, line):
    moment = datetime(2026, 3, 4, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    roll_back(tiny.settings, by="Ann", why="blind at night", clock=lambda: moment)
    assert read_history(tiny.store).choices[-1].at == "2026-03-03T23:30:00+00:00"


def test_dagster_is_told_which_version_is_current(tiny, line):
    call(tiny.settings.home, "rollback", "--by", "Ann")
    instance = open_instance(tiny.settings)
    try:
        event = instance.get_latest_materialization_event(dg.AssetKey("champion_model"))
    finally:
        instance.dispose()
    version = tiny.store.require("champion_model").digest
    assert event.asset_materialization.tags["dagster/data_version"] == version


def test_there_is_nothing_before_the_first_champion(tiny, line):
    home = tiny.settings.home
    call(home, "rollback")
    before = tiny.store.require("champion_model")
    assert "no earlier champion" in call(home, "rollback", code=1)
    assert tiny.store.require("champion_model") == before


def test_newly_trained_weights_may_come_back(tiny, line):
    call(tiny.settings.home, "rollback")
    line("stdc1", BETTER, 3.0)
    assert read_history(tiny.store).choices[-1].architecture == "stdc1"


def test_promotion_is_refused_with_the_reason_or_forced_with_one(tiny, line, tmp_path):
    home = tiny.settings.home
    publish_judged(tiny.store, tmp_path, "bisenetv1", LUCKY, seed=3.0)
    before = champion(tiny)
    said = call(home, "promote", "bisenetv1", code=1)
    assert "bisenetv1 is not promoted" in said
    assert champion(tiny) == before
    assert "wants a reason" in call(home, "promote", "bisenetv1", "--force", " ", code=1)
    said = call(home, "promote", "bisenetv1", "--force", "sees bicycles", "--by", "Ann")
    assert "champion: bisenetv1 (forced by Ann): forced by Ann: sees bicycles" in said
    assert champion(tiny) != before
    assert "was never evaluated" in call(home, "promote", "nobody", code=1)


def test_a_rule_that_cannot_be_is_named_with_its_place(tiny):
    settings = replace(tiny.settings, champion={"metric": "beauty"})
    with pytest.raises(SettingsError, match=r"champion: metric = 'beauty'"):
        settings.champion_rule()
    chosen = replace(tiny.settings, champion={"min_fps": 10, "min_improvement": 0.01})
    assert chosen.champion_rule() == ChampionRule(min_fps=10, min_improvement=0.01)
