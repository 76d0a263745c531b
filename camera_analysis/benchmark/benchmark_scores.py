"""All metrics of one method on one benchmark; null with a reason where the truth allows none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark.alarm_events import AlarmCount, count_alarms, held_scores
from camera_analysis.benchmark.benchmarks import PixelAuc, frame_auc, macro_auc
from camera_analysis.benchmark.layouts.clips import FrameTruth
from camera_analysis.benchmark.region_criteria import Detection, DetectionCurve, RegionCriteria
from camera_analysis.channels.channel_regions import FoundRegion
from camera_analysis.events.alarm_budget import rate_interval

FloatVector = npt.NDArray[np.float64]

METRICS = (
    "frame_auc_micro",
    "frame_auc_macro",
    "pixel_auc",
    "rbdc",
    "tbdc",
    "false_alarms_per_hour",
)


@dataclass(frozen=True)
class ClipScores:
    """Scores and truth of one judged clip, one entry a frame."""

    name: str
    fps: float
    scores: FloatVector
    abnormal: npt.NDArray[np.bool_]
    events: tuple[tuple[int, int], ...] | None
    threshold: float  # of the clip's camera, for held scores

    @property
    def held(self) -> npt.NDArray[np.floating]:
        """(N,) what the score of each frame is held at, for as long as an alarm lasts."""
        return held_scores(self.scores, self.fps)

    @property
    def alarmed(self) -> npt.NDArray[np.bool_]:
        """(N,) frames in alarm: those that the threshold is held around."""
        return self.held >= self.threshold


@dataclass
class MethodScores:
    """Collects what one method says of a benchmark.

    Args:
        absent: metric -> why this benchmark does not allow it.
        budget: false alarms per hour that the thresholds were set for.
    """

    absent: Mapping[str, str]
    budget: float
    clips: list[ClipScores] = field(default_factory=list)
    pixels: PixelAuc = field(default_factory=PixelAuc)
    criteria: RegionCriteria = field(default_factory=RegionCriteria)

    def add_clip(
        self,
        clip: ClipScores,
        regions: Sequence[Sequence[FoundRegion]],
        truth: Sequence[FrameTruth],
    ) -> None:
        """Add a clip's final scores and regions; pixels are added as they come."""
        self.clips.append(clip)
        if "rbdc" in self.absent:
            return
        for found, known in zip(regions, truth, strict=True):
            self.criteria.add(
                clip.name,
                [(region.track, region.box) for region in known.regions or ()],
                [Detection(region.box, region.evidence) for region in found],
            )

    def document(self) -> dict[str, Any]:
        """The metrics as they are written: numbers, or null with a reason."""
        values: dict[str, float | None] = dict.fromkeys(METRICS)
        reasons = dict(self.absent)
        labels = np.concatenate([clip.abnormal for clip in self.clips])
        scores = np.concatenate([clip.scores for clip in self.clips])
        tried: dict[str, Callable[[], float]] = {
            "frame_auc_micro": lambda: frame_auc(scores, labels),
            "frame_auc_macro": lambda: macro_auc([(c.scores, c.abnormal) for c in self.clips]),
            "pixel_auc": self.pixels.area,
            "rbdc": lambda: self.criteria.curve().rbdc,
            "tbdc": lambda: self.criteria.curve().tbdc,
        }
        for metric, compute in tried.items():
            if metric in reasons:
                continue
            try:
                values[metric] = compute()
            except ValueError as error:
                reasons[metric] = str(error)
        alarms = self.alarms()
        values["false_alarms_per_hour"] = alarms.false_per_hour
        if alarms.false_per_hour is None:
            reasons["false_alarms_per_hour"] = "no test frame is normal"
        return {
            **values,
            "false_alarms_per_hour_interval": _interval(alarms),
            "promised_false_alarms_per_hour": self.budget,
            "false_alarms": alarms.false_alarms,
            "normal_hours": alarms.normal_hours,
            "normal_share_in_alarm": self._share_in_alarm(),
            "events": alarms.events,
            "events_found": alarms.events_found,
            "reasons": reasons,
        }

    def alarms(self) -> AlarmCount:
        """Alarms at the thresholds that were set on normal footage."""
        total = AlarmCount()
        for clip in self.clips:
            total += count_alarms(
                clip.held, clip.abnormal, clip.fps, clip.threshold, events=clip.events
            )
        return total

    def _share_in_alarm(self) -> float | None:
        """Of the normal frames, how many are in alarm; an alarm always on finds all."""
        reached = [clip.alarmed[~clip.abnormal] for clip in self.clips]
        frames = np.concatenate(reached)
        return float(frames.mean()) if frames.size else None

    def curve(self) -> DetectionCurve | None:
        """Region and track curves; None where the truth has no regions."""
        try:
            return None if "rbdc" in self.absent else self.criteria.curve()
        except ValueError:
            return None


def _interval(alarms: AlarmCount) -> list[float] | None:
    """Rates that the count is compatible with, 95 %; None where no footage is normal."""
    if not alarms.normal_hours:
        return None
    return list(rate_interval(alarms.false_alarms, alarms.normal_hours))
