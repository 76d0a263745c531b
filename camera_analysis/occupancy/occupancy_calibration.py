"""The threshold of occupancy from a few labelled frames, and how well it does on others.

The labels are cut into halves by time. What is reported of a half was chosen on the other one: its
threshold and, of what is kept, the score and the lower threshold too, so that no frame judges a
choice that it made. What
is kept is chosen on all. The bottom-centre rule has nothing to choose and is measured on the same
frames.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.segmenter import MAX_GAP_INTERVALS
from camera_analysis.occupancy.agreement import Agreement, agreement, cell, f1_score
from camera_analysis.occupancy.occupancy import DayScores
from camera_analysis.occupancy.occupancy_rule import OccupancyRule, Score
from camera_analysis.occupancy.stays import find_stays, occupied_frames

BoolVector = npt.NDArray[np.bool_]
FloatVector = npt.NDArray[np.float64]

#: Fewer labelled frames of either kind choose nothing that holds elsewhere.
MIN_OF_EACH = 4
#: The lower threshold as a share of the higher one: what is tried, of equals the first. Flicker of
#: a mask's edge wants a low one; what is left of somebody in the plate, none.
LEAVE_SHARES = (0.5, 0.75, 1.0)

BOTTOM_CENTRE = "bottom centre"
WITH_STAYS = "whole choice, with stays"


@dataclass(frozen=True, kw_only=True)
class RoiLabel:
    """What a person saw: how many persons were in a region at an instant."""

    time_utc: datetime
    roi: str
    persons: int


@dataclass(frozen=True, kw_only=True)
class OccupancyCalibration:
    """The rule to keep, and what each way of telling scored on held-out labels.

    Attributes:
        rule: chosen on all labels.
        labels: how many; ``occupied`` of them with somebody inside.
        held_out: way of telling -> agreement: each score, the whole choice with stays
            (``WITH_STAYS``) and the bottom centre.
    """

    rule: OccupancyRule
    labels: int
    occupied: int
    held_out: Mapping[str, Agreement]


def read_labels(path: Path, zone: ZoneInfo) -> list[RoiLabel]:
    """Labels of a CSV file with the columns time, roi, persons.

    Args:
        path: times are ISO 8601; those without an offset are the camera's local time.
        zone: of the camera.

    Raises:
        ValueError: a column is missing or a value cannot be read; names the line.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        missing = {"time", "roi", "persons"} - set(rows.fieldnames or ())
        if missing:
            raise ValueError(f"{path.name}: no column {sorted(missing)}; expected time,roi,persons")
        found = []
        for row in rows:
            try:
                time = datetime.fromisoformat(row["time"])
                persons = int(row["persons"])
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {rows.line_num}: {error}") from error
            if persons < 0:
                raise ValueError(f"{path.name}, line {rows.line_num}: {persons} persons")
            aware = time if time.tzinfo else time.replace(tzinfo=zone)
            label = RoiLabel(time_utc=aware.astimezone(UTC), roi=row["roi"], persons=persons)
            found.append(label)
    return found


def calibrate_occupancy(
    labels: Sequence[RoiLabel],
    days: Sequence[DayScores],
    rule: OccupancyRule,
    step_s: float,
    *,
    score: Score | None = None,
) -> OccupancyCalibration:
    """Choose score and threshold, and measure them and the bottom-centre rule.

    Args:
        labels: of frames of the days.
        days: scores of all regions, of one camera.
        rule: its shortest stay is kept.
        step_s: between two sampled frames.
        score: the one to use; None takes what does best on held-out labels.

    Raises:
        ValueError: a label is of no region or of no sampled frame, or there are too few of a kind.
    """
    labelled = _Labelled(sorted(labels, key=lambda label: label.time_utc), days, step_s)
    labelled.require_both_kinds()
    own_first = sorted(get_args(Score), key=lambda kind: bool(kind != rule.score))
    kinds: list[Score] = [score] if score else own_first
    trials = [replace(rule, score=kind) for kind in kinds]
    held_out: dict[str, Agreement] = {trial.score: labelled.held_out([trial]) for trial in trials}
    best = max(trials, key=lambda trial: held_out[trial.score].f1)  # of equals the camera's own
    everything = np.ones(len(labelled.truth), bool)
    kept = labelled.with_leave(
        with_threshold(best, labelled.threshold(best, everything)), everything
    )
    held_out[WITH_STAYS] = labelled.held_out(trials, stays=True)
    held_out[BOTTOM_CENTRE] = labelled.agreement(labelled.bottom_centre())
    return OccupancyCalibration(
        rule=kept,
        labels=len(labelled.truth),
        occupied=int(labelled.truth.sum()),
        held_out=held_out,
    )


def with_threshold(
    rule: OccupancyRule, enter: float, leave_share: float = LEAVE_SHARES[0]
) -> OccupancyRule:
    """The rule with another higher threshold and the lower one as a share of it."""
    return replace(rule, enter=enter, leave=round(enter * leave_share, 4))


def best_threshold(scores: FloatVector, truth: BoolVector) -> float:
    """Threshold of the largest F1, in the middle of where it is largest.

    Args:
        scores: (N,) in [0, 1].
        truth: (N,) whether somebody was there.
    """
    levels = np.unique(np.concatenate([[0.0], scores, [1.0]]))
    between = (levels[1:] + levels[:-1]) / 2
    f1 = np.array([_f1_of(scores >= level, truth) for level in between])
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    run = best[best - np.arange(len(best)) == best[0]]  # the first run of neighbours
    low, high = levels[run[0]], levels[run[-1] + 1]
    return max(round(float((low + high) / 2), 4), 0.001)


