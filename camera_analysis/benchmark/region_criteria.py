"""Region- and track-based detection: RBDC and TBDC of Ramachandra and Jones (WACV 2020).

At a threshold, a truth region is found if a detected region of its frame overlaps it with an
intersection over union of at least beta; a track is found if at least the share alpha of its
regions is. A detected region that overlaps no truth region of its frame so far is a false positive.
The criteria are the areas under found regions (RBDC) and found tracks (TBDC) as functions of the
false positives per frame, from 0 to 1. Points are joined by straight lines; a curve that ends
before one false positive per frame goes on level.

Regions are compared by their boxes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.regions import Box

FloatVector = npt.NDArray[np.float64]

#: Share of a track's regions that must be found; from the paper.
ALPHA = 0.1
#: Intersection over union from which a region is found; from the paper.
BETA = 0.1
NEVER = -math.inf


@dataclass(frozen=True)
class Detection:
    """A region that a method reports; higher scores are more abnormal."""

    box: Box
    score: float


@dataclass(frozen=True, kw_only=True)
class DetectionCurve:
    """Found shares against false positives per frame, at every threshold, the highest first."""

    false_per_frame: FloatVector
    regions: FloatVector
    tracks: FloatVector

    @property
    def rbdc(self) -> float:
        """Area under the regions' curve, in [0, 1]."""
        return area_to_one(self.false_per_frame, self.regions)

    @property
    def tbdc(self) -> float:
        """Area under the tracks' curve, in [0, 1]."""
        return area_to_one(self.false_per_frame, self.tracks)


class RegionCriteria:
    """Collects frames; keeps a few numbers for each region, and no pixels.

    Args:
        alpha: share of a track.
        beta: intersection over union.
    """

    def __init__(self, *, alpha: float = ALPHA, beta: float = BETA) -> None:
        self._alpha = alpha
        self._beta = beta
        self._frames = 0
        self._false: list[float] = []
        self._tracks: dict[tuple[str, int], list[float]] = {}

    def add(
        self,
        clip: str,
        truth: Sequence[tuple[int, Box]],
        detections: Sequence[Detection],
    ) -> None:
        """Count one frame.

        Args:
            clip: tracks of different clips are different.
            truth: (track, box) of each abnormal region.
            detections: what the method reports.
        """
        self._frames += 1
        found = [NEVER] * len(truth)
        for detection in detections:
            hits = [
                number
                for number, (_, box) in enumerate(truth)
                if box.overlap(detection.box) >= self._beta
            ]
            for number in hits:
                found[number] = max(found[number], detection.score)
            if not hits:
                self._false.append(detection.score)
        for (track, _), score in zip(truth, found, strict=True):
            self._tracks.setdefault((clip, track), []).append(score)

    def curve(self) -> DetectionCurve:
        """The curves over all frames so far.

        Raises:
            ValueError: no frame, or no truth region.
        """
        if not self._frames or not self._tracks:
            raise ValueError(
                f"{self._frames} frames with {len(self._tracks)} truth tracks; both are needed"
            )
        regions = np.array([score for scores in self._tracks.values() for score in scores])
        tracks = np.array([_track_score(scores, self._alpha) for scores in self._tracks.values()])
        false = np.array(self._false)
        thresholds = np.unique(np.concatenate([regions, tracks, false]))[::-1]
        thresholds = thresholds[np.isfinite(thresholds)]
        return DetectionCurve(
            false_per_frame=np.append(0.0, _at_least(false, thresholds) / self._frames),
            regions=np.append(0.0, _at_least(regions, thresholds) / regions.size),
            tracks=np.append(0.0, _at_least(tracks, thresholds) / tracks.size),
        )


def area_to_one(x: FloatVector, y: FloatVector) -> float:
    """Area under the points (x, y) joined by lines from x = 0 to 1; level after the last point.

    Args:
        x: (N,) ascending, from 0.
        y: (N,) in [0, 1].
    """
    inside = x <= 1.0
    xs, ys = x[inside], y[inside]
    xs, ys = np.append(xs, 1.0), np.append(ys, np.interp(1.0, x, y))
    return float(np.trapezoid(ys, xs))


def _track_score(scores: Sequence[float], alpha: float) -> float:
    """Threshold up to which enough of a track's regions are found."""
    needed = max(1, math.ceil(alpha * len(scores) - 1e-9))
    return sorted(scores, reverse=True)[needed - 1]


def _at_least(values: FloatVector, thresholds: FloatVector) -> FloatVector:
    ordered = np.sort(values)
    return np.asarray(values.size - np.searchsorted(ordered, thresholds, side="left"), np.float64)
