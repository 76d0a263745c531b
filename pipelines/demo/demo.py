"""The demo: synthetic sources and cameras with truth, through the real asset graph."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from pipelines.footage import camera_days, in_calendar, load_cameras
from pipelines.settings import Settings, load_settings, save_settings
from pipelines.shell.backfill import runs_of_day
from pipelines.shell.runs import Planned, Runner
from pipelines.shell.side_by_side import run_side_by_side
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
    "threads": 1,  # two that share so small a network wait for each other, and cameras are filmed
    # so few steps learn best from what they will see: drawn cameras hang straight and are sharp
    "rotate_share": 0.0,
    "elastic_share": 0.0,
    "fisheye_share": 0.0,
    "salt_pepper_share": 0.0,
    "jpeg_share": 0.0,
    "low_light_share": 0.0,
}
MODELS = {"unet": {"width": 8}}
#: The best of the evaluated models.
CHAMPION = Planned(job="champion_job")
#: The champion's look at the masks, and the queue that follows from it.
MASKS = Planned(job="mistakenness_job")
#: The page of all cameras, once their days are judged.
INDEX = Planned(job="index_job")


def run_demo(home: Path, *, seed: int, images_per_source: int, days: int) -> Settings:
    """Make the input, run every stage, return the settings of the demo's home.

    Args:
        home: Folder that will hold input, store, Dagster's database and settings.
        seed: Of everything random; the same seed gives byte-identical Parquet.
        images_per_source: Images drawn for each of the three sources.
        days: Days of footage per camera; the last one holds the anomalies.
    """
    settings = write_demo_settings(home, seed)
    with ThreadPoolExecutor(1) as beside:
        # cameras need the champion, and the champion no camera: they are filmed meanwhile
        filmed = beside.submit(make_footage, home / "footage", seed=seed, days=days)
        make_sources(home / "sources", seed=seed, images_per_source=images_per_source)
        runner = Runner(settings)
        runner.run_all(dataset_plan(settings) + model_plan(settings))
        filmed.result()
    # what the champion thinks of the masks is no camera's business: it fills the second core
    run_side_by_side(settings, [*camera_plans(runner), [MASKS]])
    runner.run_all([INDEX])
    return settings


def make_sources(folder: Path, *, seed: int, images_per_source: int) -> None:
    """Draw the three sources, unless the same have been drawn before."""
    wanted = {"seed": seed, "images_per_source": images_per_source, "version": 4}
    with _new_input(folder, wanted) as is_new:
        if is_new:
            draw_sources(folder, seed=seed, images_per_source=images_per_source)


def make_footage(folder: Path, *, seed: int, days: int) -> None:
    """Film every camera, unless the same has been filmed before."""
    with _new_input(folder, {"seed": seed, "days": days, "version": 4}) as is_new:
        if is_new:
            film_cameras(folder, seed=seed, days=days)


@contextmanager
def _new_input(folder: Path, wanted: dict[str, int]) -> Iterator[bool]:
    """Whether a folder is to be filled anew; then it is empty, and marked once it is full."""
    marker = folder.with_suffix(".json")
    if marker.exists() and json.loads(marker.read_text()) == wanted:
        yield False
        return
    marker.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield True
    marker.write_text(json.dumps(wanted))


def draw_sources(folder: Path, *, seed: int, images_per_source: int) -> None:
    """Draw the three sources under a progress bar."""
    with tqdm(unit="image", desc="drawing the sources", dynamic_ncols=True) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        make_datasets(folder, seed=seed, images_per_source=images_per_source, progress=progress)


def film_cameras(folder: Path, *, seed: int, days: int) -> None:
    """Film the cameras one after the other in a process of their own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for name in CAMERA_IDS:
            pool.submit(film_camera, folder, name, seed=seed, days=days).result()


def write_demo_settings(home: Path, seed: int) -> Settings:
    """Settings of the demo: three sources, a small U-Net, embedded defaults."""
    settings = Settings(
        home=home.resolve(),
        sources={name: home.resolve() / "sources" / folder for name, folder in SOURCES.items()},
        dataset={"seed": seed},
        models=MODELS,
        training={**TRAINING, "seed": seed, "precision": fastest_precision()},
        inference={"precision": fastest_precision()},
        gpu_slots=2,  # two cameras side by side; the network is tiny, and mostly there is no GPU
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
    """Every configured architecture, then the champion."""
    models = [Planned(job="model_job", partition=name) for name in sorted(settings.models)]
    return [*models, CHAMPION]


def champion_plan() -> list[Planned]:
    """What follows every training: the champion, then its look at the masks."""
    return [CHAMPION, MASKS]


def camera_plans(runner: Runner) -> list[list[Planned]]:
    """Of every camera its days with footage, oldest first; their partitions become known."""
    plans = []
    cameras, _ = load_cameras(runner.settings.footage)
    for camera in cameras:
        runner.add_camera(camera.id)
        days, _ = in_calendar(camera_days(camera))
        plans.append([one for footage in days for one in runs_of_day(camera, footage.day)])
    return plans
