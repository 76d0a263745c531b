"""A model against labelled images: tables, and the samples it is worst at."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.label_maps import HUMAN, NOT_HUMAN
from segmentation.data import Sample, SplitData, fitted_size, resize_image, resize_mask
from segmentation.mask_folders import open_folder
from segmentation.metrics import THRESHOLD, HumanCounts, count_image
from segmentation.pictures import JudgedSample, draw_worst, judged_sample
from segmentation.predict import HumanSegmenter

METRICS_FILE = "metrics.parquet"
PER_IMAGE_FILE = "per_image.parquet"
WORST_FILE = "worst.png"
EVALUATION_FILE = "evaluation.json"
#: The scope of all sources together.
ALL = "all"
#: Longer side at which images are judged: what cameras deliver, and what training saw.
MAX_SIDE_PX = 640
WORST_SAMPLES = 8
_ROW_GROUP = 1024

_COUNTS = [pa.field(name, pa.int64(), nullable=False) for name in asdict(HumanCounts())]
_SCORES = [
    pa.field(name, pa.float64())
    for name in (
        "iou",
        "dice",
        "precision",
        "recall",
        "pixel_accuracy",
        "empty_alarm_rate",
        "empty_false_px_share",
    )
]
#: One row for all images, one per source; a score is null where nothing defines it.
METRICS = pa.schema([pa.field("scope", pa.string(), nullable=False), *_SCORES, *_COUNTS])
#: One row per image, in the order of sample ids.
PER_IMAGE = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        *_SCORES[:5],
        pa.field("wrong_share", pa.float64()),
        *_COUNTS,
    ]
)


@dataclass(frozen=True, kw_only=True)
class EvaluationSummary:
    """Scores over all images; fractions in [0, 1], None where nothing defines them.

    Args:
        model_version: sha256 of the weights.
        empty_images: images without people.
        empty_alarm_rate: share of these with more than 0.1 % false human pixels.
        empty_false_px_share: share of their pixels that are called human.
        unpaired: files that had no partner (folders only).
        metrics: the table, where one was written.
    """

    architecture: str
    model_version: str
    images: int
    iou: float | None
    dice: float | None
    precision: float | None
    recall: float | None
    pixel_accuracy: float | None
    empty_images: int
    empty_alarm_rate: float | None
    empty_false_px_share: float | None
    unpaired: int = 0
    metrics: Path | None = None
    worst: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """``evaluation.json``: what was judged, and on what.

    Args:
        model_version: sha256 of the weights.
        data_digest: names the pixels of the split.
    """

    model_version: str
    data_digest: str


@dataclass(frozen=True, kw_only=True)
class ImageScore:
    """One judged image."""

    sample_id: str
    source: str
    counts: HumanCounts

    @property
    def wrong_share(self) -> float | None:
        """Share of labelled pixels that are wrong; None where none is labelled."""
        accuracy = self.counts.pixel_accuracy
        return None if accuracy is None else 1.0 - accuracy


def evaluate(
    model_dir: Path,
    data: SplitData,
    out: Path,
    *,
    device: str,
    max_side_px: int | None = MAX_SIDE_PX,
    progress: Callable[[int, int], None] | None = None,
) -> EvaluationSummary:
    """Judge a model on a split.

    Args:
        model_dir: folder of a trained model.
        data: the split; one image at a time is in memory.
        out: existing folder; receives metrics.parquet, per_image.parquet, worst.png and
            evaluation.json.
        device: cpu, cuda or auto.
        max_side_px: larger images and their masks are shrunk; None judges at full size.
        progress: called with images done and images in all.

    Raises:
        FileNotFoundError: no model there.
    """
    segmenter = HumanSegmenter(model_dir, device)
    samples = (data.load(number, max_side_px=max_side_px) for number in range(len(data)))
    totals: dict[str, HumanCounts] = {}
    worst = _Worst()
    with pq.ParquetWriter(out / PER_IMAGE_FILE, PER_IMAGE, compression="zstd") as table:
        for done, scores in _in_groups(_judge(segmenter, samples, worst)):
            table.write_table(pa.Table.from_pylist([_image_row(s) for s in scores], PER_IMAGE))
            for score in scores:
                before = totals.get(score.source, HumanCounts())
                totals[score.source] = before + score.counts
            if progress:
                progress(done, len(data))
    whole = sum(totals.values(), HumanCounts())
    rows = [_scope_row(ALL, whole), *(_scope_row(name, totals[name]) for name in sorted(totals))]
    pq.write_table(pa.Table.from_pylist(rows, METRICS), out / METRICS_FILE, compression="zstd")
    judged = Evaluated(model_version=segmenter.version, data_digest=data.digest)
    text = json.dumps(asdict(judged), indent=1, sort_keys=True)
    (out / EVALUATION_FILE).write_text(text + "\n", encoding="utf-8")
    return _summary(
        segmenter,
        whole,
        metrics=out / METRICS_FILE,
        worst=draw_worst(worst.samples(), out / WORST_FILE),
    )


def read_evaluated(folder: Path) -> Evaluated | None:
    """What an evaluation judged; None for one that does not say, as older ones did not."""
    path = folder / EVALUATION_FILE
    if not path.is_file():
        return None
    values = json.loads(path.read_text(encoding="utf-8"))
    return Evaluated(model_version=values["model_version"], data_digest=values["data_digest"])


def overall_score(folder: Path, metric: str) -> float | None:
    """A score over all images of an evaluation; None where nothing defines it.

    Raises:
        ValueError: the table has no row for all images.
    """
    rows = {row["scope"]: row for row in pq.read_table(folder / METRICS_FILE).to_pylist()}
    if ALL not in rows:
        raise ValueError(f"{folder / METRICS_FILE} has no row {ALL!r}; evaluate the model again")
    score: float | None = rows[ALL][metric]
    return score


def evaluate_folder(
    model_dir: Path,
    images: Path,
    masks: Path,
    *,
    device: str,
    unknown_value: int | None = None,
    max_side_px: int | None = MAX_SIDE_PX,
) -> EvaluationSummary:
    """Judge a model on a folder of images with masks of the same stem; writes nothing.

    Args:
        model_dir: folder of a trained model.
        images: JPEG or PNG files.
        masks: PNG files of 0/255, of 0/1/255, or of 0/``unknown_value``/255.
        device: cpu, cuda or auto.
        unknown_value: the third mask value that counts nowhere (SBI and CDnet use 170).
        max_side_px: larger images and their masks are shrunk; None judges at full size.

    Raises:
        ValueError: no pairs, or masks with other values.
    """
    folder = open_folder(images, masks, unknown_value=unknown_value)
    segmenter = HumanSegmenter(model_dir, device)
    samples = (shrink(sample, max_side_px) for sample in folder.load())
    scores = _judge(segmenter, samples, _Worst())
    whole = sum((score.counts for score in scores), HumanCounts())
    return _summary(segmenter, whole, unpaired=len(folder.unpaired))


def shrink(sample: Sample, max_side_px: int | None) -> Sample:
    """The sample with its longer side at most ``max_side_px``."""
    height, width = sample.mask_hw.shape
    size_hw = fitted_size((height, width), max_side_px)
    return Sample(
        sample_id=sample.sample_id,
        source=sample.source,
        image_hwc_rgb=resize_image(sample.image_hwc_rgb, size_hw),
        mask_hw=resize_mask(sample.mask_hw, size_hw),
    )


@dataclass
class _Worst:
    """The samples with the largest share of wrong pixels, the first of equals."""

    heap: list[tuple[float, int, JudgedSample]] = field(default_factory=list)
    seen: int = 0

    def offer(self, score: ImageScore, sample: Sample, predicted_hw: npt.NDArray[np.bool_]) -> None:
        wrong_share = score.wrong_share or 0.0
        self.seen += 1
        if len(self.heap) == WORST_SAMPLES and wrong_share <= self.heap[0][0]:
            return
        people = score.counts.hits + score.counts.misses > 0
        shown = f"IoU {100 * (score.counts.iou or 0.0):.0f} %" if people else "nobody"
        tile = judged_sample(
            f"{sample.sample_id}: {shown}, {100 * wrong_share:.0f} % wrong",
            sample.image_hwc_rgb,
            sample.mask_hw,
            np.where(predicted_hw, HUMAN, NOT_HUMAN).astype(np.uint8),
        )
        heapq.heappush(self.heap, (wrong_share, -self.seen, tile))
        if len(self.heap) > WORST_SAMPLES:
            heapq.heappop(self.heap)

    def samples(self) -> list[JudgedSample]:
        ranked = sorted(self.heap, key=lambda entry: (-entry[0], -entry[1]))
        return [sample for _, _, sample in ranked]


def _judge(
    segmenter: HumanSegmenter, samples: Iterable[Sample], worst: _Worst
) -> Iterator[ImageScore]:
    for sample in samples:
        predicted = segmenter.probability(sample.image_hwc_rgb[None])[0] >= THRESHOLD
        score = ImageScore(
            sample_id=sample.sample_id,
            source=sample.source,
            counts=count_image(predicted, sample.mask_hw),
        )
        worst.offer(score, sample, predicted)
        yield score


def _in_groups(scores: Iterable[ImageScore]) -> Iterator[tuple[int, list[ImageScore]]]:
    group: list[ImageScore] = []
    done = 0
    for score in scores:
        group.append(score)
        done += 1
        if len(group) == _ROW_GROUP:
            yield done, group
            group = []
    if group:
        yield done, group


def _scores(counts: HumanCounts) -> dict[str, float | None]:
    return {item.name: getattr(counts, item.name) for item in _SCORES}


def _scope_row(scope: str, counts: HumanCounts) -> dict[str, object]:
    return {"scope": scope, **_scores(counts), **asdict(counts)}


def _image_row(score: ImageScore) -> dict[str, object]:
    return {
        "sample_id": score.sample_id,
        "source": score.source,
        "wrong_share": score.wrong_share,
        **_scores(score.counts),
        **asdict(score.counts),
    }


def _summary(
    segmenter: HumanSegmenter,
    counts: HumanCounts,
    *,
    unpaired: int = 0,
    metrics: Path | None = None,
    worst: Path | None = None,
) -> EvaluationSummary:
    return EvaluationSummary(
        architecture=segmenter.architecture,
        model_version=segmenter.version,
        images=counts.images,
        iou=counts.iou,
        dice=counts.dice,
        precision=counts.precision,
        recall=counts.recall,
        pixel_accuracy=counts.pixel_accuracy,
        empty_images=counts.empty_images,
        empty_alarm_rate=counts.empty_alarm_rate,
        empty_false_px_share=counts.empty_false_px_share,
        unpaired=unpaired,
        metrics=metrics,
        worst=worst,
    )
