"""The demo: the same seed gives the same Parquet, byte for byte, and is not drawn twice."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from assets.champion_history import LOG_ASSET
from pipelines.demo import demo
from pipelines.resources import open_store
from pipelines.settings import load_settings
from pipelines.storage.store import Store, Version


@pytest.fixture
def again(line, tmp_path_factory, small_demo) -> Store:
    """Store of a second run of the line, in another folder, over input of the same seed.

    That equal seeds draw equal input is shown where it is drawn; here it is copied.
    """
    home = tmp_path_factory.mktemp("again")
    wanted = {}
    for name in ("sources", "footage"):
        shutil.copytree(line.settings.home / name, home / name)
        marker = shutil.copy(line.settings.home / f"{name}.json", home)
        wanted |= json.loads(Path(marker).read_text())
    del wanted["version"]
    settings = demo.run_demo(home, **wanted)
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
    drawn: list[tuple[str, int]] = []
    monkeypatch.setattr(demo, "draw_sources", lambda _, *, seed, **__: drawn.append(("s", seed)))
    monkeypatch.setattr(demo, "film_cameras", lambda _, *, seed, **__: drawn.append(("f", seed)))
    for seed in (0, 0, 1, 1, 0):
        demo.make_sources(tmp_path / "sources", seed=seed, images_per_source=2)
        demo.make_footage(tmp_path / "footage", seed=seed, days=1)
    assert drawn == [("s", 0), ("f", 0), ("s", 1), ("f", 1), ("s", 0), ("f", 0)]


def test_input_that_was_not_finished_is_drawn_anew(tmp_path, monkeypatch):
    folder = tmp_path / "footage"

    def film(to: Path, **_: int) -> None:
        (to / "door").mkdir()
        raise OSError("no space left on device")

    monkeypatch.setattr(demo, "film_cameras", film)
    for _ in range(2):  # the second time it finds an empty folder, too
        with pytest.raises(OSError, match="no space"):
            demo.make_footage(folder, seed=0, days=1)
    monkeypatch.setattr(demo, "film_cameras", lambda to, **_: (to / "gate").mkdir())
    demo.make_footage(folder, seed=0, days=1)
    assert [path.name for path in folder.iterdir()] == ["gate"]


def test_settings_of_the_demo_are_those_of_its_home(tmp_path):
    settings = demo.write_demo_settings(tmp_path, 7)
    assert load_settings(tmp_path) == settings
    assert sorted(settings.sources) == ["ade20k", "coco_stuff", "voc"]
    assert settings.train_config().seed == settings.dataset_config().seed == 7
    assert list(settings.model_configs()) == ["unet"]


def test_plan_runs_every_source_before_the_dataset_and_the_champion_last(tmp_path):
    settings = demo.write_demo_settings(tmp_path, 0)
    titles = [planned.title for planned in demo.dataset_plan(settings) + demo.model_plan(settings)]
    assert titles == [
        "source_job ade20k",
        "source_job coco_stuff",
        "source_job voc",
        "dataset_job",
        "model_job unet",
        "champion_job",
    ]


def test_days_of_a_camera_are_planned_oldest_first(line):
    (plan,) = demo.camera_plans(line.runner)
    keys = [planned.partition.keys_by_dimension for planned in plan]
    planned = [(one.job, key["camera"], key["day"]) for one, key in zip(plan, keys, strict=True)]
    assert planned == [
        (job, line.camera, day)
        for day in line.days
        for job in ("camera_job", "report_job")  # its private video comes after its page
    ]
