"""A command to type next names the home in use, unless that is the one taken without a name."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from pipelines.next_steps import next_step
from pipelines.settings import DEFAULT_HOME, Settings, load_settings

LISTING = "learned-normal cameras list"


@pytest.mark.parametrize(
    ("home", "variable", "said"),
    [
        (DEFAULT_HOME.resolve(), None, LISTING),
        (Path("/data/home"), None, f"{LISTING} --home /data/home"),
        (Path("/data/home"), "/data/home/", LISTING),
        (Path("/data/home"), "/data/other", f"{LISTING} --home /data/home"),
        (DEFAULT_HOME.resolve(), "/data/home", f"{LISTING} --home {DEFAULT_HOME.resolve()}"),
        (Path("/data/my home"), None, f"{LISTING} --home '/data/my home'"),
    ],
)
def test_only_another_home_than_the_default_is_named(home, variable, said):
    environment = {} if variable is None else {"LEARNED_NORMAL_HOME": variable}
    assert next_step(Settings(home=home), "cameras list", environment) == said


def test_whoever_types_it_reaches_the_same_home(tmp_path):
    for home in (tmp_path, tmp_path / "it's; $HOME", Path("relative")):
        settings = load_settings(home, {})
        typed = shlex.split(next_step(settings, "cameras list", {}))
        assert load_settings(Path(typed[-1]), {}).home == settings.home
