"""The demo: the same seed gives the same Parquet, byte for byte, and is not drawn twice."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from assets.champion_history import LOG_ASSET
from pipelines import demo
from pipelines.resources import open_store
from pipelines.settings import load_settings
from pipelines.storage.store import Store, Version


@pytest.fixture
def again(line, tmp_path_factory, small_demo) -> Store:
    """Store of a second run of the line, in another folder, over input of the same seed.

    That equal seeds draw equal input is shown where it is drawn; here it is copied.
    """
    home = tmp_path_factory.mktemp("again")
    for name in ("sources", "footage"):
        shutil.copytree(line.settings.home / name, home / name)
    shutil.copyfile(line.settings.home / "input.json", home / "input.json")
    wanted = json.loads((home / "input.json").read_text())
    settings = demo.run_demo(
        home, **{name: wanted[name] for name in ("seed", "images_per_source", "days")}
    )
    return open_store(settings)


def current(store: Store) -> dict[str, Version]:
    """Current version of every asset and partition."""
    assets = [path.name for path in Path(store.root).iterdir() if not path.name.startswith(".")]
    return {
        f"{asset}/{key}": store.require(asset, key)
        for asset in sorted(assets)
        for key in store.partitions(asset)
    }


def parquet(store: Store) -> dict[str, str]:
    """Hash of every Parquet file of the current versions."""
    return {
        f"{name}/{path.relative_to(store.path(version))}": hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for name, version in current(store).items()
        for path in sorted(store.path(version).rglob("*.parquet"))
    }


def test_two_runs_agree_byte_for_byte(line, again):
    first, second = parquet(line.store), parquet(again)
    differing = {
        name for name in first.keys() | second.keys() if first.get(name) != second.get(name)
    }
    assert differing == set()
    assert len(first) > 20
    digests = [
        {
            name: version.digest
            for name, version in current(store).items()
            if not name.startswith(LOG_ASSET)  # it says when each champion was chosen
        }
        for store in (line.store, again)
    ]
    assert digests[0] == digests[1]


def test_input_of_another_seed_is_drawn_anew(tmp_path, monkeypatch):
    drawn: list[int] = []
    monkeypatch.setattr(demo, "draw_input", lambda home, *, seed, **_: drawn.append(seed))
    for seed in (0, 0, 1, 1, 0):
        demo.make_input(tmp_path, seed=seed, images_per_source=2, days=1)
    assert drawn == [0, 1, 0]


def test_settings_of_the_demo_are_those_of_its_home(tmp_path):
    settings = demo.write_demo_settings(tmp_path, 7)
    assert load_settings(tmp_path) == settings
    assert sorted(settings.sources) == ["ade20k", "coco_stuff", "voc"]
    assert settings.train_config().seed == settings.dataset_config().seed == 7
    assert list(settings.model_configs()) == ["unet"]


def test_plan_runs_every_source_before_the_dataset_and_a_look_at_the_masks_last(tmp_path):
    settings = demo.write_demo_settings(tmp_path, 0)
    titles = [planned.title for planned in demo.dataset_plan(settings) + demo.model_plan(settings)]
    assert titles == [
        "source_job ade20k",
        "source_job coco_stuff",
        "source_job voc",
        "dataset_job",
        "model_job unet",
        "champion_job",
        "mistakenness_job",
    ]


def test_days_of_a_camera_are_planned_oldest_first_and_the_index_last(line):
    plan = demo.camera_plan(line.runner)
    keys = [planned.partition.keys_by_dimension for planned in plan[:-1]]
    assert [(key["camera"], key["day"]) for key in keys] == [
        (line.camera, day) for day in line.days
    ]
    assert plan[-1].job == "index_job"
