"""A source of one's own through the real line: shell, partitions, schedule, sensor, store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from PIL import Image

from dataset_build.scan.mask_pack import MaskPack
from pipelines.cli.command import main
from pipelines.definitions import build_definitions
from pipelines.instance import open_instance
from pipelines.resources import open_store
from pipelines.settings import Settings, load_settings

SCENES = ("hall", "yard")
PICTURES = 12  # of each scene; every other one shows a person


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Two scenes: id 7 a person, 9 unlabelled, everything else not human."""
    home = tmp_path_factory.mktemp("home")
    random = np.random.default_rng(0)
    for scene in SCENES:
        for number in range(PICTURES):
            rgb = random.integers(0, 256, (12, 16, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            ids = np.full((96, 128), 3, np.uint8)
            ids[:8] = 9
            if number % 2:
                ids[40:80, 60:76] = 7
            for kind, picture in (("rgb", rgb), ("ids", ids)):
                path = home / "own" / scene / f"{kind}_{number:03}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(path)
    own = {
        "root": "own",
        "images": "*/rgb_*.png",
        "masks": "*/ids_*.png",
        "human": [7],
        "ignore": [9],
        "licence": "our own footage",
    }
    settings = {
        "sources": {"our_yard": own},
        "dataset": {"val_share": 0.3, "test_share": 0.3, "negative_tolerance": 1.0},
    }
    (home / "settings.yaml").write_text(yaml.safe_dump(settings))
    return home


@pytest.fixture(scope="module")
def settings(home: Path) -> Settings:
    return load_settings(home, {})


def test_the_shell_rebuilds_it_into_a_dataset(home: Path, settings: Settings):
    result = CliRunner().invoke(main, ["rebuild", "--home", str(home)])
    assert result.exit_code == 0, result.output
    store = open_store(settings)
    samples = store.path(store.require("source_samples", "our_yard"))
    rows = pq.read_table(samples / "samples.parquet").to_pylist()
    assert len(rows) == PICTURES * len(SCENES)
    assert {row["reject_reason"] for row in rows} == {""}
    assert {row["licence"] for row in rows} == {"our own footage"}
    assert {row["official_split"] for row in rows} == {"none"}
    by_id = {row["sample_id"]: row for row in rows}
    person = by_id["our_yard/hall/001"]
    assert person["image_path"] == "hall/rgb_001.png"
    assert person["human_px"] == 40 * 16
    assert person["ignore_share"] == pytest.approx(8 / 96)
    assert by_id["our_yard/yard/000"]["human_px"] == 0
    ledger = pq.read_table(store.path(store.require("dataset_split")) / "ledger.parquet")
    assert set(ledger["source"].to_pylist()) == {"our_yard"}
    masks = MaskPack(store.path(store.require("human_masks", "our_yard")))
    assert set(np.unique(masks.read("our_yard/yard/003"))) == {0, 1, 255}


def test_it_is_a_partition_beside_the_published_ones(settings: Settings):
    definitions = build_definitions(settings)
    job = definitions.resolve_job_def("source_job")
    keys = job.partitions_def.get_partition_keys()
    assert "our_yard" in keys
    assert "voc" in keys


def test_another_home_does_not_know_it(tmp_path: Path):
    job = build_definitions(Settings(home=tmp_path)).resolve_job_def("source_job")
    assert "our_yard" not in job.partitions_def.get_partition_keys()


def test_the_weekly_schedule_and_the_sensor_ask_for_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    definitions = build_definitions(settings)
    instance = open_instance(settings)
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=datetime(2026, 1, 11, 3, tzinfo=UTC),
        repository_def=definitions.get_repository_def(),
    ) as context:
        tick = definitions.resolve_schedule_def("weekly_rebuild").evaluate_tick(context)
    (request,) = tick.run_requests
    assert request.partition_key == "our_yard"
    job = definitions.resolve_job_def("source_job")
    assert job.execute_in_process(
        instance=instance, partition_key="our_yard", tags=request.tags
    ).success
    sensed = definitions.resolve_sensor_def("rebuild_sensor")
    with dg.build_sensor_context(
        instance=instance, repository_def=definitions.get_repository_def()
    ) as context:
        assert len(sensed.evaluate_tick(context).run_requests) == 1


def test_a_folder_that_holds_nothing_says_what_it_should_hold(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "settings.yaml").write_text(
        yaml.safe_dump({"sources": {"mine": {"root": "empty", "human": [1]}}})
    )
    result = CliRunner().invoke(main, ["rebuild", "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "holds no image and no mask" in result.output
    assert "images in images and masks in masks" in result.output
