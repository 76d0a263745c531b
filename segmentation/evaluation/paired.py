"""Is one model better than another on the same images? The bootstrap of their difference.

Two models are wrong on the same hard images. Drawing the images once for both takes that out: the
interval of the difference is much narrower than those of the two scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from segmentation.evaluation.bootstrap import RESAMPLES, SEED, Interval, interval_of, resampled_sums
from segmentation.evaluation.evaluated import read_evaluated
from segmentation.evaluation.image_table import (
    MATRIX_COLUMNS,
    count_blocks,
    images_by_source,
    sample_ids,
)
from segmentation.evaluation.scores import scores_of
from segmentation.metrics import LESS_IS_BETTER

F64 = npt.NDArray[np.float64]


class DifferentImagesError(ValueError):
    """Two evaluations were not made on the same images."""


@dataclass(frozen=True, kw_only=True)
class Improvement:
    """How much better one model is than another; less error counts as better.

    Args:
        metric: name of the score.
        difference: on the images as they are; above 0 the first model is better.
        interval: 95 % over images; None where no resample defines both scores.
        images: on which both were judged.
    """

    metric: str
    difference: float
    interval: Interval | None
    images: int

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval lies above zero."""
        return self.interval is not None and self.interval.low > 0


@dataclass(frozen=True, kw_only=True)
class Resampled:
    """One score of some models, over the same draws of the same images.

    Args:
        metric: name of the score.
        scores: model -> score on the images as they are; NaN where nothing defines it.
        draws: model -> (R,) scores.
        images: on which all were judged.
    """

    metric: str
    scores: Mapping[str, float]
    draws: Mapping[str, F64]
    images: int

    def improvement(self, one: str, other: str) -> Improvement | None:
        """How much better ``one`` is than ``other``; None where a score is not defined."""
        sign = -1.0 if self.metric in LESS_IS_BETTER else 1.0
        difference = sign * (self.scores[one] - self.scores[other])
        if np.isnan(difference):
            return None
        return Improvement(
            metric=self.metric,
            difference=difference,
            interval=interval_of(sign * (self.draws[one] - self.draws[other])),
            images=self.images,
        )


def paired_improvement(
    one: Path, other: Path, metric: str, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Improvement | None:
    """How much better the model of one evaluation is than that of another.

    Args:
        one: folder of an evaluation.
        other: folder of another, of the same images.
        metric: one of ``metrics.SCORES``.
        resamples: draws of images.
        seed: of the draws.

    Returns:
        None where a score is not defined.

    Raises:
        DifferentImagesError: they were judged on different images or at different sizes.
    """
    both = resample({"one": one, "other": other}, metric, resamples=resamples, seed=seed)
    return both.improvement("one", "other")


def resample(
    evaluations: Mapping[str, Path], metric: str, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Resampled:
    """One score of every model over the same draws; a block of images at a time is in memory.

    Raises:
        DifferentImagesError: they were judged on different images or at different sizes.
    """
    folders = list(evaluations.values())
    for folder in folders[1:]:
        require_same_images(folders[0], folder)
    images = sum(images_by_source(folders[0]).values())
    whole = np.sum([block.sum(axis=0, keepdims=True) for block in _beside(folders)], axis=0)
    drawn = resampled_sums(_beside(folders), images, resamples=resamples, seed=seed)
    scores, draws = {}, {}
    for place, name in enumerate(evaluations):
        columns = slice(place * MATRIX_COLUMNS, (place + 1) * MATRIX_COLUMNS)
        scores[name] = float(scores_of(whole[:, columns])[metric][0])
        draws[name] = scores_of(drawn[:, columns])[metric]
    return Resampled(metric=metric, scores=scores, draws=draws, images=images)


def require_same_images(one: Path, other: Path) -> None:
    """Refuse two evaluations that cannot be compared image by image.

    Raises:
        DifferentImagesError: names both digests, or what else differs.
    """
    first, second = read_evaluated(one), read_evaluated(other)
    for folder, judged in ((one, first), (other, second)):
        if judged is None:
            raise DifferentImagesError(f"{folder} is of an older version; evaluate again")
    if first and second and first.data_digest != second.data_digest:
        raise DifferentImagesError(
            f"different test sets: {first.data_digest} and {second.data_digest}; evaluate both on"
            " the same"
        )
    if first and second and first.max_side_px != second.max_side_px:
        raise DifferentImagesError(
            f"judged at {first.max_side_px} and at {second.max_side_px} px; evaluate both alike"
        )
    if sample_ids(one) != sample_ids(other):
        raise DifferentImagesError(
            f"{one} and {other} name other images of one test set; evaluate both again"
        )


def _beside(folders: Sequence[Path]) -> Iterator[F64]:
    """Counts of all models side by side: (n, models * ``MATRIX_COLUMNS``)."""
    for blocks in zip(*(count_blocks(folder) for folder in folders), strict=True):
        yield np.concatenate(blocks, axis=1)
