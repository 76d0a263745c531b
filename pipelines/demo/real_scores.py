"""What ``learned-normal real`` is measured by: test photographs, an unseen camera, an hour."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from camera_analysis.benchmark.benchmarks import frame_auc
from pipelines.executors import GpuSlots
from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.storage.store import Store
from segmentation.evaluation.bootstrap import interval_of, resampled_sums
from segmentation.evaluation.image_table import IMAGES_FILE
from segmentation.evaluation.scores import METRICS_FILE

F64 = npt.NDArray[np.float64]

#: Sources that are one kind of image.
KINDS = {
    "Penn-Fudan": ("penn_fudan",),
    "CCP": ("ccp",),
    "VOC with people": ("voc",),
    "COCO with people": ("coco_panoptic", "coco_stuff"),
}
WITHOUT_PEOPLE = "VOC without people"
#: Below it, drawing again says nothing.
FEWEST_FOR_INTERVAL = 2
SBI_PEOPLE = ("HumanBody2", "IBMtest2", "CaVignal")
#: The one that no frame is learned from: a camera to judge by.
SBI_JUDGED = ("IBMtest2",)
UPCAM_EVALUATION_DAY = "2020-11-23"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One figure on real input.

    Args:
        value: a fraction; None where nothing defines it.
        n: images or frames behind it.
        interval: ends of its 95 % interval over images, where it was found.
    """

    name: str
    value: float | None
    n: int
    interval: tuple[float, float] | None = None

    @property
    def shown(self) -> str:
        """``0.608 (0.550 to 0.660)``."""
        if self.value is None:
            return "-"
        ends = f" ({self.interval[0]:.3f} to {self.interval[1]:.3f})" if self.interval else ""
        return f"{self.value:.3f}{ends}"


def measure(samples: Path, settings: Settings) -> list[Measured]:
    """Every figure that the samples have truth for; printed, and kept in ``measured.json``."""
    store = open_store(settings)
    evaluation = store.path(store.require("model_evaluation", "unet"))
    figures = [*photograph_scores(evaluation), *source_scores(evaluation)]
    figures += [*sbi_scores(samples, settings, store), *upcam_scores(samples, store)]
    document = [asdict(figure) for figure in figures]
    (settings.home / "measured.json").write_text(json.dumps(document, indent=1))
    for figure in figures:
        click.echo(f"{figure.name:52} {figure.shown} (n = {figure.n})")
    return figures


def photograph_scores(evaluation: Path) -> list[Measured]:
    """Human IoU by kind of photograph, and false pixels where nobody is, with intervals.

    Args:
        evaluation: folder that holds ``images.parquet``.
    """
    table = pq.read_table(evaluation / IMAGES_FILE).to_pandas()
    figures = []
    for kind, sources in KINDS.items():
        chosen = table[table["source"].isin(sources) & (table["empty_images"] == 0)]
        counts = chosen[["hits", "false_alarms", "misses"]].to_numpy(np.float64)
        figures.append(_share(f"human IoU, test, {kind}", counts[:, 0], counts.sum(axis=1)))
    empty = table[(table["source"] == "voc") & (table["empty_images"] == 1)]
    counts = empty[["empty_false_px", "empty_px"]].to_numpy(np.float64)
    return [*figures, _share(f"false px, test, {WITHOUT_PEOPLE}", counts[:, 0], counts[:, 1])]


def _share(name: str, part: F64, whole: F64) -> Measured:
    """Sum of (n,) parts by the sum of (n,) wholes, drawn again over images."""
    if len(part) < FEWEST_FOR_INTERVAL or not whole.sum():
        return Measured(name=name, value=None, n=len(part))
    drawn = resampled_sums([np.stack([part, whole], axis=1)], len(part))
    interval = interval_of(drawn[:, 0] / np.maximum(drawn[:, 1], 1))
    ends = (interval.low, interval.high) if interval else None
    return Measured(name=name, value=float(part.sum() / whole.sum()), n=len(part), interval=ends)


def source_scores(evaluation: Path) -> list[Measured]:
    """Human IoU, and false pixels where nobody is, on test images, all and by source."""
    return [
        Measured(name=f"{what}, test, {row['scope']}", value=row[score], n=row[images])
        for row in pq.read_table(evaluation / METRICS_FILE).to_pylist()
        for what, score, images in (
            ("human IoU", "iou", "images"),
            ("false px without people", "empty_false_px_share", "empty_images"),
        )
    ]


def sbi_scores(samples: Path, settings: Settings, store: Store) -> list[Measured]:
    """Human IoU of the champion on camera views that it was not trained on."""
    from segmentation.evaluation.evaluate import evaluate_folder

    device = GpuSlots(settings.home / "locks", slots=1, device=settings.device).device
    champion = store.path(store.require("champion_model"))
    figures = []
    for name in SBI_JUDGED:
        folder = samples / "sbi2015" / name
        if not folder.is_dir():
            click.echo(f"SBI {name}: not in {samples}, left out")
            continue
        summary = evaluate_folder(
            champion, folder / "input", folder / "groundtruth", device=device, unknown_value=170
        )
        figures.append(Measured(name=f"human IoU, SBI {name}", value=summary.iou, n=summary.images))
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
        )
        for name, column in (("delta map", "delta_share"), ("surprise", "surprise_bits"))
    ]
