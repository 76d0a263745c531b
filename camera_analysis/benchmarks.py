"""Scores against truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def frame_auc(
    scores: Sequence[float] | npt.NDArray[np.floating],
    labels: Sequence[bool] | npt.NDArray[np.generic],
) -> float:
    """Area under the ROC curve: how often an abnormal frame scores above a normal one.

    Args:
        scores: (N,) finite scores; higher is more abnormal.
        labels: (N,) truth; True or 1 is abnormal.

    Returns:
        Fraction in [0, 1]; a tie counts half, so that constant scores give 0.5.

    Raises:
        ValueError: lengths differ, a score is not finite, or only one kind of frame is there.
    """
    score = np.asarray(scores, np.float64)
    abnormal = np.asarray(labels).astype(bool)
    if score.shape != abnormal.shape or score.ndim != 1:
        raise ValueError(f"{score.shape} scores and {abnormal.shape} labels: expected equal (N,)")
    if not np.isfinite(score).all():
        raise ValueError(
            f"{int((~np.isfinite(score)).sum())} scores are not finite; drop those frames"
        )
    positives = int(abnormal.sum())
    negatives = abnormal.size - positives
    if not positives or not negatives:
        raise ValueError(
            f"{positives} abnormal and {negatives} normal frames: the AUC needs both; "
            "judge this clip together with others"
        )
    _, place, ties = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(ties) - (ties - 1) / 2  # ranks from 1, equal scores share their mean
    rank_sum = float(mean_rank[place][abnormal].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)
