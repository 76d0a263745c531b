"""How a day is judged: scores, events, cutting a single clip, how many alarms may be false."""

from __future__ import annotations

from dataclasses import dataclass

from camera_analysis.camera import MOST_ALARMS_PER_DAY
from camera_analysis.events.events import EventConfig
from camera_analysis.normal.surprise import ScoreConfig


@dataclass(frozen=True, kw_only=True)
class AnomalyConfig(ScoreConfig, EventConfig):
    """How a day is judged: scores, events, and the cross-fitting of a single clip."""

    # Contiguous blocks of a clip: each is judged by seven eighths of it.
    blocks: int = 8
    # Seconds on either side of a block; what shows now showed a moment ago too.
    guard_s: float = 5.0
    # Fewer frames behind any block's normal, and the clip is too short to judge.
    min_normal_frames: int = 30
    # Events of a normal day that may alarm by chance, whatever they depart in.
    alarms_per_day: float = 1.0
    # Of these, the part that goes to walks on unusual paths, on days whose walks can be judged:
    # with half of them, two days of walks are enough to tell one that is like none. Class surprise
    # and the channels share the rest alike.
    path_alarms_share: float = 0.5

    def __post_init__(self) -> None:
        """Refuse values that judge nothing."""
        ScoreConfig.__post_init__(self)
        EventConfig.__post_init__(self)
        if not 0 < self.alarms_per_day <= MOST_ALARMS_PER_DAY:
            raise ValueError(
                f"alarms_per_day is {self.alarms_per_day}; it must be above 0 and at most"
                f" {MOST_ALARMS_PER_DAY}"
            )
        if not 0 <= self.path_alarms_share < 1:
            raise ValueError(
                f"path_alarms_share is {self.path_alarms_share}; it must be at least 0 and below 1"
            )
        if self.blocks < 2 or self.guard_s < 0 or self.min_normal_frames < 1:
            raise ValueError(
                f"blocks {self.blocks} must be at least 2, guard_s {self.guard_s} at least 0 and "
                f"min_normal_frames {self.min_normal_frames} at least 1"
            )
