"""Surprising regions of single frames become events: linked over time, measured, put into words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from camera_analysis.label_classes import CLASS_NAMES, OTHER_MOVER
from camera_analysis.labelling.regions import CLASS, Box, Region
from camera_analysis.local_time import duration
from camera_analysis.normal.learned_normal import HUMAN_NAMES

LabelArray = npt.NDArray[np.uint8]
FloatVector = npt.NDArray[np.float64]

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
    leading: str = CLASS  # or the channel that departs most at any time of it
    channel_bits: Mapping[str, float] = field(default_factory=dict)  # largest of each; see Region
    path_xy: npt.NDArray[np.float64] | None = None  # (N, 2) feet of who took an unusual path


@dataclass(eq=False)
class _Track:
    """An event that may still go on."""

    start: datetime
    last: datetime
    last_box: Box
    stay_box: Box
    stay_start: datetime
    peak: Region
    peak_frame_id: int
    peak_time: datetime
    normal_frames: int
    snapshot: Snapshot | None
    class_px: FloatVector
    channel_bits: dict[str, float]
    leader: Region  # in which one channel departs most
    frames: int = 1
    longest_stay: timedelta = field(default_factory=timedelta)


class EventTracker:
    """Links the regions of consecutive frames into events; memory does not grow with time.

    A region joins the open event whose last box it overlaps most, each box grown by its reach; it
    opens a new event where it overlaps none.

    Args:
        subjects: what a sentence calls each class, by class id.
        interval: usual time between two samples.
        config: what counts as an event.
    """

    def __init__(self, subjects: tuple[str, ...], interval: timedelta, config: EventConfig) -> None:
        self._subjects = subjects
        self._interval = interval
        self._config = config
        self._open: list[_Track] = []
        self._closed: list[_Track] = []

    def add(
        self,
        frame_id: int,
        time: datetime,
        regions: Sequence[Region],
        normal_frames: int,
        snapshot: Callable[[], Snapshot],
    ) -> None:
        """Link one frame's regions; frames come in the order of time.

        Args:
            frame_id: of the frame.
            time: UTC.
            regions: may be empty.
            normal_frames: frames behind the normal that judged it.
            snapshot: makes the frame's snapshot; called only where an event peaks.
        """
        self._close_before(time - self._interval * (self._config.max_gap_samples + 0.5))
        for region in regions:
            track = self._track_of(region)
            if track is None:
                self._open.append(
                    _Track(
                        start=time,
                        last=time,
                        last_box=region.box,
                        stay_box=region.box,
                        stay_start=time,
                        peak=region,
                        peak_frame_id=frame_id,
                        peak_time=time,
                        normal_frames=normal_frames,
                        snapshot=snapshot(),
                        class_px=region.class_px,
                        channel_bits=dict(region.channel_bits),
                        leader=region,
                    )
                )
                continue
            self._extend(track, time, region)
            if region.score_bits > track.peak.score_bits:
                track.peak, track.peak_frame_id, track.peak_time = region, frame_id, time
                track.normal_frames, track.snapshot = normal_frames, snapshot()

    def finish(self) -> list[Event]:
        """Close what is open; all events in the order of time, numbered from 1."""
        self._close_before(None)
        ordered = sorted(self._closed, key=lambda t: (t.start, t.peak_frame_id, t.peak.box.x0))
        return [self._event(number, track) for number, track in enumerate(ordered, start=1)]

    def _track_of(self, region: Region) -> _Track | None:
        box = region.box.grown(self._config.reach_of_size)
        common = [t.last_box.grown(self._config.reach_of_size).common(box) for t in self._open]
        best = int(np.argmax(common)) if common else 0
        return self._open[best] if common and common[best] else None

    def _extend(self, track: _Track, time: datetime, region: Region) -> None:
        if time > track.last:
            track.frames += 1
            track.last, track.last_box = time, region.box
        else:
            track.last_box = track.last_box.union(region.box)
        track.class_px = track.class_px + region.class_px
        if region.highest_bits > track.leader.highest_bits:
            track.leader = region
        for channel, bits in region.channel_bits.items():
            track.channel_bits[channel] = max(bits, track.channel_bits.get(channel, 0.0))
        if track.last_box.overlap(track.stay_box) < self._config.stay_overlap:
            track.stay_box, track.stay_start = track.last_box, time
        track.longest_stay = max(track.longest_stay, time - track.stay_start)

    def _close_before(self, time: datetime | None) -> None:
        ended = [track for track in self._open if time is None or track.last < time]
        if not ended:
            return
        self._open = [track for track in self._open if track not in ended]
        config = self._config
        for track in ended:
            length = (track.last - track.start + self._interval).total_seconds()
            if track.frames >= config.min_samples and length >= config.min_duration_s:
                self._closed.append(track)
        ranked = sorted(self._closed, key=lambda t: -t.peak.score_bits)
        for track in ranked[config.pictured_events :]:
            track.snapshot = None

    def _event(self, number: int, track: _Track) -> Event:
        class_id = int(track.class_px.argmax())
        return Event(
            event_id=number,
            start=track.start,
            end=track.last,
            peak_frame_id=track.peak_frame_id,
            peak_time=track.peak_time,
            class_id=class_id,
            box=track.peak.box,
            area_px=int(track.peak.class_px.sum()),
            frames=track.frames,
            score_bits=track.peak.score_bits,
            reason=self._reason(track, class_id),
            snapshot=track.snapshot,
            leading=track.leader.leading,
            channel_bits=track.channel_bits,
        )

    def _reason(self, track: _Track, class_id: int) -> str:
        peak = track.peak
        if track.leader.words:
            return channel_reason(self._subjects[class_id], track.leader.words, peak.score_bits)
        stays = track.longest_stay.total_seconds() >= self._config.stay_s
        return reason(
            self._subjects[class_id],
            seen=float(peak.seen[class_id]),
            normal_frames=track.normal_frames,
            score_bits=peak.score_bits,
            stay=track.longest_stay if stays else None,
        )


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
        score_bits: the event's score.
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


def channel_reason(subject: str, words: str, score_bits: float) -> str:
    """One plain sentence of what departs in another channel than class.

    Args:
        subject: from :func:`subjects`.
        words: of the region at the peak: what it does, beside what is usual, and how rare that is.
        score_bits: the event's score.
    """
    who = "something" if subject == SOMETHING_MOVES else subject
    return f"{who[0].upper()}{who[1:]} {words} ({score_bits:.1f} bits)"
