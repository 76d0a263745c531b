"""Masks in which a model sees a fault: every sample with its worst region, the worst first."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.ledger.corrections import SampleMasks, write_masks
from dataset_build.ledger.ledger import read_ledger
from dataset_build.ledger.splits import hash_share
from dataset_build.sources.image_files import decode_rgb
from dataset_build.sources.label_maps import HUMAN, NOT_HUMAN
from segmentation.data import fitted_size, resize_image, resize_mask
from segmentation.evaluation.mask_evidence import (
    I8,
    U8,
    Calibration,
    Suspicion,
    Suspicions,
    quantised_logits,
    suspicions,
)
from segmentation.evaluation.pictures import JudgedSample, draw_worst, judged_sample
from segmentation.inference.predict import HumanSegmenter
from segmentation.inference.views import Segmenter, as_trained

TABLE_FILE = "mistakenness.parquet"
WORST_FILE = "worst.png"
PREDICTIONS = "predictions"
#: One row per judged sample, the worst first; the box is in px of the image.
MISTAKENNESS = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("mask_sha256", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("area_share", pa.float64(), nullable=False),
        pa.field("x", pa.int32(), nullable=False),
        pa.field("y", pa.int32(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
    ]
)
#: What is usual: a severity that a tenth of the samples exceeds.
_USUAL_QUANTILE = 0.9
#: Below it nothing is remarkable, however rare: log-odds of 1 on 1 % of the frame, and as much
#: gained by a shift on a fifth of a mask of 2 % of the frame.
_LEAST = {"missing": 0.3, "extra": 0.3, "shifted": 0.03}
_PURPOSE = "mistakenness"  # salts the hash that draws samples
_BOX_RGB = (255, 0, 200)
_BOX_PX = 3


@dataclass(frozen=True, kw_only=True)
class MistakennessConfig:
    """How many masks are looked at, and how.

    Raises:
        ValueError: no samples.
    """

    max_samples: int = 2_000  # half an hour of one core at width 64; drawn by hash beyond
    max_side_px: int = 640  # longer side at which masks are judged: what cameras deliver
    predictions: int = 500  # of the worst; what a queue shows beside the mask
    pictures: int = 12  # rows of the sheet of the worst
    device: str = "cpu"
    seed: int = 0  # another one draws others where there are more than ``max_samples``

    def __post_init__(self) -> None:
        """Refuse to look at nothing."""
        if self.max_samples < 1:
            raise ValueError(f"max_samples = {self.max_samples}; expected at least 1")


@dataclass(frozen=True, kw_only=True)
class LedgerData:
    """A split ledger with its masks and images.

    Args:
        ledger: ``ledger.parquet``, corrected masks beside it.
        packs: source -> folder of its packed masks.
        roots: source -> folder of its images.
    """

    ledger: Path
    packs: Mapping[str, Path]
    roots: Mapping[str, Path]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A mask's score in [0, 1): 0.5 is as bad as a tenth of the masks, and why."""

    score: float
    worst: Suspicion


@dataclass(frozen=True, kw_only=True)
class MistakennessSummary:
    """What was found; ``kinds`` counts scores of at least 0.5."""

    path: Path
    rows: int
    samples: int
    kinds: Mapping[str, int]
    worst_score: float
    pictures: tuple[Path, ...] = ()


def judge_masks(count: int, load: Callable[[int], tuple[U8, I8]]) -> list[Verdict]:
    """Score masks against each other: first what the model does usually, then what is unusual.

    Args:
        count: of samples.
        load: number -> mask and quantised logits, both (H, W); called twice for each.
    """
    calibration = Calibration()
    for number in range(count):
        calibration.add(*load(number))
    log_odds = calibration.log_odds()
    found = [suspicions(*load(number), log_odds) for number in range(count)]
    usual = {
        name: max(least, _quantile([getattr(one, name).severity for one in found]))
        for name, least in _LEAST.items()
    }
    return [_verdict(one, usual) for one in found]


def _quantile(values: Sequence[float]) -> float:
    return float(np.quantile(values, _USUAL_QUANTILE)) if values else 0.0


def _verdict(found: Suspicions, usual: Mapping[str, float]) -> Verdict:
    """The worst suspicion relative to what is usual of its kind."""
    ratio, name = max((getattr(found, name).severity / usual[name], name) for name in usual)
    return Verdict(score=ratio / (1.0 + ratio), worst=getattr(found, name))


