"""The samples that a model is worst at: a picture for a quick look, its answers for a review."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.scan.mask_pack import PackedMask, PackWriter
from dataset_build.sources.label_maps import HUMAN, NOT_HUMAN
from segmentation.data import U8, Sample
from segmentation.evaluation.calibration import F32
from segmentation.evaluation.image_table import ImageScore
from segmentation.evaluation.pictures import JudgedSample, draw_worst, judged_sample
from segmentation.metrics import THRESHOLD

PICTURE_FILE = "worst.png"
TABLE_FILE = "worst.parquet"
PREDICTIONS = "predictions"
#: Rows of the picture: the largest shares of wrong pixels.
SHOWN = 8
#: Rows of the table: the lowest IoU; an afternoon's review.
KEPT = 100
#: One row per sample, the lowest IoU first; ``image_sha256`` names the packed predictions, and the
#: sample id where there is none.
WORST = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("iou", pa.float64(), nullable=False),
        pa.field("wrong_share", pa.float64(), nullable=False),
    ]
)


class _Kept:
    """What is remembered of a sample: a kilobyte or two."""

    def __init__(self, sample_id: str, image_sha256: str, source: str, probability_hw: F32) -> None:
        self.sample_id, self.image_sha256, self.source = sample_id, image_sha256, source
        self.answer = PackedMask.of(_answer(probability_hw))


@dataclass
class WorstSamples:
    """Keeps the worst of all samples that are offered; the first of equals.

    An image without people has an IoU of 0 where anybody is seen; it is kept only where it counts
    as a false alarm.
    """

    _shown: list[tuple[float, int, JudgedSample]] = field(default_factory=list)
    _kept: list[tuple[float, float, int, _Kept]] = field(default_factory=list)
    _seen: int = 0

    def offer(self, score: ImageScore, sample: Sample, probability_hw: F32) -> None:
        """One more judged sample."""
        self._seen += 1
        wrong = score.wrong_share or 0.0
        if len(self._shown) < SHOWN or wrong > self._shown[0][0]:
            tile = _tile(score, sample, probability_hw)
            heapq.heappush(self._shown, (wrong, -self._seen, tile))
            if len(self._shown) > SHOWN:
                heapq.heappop(self._shown)
        iou, counts = score.counts.iou, score.counts
        if iou is None or (counts.empty_images and not counts.empty_alarms):
            return
        rank = (-iou, wrong, -self._seen)
        if len(self._kept) < KEPT or rank > self._kept[0][:3]:
            kept = _Kept(sample.sample_id, sample.image_sha256, sample.source, probability_hw)
            heapq.heappush(self._kept, (*rank, kept))
            if len(self._kept) > KEPT:
                heapq.heappop(self._kept)

    def write_table(self, out: Path) -> Path:
        """Write ``worst.parquet`` and the folder ``predictions`` beside it."""
        ranked = sorted(self._kept, key=lambda entry: entry[:3], reverse=True)
        rows = [
            {
                "sample_id": one.sample_id,
                "image_sha256": one.image_sha256,
                "source": one.source,
                "iou": -minus_iou,
                "wrong_share": wrong,
            }
            for minus_iou, wrong, _, one in ranked
        ]
        pq.write_table(pa.Table.from_pylist(rows, WORST), out / TABLE_FILE, compression="zstd")
        (out / PREDICTIONS).mkdir(exist_ok=True)
        masks = {one.image_sha256 or one.sample_id: one.answer for *_, one in ranked}
        with PackWriter(out / PREDICTIONS) as writer:
            for key, mask in sorted(masks.items()):
                writer.add(key, mask)
        return out / TABLE_FILE

    def draw(self, out: Path) -> Path | None:
        """Draw ``worst.png``; None where nothing can be drawn."""
        ranked = sorted(self._shown, key=lambda entry: entry[:2], reverse=True)
        return draw_worst([tile for *_, tile in ranked], out / PICTURE_FILE)


def _answer(probability_hw: F32) -> U8:
    return np.where(probability_hw >= THRESHOLD, HUMAN, NOT_HUMAN).astype(np.uint8)


def _tile(score: ImageScore, sample: Sample, probability_hw: F32) -> JudgedSample:
    people = score.counts.hits + score.counts.misses > 0
    shown = f"IoU {100 * (score.counts.iou or 0.0):.0f} %" if people else "nobody"
    wrong = f"{100 * (score.wrong_share or 0.0):.1f} % of pixels wrong"
    return judged_sample(
        f"{sample.sample_id}: {shown}, {wrong}",
        sample.image_hwc_rgb,
        sample.mask_hw,
        _answer(probability_hw),
    )
