"""A few labelled frames of a camera, before and after: does the model learn the camera?

``python benchmarks/own_frames.py SAMPLES OUT`` trains a small U-Net on the photographs in SAMPLES,
with no frame of any camera among them. For each of three SBI sequences with people, the first part
becomes a camera's footage; ``cameras frames`` chooses frames of it, the published ground truth is
imported as their masks, the dataset is rebuilt, and the model is fine-tuned from its own weights,
as ``learned-normal train --weights FILE`` does. Judged is the last part of the sequence, ``GAP``
frames or more after the last one that could be chosen, and the test split of ``TUNED_WITH``. A
control is fine-tuned as long without any frame (tuned on: nothing). With ``--model FOLDER`` the
base is that trained model, e.g. of ``learned-normal real``: name the cameras that it never saw.

Intervals are 95 % of 2,000 draws of a circular block bootstrap (Politis and Romano, 1992) with
blocks of ``BLOCK`` consecutive frames, because neighbours are nearly the same picture; of single
images on the test split. Differences are taken within each draw. The same OUT goes on where it was.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measuring import Row, report

from camera_analysis.camera import Camera
from camera_analysis.camera_file import write_camera
from camera_analysis.footage.video_write import write_video
from dataset_build.sources.own_frames import stored_frames
from pipelines.demo.demo import fastest_precision
from pipelines.demo.real_samples import DATASET as REAL_DATASET
from pipelines.demo.real_samples import HELD_OUT
from pipelines.demo.real_samples import TRAINING as REAL_TRAINING
from pipelines.demo.real_scores import SBI_PEOPLE
from pipelines.demo.real_sources import lay_out_sources
from pipelines.resources import open_store
from pipelines.settings import Settings, load_settings, save_settings
from pipelines.shell.own_frames import (
    FrameWish,
    import_own_masks,
    remove_own_frames,
    store_chosen_frames,
)
from pipelines.shell.runs import Planned, Runner
from pipelines.shell.train_options import with_train_options
from pipelines.source_settings import own_frames_root
from pipelines.storage.store import Store
from segmentation.evaluation.bootstrap import RESAMPLES, SEED, interval_of
from segmentation.evaluation.evaluate import evaluate_folder
from segmentation.evaluation.image_table import IMAGES_FILE
from segmentation.model_folder import read_description

ARCHITECTURE = "unet"
TEST = "test split"
FPS = 25  # what the sequences are taken for; no published figure
GAP = 10  # frames between the last that may be chosen and the first that is judged
BLOCK = 25  # frames that are drawn together: a second
UNKNOWN = 170  # value of the ground truth that counts nowhere
DAY = "2026-01-05T12-00-00.mp4"
TRAINING = {"threads": 1, "crop_px": 128, "max_lr": 2e-3, "batch_size": 8, "source_power": 0.5}
#: The frames and one source of photographs weigh alike: among all sources, hundreds of photographs,
#: eight frames would hardly be drawn.
TUNED_WITH = ("voc", *HELD_OUT)
#: A fixed camera hangs as it hangs: no crop is turned, bent or pasted into.
TUNING = {
    **TRAINING,
    "max_lr": 5e-3,  # few steps need large ones
    "warmup_steps": 20,
    "source_power": 0.0,
    "ema_decay": 0.98,
    "negative_share": 0.1,
    "paste_share": 0.0,
    "rotate_share": 0.0,
    "elastic_share": 0.0,
    "fisheye_share": 0.0,
}
#: A model that already knows people is moved more gently, in crops of the size that it knows.
TUNING_A_MODEL = {
    **TUNING,
    **{name: REAL_TRAINING[name] for name in ("crop_px", "max_side_px", "min_person_px")},
    "max_lr": 1e-3,
}
DATASET = ("merged_dataset", "cleaned_dataset", "dataset_split")


def main() -> None:
    """Train, fine-tune for every camera and number of frames, report."""
    options = _options()
    home = options.out / "home"
    settings = _home(options.samples, home, options)
    base = _base(settings, options)
    tuning = TUNING_A_MODEL if options.model else TUNING
    for name in options.cameras:
        remove_own_frames(settings, name.lower())  # of a run that was broken off
        _film(options.samples / "sbi2015" / name, settings, name.lower())
    for count in options.counts:
        for name in options.cameras:
            if not _tables(options, name, count).exists():
                _label(options.samples / "sbi2015" / name, settings, name.lower(), count)
                tuned = _tuned(load_settings(home, {}), base, tuning, options.steps)
                _judge(options, base, name, count, tuned)
                remove_own_frames(settings, name.lower())
    if not _tables(options, "nothing", 0).exists():
        _judge(options, base, "nothing", 0, _tuned(settings, base, tuning, options.steps))
    report("own_frames", _rows(options), options.json or options.out / "own_frames.json")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--model", type=Path, help="folder of a trained unet to start from")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=6.0, help="of the first training")
    parser.add_argument("--steps", type=int, default=240, help="of each fine-tuning")
    parser.add_argument("--counts", type=int, nargs="+", default=[8, 1, 2, 4, 16])
    parser.add_argument("--cameras", nargs="+", default=list(SBI_PEOPLE))
    options = parser.parse_args()
    options.samples, options.out = options.samples.resolve(), options.out.resolve()
    return options


def _home(samples: Path, home: Path, options: argparse.Namespace) -> Settings:
    """Photographs alone; the dataset is built once."""
    home.mkdir(parents=True, exist_ok=True)
    sources = lay_out_sources(samples, home)
    training = {**TRAINING, "precision": fastest_precision(), "steps": 20_000}
    held_out = {"held_out_sources": [name for name in HELD_OUT if name in sources]}
    settings = Settings(
        home=home,
        sources=sources,
        dataset={**REAL_DATASET, **held_out} if options.model else held_out,
        models={ARCHITECTURE: _network(options)},
        training={**training, "max_seconds": 60.0 * options.minutes},
        device="cpu",
    )
    save_settings(settings)
    return load_settings(home, {})


def _network(options: argparse.Namespace) -> dict[str, Any]:
    """Fields of the network that is tuned: those of the given model, or a small one's."""
    if not options.model:
        return {"width": options.width}
    model = asdict(read_description(options.model).model)
    return {name: model[name] for name in ("width", "backbone", "object_kinds")}


