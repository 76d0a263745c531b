"""What the assets ask for, built from settings."""

from __future__ import annotations

from functools import partial
from typing import Any

from assets.resources import CameraSetup, ModelSetup, ReviewSetup
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.labelling.label_pass import PassConfig
from pipelines.executors import GpuSlots
from pipelines.footage import files_of_day
from pipelines.privacy_key import privacy_key
from pipelines.settings import Settings, build
from pipelines.storage.store import Store


def open_store(settings: Settings) -> Store:
    """The versioned store that the settings name."""
    return Store(
        settings.store_url,
        cache_dir=settings.home / "cache",
        storage_options=dict(settings.store_options),
    )


def camera_setup(settings: Settings) -> CameraSetup:
    """Where footage lies and how it is read and judged."""
    return CameraSetup(
        footage_root=settings.footage,
        footage_files=files_of_day,
        passes=build(PassConfig, "label_pass", settings.label_pass),
        inference=settings.inference_config(),
        exports=settings.home / "cache" / "exports",
        anomalies=build(AnomalyConfig, "anomalies", settings.anomalies),
        privacy_key=partial(privacy_key, settings.store_url),
    )


def resources_of(settings: Settings) -> dict[str, Any]:
    """Every resource, by the name under which assets ask for it."""
    return {
        "store": open_store(settings),
        "keep_versions": settings.keep_versions,
        "gpu": GpuSlots(settings.home / "locks", slots=settings.gpu_slots, device=settings.device),
        "dataset_config": settings.dataset_config(),
        "scan_memory": settings.home / "cache" / "scan",
        "duplicate_memory": settings.home / "cache" / "duplicates.parquet",
        "model_setup": ModelSetup(
            models=settings.model_configs(),
            training=settings.train_config(),
            work_dir=settings.home / "training",
            inference=settings.inference_config(),
            speed=settings.speed_config(),
        ),
        "champion_rule": settings.champion_rule(),
        "camera_setup": camera_setup(settings),
        "review_setup": ReviewSetup(
            dataset_name=settings.review_dataset,
            database_dir=settings.home / "fiftyone",
            uri=settings.review_uri or None,
            mask_dir=settings.home / "review-masks",
            queue_limit=settings.review_limit,
            mistakenness_limit=settings.mistakenness_limit,
        ),
    }
