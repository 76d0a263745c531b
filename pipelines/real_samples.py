"""Every stage on a folder of real images and footage, with what it can be measured by.

The folder is laid out as published: VOCdevkit, coco (panoptic), cocostuff, ADEChallengeData2016,
PennFudanPed, ccp, sbi2015, and the footage of PETS 2009, Intel and upCam. What is absent is left
out, and said. Nothing is copied: sources and footage are read where they lie.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow.parquet as pq
import yaml

from camera_analysis.benchmark.benchmarks import frame_auc
from pipelines.demo import (
    INDEX,
    MASKS,
    camera_plans,
    dataset_plan,
    fastest_precision,
    model_plan,
)
from pipelines.executors import GpuSlots
from pipelines.resources import open_store
from pipelines.runs import RunFailedError, Runner
from pipelines.settings import Settings, load_settings, save_settings
from pipelines.side_by_side import run_side_by_side
from pipelines.storage.store import Store

#: Wholly kept out of training, so that enough of it is left to measure by.
HELD_OUT = ("penn_fudan",)
#: All the images without people that the samples have, 24 %, for it is negatives that a network
#: from few photographs lacks most; a fifth to judge by, or there would be three images of COCO.
DATASET = {"negative_share": 0.25, "negative_tolerance": 0.06, "test_share": 0.2}
SOURCE_FOLDERS = {
    "voc": "VOCdevkit/VOC2012",
    "coco_panoptic": "coco",
    "ade20k": "ADEChallengeData2016",
    "penn_fudan": "PennFudanPed",
    "ccp": "ccp",
}
#: COCO-Stuff maps in a flat folder, linked into the published layout.
STUFF_IMAGES, STUFF_MAPS = "cocostuff_spade/train_img", "cocostuff_spade/train_label"
SBI_PEOPLE = ("HumanBody2", "IBMtest2", "CaVignal")
UPCAM_EVALUATION_DAY = "2020-11-23"
MODELS = {"unet": {"width": 24, "backbone": "resnet18"}}
#: Most of a photograph in a small crop: many images per second are worth more than fine ones.
TRAINING = {
    "threads": 2,
    "crop_px": 160,
    "batch_size": 16,
    "max_side_px": 320,
    "min_person_px": 24,
    "max_person_px": 220,
    "negative_share": 0.35,
    "steps": 4_600,
    "max_lr": 3e-3,
    "weight_decay": 0.05,
    "ema_decay": 0.995,
}

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


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One figure on real input."""

    name: str
    value: float | None
    n: int
    unit: str


def run_real(samples: Path, home: Path, *, train_minutes: float) -> Settings:
    """Build, train, judge and measure; figures go to ``<home>/measured.json``."""
    home.mkdir(parents=True, exist_ok=True)
    sources = lay_out_sources(samples, home)
    lay_out_cameras(samples, home)
    save_settings(
        Settings(
            home=home,
            sources=sources,
            dataset={
                **DATASET,
                "held_out_sources": [name for name in HELD_OUT if name in sources],
            },
            models=MODELS,
            training={
                **TRAINING,
                "max_seconds": 60.0 * train_minutes,
                "precision": fastest_precision(),
            },
            gpu_slots=2,  # two cameras side by side; their small network fits a GPU twice
            footage_settle_s=0.0,
        )
    )
    settings = load_settings(home)
    runner = Runner(settings)
    runner.run_all(dataset_plan(settings))
    print_rejects(settings)
    runner.run_all(model_plan(settings))
    failed = run_side_by_side(settings, [*camera_plans(runner), [MASKS]], keep_going=True)
    failed += runner.run_all([INDEX], keep_going=True)
    measure(samples, settings)
    if failed:
        raise RunFailedError("\n".join(reason for _, reason in failed))
    return settings


