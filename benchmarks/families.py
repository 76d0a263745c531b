"""Every family of networks on the same real photographs, by one recipe, for the same time.

Builds the dataset of ``learned-normal real`` from a folder of samples, trains each family for
``--minutes`` of processor time on one thread, and judges all of them on the same images that none
was trained on. Equal time, not equal steps: that is what one core has to give, and a network that
is cheap may see more images. Processor time, so that what else the machine does changes nothing.
Widths are such that a step of 16 crops costs 0.2 to 0.5 s; the table says how many steps each came
to. One seed: intervals are over images, not over trainings.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

# Beside this script lies one named like the package that it measures: look above first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Row, parser_of, report

from dataset_build.sources.object_kinds import ObjectKinds
from pipelines.demo.demo import dataset_plan, fastest_precision
from pipelines.demo.real_samples import DATASET, HELD_OUT, TRAINING
from pipelines.demo.real_scores import SBI_PEOPLE, photograph_scores
from pipelines.demo.real_sources import CAMERAS_TO_LEARN, lay_out_sources
from pipelines.resources import open_store
from pipelines.settings import Settings, load_settings, save_settings
from pipelines.shell.runs import Runner
from segmentation.champions.champion import Entrant
from segmentation.champions.comparison import compare_models
from segmentation.config import ModelConfig, TrainConfig
from segmentation.data import SplitData
from segmentation.evaluation.evaluate import evaluate, evaluate_folder
from segmentation.inference.inference_config import InferenceConfig
from segmentation.mask_folders import open_folder
from segmentation.speed.measured_speed import read_speed
from segmentation.speed.speed import SpeedConfig, measure_speed
from segmentation.training.train import train

FAMILIES = {
    "unet": ModelConfig(architecture="unet", width=8),
    "unet, resnet18": ModelConfig(architecture="unet", width=24, backbone="resnet18"),
    "convlstm_unet": ModelConfig(architecture="convlstm_unet", width=8),
    "deeplabv3": ModelConfig(architecture="deeplabv3", width=16, backbone="resnet18"),
    "deeplabv3plus": ModelConfig(architecture="deeplabv3plus", width=24, backbone="resnet18"),
    "bisenetv1": ModelConfig(architecture="bisenetv1", width=24),
    "bisenetv2": ModelConfig(architecture="bisenetv2", width=24),
    "stdc1": ModelConfig(architecture="stdc1", width=32),
    "stdc2": ModelConfig(architecture="stdc2", width=32),
    "segformer_b0": ModelConfig(architecture="segformer_b0", width=32),
}
#: Of the recipe of ``learned-normal real`` the first stage alone: minutes are too few for more.
PLAIN = {"stages": (), "steps": 4_600, "ema_decay": 0.995, "auxiliary_weight": 1.0}
#: Longer side at which all are judged: people are then as large as in the crops.
SIDE_PX = 256
SPEED = SpeedConfig(height=SIDE_PX, width=SIDE_PX, batches=(1,), warm_up=1, max_seconds=5.0)


class Dataset:
    """The splits of a home of ``learned-normal real``; of photographs alone where it has none."""

    def __init__(self, samples: Path, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        if not load_settings(home).sources:
            photographs = lay_out_sources(samples, home)
            held_out = [name for name in HELD_OUT if name in photographs]
            dataset = {**DATASET, "held_out_sources": held_out}
            save_settings(Settings(home=home, sources=photographs, dataset=dataset))
        settings = load_settings(home)
        store, sources = open_store(settings), settings.sources
        if store.current("dataset_split") is None:
            Runner(settings).run_all(dataset_plan(settings))
        self._ledger = store.path(store.require("dataset_split")) / "ledger.parquet"
        self._packs = {name: store.path(store.require("human_masks", name)) for name in sources}
        self._roots = sources
        #: Folders below the samples whose frames are learned from: no camera to judge by.
        self.cameras = {c.folder for name, c in CAMERAS_TO_LEARN.items() if name in sources}

    def split(self, name: str, *, object_kinds: bool = False) -> SplitData:
        """``train``, ``val`` or ``test``."""
        kinds = ObjectKinds(self._roots) if object_kinds else None
        return SplitData(self._ledger, self._packs, self._roots, name, kinds=kinds)


def train_and_judge(
    name: str, recipe: TrainConfig, data: Dataset, samples: Path, every: int, folder: Path
) -> Row:
    """One line of the table; weights, evaluation and speed go below ``folder``."""
    model = FAMILIES[name]
    places = {part: folder / name.replace(", ", "_") / part for part in ("model", "test", "speed")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    test = data.split("test")
    trained = train(
        model,
        recipe,
        data.split("train", object_kinds=model.object_kinds),
        None,
        places["model"],
        work_dir=places["model"] / "work",
        clock=time.process_time,
    )
    evaluate(places["model"], test, places["test"], device="cpu", max_side_px=SIDE_PX)
    speed = measure_speed(places["model"], places["speed"], device="cpu", config=SPEED)
    return {
        "family": name,
        "width": model.width,
        "parameters": trained.parameters,
        "steps": trained.steps,
        **photograph_columns(places["test"]),
        **sbi_scores(places["model"], samples, every, data.cameras),
        "ms/image": speed.latency_ms,
        "by": speed.fastest,
    }


def photograph_columns(evaluation: Path) -> Row:
    """Figures of ``real_scores.photograph_scores`` in percent, ``value (low - high)``."""
    row: dict[str, str | float | int | None] = {}
    for found in photograph_scores(evaluation):
        shown = None if found.value is None else f"{100 * found.value:.1f}"
        if shown and found.interval:
            shown += f" ({100 * found.interval[0]:.0f} - {100 * found.interval[1]:.0f})"
        row[f"{found.name.replace(', test', '')}, n = {found.n}"] = shown
    return row


def sbi_scores(model: Path, samples: Path, every: int, learned: Collection[str]) -> Row:
    """Human IoU in percent on each people sequence of SBI, every ``every``-th frame at its size.

    Those in ``learned``, folders below the samples, were learned from and are left out.
    """
    row: dict[str, float | None] = {}
    for name in SBI_PEOPLE:
        folder = samples / "sbi2015" / name
        if f"sbi2015/{name}" in learned or not folder.is_dir():
            continue
        pairs = open_folder(folder / "input", folder / "groundtruth", unknown_value=170).pairs
        with tempfile.TemporaryDirectory() as scratch:
            images, masks = Path(scratch) / name, Path(scratch) / "masks"
            images.mkdir()
            masks.mkdir()
            for number, (image, mask) in enumerate(pairs[::every]):
                (images / f"{number:05}{image.suffix}").symlink_to(image.resolve())
                (masks / f"{number:05}{mask.suffix}").symlink_to(mask.resolve())
            found = evaluate_folder(model, images, masks, device="cpu", unknown_value=170)
        row[f"SBI {name}"] = None if found.iou is None else 100 * found.iou
    return row


def compare(names: Sequence[str], folder: Path, digest: str) -> None:
    """The project's own comparison of what was trained: paired, with its plot."""
    homes = {name: folder / name.replace(", ", "_") for name in names}
    asked = InferenceConfig(precision=fastest_precision())
    entrants = {
        name: Entrant(
            model=home / "model",
            evaluation=home / "test",
            speed=read_speed(home / "speed", asked),
        )
        for name, home in homes.items()
    }
    out = folder / "comparison"
    out.mkdir(exist_ok=True)
    compare_models(entrants, out, data_digest=digest)
    print((out / "comparison.md").read_text(encoding="utf-8"))


def main() -> None:
    """The table of all families, also after each of them, and the paired comparison."""
    parser = parser_of(__doc__)
    parser.add_argument("samples", type=Path, help="folder of real samples, laid out as published")
    parser.add_argument("--minutes", type=float, default=2.5, help="processor time per family")
    parser.add_argument("--home", type=Path, help="keeps dataset, weights and evaluations")
    parser.add_argument("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    options = parser.parse_args()
    recipe = TrainConfig(
        **{
            **TRAINING,
            **PLAIN,
            "threads": 1,
            "workers": 0,
            "precision": fastest_precision(),
            "max_seconds": 60 * (0.1 if options.quick else options.minutes),
        }
    )
    with tempfile.TemporaryDirectory() as scratch:
        home = options.home or Path(scratch)
        data = Dataset(options.samples, home)
        folder, every = home / "families", 100 if options.quick else 20
        rows: list[Row] = []
        for name in options.families:
            rows.append(train_and_judge(name, recipe, data, options.samples, every, folder))
            report("families", rows, options.json)
        compare(options.families, folder, data.split("test").digest)


if __name__ == "__main__":
    main()
