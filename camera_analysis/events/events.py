"""Events: what counts as one, what is known of it, and the sentence that tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from camera_analysis.label_classes import CLASS_NAMES, OTHER_MOVER
from camera_analysis.labelling.regions import CLASS, Box
from camera_analysis.local_time import duration
from camera_analysis.normal.learned_normal import HUMAN_NAMES

#: Name of the evidence of walks beside the channels; an event that it leads is a walk.
PATH = "path"

LabelArray = npt.NDArray[np.uint8]

A_PERSON = "a person"
SOMETHING_MOVES = "something that moves"


@dataclass(frozen=True, kw_only=True)
class EventConfig:
    """Which regions count, and when two of them are the same event."""

    # Share of the frame: 30 of 61,440 pixels, below which a region is an outline's jitter.
    min_area_share: float = 0.0005
    # Samples; what shows in one sample only may be a flash of the segmenter.
    min_samples: int = 2
    # Seconds, each sample standing for one interval; shorter departures are not worth a look.
    min_duration_s: float = 1.0
    # Intervals; one or two samples may miss an object that is still there.
    max_gap_samples: float = 3.0
    # Of a box's longer side: a walker moves about half a body's height between samples.
    reach_of_size: float = 0.5
    # Seconds in one place from which the sentence says that something stays.
    stay_s: float = 10.0
    # Overlap (intersection over union) with the box where the stay began.
    stay_overlap: float = 0.5
    # Events, the highest scores first, that get pictures.
    pictured_events: int = 6

    def __post_init__(self) -> None:
        """Refuse values that link or describe nothing."""
        if min(self.min_samples, self.max_gap_samples) < 1:
            raise ValueError(
                f"min_samples {self.min_samples} and max_gap_samples {self.max_gap_samples} must "
                "be at least 1"
            )
        lengths = {
            name: value
            for name in ("min_area_share", "min_duration_s", "reach_of_size", "stay_s")
            if (value := getattr(self, name)) < 0
        }
        if lengths or self.pictured_events < 0:
            raise ValueError(f"{lengths or 'pictured_events'}: must not be below 0")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The frame at an event's peak, kept for its pictures."""

    labels_hw: LabelArray
    delta_bits_hw: npt.NDArray[np.float32]


class Moment(NamedTuple):
    """Where an event is at a time, UTC."""

    time: datetime
    box: Box


@dataclass(frozen=True, kw_only=True)
class Event:
    """A region that persisted and departed from the normal; times are UTC."""

    event_id: int
    start: datetime
    end: datetime
    peak_frame_id: int
    peak_time: datetime
    class_id: int
    box: Box
    area_px: int
    frames: int
    score_bits: float
    reason: str
    snapshot: Snapshot | None  # of the highest scores only
    expected_by: str = ""  # key of the mark that makes it no alarm
    leading: str = CLASS  # or the channel that departs most at the peak, or "path"
    channel_bits: Mapping[str, float] = field(default_factory=dict)  # largest of each; see Region
    path_xy: npt.NDArray[np.float64] | None = None  # (N, 2) feet of who took an unusual path
    # See :func:`camera_analysis.events.departures.strength`; 0 where the source says nothing.
    class_strength_bits: float = 0.0
    channel_strength_bits: float = 0.0
    strongest: tuple[Moment, ...] = ()  # where each class in it departs most

    @property
    def moments(self) -> tuple[Moment, ...]:
        """Its peak, and where it departs most."""
        return (Moment(self.peak_time, self.box), *self.strongest)


def subjects(classes: Sequence[str], *, segmented: bool) -> tuple[str, ...]:
    """What a sentence calls each class.

    Args:
        classes: class names.
        segmented: False where no segmenter told people from other movers.
    """
    mover = "something that is not a person" if segmented else SOMETHING_MOVES
    special = {CLASS_NAMES[OTHER_MOVER]: mover} | dict.fromkeys(HUMAN_NAMES, A_PERSON)
    return tuple(special.get(name, f"something of class {name}") for name in classes)


def reason(
    subject: str, *, seen: float, normal_frames: int, score_bits: float, stay: timedelta | None
) -> str:
    """One plain sentence: what, for how long if it stays, how rarely it was here before.

    Args:
        subject: from :func:`subjects`.
        seen: frames of the normal that showed the class here, on average over the region.
        normal_frames: frames of the normal.
        score_bits: of the region.
        stay: how long it stays in one place; None if it does not.
    """
    stays = f" stays here for {duration(stay)}," if stay else ""
    times = f"{round(seen):,}" if round(seen) else "none"
    one = "one" if subject == A_PERSON else "any"
    sentence = (
        f"{subject}{stays} where {times} of {normal_frames:,} normal frames showed {one} "
        f"({score_bits:.1f} bits)"
    )
    return (sentence[0].upper() + sentence[1:]).replace("\u00a0", " ")


def channel_reason(
    subject: str, words: str, score_bits: float, lasts: str = "", past: str = ""
) -> str:
    """One plain sentence of what departs in another channel than class.

    Args:
        subject: from :func:`subjects`.
        words: of the region at the peak: what it does, beside what is usual, and how rare that is.
        score_bits: of what the words tell.
        lasts: how long the event does, or stays, as in "it lasts 30 s"; "" where that is no news.
        past: how many departures before were as strong, in words.
    """
    who = "something" if subject == SOMETHING_MOVES else subject
    told = "".join(f"; {more}" for more in (lasts, past) if more)
    sentence = f"{who[0].upper()}{who[1:]} {words} ({score_bits:.1f} bits){told}"
    return sentence.replace("\u00a0", " ")