def lay_out_sources(samples: Path, home: Path) -> dict[str, Path]:
    """Folders of the sources that are present; COCO-Stuff's are links into its own layout."""
    found = {name: samples / folder for name, folder in SOURCE_FOLDERS.items()}
    sources = {name: path for name, path in found.items() if path.is_dir()}
    for name in sorted(set(found) - set(sources)):
        click.echo(f"source {name}: not in {samples}, left out")
    if (samples / STUFF_IMAGES).is_dir():
        root = home / "sources" / "coco_stuff"
        for folder, target in (("images", STUFF_IMAGES), ("stuffthingmaps", STUFF_MAPS)):
            link = root / folder / "train2017"
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to((samples / target).resolve())
        sources["coco_stuff"] = root
    return sources


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
            link = folder / footage.name
            link.unlink(missing_ok=True)
            link.symlink_to(footage)
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


def measure(samples: Path, settings: Settings) -> list[Measured]:
    """Every figure that the samples have truth for; printed and kept as JSON."""
    store = open_store(settings)
    figures = [*test_split_scores(store), *sbi_scores(samples, settings, store)]
    figures += upcam_scores(samples, store)
    document = [figure.__dict__ for figure in figures]
    (settings.home / "measured.json").write_text(json.dumps(document, indent=1))
    for figure in figures:
        shown = "-" if figure.value is None else f"{figure.value:.3f}"
        click.echo(f"{figure.name:48} {shown} {figure.unit} (n = {figure.n})")
    return figures


def test_split_scores(store: Store) -> list[Measured]:
    """Human IoU, and false pixels where nobody is, on test images, all and by source."""
    folder = store.path(store.require("model_evaluation", "unet"))
    return [
        Measured(name=f"{what}, test, {row['scope']}", value=row[score], n=row[images], unit="")
        for row in pq.read_table(folder / "metrics.parquet").to_pylist()
        for what, score, images in (
            ("human IoU", "iou", "images"),
            ("false px without people", "empty_false_px_share", "empty_images"),
        )
    ]


def sbi_scores(samples: Path, settings: Settings, store: Store) -> list[Measured]:
    """Human IoU of the champion on camera views that it was not trained on."""
    from segmentation.evaluate import evaluate_folder

    device = GpuSlots(settings.home / "locks", slots=1, device=settings.device).device
    champion = store.path(store.require("champion_model"))
    figures = []
    for name in SBI_PEOPLE:
        folder = samples / "sbi2015" / name
        if not folder.is_dir():
            click.echo(f"SBI {name}: not in {samples}, left out")
            continue
        summary = evaluate_folder(
            champion, folder / "input", folder / "groundtruth", device=device, unknown_value=170
        )
        figures.append(
            Measured(name=f"human IoU, SBI {name}", value=summary.iou, n=summary.images, unit="")
        )
    return figures


def upcam_scores(samples: Path, store: Store) -> list[Measured]:
    """Frame-level AUC on the labelled hour, for the delta map and for surprise."""
    labels_file = samples / "upcam" / "eval_first_8000.labels.csv"
    judged = store.current("anomalies", f"upcam/{UPCAM_EVALUATION_DAY}")
    if judged is None or not labels_file.is_file():
        return []
    labels = np.loadtxt(labels_file, dtype=int)
    index = store.path(store.require("frame_index", f"upcam/{UPCAM_EVALUATION_DAY}"))
    frames = pq.read_table(index / "frames.parquet").to_pandas().set_index("frame_id")
    scores = pq.read_table(store.path(judged) / "frame_scores.parquet").to_pandas()
    seconds = frames.loc[scores["frame_id"], "pts_s"].to_numpy()
    truth = labels[np.clip((seconds * 5.0).round().astype(int), 0, len(labels) - 1)]
    return [
        Measured(
            name=f"frame AUC, upCam labelled hour, {name}",
            value=frame_auc(scores[column].to_numpy(), truth),
            n=len(truth),
            unit="",
        )
        for name, column in (("delta map", "delta_share"), ("surprise", "surprise_bits"))
    ]
