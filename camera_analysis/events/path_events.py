"""Walks on unusual paths become events of the day, or join the event of whoever walks there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from camera_analysis.events.events import PATH, Event, channel_reason
from camera_analysis.events.judged_day import FrameScores, JudgedDay
from camera_analysis.events.path_verdict import PathVerdict
from camera_analysis.footage.frame_times import MICROSECONDS, FrameTimes
from camera_analysis.labelling.labels import LabelsMeta
from camera_analysis.labelling.regions import Box
from camera_analysis.tracks.path_evidence import JudgedWalk

BoolVector = npt.NDArray[np.bool_]


def with_paths(
    judged: JudgedDay,
    verdict: PathVerdict,
    meta: LabelsMeta,
    times: FrameTimes,
    subjects: Sequence[str],
) -> JudgedDay:
    """The day with what its walks say: scores of the frames, alarms and events.

    A walk that an event of the frames has at its peak, or where it departs most, is part of that
    event, which lasts as long as both; any other one that alarms is an event of its own, whose box
    is around the whole way. Of more than a hundred that alarm, the most unlike become events, and
    the frames of all alarm.

    Args:
        judged: the day as its frames were judged.
        verdict: of its walks.
        meta: of its label maps.
        times: of its frames.
        subjects: what a sentence calls each class.
    """
    if not judged.scores.utc_us.size:
        return judged
    judged = replace(judged, paths=verdict.summary)
    if verdict.usual is None:
        return judged
    events = list(judged.events)
    for one in verdict.told:
        within = np.flatnonzero(_within(one, judged.scores, times.interval))
        if not within.size:
            continue  # no frame of it was fit to be judged
        bits = verdict.bits(one, judged.scores.bits.size)
        of_its_own = _event(one, verdict, bits, judged, within, meta, subjects)
        at = _event_of(one, events[: len(judged.events)])
        if at is None:
            events.append(of_its_own)
        else:
            events[at] = _joined(events[at], of_its_own, verdict.words(one))
    events.sort(key=lambda event: (event.start, event.peak_frame_id, event.box.x0))
    numbered = [replace(event, event_id=n) for n, event in enumerate(events, start=1)]
    return replace(
        judged,
        events=numbered,
        scores=_scores(judged.scores, verdict, times.interval),
        usual_ways=[walk.feet_xy for walk in verdict.usual.compared],
    )


def _scores(scores: FrameScores, verdict: PathVerdict, interval: timedelta) -> FrameScores:
    """The frames' scores with bits of the walks; 0 where nobody walks."""
    path_bits, alarm = np.zeros(scores.bits.size), scores.alarm.copy()
    unusual = {one.walk.track_id for one in verdict.unusual}
    for one in verdict.walks:
        within = _within(one, scores, interval)
        path_bits[within] = np.maximum(path_bits[within], verdict.bits(one, scores.bits.size))
        if one.walk.track_id in unusual:
            alarm |= within
    return replace(scores, channels={**scores.channels, PATH: path_bits}, alarm=alarm)


def _within(one: JudgedWalk, scores: FrameScores, interval: timedelta) -> BoolVector:
    """(N,) frames of a walk; each sample stands for half an interval on either side."""
    half = round(interval.total_seconds() / 2 * MICROSECONDS)
    first, last = _us(one.walk.start) - half, _us(one.walk.end) + half
    return np.asarray((scores.utc_us >= first) & (scores.utc_us <= last), bool)


def _event_of(one: JudgedWalk, events: Sequence[Event]) -> int | None:
    """The event in whose box the walker is in one of its moments; the one most in common."""
    walk = one.walk
    common = [
        max(
            walk.box_at(moment.time).common(moment.box)
            if walk.start <= moment.time <= walk.end
            else 0
            for moment in event.moments
        )
        for event in events
    ]
    best = int(np.argmax(common)) if common else 0
    return best if common and common[best] else None


def _joined(event: Event, walk: Event, words: str) -> Event:
    """An event with a walk that is part of it; it goes on being led by what its frames show."""
    bits, before = walk.score_bits, event.channel_bits.get(PATH, 0.0)
    return replace(
        event,
        start=min(event.start, walk.start),
        end=max(event.end, walk.end),
        frames=max(event.frames, walk.frames),
        score_bits=max(event.score_bits, bits),
        reason=f"{event.reason}; also {words}",
        channel_bits={**event.channel_bits, PATH: max(bits, before)},
        path_xy=event.path_xy if bits < before else walk.path_xy,
    )


def _event(
    one: JudgedWalk,
    verdict: PathVerdict,
    bits: float,
    judged: JudgedDay,
    within: npt.NDArray[np.intp],
    meta: LabelsMeta,
    subjects: Sequence[str],
) -> Event:
    walk, utc_us = one.walk, judged.scores.utc_us
    peak_us = _us(walk.start) + float(walk.after_s[one.point]) * MICROSECONDS
    frame = int(within[np.abs(utc_us[within] - peak_us).argmin()])
    peak_time = datetime.fromtimestamp(int(utc_us[frame]) / MICROSECONDS, UTC)
    # A walk goes on between the samples: before the first and after the last of them, too.
    first, last = (datetime.fromtimestamp(int(utc_us[at]) / MICROSECONDS, UTC) for at in (0, -1))
    class_id = len(meta.classes) - 1 if walk.class_id is None else walk.class_id
    box, body = walk.extent, walk.box_at(peak_time)
    return Event(
        event_id=0,
        start=min(max(walk.start, first), last),
        end=min(max(walk.end, first), last),
        peak_frame_id=int(judged.scores.frame_ids[frame]),
        peak_time=peak_time,
        class_id=class_id,
        box=Box(
            min(max(box.x0, 0), meta.width - 1),
            min(max(box.y0, 0), meta.height - 1),
            max(min(box.x1, meta.width), 1),
            max(min(box.y1, meta.height), 1),
        ),
        area_px=body.area,
        frames=int(within.size),
        score_bits=bits,
        reason=channel_reason(subjects[class_id], verdict.words(one), bits),
        snapshot=None,
        leading=PATH,
        channel_bits={PATH: bits},
        path_xy=walk.feet_xy,
    )


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * MICROSECONDS)
