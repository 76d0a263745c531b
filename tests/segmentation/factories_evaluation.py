"""Evaluations without a network: what each image was counted to have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segmentation.config import ModelConfig
from segmentation.evaluation.calibration import BINS, BinCounts
from segmentation.evaluation.evaluated import Evaluated, write_evaluated
from segmentation.evaluation.image_table import ImageScore, ImageTable
from segmentation.evaluation.scores import score_scopes, write_metrics
from segmentation.metrics import HumanCounts
from segmentation.model_folder import weights_digest
from tests.segmentation.factories_model import write_untrained

#: Digest of the newest test split.
DATA = "d" * 64
#: Human pixels of every image that has people.
HUMAN_PX = 100


def image_score(name: str, hits: int, *, source="voc", false=0, people=True) -> ImageScore:
    """An image of 1,000 pixels, 100 of them human, of which ``hits`` are found."""
    human = HUMAN_PX if people else 0
    counts = HumanCounts(
        hits=hits,
        false_alarms=false,
        misses=human - hits,
        rejections=1_000 - human - false,
        images=1,
        empty_images=int(not people),
        empty_alarms=int(not people and false > 1),
        empty_px=0 if people else 1_000,
        empty_false_px=0 if people else false,
    )
    px, human_px, probability = np.zeros((3, BINS))
    px[[0, -1]] = 1_000 - hits - false, hits + false
    human_px[[0, -1]] = human - hits, hits
    probability[-1] = hits + false
    bins = BinCounts(px=px.astype(int), human_px=human_px.astype(int), probability=probability)
    return ImageScore(sample_id=f"{source}/{name}", source=source, counts=counts, bins=bins)


def write_evaluation(
    folder: Path,
    scores: Sequence[ImageScore],
    *,
    model: str,
    data: str = DATA,
    max_side_px: int | None = 640,
    steps: str = "",
) -> Path:
    """What ``evaluate`` leaves, but for pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with ImageTable(folder) as table:
        for score in scores:
            table.add(score)
    write_metrics(score_scopes(folder, resamples=200), folder)
    judged = Evaluated(model_version=model, data_digest=data, max_side_px=max_side_px, steps=steps)
    write_evaluated(judged, folder)
    return folder


def scores_of_hits(hits: Sequence[int], *, empty_false: int = 0) -> list[ImageScore]:
    """One image per number of hits, and one without people."""
    scores = [image_score(f"{place:03d}", found) for place, found in enumerate(hits)]
    return [*scores, image_score("empty", 0, false=empty_false, people=False)]


def write_judged_model(
    folder: Path, hits: Sequence[int], *, width: int = 2, seed: float = 0.0, **other
) -> tuple[Path, Path]:
    """A model and its evaluation; ``seed`` makes other weights of the same size."""
    empty_false = other.pop("empty_false", 0)
    model = write_untrained(folder / "model", ModelConfig(width=width), bias=seed)
    scores = scores_of_hits(hits, empty_false=empty_false)
    digest = weights_digest(model)
    return model, write_evaluation(folder / "evaluation", scores, model=digest, **other)
