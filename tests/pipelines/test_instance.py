"""Dagster's own storage: SQLite below home, or Postgres where it is configured."""

import pytest

from pipelines.instance import instance_config
from pipelines.settings import Settings


def test_without_postgres_storage_stays_below_home(tmp_path):
    storage = instance_config(Settings(home=tmp_path))["storage"]["custom"]
    assert storage["config"] == {"base_dir": str(tmp_path / "dagster")}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_postgres_is_reached_by_the_driver_that_is_installed(tmp_path, scheme):
    settings = Settings(home=tmp_path, postgres_url=f"{scheme}://me:pw@db:5432/dagster")
    url = instance_config(settings)["storage"]["postgres"]["postgres_url"]
    assert url == "postgresql+psycopg2://me:pw@db:5432/dagster"


def test_pools_and_monitoring_are_set_up(tmp_path):
    config = instance_config(Settings(home=tmp_path, gpu_slots=2))
    assert config["concurrency"]["pools"] == {"default_limit": 2, "granularity": "op"}
    assert config["run_monitoring"]["enabled"]


def test_runs_are_launched_by_what_can_tell_that_one_is_gone(tmp_path):
    config = instance_config(Settings(home=tmp_path))
    assert config["run_launcher"] == {
        "module": "pipelines.run_workers",
        "class": "WatchedRunLauncher",
    }
