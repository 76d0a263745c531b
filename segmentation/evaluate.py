"""A model against labelled images: tables with intervals, and the samples it is worst at."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dataset_build.label_maps import HUMAN, NOT_HUMAN
from segmentation.calibration import F32
from segmentation.data import Sample, SplitData, fitted_size, resize_image, resize_mask
from segmentation.evaluated import Evaluated, write_evaluated
from segmentation.evaluation_views import draw_reliability, write_metrics_table
from segmentation.image_table import ImageScore, ImageTable, judge_image
from segmentation.inference_config import InferenceConfig
from segmentation.mask_folders import open_folder
from segmentation.metrics import THRESHOLD
from segmentation.pictures import JudgedSample, draw_worst, judged_sample
from segmentation.postprocess_config import PostprocessConfig
from segmentation.predict import HumanSegmenter
from segmentation.scores import ScopeScores, score_scopes, write_metrics

WORST_FILE = "worst.png"
RELIABILITY_FILE = "reliability.png"
#: Longer side at which images are judged: what cameras deliver, and what training saw.
MAX_SIDE_PX = 640
WORST_SAMPLES = 8


@dataclass(frozen=True, kw_only=True)
class EvaluationSummary:
    """Scores over all images; fractions in [0, 1], None where nothing defines them.

    Args:
        model_version: sha256 of the weights.
        boundary_iou: IoU of the bands along the contours, 2 % of the diagonal wide.
        recall_small: share of the persons below 15 % of the frame's height who were found.
        recall_middle: of those up to half its height.
        recall_large: of those beyond.
        ece: expected calibration error of the probability of a human, 15 bins.
        empty_images: images without people.
        empty_alarm_rate: share of these with more than 0.1 % false human pixels.
        empty_region_rate: share of these with any false region of 16 pixels or more.
        empty_false_px_share: share of their pixels that are called human.
        intervals: score -> ends of its 95 % interval over images.
        steps: what was done to the network's answers, by ``PostprocessConfig.name``.
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
    boundary_iou: float | None
    recall_small: float | None
    recall_middle: float | None
    recall_large: float | None
    ece: float | None
    empty_images: int
    empty_alarm_rate: float | None
    empty_region_rate: float | None
    empty_false_px_share: float | None
    intervals: Mapping[str, tuple[float, float]]
    steps: str = ""
    unpaired: int = 0
    metrics: Path | None = None
    worst: Path | None = None


def evaluate(
    model_dir: Path,
    data: SplitData,
    out: Path,
    *,
    device: str,
    max_side_px: int | None = MAX_SIDE_PX,
    steps: PostprocessConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EvaluationSummary:
    """Judge a model on a split.

    Args:
        model_dir: folder of a trained model.
        data: the split; one image at a time is in memory.
        out: existing folder; receives images.parquet, metrics.parquet, metrics.md,
            reliability.png, worst.png and evaluation.json.
        device: cpu, cuda or auto.
        max_side_px: larger images and their masks are shrunk; None judges at full size.
        steps: taken after the network; None for none.
        progress: called with images done and images in all.

    Raises:
        FileNotFoundError: no model there.
    """
    samples = (data.load(number, max_side_px=max_side_px) for number in range(len(data)))
    return _judge_all(
        _segmenter(model_dir, device, steps),
        _counted(samples, len(data), progress) if progress else samples,
        out,
        data_digest=lambda: data.digest,
        max_side_px=max_side_px,
        steps=steps,
    )


def evaluate_folder(
    model_dir: Path,
    images: Path,
    masks: Path,
    *,
    device: str,
    unknown_value: int | None = None,
    max_side_px: int | None = MAX_SIDE_PX,
    steps: PostprocessConfig | None = None,
    out: Path | None = None,
) -> EvaluationSummary:
    """Judge a model on a folder of images with masks of the same stem.

    Args:
        model_dir: folder of a trained model.
        images: JPEG or PNG files.
        masks: PNG files of 0/255, of 0/1/255, or of 0/``unknown_value``/255.
        device: cpu, cuda or auto.
        unknown_value: the third mask value that counts nowhere (SBI and CDnet use 170).
        max_side_px: larger images and their masks are shrunk; None judges at full size.
        steps: taken after the network; None for none.
        out: existing folder that receives what ``evaluate`` writes; None writes nothing.

    Raises:
        ValueError: no pairs, or masks with other values.
    """
    folder = open_folder(images, masks, unknown_value=unknown_value)
    segmenter = _segmenter(model_dir, device, steps)
    digest = hashlib.sha256()

    def samples() -> Iterator[Sample]:
        for sample in folder.load():
            digest.update(_fingerprint(sample))
            yield shrink(sample, max_side_px)

    with TemporaryDirectory() as scratch:
        summary = _judge_all(
            segmenter,
            samples(),
            out or Path(scratch),
            data_digest=digest.hexdigest,
            max_side_px=max_side_px,
            steps=steps,
            unpaired=len(folder.unpaired),
        )
    return summary if out else replace(summary, metrics=None, worst=None)


def _segmenter(model_dir: Path, device: str, steps: PostprocessConfig | None) -> HumanSegmenter:
    inference = InferenceConfig(postprocess=steps or PostprocessConfig())
    return HumanSegmenter(model_dir, device, inference=inference, any_size=True)


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

    def offer(self, score: ImageScore, sample: Sample, probability_hw: F32) -> None:
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
            np.where(probability_hw >= THRESHOLD, HUMAN, NOT_HUMAN).astype(np.uint8),
        )
        heapq.heappush(self.heap, (wrong_share, -self.seen, tile))
        if len(self.heap) > WORST_SAMPLES:
            heapq.heappop(self.heap)

    def samples(self) -> list[JudgedSample]:
        ranked = sorted(self.heap, key=lambda entry: (-entry[0], -entry[1]))
        return [sample for _, _, sample in ranked]


