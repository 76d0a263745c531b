"""Judge a camera-day: every frame against its normal, and what departs becomes an event.

With a history, the day is judged by the learned normal of the days before. A single clip is judged
by cross-fitting: each block of time by all the others, never by itself. Either way the label maps
are streamed, so that memory does not grow with the length of the day.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from camera_analysis.channels.channel_notes import ChannelNotes
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.anomaly_files import AnomalySummary, write_day
from camera_analysis.events.day_judge import (
    CROSS_FITTED,
    DayJudge,
    Progress,
    day_promise,
    judge_by_cross_fit,
    judge_by_history,
)
from camera_analysis.events.event_feedback import Feedback, with_feedback
from camera_analysis.events.event_tracker import EventTracker
from camera_analysis.events.events import Snapshot, subjects
from camera_analysis.events.frame_alarms import without_alarms_of
from camera_analysis.events.judged_day import FrameScores, JudgedDay
from camera_analysis.events.path_events import with_paths
from camera_analysis.events.path_verdict import (
    NOT_TRACKED,
    PathSummary,
    PathVerdict,
    judge_paths,
)
from camera_analysis.footage.frame_times import MICROSECONDS, FrameTimes, read_frame_times
from camera_analysis.labelling.labels import (
    LABELS_FILE,
    NO_SEGMENTER,
    LabelsMeta,
    iterate_labels,
    read_labels_meta,
)
from camera_analysis.labelling.regions import surprising_regions
from camera_analysis.normal.learned_normal import READY, WARMING_UP, LearnedNormal, load_normal
from camera_analysis.normal.surprise import SurpriseModel, alarm_threshold, smooth_over_time

LabelArray = npt.NDArray[np.uint8]
Mode = Literal["history", "clip"]

SCENE_CHANGED = "scene_changed"


def judge_day(
    index_dir: Path,
    labels_dir: Path,
    normal_dir: Path,
    out: Path,
    *,
    day: str,
    zone: ZoneInfo,
    config: AnomalyConfig,
    mode: Mode,
    trajectories: Path | None = None,
    scene_changed: bool = False,
    feedback: Feedback | None = None,
    progress: Progress | None = None,
) -> AnomalySummary:
    """Score every usable frame of a day and find the events in it.

    Args:
        index_dir: folder of ``frames.parquet``.
        labels_dir: folder of ``labels.parquet``, ``labels.json``, ``plate.png``, and of the codes
            of the channels; without them class surprise judges alone.
        normal_dir: folder of the learned normal; for a clip it says whether there is enough.
        out: existing empty folder; gets frame_scores.parquet, events.parquet, anomalies.json,
            and where frames were judged timeline.png and two pictures of each of the top events.
        day: local day, "YYYY-MM-DD".
        zone: of the camera; pictures show its time.
        config: thresholds.
        mode: "history" judges by the normal of other days, "clip" by cross-fitting.
        trajectories: folder of the day's walks; None where it was not tracked. Only a history can
            say that a walk is unusual: those of a clip are no evidence.
        scene_changed: the day shows another scene than the normal; no frame of it is judged.
        feedback: what was said of events of this camera; what is expected is no alarm.
        progress: called with (label maps read, label maps to read over all passes).

    Raises:
        ValueError: the day is in its own history, or size, classes or segmenter differ from the
            normal's.
    """
    meta = read_labels_meta(labels_dir)
    times = read_frame_times(index_dir, zone)
    normal = load_normal(normal_dir)
    judge: DayJudge | None = None
    paths = PathVerdict(PathSummary(status=NOT_TRACKED))
    if (
        not scene_changed
        and normal.status == READY
        and pq.read_metadata(labels_dir / LABELS_FILE).num_rows
    ):
        _require_same_grid(meta, normal)
        if mode == "history":
            share = config.alarms_per_day * config.path_alarms_share
            paths = judge_paths(trajectories, normal_dir, share)
            rest = config.alarms_per_day - (share if paths.is_evidence else 0.0)
            judge = judge_by_history(normal, normal_dir, labels_dir, day, times, rest, config)
        else:
            judge = judge_by_cross_fit(labels_dir, meta, times, config, progress)
    if judge is None:
        judged = _unjudged(SCENE_CHANGED if scene_changed else WARMING_UP, normal, meta, config)
    else:
        judged = _judge(labels_dir, meta, times, judge, config, progress)
        judged = with_paths(judged, paths, meta, times, _subjects(meta))
        judged = replace(judged, promise=day_promise(judge, paths.summary))
    if feedback is not None:
        judged = with_feedback(judged, feedback, meta)
    return write_day(judged, times, labels_dir, out)


def _judge(
    labels_dir: Path,
    meta: LabelsMeta,
    times: FrameTimes,
    judge: DayJudge,
    config: AnomalyConfig,
    progress: Progress | None,
) -> JudgedDay:
    """One streaming pass: scores of every frame, regions linked into events."""
    rows = pq.read_metadata(labels_dir / LABELS_FILE).num_rows
    before = rows if judge.status == CROSS_FITTED else 0
    tracker = EventTracker(
        _subjects(meta),
        times.interval,
        config,
        least_class_bits=judge.class_least_bits,
        least_channel_bits=judge.channel_least_bits,
        channel_past=judge.channel_past,
    )
    frame_ids, delta_share, raw_bits = [], [], []
    channels = ChannelNotes(judge.channels)
    for position, label_map in enumerate(iterate_labels(labels_dir)):
        model, labels_hw = judge.model_at(position), label_map.labels_hw
        frame = model.score(labels_hw)
        frame_ids.append(label_map.frame_id)
        delta_share.append(frame.delta_share)
        raw_bits.append(frame.raw_bits)
        regions = surprising_regions(
            labels_hw, frame, model, judge.alarm_bits, config.min_area_share
        )
        tracker.add(
            label_map.frame_id,
            times.utc(label_map.frame_id),
            channels.join(label_map, regions, model.classes),
            model.frames,
            partial(_snapshot, model, labels_hw),
        )
        if progress:
            progress(before + position + 1, before + rows)
    events = tracker.finish()
    spans = [(event.start, event.end) for event in events]
    scores = _smoothed(frame_ids, delta_share, raw_bits, times, judge.alarm_bits, config)
    return JudgedDay(
        status=judge.status,
        alarm_bits=judge.alarm_bits,
        normal_frames=judge.normal_frames,
        classes=meta.classes,
        channel_least_bits=judge.channel_least_bits,
        class_least_bits=judge.class_least_bits,
        usual_departures=len(tracker.usual_spans),
        departures=tracker.departures,
        channel_departures=tracker.channel_departures if judge.channels else None,
        scores=without_alarms_of(channels.added_to(scores, spans), tracker.usual_spans, spans),
        events=events,
    )


def _subjects(meta: LabelsMeta) -> tuple[str, ...]:
    return subjects(meta.classes, segmented=meta.segmenter != NO_SEGMENTER)


def _snapshot(model: SurpriseModel, labels_hw: LabelArray) -> Snapshot:
    return Snapshot(labels_hw=labels_hw, delta_bits_hw=model.delta_bits(labels_hw))


def _smoothed(
    frame_ids: list[int],
    delta_share: list[float],
    raw_bits: list[float],
    times: FrameTimes,
    alarm_bits: float,
    config: AnomalyConfig,
) -> FrameScores:
    utc_us = times.utc_us[[times.rows[frame_id] for frame_id in frame_ids]]
    raw = np.array(raw_bits, np.float64)
    bits = smooth_over_time(
        raw,
        utc_us / MICROSECONDS,
        config.smoothing_samples,
        (config.max_gap_samples + 0.5) * times.interval.total_seconds(),
    )
    return FrameScores(
        frame_ids=np.array(frame_ids, np.int64),
        utc_us=utc_us,
        delta_share=np.array(delta_share, np.float64),
        raw_bits=raw,
        bits=bits,
        alarm=bits >= alarm_bits,
    )


def _unjudged(
    status: str, normal: LearnedNormal, meta: LabelsMeta, config: AnomalyConfig
) -> JudgedDay:
    nothing = np.zeros(0)
    return JudgedDay(
        status=status,
        alarm_bits=alarm_threshold(normal.frames, len(meta.classes), config),
        normal_frames=normal.frames,
        classes=meta.classes,
        scores=FrameScores(
            frame_ids=nothing.astype(np.int64),
            utc_us=nothing.astype(np.int64),
            delta_share=nothing,
            raw_bits=nothing,
            bits=nothing,
            alarm=nothing.astype(bool),
        ),
        events=(),
    )


def _require_same_grid(meta: LabelsMeta, normal: LearnedNormal) -> None:
    _, height, width = normal.counts_khw.shape
    if (meta.height, meta.width) != (height, width):
        raise ValueError(
            f"label maps of {meta.width} x {meta.height} pixels cannot be judged by a normal of "
            f"{width} x {height} ({', '.join(normal.days)}); the camera's resolution changed"
        )
    if meta.classes != normal.classes:
        raise ValueError(
            f"label maps of classes {list(meta.classes)} cannot be judged by a normal of "
            f"{list(normal.classes)}; the segmenter changed, label the window's days again"
        )
    if meta.segmenter != normal.segmenter:
        raise ValueError(
            f"label maps of segmenter {meta.segmenter!r} cannot be judged by a normal of "
            f"{normal.segmenter!r}; build the normal of the day again"
        )
