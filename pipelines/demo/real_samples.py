"""Every stage on a folder of real images and footage, with what it can be measured by.

The folder is laid out as published: VOCdevkit, coco (panoptic), cocostuff, ADEChallengeData2016,
PennFudanPed, ccp, sbi2015, and the footage of PETS 2009, Intel and upCam. What is absent is left
out, and said. Nothing is copied: sources and footage are read where they lie.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import pyarrow.parquet as pq
import yaml

from dataset_build.scan.sample_reader import cores
from pipelines.demo.demo import (
    INDEX,
    MASKS,
    camera_plans,
    dataset_plan,
    fastest_precision,
    model_plan,
)
from pipelines.demo.real_scores import measure
from pipelines.demo.real_sources import (
    CAMERAS_TO_LEARN,
    lay_out_frames,
    lay_out_sources,
    link_to,
)
from pipelines.resources import open_store
from pipelines.settings import Settings, load_settings, save_settings
from pipelines.shell.runs import RunFailedError, Runner
from pipelines.shell.side_by_side import run_side_by_side

#: Wholly kept out of training, so that enough of it is left to measure by.
HELD_OUT = ("penn_fudan",)
#: All the images without people that the samples have, 24 %, for it is negatives that a network
#: from few photographs lacks most; a fifth to judge by, or there would be three images of COCO.
DATASET = {"negative_share": 0.25, "negative_tolerance": 0.06, "test_share": 0.2}
MODELS = {"unet": {"width": 24, "backbone": "resnet18", "object_kinds": True}}
#: Most of a photograph in a small crop: many images per second are worth more than fine ones. In
#: later stages people are larger, and more of them stand where they were never photographed.
TRAINING = {
    "crop_px": 160,
    "batch_size": 16,
    "max_side_px": 320,
    "min_person_px": 24,
    "max_person_px": 220,
    "negative_share": 0.35,
    "max_lr": 3e-3,
    "weight_decay": 0.05,
    "ema_decay": 0.998,
    "auxiliary_weight": 0.5,
    "validate_every": 1_000,
    "stages": [
        {
            "begins": 0.35,
            "crop_px": 224,
            "batch_size": 8,
            "max_person_px": 280,
            "paste_share": 0.6,
        },
        {"begins": 0.75, "crop_px": 288, "batch_size": 6, "max_person_px": 300},
    ],
}
#: What one core in bfloat16 does not reach: time ends a training there, steps on faster machines.
STEPS_PER_MINUTE = 200

CAMERAS: dict[str, dict[str, Any]] = {
    "pets2009": {
        "footage": "pets2009_s2l1",
        "time_zone": "Europe/London",
        "interval_s": 0.5,
        "starts": {"vtest_480x360.mp4": datetime(2020, 6, 1, 12)},
        "mode": "clip",
    },
    "intel-people": {
        "footage": "videos/intel_one-by-one-person-detection.mp4",
        "interval_s": 0.2,
        "starts": {"intel_one-by-one-person-detection.mp4": datetime(2020, 6, 1, 12)},
        "mode": "clip",
    },
    "intel-car-park": {
        "footage": "videos/intel_car-detection.mp4",
        "interval_s": 0.1,
        "starts": {"intel_car-detection.mp4": datetime(2020, 6, 1, 12)},
        "mode": "clip",
    },
    "upcam": {
        "footage": "upcam",
        "time_zone": "Europe/Berlin",
        "interval_s": 1.0,
        "file_time": {
            "pattern": r"(?P<day_index>\d\d)-(?P<hour>\d\d)\.mp4$",
            "base": date(2020, 11, 10),
        },
        "starts": {"eval_first_8000.mp4": datetime(2020, 11, 23, 20, 21)},
        "window_days": 14,
    },
}


def run_real(samples: Path, home: Path, *, train_minutes: float, footage: bool = True) -> Settings:
    """Build, train, judge and measure; figures go to ``<home>/measured.json``.

    Args:
        samples: the folder.
        home: of settings, store and links.
        train_minutes: as in ``training_for``.
        footage: whether the cameras are looked at, too.
    """
    home.mkdir(parents=True, exist_ok=True)
    photographs, frames = lay_out_sources(samples, home), lay_out_frames(samples, home)
    if footage:
        lay_out_cameras(samples, home)
    save_settings(
        Settings(
            home=home,
            sources={**photographs, **frames},
            custom_sources={name: CAMERAS_TO_LEARN[name].labels for name in frames},
            dataset={
                **DATASET,
                "held_out_sources": [name for name in HELD_OUT if name in photographs],
            },
            models=MODELS,
            training=training_for(train_minutes),
            gpu_slots=2,  # two cameras side by side; their small network fits a GPU twice
            footage_settle_s=0.0,
        )
    )
    settings = load_settings(home)
    runner = Runner(settings)
    runner.run_all(dataset_plan(settings))
    print_rejects(settings)
    runner.run_all(model_plan(settings))
    cameras = camera_plans(runner) if footage else []
    failed = run_side_by_side(settings, [*cameras, [MASKS]], keep_going=True)
    if footage:
        failed += runner.run_all([INDEX], keep_going=True)
    measure(samples, settings)
    if failed:
        raise RunFailedError("\n".join(reason for _, reason in failed))
    return settings


def training_for(minutes: float) -> dict[str, Any]:
    """Fields of the recipe for a training of at most so many minutes."""
    return {
        **TRAINING,
        "threads": min(2, cores()),
        "steps": max(1, round(STEPS_PER_MINUTE * minutes)),
        "max_seconds": 60.0 * minutes,
        "precision": fastest_precision(),
    }


def lay_out_cameras(samples: Path, home: Path) -> None:
    """A ``camera.yaml`` for every camera whose footage is present."""
    for camera_id, entry in CAMERAS.items():
        footage = (samples / entry["footage"]).resolve()
        if not footage.exists():
            click.echo(f"camera {camera_id}: no footage in {footage}, left out")
            continue
        folder = home / "footage" / camera_id
        folder.mkdir(parents=True, exist_ok=True)
        settings = {**entry, "id": camera_id, "footage": str(footage)}
        if footage.is_file():  # one of several cameras' files in a folder: link it alone
            link_to(folder / footage.name, footage)
            del settings["footage"]
        (folder / "camera.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def print_rejects(settings: Settings) -> None:
    """What was removed, and why, by source."""
    store = open_store(settings)
    table = pq.read_table(store.path(store.require("dataset_split")) / "ledger.parquet")
    counts = table.group_by(["source", "fate", "reason"]).aggregate([("sample_id", "count")])
    rows = sorted(counts.to_pylist(), key=lambda row: (row["source"], row["fate"], row["reason"]))
    for row in rows:
        reason = f" ({row['reason']})" if row["reason"] else ""
        click.echo(f"{row['source']:16}{row['fate']}{reason}: {row['sample_id_count']}")