def _base(settings: Settings, options: argparse.Namespace) -> Path:
    """The model that saw no camera: trained once or given, then the champion."""
    kept = settings.home / "base"
    if not kept.exists():
        runner = Runner(settings)
        for source in sorted(settings.sources):
            runner.run(Planned(job="source_job", partition=source))
        _rebuild(runner)
        store = open_store(settings)
        if options.model:
            _take_over(store, options.model)
            _run(runner, "model_job", ("model_evaluation",), partition=ARCHITECTURE)
        else:
            print(f"training for at most {options.minutes:g} minutes", flush=True)
            runner.run(Planned(job="model_job", partition=ARCHITECTURE))
        runner.run(Planned(job="champion_job"))
        for asset in ("trained_model", "model_evaluation"):
            folder = store.path(store.require(asset, ARCHITECTURE))
            shutil.copytree(folder, kept.with_name("base.part") / asset)
        kept.with_name("base.part").rename(kept)
    return kept


def _take_over(store: Store, model: Path) -> None:
    """A model of another home as the one that was trained in this."""
    with store.draft("trained_model", ARCHITECTURE) as draft:
        ours = shutil.ignore_patterns("provenance.json")  # the store writes its own
        shutil.copytree(model, draft, dirs_exist_ok=True, ignore=ours)
        version = store.seal(
            draft, "trained_model", ARCHITECTURE, code_version="1", inputs=(), config={}
        )
    store.publish(version)


def _rebuild(runner: Runner) -> None:
    """The dataset of what was scanned; the queue is left out, for nobody reviews here."""
    _run(runner, "dataset_job", DATASET)


def _run(runner: Runner, job: str, assets: Sequence[str], partition: str | None = None) -> None:
    """Some assets of a job."""
    keys = [dg.AssetKey(name) for name in assets]
    chosen = runner._definitions.resolve_job_def(job)
    chosen.execute_in_process(
        instance=runner.instance, asset_selection=keys, partition_key=partition
    )


