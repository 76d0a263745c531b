"""A model against labelled images: tables with intervals, and the samples it is worst at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from segmentation.data import Sample, SplitData, fitted_size, resize_image, resize_mask
from segmentation.evaluation.card_metrics import write_evaluated_card
from segmentation.evaluation.evaluated import MAX_SIDE_PX, Evaluated, write_evaluated
from segmentation.evaluation.evaluation_views import draw_reliability, write_metrics_table
from segmentation.evaluation.image_table import ImageTable, judge_image
from segmentation.evaluation.scores import ScopeScores, score_scopes, write_metrics
from segmentation.evaluation.temporal_consistency import FlickerMeter
from segmentation.evaluation.worst import WorstSamples
from segmentation.inference.inference_config import InferenceConfig
from segmentation.inference.postprocess_config import PostprocessConfig
from segmentation.inference.predict import HumanSegmenter
from segmentation.inference.views import RefinedViews, Segmenter, Views, as_trained
from segmentation.mask_folders import open_folder
from segmentation.metrics import THRESHOLD

RELIABILITY_FILE = "reliability.png"
#: Frames of a sequence that are drawn together when intervals are found: a second or more, after
#: which people have moved on. Divides the rows that are read at a time.
FRAMES_PER_DRAW = 32


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
        flip_share: share of the pixels at which nothing moved whose label flips from one frame to
            the next (sequences only).
        human_flip_share: share of the human ones among them.
        intervals: score -> ends of its 95 % interval over images.
        steps: what was done to the network's answers, by ``PostprocessConfig.name``.
        views: how images were looked at, by ``Views.name``; empty for once, as in training.
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
    views: str = ""
    flip_share: float | None = None
    human_flip_share: float | None = None
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
            reliability.png, evaluation.json, the model's card with its metrics, and the worst
            samples: worst.png, worst.parquet and the folder ``predictions``.
        device: cpu, cuda or auto.
        max_side_px: larger images and their masks are shrunk; None judges at full size. The
            network looks at no more pixels than it was trained on, and its answer is enlarged.
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
        card_of=model_dir,
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
    views: Views | None = None,
    sequence: bool = False,
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
        views: look at each image so, and take the mean; None looks once, no larger than at the
            images of training.
        sequence: the images are frames of one fixed camera in the order of their names: a network
            that remembers sees each after the last, all are seen at their size, flips of labels
            are counted, and intervals are over runs of ``FRAMES_PER_DRAW`` frames, for
            neighbours are alike.
        out: existing folder that receives what ``evaluate`` writes; None writes nothing.

    Raises:
        ValueError: no pairs, masks with other values, a sequence of frames of two sizes, or views
            of a sequence.
    """
    if views and sequence:
        raise ValueError(f"views ({views.name}) of a sequence; a camera's frames are seen once")
    folder = open_folder(images, masks, unknown_value=unknown_value)
    segmenter = _segmenter(model_dir, device, None if views else steps)
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
            views=views,
            unpaired=len(folder.unpaired),
            sequence=sequence,
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
        image_sha256=sample.image_sha256,
    )


def _judge_all(
    segmenter: HumanSegmenter,
    samples: Iterable[Sample],
    out: Path,
    *,
    data_digest: Callable[[], str],
    max_side_px: int | None,
    steps: PostprocessConfig | None,
    views: Views | None = None,
    unpaired: int = 0,
    card_of: Path | None = None,
    sequence: bool = False,
) -> EvaluationSummary:
    """Run the network over all samples, then score from the table; the digest is asked last."""
    worst, flicker = WorstSamples(), FlickerMeter()
    looker: Segmenter = segmenter.follow() if sequence else as_trained(segmenter)
    if views:
        looker = RefinedViews(segmenter, views, steps or PostprocessConfig())
    with ImageTable(out) as table:
        for sample in samples:
            probability = looker.probability(sample.image_hwc_rgb[None])[0]
            score = judge_image(probability, sample)
            worst.offer(score, sample, probability)
            table.add(score)
            if sequence:
                flicker.add(probability >= THRESHOLD, sample.image_hwc_rgb)
    scopes = score_scopes(out, images_per_draw=FRAMES_PER_DRAW if sequence else 1)
    write_metrics_table(scopes, out)
    draw_reliability(scopes[0], out / RELIABILITY_FILE)
    worst.write_table(out)
    judged = Evaluated(
        model_version=segmenter.weights,
        data_digest=data_digest(),
        max_side_px=max_side_px,
        backend=segmenter.backend,
        steps=steps.name if steps else "",
        sequence=sequence,
        views=views.name if views else "",
    )
    write_evaluated(judged, out)
    if card_of:
        write_evaluated_card(card_of, scopes, judged, out)
    summary = _summary(
        segmenter,
        scopes[0],
        steps=judged.steps,
        views=judged.views,
        unpaired=unpaired,
        metrics=write_metrics(scopes, out),
        worst=worst.draw(out),
    )
    return _with_flicker(summary, flicker) if sequence else summary


def _with_flicker(summary: EvaluationSummary, flicker: FlickerMeter) -> EvaluationSummary:
    found = flicker.intervals(FRAMES_PER_DRAW)
    return replace(
        summary,
        flip_share=flicker.total.flip_share,
        human_flip_share=flicker.total.human_flip_share,
        intervals={**summary.intervals, **{name: (i.low, i.high) for name, i in found.items()}},
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
    views: str,
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
        views=views,
        unpaired=unpaired,
        metrics=metrics,
        worst=worst,
        **scope.scores,
    )
