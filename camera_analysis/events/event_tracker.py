"""Surprising regions of single frames are linked over time: what lasts and departs is an event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial

import numpy as np

from camera_analysis.channels.channel_codes import STAY
from camera_analysis.events.departures import Departure, PastDepartures, odds_of, strength
from camera_analysis.events.event_stays import Peaks, Sample, Stays
from camera_analysis.events.events import (
    Event,
    EventConfig,
    Moment,
    Snapshot,
    channel_reason,
    reason,
)
from camera_analysis.labelling.regions import Box, Region
from camera_analysis.local_time import duration


@dataclass
class _Odds:
    """Odds of the most surprising region of each sample by one source, added up."""

    total: float = 0.0
    samples: int = 0
    of_last: float = 0.0

    def add(self, bits: float) -> None:
        """A region of the last sample."""
        odds = odds_of(bits)
        self.samples += bool(odds) and not self.of_last
        self.total += max(0.0, odds - self.of_last)
        self.of_last = max(self.of_last, odds)


@dataclass(eq=False)
class _Track:
    """An event that may still go on."""

    start: datetime
    last: datetime
    last_box: Box
    last_region: Region  # of the last sample, that which departs most
    stays: Stays
    channel_bits: dict[str, float]
    score_bits: float
    frames: int = 1
    peaks: Peaks = field(default_factory=Peaks)
    by_class: _Odds = field(default_factory=_Odds)
    by_channels: _Odds = field(default_factory=_Odds)


class EventTracker:
    """Links the regions of consecutive frames into events; memory does not grow with time.

    A region joins the open event whose last box it overlaps most, each box grown by its reach; it
    opens a new event where it overlaps none.

    Args:
        subjects: what a sentence calls each class, by class id.
        interval: usual time between two samples.
        config: what counts as an event.
        least_class_bits: strength by class that an event exceeds; None for any.
        least_channel_bits: the same in the channels; one of the two is enough.
        channel_past: departures in them that an event is told beside; None for none.
    """

    def __init__(
        self,
        subjects: tuple[str, ...],
        interval: timedelta,
        config: EventConfig,
        *,
        least_class_bits: float | None = None,
        least_channel_bits: float | None = None,
        channel_past: PastDepartures | None = None,
    ) -> None:
        self._subjects = subjects
        self._interval = interval
        self._config = config
        self._least_class_bits = least_class_bits
        self._least_channel_bits = least_channel_bits
        self._channel_past = channel_past
        self._open: list[_Track] = []
        self._closed: list[Event] = []
        #: First and last frame, UTC, of what departed by class, but no more than normal days do.
        self.usual_spans: list[tuple[datetime, datetime]] = []
        #: Whatever departed by class, event or not.
        self.departures: list[Departure] = []
        #: The same in the channels.
        self.channel_departures: list[Departure] = []

    @property
    def follows_something(self) -> bool:
        """Whether what departed may go on in the next frame."""
        return bool(self._open)

    def add(
        self,
        frame_id: int,
        time: datetime,
        regions: Sequence[Region],
        normal_frames: int,
        snapshot: Callable[[], Snapshot | None] = lambda: None,
    ) -> None:
        """Link one frame's regions; frames come in the order of time.

        Args:
            frame_id: of the frame.
            time: UTC.
            regions: may be empty.
            normal_frames: frames behind the normal that judged it.
            snapshot: makes the frame's snapshot; called only where an event or a stay of it peaks.
        """
        self._close_before(time - self._interval * (self._config.max_gap_samples + 0.5))
        pictured = cache(snapshot)

        def sample(region: Region) -> Sample:
            return Sample(
                region=region,
                frame_id=frame_id,
                time=time,
                normal_frames=normal_frames,
                snapshot=pictured(),
            )

        for region in regions:
            track = self._track_of(region)
            if track is None:
                track = self._begin(time, region)
            else:
                self._extend(track, time, region)
            track.peaks.add(region, partial(sample, region))
        for track in self._open:
            if track.last == time:
                shown = track.last_region
                track.stays.add(track.last_box, time, shown, partial(sample, shown))

    def finish(self) -> list[Event]:
        """Close what is open; all events in the order of time, numbered from 1."""
        self._close_before(None)
        ordered = sorted(self._closed, key=lambda e: (e.start, e.peak_frame_id, e.box.x0))
        return [replace(event, event_id=number) for number, event in enumerate(ordered, start=1)]

    def _track_of(self, region: Region) -> _Track | None:
        box = region.box.grown(self._config.reach_of_size)
        common = [t.last_box.grown(self._config.reach_of_size).common(box) for t in self._open]
        best = int(np.argmax(common)) if common else 0
        return self._open[best] if common and common[best] else None

    def _begin(self, time: datetime, region: Region) -> _Track:
        config = self._config
        track = _Track(
            start=time,
            last=time,
            last_box=region.box,
            last_region=region,
            stays=Stays(timedelta(seconds=config.stay_s), config.stay_overlap),
            channel_bits=dict(region.channel_bits),
            score_bits=region.score_bits,
        )
        _add_up(track, region)
        self._open.append(track)
        return track

    def _extend(self, track: _Track, time: datetime, region: Region) -> None:
        if time > track.last:
            track.frames += 1
            track.last, track.last_box, track.last_region = time, region.box, region
            track.by_class.of_last = track.by_channels.of_last = 0.0
        else:
            track.last_box = track.last_box.union(region.box)
            if region.departs_bits > track.last_region.departs_bits:
                track.last_region = region
        _add_up(track, region)
        track.score_bits = max(track.score_bits, region.score_bits)
        for channel, bits in region.channel_bits.items():
            track.channel_bits[channel] = max(bits, track.channel_bits.get(channel, 0.0))

    def _close_before(self, time: datetime | None) -> None:
        ended = [track for track in self._open if time is None or track.last < time]
        if not ended:
            return
        self._open = [track for track in self._open if track not in ended]
        config = self._config
        for track in ended:
            length = (track.last - track.start + self._interval).total_seconds()
            if track.frames < config.min_samples or length < config.min_duration_s:
                continue
            self._note(track)
            if self._departs(track):
                self._closed.append(self._event(track))
            elif track.by_class.samples:
                self.usual_spans.append((track.start, track.last))
        ranked = sorted(self._closed, key=lambda event: -event.score_bits)
        pictured = config.pictured_events
        plain = [replace(event, snapshot=None) for event in ranked[pictured:]]
        self._closed = ranked[:pictured] + plain

    def _note(self, track: _Track) -> None:
        for odds, departures in (
            (track.by_class, self.departures),
            (track.by_channels, self.channel_departures),
        ):
            if odds.samples >= self._config.min_samples:
                start_s, end_s = track.start.timestamp(), track.last.timestamp()
                departures.append(Departure(start_s, end_s, self._strength(odds)))

    def _departs(self, track: _Track) -> bool:
        return self._exceeds(track.by_class, self._least_class_bits) or self._exceeds(
            track.by_channels, self._least_channel_bits
        )

    def _exceeds(self, odds: _Odds, least_bits: float | None) -> bool:
        return odds.samples >= self._config.min_samples and (
            least_bits is None or self._strength(odds) > least_bits
        )

    def _strength(self, odds: _Odds) -> float:
        return strength(odds.total, self._interval.total_seconds()) if odds.total else 0.0

    def _event(self, track: _Track) -> Event:
        """What is told of a track; it has no number yet."""
        stay = track.stays.told
        peaks = stay.peaks if stay else track.peaks
        told = peaks.told
        return Event(
            event_id=0,
            start=track.start,
            end=track.last,
            peak_frame_id=told.frame_id,
            peak_time=told.time,
            class_id=peaks.class_id,
            box=told.region.box,
            area_px=int(told.region.class_px.sum()),
            frames=track.frames,
            score_bits=track.score_bits,
            reason=self._sentence(track, told, stay.length if stay else None),
            snapshot=told.snapshot,
            leading=told.region.leading,
            channel_bits=track.channel_bits,
            class_strength_bits=self._strength(track.by_class),
            channel_strength_bits=self._strength(track.by_channels),
            strongest=tuple(
                Moment(sample.time, sample.region.box) for sample in track.peaks.samples.values()
            ),
        )

    def _sentence(self, track: _Track, told: Sample, stay: timedelta | None) -> str:
        """What is told of the sample that is shown, and of how long it stays."""
        region, subject = told.region, self._subjects[told.region.class_id]
        if not region.words:
            return reason(
                subject,
                seen=float(region.seen[region.class_id]),
                normal_frames=told.normal_frames,
                score_bits=region.told_bits,
                stay=stay,
            )
        length = stay or track.last - track.start + self._interval
        lasts = ""  # a stay that is the departure has told how long it is
        if region.leading != STAY and length.total_seconds() >= self._config.stay_s:
            lasts = f"it {'stays here for' if stay else 'lasts'} {duration(length)}"
        past = ""
        if self._channel_past and self._exceeds(track.by_channels, self._least_channel_bits):
            past = self._channel_past.told(self._strength(track.by_channels))
        return channel_reason(
            subject,
            region.words if past else region.words + region.often,
            region.told_bits,
            lasts,
            past,
        )


def _add_up(track: _Track, region: Region) -> None:
    """A region of the last sample, by class and in the channels."""
    track.by_class.add(region.class_bits)
    track.by_channels.add(region.together_bits)
