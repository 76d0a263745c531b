"""Dagster's own storage below a home folder: SQLite, or Postgres where it is configured."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from pipelines.automation.schedules import CAMERA_TAG
from pipelines.settings import PREFIX, Settings


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance of a home; writes its ``dagster.yaml`` and points this process at it."""
    folder = write_instance_config(settings)
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ[PREFIX + "HOME"] = str(settings.home)
    return dg.DagsterInstance.get()


def write_instance_config(settings: Settings) -> Path:
    """Write ``<home>/dagster/dagster.yaml`` from the settings; returns its folder."""
    folder = instance_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(instance_config(settings), sort_keys=False)
    path = folder / "dagster.yaml"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return folder


def instance_folder(settings: Settings) -> Path:
    """Where Dagster keeps what it knows of a home."""
    return settings.home / "dagster"


def instance_config(settings: Settings) -> dict[str, Any]:
    """Contents of ``dagster.yaml``."""
    config: dict[str, Any] = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "concurrency": {
            "pools": {"default_limit": settings.gpu_slots, "granularity": "op"},
            "runs": {
                # Days of one camera in order, so that each finds the days before it.
                "tag_concurrency_limits": [
                    {"key": CAMERA_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
                ],
            },
        },
        # A run whose process has died is noticed, and its pool slot comes back: in a minute or two
        # even when all died at once, which only our launcher can tell.
        "run_launcher": {"module": "pipelines.run_workers", "class": "WatchedRunLauncher"},
        "run_monitoring": {
            "enabled": True,
            "poll_interval_seconds": 30,
            "free_slots_after_run_end_seconds": 30,
        },
        "run_retries": {"enabled": True, "max_retries": 0},
    }
    folder = str(instance_folder(settings).absolute())
    kept = {"module": "pipelines.sqlite_storage", "class": "SqliteStorage"}
    config["storage"] = {"custom": {**kept, "config": {"base_dir": folder}}}
    if settings.postgres_url:
        # The driver that dagster-postgres brings; SQLAlchemy would take another by default.
        url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg2://", settings.postgres_url)
        config["storage"] = {"postgres": {"postgres_url": url}}
    return config
