"""Does a memory pay? A U-Net beside one that remembers, trained on stills or on clips.

``python benchmarks/clips.py HOME SEQUENCES [--steps N] [--json OUT]`` trains each network on the
training split of a home's dataset, by the same recipe and with as many frames a step, and judges it
on labelled frame sequences of fixed cameras that nobody trained on: IoU, and the share of labels
that flip where nothing moves. A network that remembers is judged twice: each frame alone, and in
order. Intervals are over runs of 32 frames.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Beside this script lies one named like the package that it measures: look above first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.resources import open_store
from pipelines.settings import load_settings
from segmentation.config import ModelConfig, TrainConfig
from segmentation.data import SplitData
from segmentation.evaluation.evaluate import FRAMES_PER_DRAW
from segmentation.evaluation.image_table import ImageTable, judge_image
from segmentation.evaluation.scores import score_scopes
from segmentation.evaluation.temporal_consistency import FlickerMeter
from segmentation.inference.predict import HumanSegmenter
from segmentation.mask_folders import LabelledFolder
from segmentation.metrics import THRESHOLD
from segmentation.training.sequences import open_sequences
from segmentation.training.train import train

Row = dict[str, Any]

SHOWN = ("iou", "recall", "flip", "human_flip")


@dataclass(frozen=True)
class Variant:
    """One network and how it is trained; as many frames a step as the others."""

    name: str
    model: ModelConfig
    clip_frames: int


def variants(width: int) -> list[Variant]:
    """The rows of the table."""
    remembering = ModelConfig(architecture="convlstm_unet", width=width)
    return [
        Variant("unet", ModelConfig(width=width), 1),
        Variant("convlstm_unet, stills", remembering, 1),
        Variant("convlstm_unet, clips", remembering, 4),
    ]


def recipe(options: argparse.Namespace, clip_frames: int) -> TrainConfig:
    """For a minute or two of one core."""
    return TrainConfig(
        crop_px=options.crop,
        batch_size=8,
        steps=options.steps,
        max_lr=3e-3,
        warmup_steps=30,
        ema_decay=0.99,
        max_person_px=200,
        max_side_px=320,
        clip_frames=clip_frames,
        sequences=options.train_sequences,
        checkpoint_every=10**6,
        validate_every=10**6,
        workers=0,
        threads=1,
    )


def training_split(home: Path) -> SplitData:
    """The training samples of a home's current dataset."""
    settings = load_settings(home)
    store, config = open_store(settings), settings.dataset_config()
    ledger = store.path(store.require("dataset_split")) / "ledger.parquet"
    roots = config.source_roots
    packs = {name: store.path(store.require("human_masks", name)) for name in roots}
    return SplitData(ledger, packs, roots, "train")


def judge(variant: Variant, model_dir: Path, root: Path, left_out: list[str]) -> list[Row]:
    """One row per sequence and way of looking."""
    ways = [False, True] if variant.model.architecture == "convlstm_unet" else [False]
    segmenter = HumanSegmenter(model_dir)
    rows = []
    for folder in open_sequences(root).folders:
        for in_order in ways if folder.name not in left_out else ():
            row: Row = {"network": variant.name, "in_order": in_order, "sequence": folder.name}
            rows.append(row | look(segmenter, folder, in_order=in_order))
            sys.stdout.write(line(rows[-1]) + "\n")
            sys.stdout.flush()
    return rows


def look(segmenter: HumanSegmenter, folder: LabelledFolder, *, in_order: bool) -> Row:
    """Scores of one sequence with intervals."""
    looker, flicker = segmenter.follow() if in_order else segmenter, FlickerMeter()
    with tempfile.TemporaryDirectory() as scratch:
        with ImageTable(Path(scratch)) as table:
            for sample in folder.load():
                probability = looker.probability(sample.image_hwc_rgb[None])[0]
                table.add(judge_image(probability, sample))
                flicker.add(probability >= THRESHOLD, sample.image_hwc_rgb)
        scope = score_scopes(Path(scratch), images_per_draw=FRAMES_PER_DRAW)[0]
    total = flicker.total
    scores = {**scope.scores, "flip": total.flip_share, "human_flip": total.human_flip_share}
    found = flicker.intervals(FRAMES_PER_DRAW)
    intervals = {**scope.intervals, "flip": found.get("flip_share")}
    intervals["human_flip"] = found.get("human_flip_share")
    row: Row = {"frames": scope.images}
    for name in SHOWN:
        interval = intervals[name]
        row[name] = scores[name]
        row[f"{name}_95"] = [interval.low, interval.high] if interval else None
    return row


def line(row: Row) -> str:
    """For reading while it runs."""
    scores = []
    for name in SHOWN:
        low_high = row[f"{name}_95"]
        within = f" ({100 * low_high[0]:.1f} to {100 * low_high[1]:.1f})" if low_high else ""
        scores.append(f"{name} {100 * (row[name] or 0.0):.2f}{within}")
    how = "in order" if row["in_order"] else "each alone"
    return f"{row['network']}, {how}, {row['sequence']} (n = {row['frames']}): {', '.join(scores)}"


def main() -> None:
    """Train, judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="with a built dataset")
    parser.add_argument("sequences", type=Path, help="<name>/input and <name>/groundtruth")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--train-sequences", default="", help="real clips to train on, too")
    parser.add_argument("--leave-out", action="append", default=[], help="a sequence not to judge")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    data = training_split(options.home)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        for place, variant in enumerate(variants(options.width)):
            out = Path(scratch, str(place))
            out.mkdir()
            began = time.process_time()
            config = recipe(options, variant.clip_frames)
            result = train(variant.model, config, data, None, out, work_dir=out / "work")
            cpu_s = time.process_time() - began
            sys.stdout.write(f"{variant.name}: {result.parameters:,} weights, {cpu_s:.0f} s CPU\n")
            judged = judge(variant, out, options.sequences, options.leave_out)
            rows += [row | {"train_cpu_s": round(cpu_s)} for row in judged]
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