def _parts(folder: Path) -> tuple[list[tuple[Path, Path]], list[tuple[Path, Path]]]:
    """Frames with their masks that may be chosen, and those that are judged."""
    images = sorted((folder / "input").iterdir())
    masks = sorted((folder / "groundtruth").iterdir())
    pairs = list(zip(images, masks, strict=True))
    half = (len(pairs) - GAP) // 2
    return pairs[:half], pairs[half + GAP :]


def _film(folder: Path, settings: Settings, camera: str) -> None:
    place = settings.footage / camera
    place.mkdir(parents=True, exist_ok=True)
    write_camera(Camera(id=camera, folder=place, interval_s=1 / FPS), place)
    frames = (cv2.imread(str(image))[..., ::-1] for image, _ in _parts(folder)[0])
    write_video(place / DAY, frames, FPS, crf=12)


def _label(folder: Path, settings: Settings, camera: str, count: int) -> None:
    """Choose frames and give them the masks that were published, as a person would."""
    remove_own_frames(settings, camera)
    wish = FrameWish(count=count)
    store_chosen_frames(settings, camera, wish, consent=True)
    given = settings.home / "given" / f"{camera}-{count}"
    shutil.rmtree(given, ignore_errors=True)
    given.mkdir(parents=True)
    pairs, _ = _parts(folder)
    for frame in stored_frames(own_frames_root(settings.home, camera)):
        truth = cv2.imread(str(pairs[round(frame.pts_s * FPS)][1]), cv2.IMREAD_GRAYSCALE)
        mask = np.full_like(truth, 128)
        mask[truth == 0] = 0
        mask[truth == 255] = 255
        cv2.imwrite(str(given / f"{frame.name}.png"), mask)
    print(camera, count, import_own_masks(settings, camera, given), flush=True)


def _tuned(settings: Settings, base: Path, tuning: dict[str, Any], steps: int) -> dict[str, Path]:
    """Fine-tune from the base's weights on some photographs and whatever frames there are."""
    own = [name for name in sorted(settings.sources) if name.endswith("-frames")]
    weights = base / "trained_model" / "weights.safetensors"
    settings = replace(
        settings,
        sources={name: settings.sources[name] for name in (*TUNED_WITH, *own)},
        dataset={**settings.dataset, "negative_tolerance": 1.0},  # too few for a whole share
        training={**tuning, "precision": fastest_precision(), "validate_every": steps},
    )
    settings = with_train_options(settings, ARCHITECTURE, weights=str(weights), steps=steps)
    runner = Runner(settings)
    for name in own:
        runner.run(Planned(job="source_job", partition=name))
    _rebuild(runner)
    runner.run(Planned(job="model_job", partition=ARCHITECTURE))
    store = open_store(settings)
    return {
        asset: store.path(store.require(asset, ARCHITECTURE))
        for asset in ("trained_model", "model_evaluation")
    }


def _tables(options: argparse.Namespace, what: str, count: int) -> Path:
    """Where the judgements of one fine-tuning lie, by what was judged."""
    return options.out / "tables" / f"{what}-{count}"


def _judge(
    options: argparse.Namespace, base: Path, what: str, count: int, tuned: dict[str, Path]
) -> None:
    """Judge a model on its camera, the control on all of them, and keep what was counted."""
    part = options.out / "tables" / "part"
    shutil.rmtree(part, ignore_errors=True)
    for camera in options.cameras if what == "nothing" else [what]:
        folders = _judged(options.samples / "sbi2015" / camera, options.out / "judged")
        before = _tables(options, "base", 0) / camera
        if not (before / IMAGES_FILE).exists():
            _evaluated(base / "trained_model", *folders, before)
        _evaluated(tuned["trained_model"], *folders, part / camera)
    both = [tuned["model_evaluation"], base / "model_evaluation"]
    after, before = (pq.read_table(folder / IMAGES_FILE) for folder in both)
    (part / TEST).mkdir()
    (_tables(options, "base", 0) / TEST).mkdir(exist_ok=True)
    # The base was judged on all sources, of which other images without people were left out.
    pq.write_table(_of(after, before), part / TEST / IMAGES_FILE)
    pq.write_table(_of(before, after), _tables(options, "base", 0) / TEST / IMAGES_FILE)
    part.rename(_tables(options, what, count))