def find_mistaken(
    model_dir: Path,
    data: LedgerData,
    out: Path,
    *,
    config: MistakennessConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MistakennessSummary:
    """Let a model look at the masks of a dataset, all splits alike.

    Args:
        model_dir: folder of a trained model.
        data: what it looks at.
        out: existing folder; receives ``mistakenness.parquet``, ``worst.png`` and the folder
            ``predictions`` with the packed masks that the model would draw, by image sha256.
        config: how many, and how.
        progress: called with samples looked at and samples in all.

    Raises:
        FileNotFoundError: no model there.
        ValueError: the dataset is empty.
    """
    config = config or MistakennessConfig()
    looked = _Looked(data, config)
    segmenter = as_trained(HumanSegmenter(model_dir, config.device, any_size=True))
    for number in range(len(looked.rows)):
        looked.look(number, segmenter)
        if progress:
            progress(number + 1, len(looked.rows))
    verdicts = judge_masks(len(looked.rows), looked.load)
    order = sorted(
        range(len(verdicts)), key=lambda i: (-verdicts[i].score, looked.rows[i]["sample_id"])
    )
    table = [_table_row(looked.rows[i], verdicts[i]) for i in order]
    path = out / TABLE_FILE
    pq.write_table(pa.Table.from_pylist(table, MISTAKENNESS), path, compression="zstd")
    (out / PREDICTIONS).mkdir()
    shown = order[: config.predictions]
    seen = {str(looked.rows[i]["image_sha256"]): looked.predicted(i) for i in shown}
    write_masks(seen, out / PREDICTIONS)
    tiles = [looked.tile(i, verdicts[i]) for i in order[: config.pictures]]
    picture = draw_worst(tiles, out / WORST_FILE)
    bad = [verdict.worst.kind for verdict in verdicts if verdict.score >= 0.5]
    return MistakennessSummary(
        path=path,
        rows=len(table),
        samples=looked.available,
        kinds={kind: bad.count(kind) for kind in sorted(set(bad))},
        worst_score=verdicts[order[0]].score,
        pictures=(picture,) if picture else (),
    )


class _Looked:
    """The samples, and what the model said about each; its answers are kept compressed."""

    def __init__(self, data: LedgerData, config: MistakennessConfig) -> None:
        table = read_ledger(data.ledger)
        table = table.filter(pc.not_equal(table["split"], ""))
        names = ["sample_id", "source", "image_path", "image_sha256", "mask_sha256"]
        names += ["mask_correction", "width", "height"]
        rows = table.select(names).to_pylist()
        if not rows:
            raise ValueError("no sample is in any split; rebuild the dataset with more images")
        rows.sort(key=lambda row: hash_share(row["image_sha256"], config.seed, _PURPOSE))
        self.available = len(rows)
        self.rows = sorted(rows[: config.max_samples], key=lambda row: str(row["sample_id"]))
        self._data, self._max_side_px = data, config.max_side_px
        self._masks = SampleMasks(data.packs, data.ledger)
        self._answers: list[bytes] = []

    def look(self, number: int, segmenter: Segmenter) -> None:
        """Ask the model about one sample, in order."""
        probability = segmenter.probability(self._image(number)[None])[0]
        self._answers.append(zlib.compress(quantised_logits(probability).tobytes(), 1))

    def load(self, number: int) -> tuple[U8, I8]:
        """Mask and quantised logits."""
        logits = np.frombuffer(zlib.decompress(self._answers[number]), np.int8)
        size_hw = self._size_hw(number)
        row = self.rows[number]
        mask = self._masks.read(row["source"], row["sample_id"])
        return resize_mask(mask, size_hw), logits.reshape(size_hw)

    def sample_id(self, number: int) -> str:
        """Of the ledger."""
        return str(self.rows[number]["sample_id"])

    def predicted(self, number: int) -> U8:
        """The mask that the model would draw."""
        return np.where(self.load(number)[1] >= 0, HUMAN, NOT_HUMAN).astype(np.uint8)

    def tile(self, number: int, verdict: Verdict) -> JudgedSample:
        """Image with the worst region marked, mask and prediction."""
        image = self._image(number).copy()
        height, width = image.shape[:2]
        x, y, w, h = verdict.worst.box_xywh
        corners = (
            (round(x * width), round(y * height)),
            (
                round((x + w) * width),
                round((y + h) * height),
            ),
        )
        cv2.rectangle(image, *corners, _BOX_RGB, _BOX_PX)
        caption = f"{self.sample_id(number)}: {verdict.worst.kind}, {verdict.score:.2f}"
        return judged_sample(caption, image, self.load(number)[0], self.predicted(number))

    def _size_hw(self, number: int) -> tuple[int, int]:
        row = self.rows[number]
        return fitted_size((int(row["height"]), int(row["width"])), self._max_side_px)

    def _image(self, number: int) -> U8:
        row = self.rows[number]
        data = (self._data.roots[row["source"]] / row["image_path"]).read_bytes()
        return resize_image(decode_rgb(data), self._size_hw(number))


def _table_row(row: Mapping[str, object], verdict: Verdict) -> dict[str, object]:
    width, height = int(str(row["width"])), int(str(row["height"]))
    x, y, w, h = verdict.worst.box_xywh
    return {
        "sample_id": row["sample_id"],
        "image_sha256": row["image_sha256"],
        "mask_sha256": row["mask_correction"] or row["mask_sha256"],
        "source": row["source"],
        "score": verdict.score,
        "kind": verdict.worst.kind,
        "area_share": verdict.worst.area_share,
        "x": round(x * width),
        "y": round(y * height),
        "width": round(w * width),
        "height": round(h * height),
    }
