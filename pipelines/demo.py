"""The demo: synthetic sources and cameras with truth, through the real asset graph."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from assets.partitions import camera_day_key
from pipelines.footage import camera_days, in_calendar, load_cameras
from pipelines.runs import Planned, Runner
from pipelines.settings import Settings, load_settings, save_settings
from pipelines.synthetic.cameras import CAMERA_IDS, film_camera
from pipelines.synthetic.datasets import make_datasets

SOURCES = {"voc": "voc", "coco_stuff": "coco_stuff", "ade20k": "ade20k"}
#: Small enough for two cores and a few minutes; the graph is the one that full sizes use.
TRAINING = {
    "steps": 600,
    "max_lr": 5e-3,
    "warmup_steps": 40,
    "crop_px": 128,
    "max_person_px": 110,
    "max_side_px": 320,
    "checkpoint_every": 200,
    "validate_every": 200,
    "validation_images": 24,
    "validation_side_px": 320,
    "threads": 2,
    # so few steps learn best from what they will see: drawn cameras hang straight and are sharp
    "rotate_share": 0.0,
    "elastic_share": 0.0,
    "fisheye_share": 0.0,
    "salt_pepper_share": 0.0,
    "jpeg_share": 0.0,
    "low_light_share": 0.0,
}
MODELS = {"unet": {"width": 8}}


def run_demo(home: Path, *, seed: int, images_per_source: int, days: int) -> Settings:
    """Make the input, run every stage, return the settings of the demo's home.

    Args:
        home: Folder that will hold input, store, Dagster's database and settings.
        seed: Of everything random; the same seed gives byte-identical Parquet.
        images_per_source: Images drawn for each of the three sources.
        days: Days of footage per camera; the last one holds the anomalies.
    """
    make_input(home, seed=seed, images_per_source=images_per_source, days=days)
    settings = write_demo_settings(home, seed)
    runner = Runner(settings)
    runner.run_all(dataset_plan(settings) + model_plan(settings))
    runner.run_all(camera_plan(runner))
    return settings


def make_input(home: Path, *, seed: int, images_per_source: int, days: int) -> None:
    """Draw sources and footage below ``home``, unless the same have been drawn before."""
    wanted = {"seed": seed, "images_per_source": images_per_source, "days": days, "version": 4}
    marker = home / "input.json"
    if marker.exists() and json.loads(marker.read_text()) == wanted:
        return
    for name in ("sources", "footage"):
        shutil.rmtree(home / name, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    draw_input(home, seed=seed, images_per_source=images_per_source, days=days)
    marker.write_text(json.dumps(wanted))


def draw_input(home: Path, *, seed: int, images_per_source: int, days: int) -> None:
    """Draw the sources and film the cameras, two at a time; none depends on another."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        drawn = [
            pool.submit(film_camera, home / "footage", name, seed=seed, days=days)
            for name in CAMERA_IDS
        ]
        drawn.append(
            pool.submit(
                make_datasets, home / "sources", seed=seed, images_per_source=images_per_source
            )
        )
        for done in tqdm(as_completed(drawn), total=len(drawn), desc="drawing the input"):
            done.result()


def write_demo_settings(home: Path, seed: int) -> Settings:
    """Settings of the demo: three sources, a small U-Net, embedded defaults."""
    settings = Settings(
        home=home.resolve(),
        sources={name: home.resolve() / "sources" / folder for name, folder in SOURCES.items()},
        dataset={"seed": seed},
        models=MODELS,
        training={**TRAINING, "seed": seed, "precision": fastest_precision()},
        footage_settle_s=0.0,
        review_limit=40,
    )
    save_settings(settings)
    return load_settings(home)


def fastest_precision() -> str:
    """``bfloat16`` where the processor computes in it, which halves the time of a step."""
    import torch

    return "bfloat16" if torch.cpu.get_capabilities().get("avx512_bf16") else "float32"


def dataset_plan(settings: Settings) -> list[Planned]:
    """Every source, then the dataset of all of them."""
    sources = [Planned(job="source_job", partition=name) for name in sorted(settings.sources)]
    return [*sources, Planned(job="dataset_job")]


def model_plan(settings: Settings) -> list[Planned]:
    """Every configured architecture, then the champion, then its look at the masks."""
    models = [Planned(job="model_job", partition=name) for name in sorted(settings.models)]
    return [*models, *champion_plan()]


def champion_plan() -> list[Planned]:
    """What follows every training: the champion, then its look at the masks."""
    return [Planned(job="champion_job"), Planned(job="mistakenness_job")]


def camera_plan(runner: Runner) -> list[Planned]:
    """Every camera-day with footage, oldest first, then the index of cameras."""
    plan = []
    cameras, _ = load_cameras(runner.settings.footage)
    for camera in cameras:
        runner.add_camera(camera.id)
        plan += [
            Planned(job="camera_job", partition=camera_day_key(camera.id, footage.day))
            for footage in in_calendar(camera_days(camera))[0]
        ]
    return [*plan, Planned(job="index_job")]