def _of(table: pa.Table, other: pa.Table) -> pa.Table:
    """Rows of images that the other table has as well, by sample id."""
    ids = other["sample_id"].combine_chunks()
    return table.filter(pc.is_in(table["sample_id"], ids)).sort_by("sample_id")


def _rows(options: argparse.Namespace) -> list[Row]:
    """One row per fine-tuning and what it was judged on."""
    wanted = [("nothing", 0), *((n, k) for n in options.cameras for k in sorted(options.counts))]
    rows: list[Row] = []
    for what, count in wanted:
        for table in sorted(_tables(options, what, count).iterdir(), key=lambda one: one.name):
            named: Row = {"tuned_on": what, "frames": count, "judged_on": table.name}
            judged = [_tables(options, name, 0) / table.name for name in ("base", "nothing")]
            rows.append({**named, **_compared([*judged, table])})
    return rows


def _judged(folder: Path, out: Path) -> tuple[Path, Path]:
    """The last part of a sequence, as two folders of links."""
    images, masks = (out / folder.name / name for name in ("images", "masks"))
    if not images.exists():
        for place in (images, masks):
            place.mkdir(parents=True)
        for image, mask in _parts(folder)[1]:
            (images / image.name).symlink_to(image)
            (masks / mask.name).symlink_to(mask)
    return images, masks


def _evaluated(model: Path, images: Path, masks: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    evaluate_folder(model, images, masks, device="cpu", unknown_value=UNKNOWN, out=out)


def _compared(folders: Sequence[Path]) -> dict[str, Any]:
    """IoU of base, control and tuned model, and what was gained on both, in per cent."""
    tables = [pq.read_table(folder / IMAGES_FILE) for folder in folders]
    ids = [table["sample_id"].to_pylist() for table in tables]
    if any(one != ids[0] for one in ids):
        raise ValueError(f"{folders[-1]} was judged on other images than the base; start anew")
    counts = np.stack([_overlap(table) for table in tables])
    scores = _iou(counts.sum(axis=1))
    draws = _iou(_drawn(counts, 1 if folders[0].name == TEST else BLOCK))
    values = dict(zip(("base", "control", "tuned"), zip(scores, draws, strict=True), strict=True))
    for name in ("base", "control"):
        gain = tuple(values["tuned"][at] - values[name][at] for at in (0, 1))
        values[f"over_{name}"] = gain
    row: dict[str, Any] = {"n": counts.shape[1]}
    for name, (value, drawn) in values.items():
        interval = interval_of(drawn)
        row[name] = round(100 * float(value), 1)
        row[f"{name}_low"] = round(100 * interval.low, 1) if interval else None
        row[f"{name}_high"] = round(100 * interval.high, 1) if interval else None
    return row


def _overlap(table: pa.Table) -> np.ndarray:
    """(N, 2) pixels that are human in both and in either of truth and prediction."""
    hits, misses, false_alarms = (
        table[name].to_numpy().astype(np.float64) for name in ("hits", "misses", "false_alarms")
    )
    return np.stack([hits, hits + misses + false_alarms], axis=1)


def _drawn(counts: np.ndarray, block: int) -> np.ndarray:
    """(M, R, 2) sums over draws of blocks of neighbours; M models see the same draws."""
    rng = np.random.default_rng(SEED)
    n = counts.shape[1]
    starts = rng.integers(n, size=(RESAMPLES, -(-n // block)))
    places = (starts[..., None] + np.arange(block)) % n
    chosen = places.reshape(RESAMPLES, -1)[:, :n]
    return np.stack([model[chosen].sum(axis=1) for model in counts])


def _iou(sums: np.ndarray) -> np.ndarray:
    return sums[..., 0] / sums[..., 1]


if __name__ == "__main__":
    main()