class _Labelled:
    """Labels beside the scores of their frames."""

    def __init__(
        self, labels: Sequence[RoiLabel], days: Sequence[DayScores], step_s: float
    ) -> None:
        self._days = days
        self._step_s = step_s
        self._places = [_place_of(label, days, step_s) for label in labels]
        self.truth = np.array([label.persons > 0 for label in labels])
        self._instants = np.array([label.time_utc.timestamp() for label in labels])

    def require_both_kinds(self) -> None:
        occupied = int(self.truth.sum())
        empty = len(self.truth) - occupied
        if min(occupied, empty) < MIN_OF_EACH:
            raise ValueError(
                f"{occupied} labels with somebody inside and {empty} without; at least "
                f"{MIN_OF_EACH} of each are needed, better 20"
            )

    def scores(self, rule: OccupancyRule) -> FloatVector:
        score = [day.score(rule) for day in self._days]
        return np.array([score[day][frame, roi] for day, frame, roi in self._places])

    def bottom_centre(self) -> BoolVector:
        return np.array(
            [self._days[day].bottom_centre[frame, roi] for day, frame, roi in self._places]
        )

    def threshold(self, rule: OccupancyRule, among: BoolVector) -> float:
        return best_threshold(self.scores(rule)[among], self.truth[among])

    def held_out(self, trials: Sequence[OccupancyRule], *, stays: bool = False) -> Agreement:
        """Agreement on each half by time with the score and threshold that the other half chose."""
        early = self._instants < np.median(self._instants)
        said = np.zeros(len(self.truth), bool)
        for half in (early, ~early):
            trial = self._chosen(trials, ~half)
            if stays:
                trial = self.with_leave(trial, ~half)
            frames = self._in_stays(trial) if stays else self.scores(trial) >= trial.enter
            said[half] = frames[half]
        return self.agreement(said)

    def _chosen(self, trials: Sequence[OccupancyRule], among: BoolVector) -> OccupancyRule:
        """The trial of the largest F1 among some labels, with its best threshold there."""
        ready = [with_threshold(trial, self.threshold(trial, among)) for trial in trials]
        return max(ready, key=lambda trial: self._f1(trial, among))

    def with_leave(self, rule: OccupancyRule, among: BoolVector) -> OccupancyRule:
        """The rule with the lower threshold whose stays have the largest F1 among some labels."""
        ready = [with_threshold(rule, rule.enter, share) for share in LEAVE_SHARES]
        return max(ready, key=lambda one: _f1_of(self._in_stays(one)[among], self.truth[among]))

    def _f1(self, rule: OccupancyRule, among: BoolVector) -> float:
        return _f1_of((self.scores(rule) >= rule.enter)[among], self.truth[among])

    def _in_stays(self, rule: OccupancyRule) -> BoolVector:
        occupied = {}
        for number, day in enumerate(self._days):
            score = day.score(rule)
            for roi in range(len(day.names)):
                stays = find_stays(
                    day.times_s,
                    score[:, roi],
                    rule,
                    step_s=self._step_s,
                    gap_s=MAX_GAP_INTERVALS * self._step_s,
                )
                occupied[number, roi] = occupied_frames(stays, len(score))
        return np.array([occupied[day, roi][frame] for day, frame, roi in self._places])

    def agreement(self, said: BoolVector) -> Agreement:
        return agreement(said, self.truth, self._instants)


def _f1_of(said: BoolVector, truth: BoolVector) -> float:
    return f1_score(
        int((said & truth).sum()), int((said & ~truth).sum()), int((~said & truth).sum())
    )


def _place_of(label: RoiLabel, days: Sequence[DayScores], step_s: float) -> tuple[int, int, int]:
    """Day, frame and region that a label is of."""
    second = label.time_utc.timestamp()
    for number, day in enumerate(days):
        if (
            not len(day.times_s)
            or not day.times_s[0] - step_s <= second <= day.times_s[-1] + step_s
        ):
            continue
        frame = int(np.abs(day.times_s - second).argmin())
        if abs(day.times_s[frame] - second) > 0.5 * step_s + 1e-6:
            break
        if label.roi not in day.names:
            raise ValueError(f"label of region {label.roi!r}; the camera has {list(day.names)}")
        return number, frame, day.names.index(label.roi)
    raise ValueError(
        f"no usable sampled frame within {0.5 * step_s:g} s of {label.time_utc.isoformat()}; "
        "label frames that were sampled (frames.parquet of frame_index has their times)"
    )


def table_lines(calibration: OccupancyCalibration) -> list[str]:
    """The calibration for a terminal."""
    lines = [
        f"{calibration.labels} labels, {calibration.occupied} with somebody inside; each half by "
        "time judged with the threshold (and in stays the score) that the other half chose",
        f"{'':28} {'precision':>24} {'recall':>24} {'F1':>24}",
    ]
    for name, found in calibration.held_out.items():
        cells = [
            cell(found.precision, found.precision_interval),
            cell(found.recall, found.recall_interval),
            cell(found.f1, found.f1_interval),
        ]
        lines.append(f"{name:28} " + " ".join(f"{text:>24}" for text in cells))
    rule = calibration.rule
    return [
        *lines,
        f"kept, chosen on all labels: score {rule.score}, enter {rule.enter:g}, "
        f"leave {rule.leave:g}, min_s {rule.min_s:g}",
    ]