def _judge_all(
    segmenter: HumanSegmenter,
    samples: Iterable[Sample],
    out: Path,
    *,
    data_digest: Callable[[], str],
    max_side_px: int | None,
    steps: PostprocessConfig | None,
    unpaired: int = 0,
) -> EvaluationSummary:
    """Run the network over all samples, then score from the table; the digest is asked last."""
    worst = _Worst()
    with ImageTable(out) as table:
        for sample in samples:
            probability = segmenter.probability(sample.image_hwc_rgb[None])[0]
            score = judge_image(probability, sample)
            worst.offer(score, sample, probability)
            table.add(score)
    scopes = score_scopes(out)
    write_metrics_table(scopes, out)
    draw_reliability(scopes[0], out / RELIABILITY_FILE)
    judged = Evaluated(
        model_version=segmenter.weights,
        data_digest=data_digest(),
        max_side_px=max_side_px,
        backend=segmenter.backend,
        steps=steps.name if steps else "",
    )
    write_evaluated(judged, out)
    return _summary(
        segmenter,
        scopes[0],
        steps=judged.steps,
        unpaired=unpaired,
        metrics=write_metrics(scopes, out),
        worst=draw_worst(worst.samples(), out / WORST_FILE),
    )


def _counted(
    samples: Iterable[Sample], whole: int, progress: Callable[[int, int], None]
) -> Iterator[Sample]:
    """The same samples; each is reported once the one after it is asked for."""
    for done, sample in enumerate(samples, start=1):
        yield sample
        progress(done, whole)


def _fingerprint(sample: Sample) -> bytes:
    """Names the pixels of one sample."""
    pixels = hashlib.sha256(sample.image_hwc_rgb.tobytes() + sample.mask_hw.tobytes())
    return f"{sample.sample_id} {sample.mask_hw.shape} {pixels.hexdigest()}\n".encode()


def _summary(
    segmenter: HumanSegmenter,
    scope: ScopeScores,
    *,
    steps: str,
    unpaired: int,
    metrics: Path,
    worst: Path | None,
) -> EvaluationSummary:
    return EvaluationSummary(
        architecture=segmenter.architecture,
        model_version=segmenter.weights,
        images=scope.images,
        empty_images=scope.count("empty_images"),
        intervals={name: (i.low, i.high) for name, i in scope.intervals.items() if i is not None},
        steps=steps,
        unpaired=unpaired,
        metrics=metrics,
        worst=worst,
        **scope.scores,
    )
