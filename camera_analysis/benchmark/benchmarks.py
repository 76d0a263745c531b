"""Scores against truth: areas under ROC curves over frames, clips and pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatVector = npt.NDArray[np.floating]

_LARGEST_HALF = 65_504.0
_HALF_CODES = 0x7C01  # codes of the half-precision numbers from 0 to infinity


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


def macro_auc(clips: Sequence[tuple[FloatVector, npt.NDArray[np.generic]]]) -> float:
    """Mean of the clips' areas under their own ROC curves.

    Each clip gets one more normal frame of the lowest score there is and one more abnormal frame of
    the highest, which gives an answer for clips whose frames are all of one kind. (UBnormal's
    script scales scores to [0, 1] first and adds a 0 and a 1; adding the extremes of all clips'
    scores is the same for any scale.)

    Args:
        clips: (scores, labels) of each clip, as for :func:`frame_auc`.

    Raises:
        ValueError: no clips, or as :func:`frame_auc`.
    """
    if not clips:
        raise ValueError("no clips: the mean of none is undefined")
    lowest = min(float(np.min(scores)) for scores, _ in clips)
    highest = max(float(np.max(scores)) for scores, _ in clips)
    areas = [
        frame_auc(
            np.concatenate([[lowest], scores, [highest]]),
            np.concatenate([[False], np.asarray(labels).astype(bool), [True]]),
        )
        for scores, labels in clips
    ]
    return float(np.mean(areas))


class PixelAuc:
    """Area under the ROC curve over all pixels of all frames; memory does not grow with them.

    Scores are counted in half precision: two that share it (they differ by less than a thousandth)
    count as a tie. No clipping happens up to 65,504.
    """

    def __init__(self) -> None:
        self._normal = np.zeros(_HALF_CODES, np.int64)
        self._abnormal = np.zeros(_HALF_CODES, np.int64)

    def add(self, scores_hw: npt.NDArray[np.floating], mask_hw: npt.NDArray[np.bool_]) -> None:
        """Count one frame.

        Args:
            scores_hw: (H, W) finite, at least 0; higher is more abnormal.
            mask_hw: (H, W) True where abnormal.

        Raises:
            ValueError: sizes differ, or a score is negative or not finite.
        """
        if scores_hw.shape != mask_hw.shape:
            raise ValueError(f"scores of {scores_hw.shape} pixels, truth of {mask_hw.shape}")
        half = np.minimum(scores_hw, _LARGEST_HALF).astype(np.float16)
        if not np.isfinite(half).all() or (half < 0).any():
            raise ValueError("pixel scores must be finite and not below 0")
        codes = np.abs(half).view(np.uint16)  # of numbers >= 0 the codes are in their order
        all_pixels = np.bincount(codes.ravel(), minlength=_HALF_CODES)
        inside = np.bincount(codes[mask_hw], minlength=_HALF_CODES)
        self._abnormal += inside
        self._normal += all_pixels - inside

    def area(self) -> float:
        """Area in [0, 1]; a tie counts half.

        Raises:
            ValueError: only normal pixels, or only abnormal ones.
        """
        positives, negatives = int(self._abnormal.sum()), int(self._normal.sum())
        if not positives or not negatives:
            raise ValueError(f"{positives} abnormal and {negatives} normal pixels: it needs both")
        below = np.cumsum(self._normal) - self._normal
        in_order = float((self._abnormal * (below + 0.5 * self._normal)).sum())
        return in_order / (float(positives) * float(negatives))
