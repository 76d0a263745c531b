"""Sampled frames of one footage file: exact times, bounded memory, faults instead of exceptions.

A first pass reads the packets' time stamps without decoding; :mod:`video_plan` says which packets
the samples need; a second pass decodes those and skips the rest. Nothing is ever sought by guess.
Where packets carry no presentation times (AVI), all frames are decoded and take the packets'
times in the order in which they are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from camera_analysis.footage.frame_pairs import LONGEST_PAIR_S, PAIR_S, Pairing
from camera_analysis.footage.sampled_frame import Fault, SampledFrame, Timing, VideoInfo, with_later
from camera_analysis.footage.video_convert import FrameConverter, native_wh
from camera_analysis.footage.video_decode import DecodeNotes, decode_all, decode_plan
from camera_analysis.footage.video_file import (
    ReadConfig,
    VideoError,
    has_presentation_times,
    header_duration_s,
    index_packets,
    open_video,
)
from camera_analysis.footage.video_plan import (
    DecodePlan,
    FloorRule,
    PacketIndex,
    exact_seconds,
    plan_decoding,
)

if TYPE_CHECKING:
    from av import VideoFrame

#: An interval shorter than any frame's duration: all frames are taken.
EVERY_FRAME_S = 1e-4
#: Frames per second where neither the packets nor the header say.
_ASSUMED_RATE = Fraction(25)


def probe(path: Path, *, config: ReadConfig | None = None) -> VideoInfo:
    """Header of a video file.

    Raises:
        VideoError: empty_file, unreadable, no_video or frame_too_large.
    """
    container, stream = open_video(path, config or ReadConfig())
    with container:
        return VideoInfo(
            width=stream.width,
            height=stream.height,
            codec=stream.codec_context.name,
            frame_rate=float(stream.average_rate) if stream.average_rate else None,
            duration_s=header_duration_s(container, stream),
        )


def read_samples(
    path: Path, interval_s: float, *, config: ReadConfig | None = None
) -> Iterator[SampledFrame | Fault]:
    """Frames of a file, one per interval (floor rule of :mod:`video_plan`), then its faults.

    Args:
        path: the file.
        interval_s: time between targets, > 0.
        config: limits and reduction.

    Yields:
        Samples in strictly increasing time, then one Fault for each stretch without samples. Frames
        between them (``config.between_s``) are no samples: which frames are does not depend on it.
    """
    if interval_s <= 0:
        raise ValueError(f"interval_s is {interval_s}; expected more than 0 seconds")
    config = config or ReadConfig()
    try:
        source = _index_source(path, config)
    except VideoError as error:
        yield Fault(reason=error.reason, detail=error.detail)
        return
    if not source.index.shown_n.any():
        detail = source.broken or "the video stream holds no frame"
        yield Fault(reason="no_frames", detail=detail)
        return
    interval = exact_seconds(interval_s)
    if source.exact and source.index.has_all_times:
        yield from _read_planned(source, interval)
    else:
        yield from _read_sequentially(source, interval)


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A file whose packets were indexed."""

    path: Path
    config: ReadConfig
    index: PacketIndex
    broken: str  # what ended the indexing early, "" for nothing
    header_s: float | None
    time_base: Fraction
    frame_rate: Fraction | None
    exact: bool  # whether the packets' time stamps are those of their frames

    def seconds(self, ticks: int) -> float:
        return float(ticks * self.time_base)


def _index_source(path: Path, config: ReadConfig) -> _Source:
    container, stream = open_video(path, config)
    with container:
        index, broken = index_packets(container, stream)
        return _Source(
            path=path,
            config=config,
            index=index,
            broken=broken,
            header_s=header_duration_s(container, stream),
            time_base=Fraction(stream.time_base or 1),
            frame_rate=stream.average_rate or None,
            exact=has_presentation_times(container),
        )


def _read_planned(source: _Source, interval: Fraction) -> Iterator[SampledFrame | Fault]:
    key_frames = source.config.sampling == "key_frames"
    within = (PAIR_S / source.time_base, LONGEST_PAIR_S / source.time_base)
    plan = plan_decoding(
        source.index,
        interval / source.time_base,
        only_key_frames=key_frames,
        pair_within=within if source.config.pairs else None,
        between=between / source.time_base if (between := _between(source.config)) else None,
    )
    wanted_pts = np.sort(source.index.pts_n[plan.wanted_n])
    between_pts = set(source.index.pts_n[plan.between_n].tolist())
    delivered = np.zeros(len(wanted_pts), bool)
    samples = _Samples(source, plan.first_pts, "key_frame" if key_frames else "exact")
    notes = DecodeNotes()
    reached = 0  # samples before this one came out or never will: times strictly increase
    for frame in decode_plan(source.path, source.config, plan, notes):
        if frame.pts is None:
            continue
        yield from samples.pass_by(frame, frame.pts)
        at = int(np.searchsorted(wanted_pts, frame.pts))
        if reached <= at < len(wanted_pts) and wanted_pts[at] == frame.pts:
            delivered[at], reached = True, at + 1
            yield from samples.take(frame, frame.pts)
        elif at >= reached and frame.pts in between_pts:
            between_pts.discard(frame.pts)
            yield from samples.take_between(frame, frame.pts)
    yield from samples.finish()
    yield from _undecoded(source, plan, wanted_pts, delivered, notes.last_error)
    yield from _backwards(source, plan)
    yield from _missing_end(source, source.seconds(plan.last_pts - plan.first_pts))


def _read_sequentially(source: _Source, interval: Fraction) -> Iterator[SampledFrame | Fault]:
    """Floor rule on decoded frames, for streams whose packets lack time stamps."""
    notes = DecodeNotes()
    frames = decode_all(source.path, source.config, _times_in_order(source), notes)
    first = next(frames, None)
    if first is None:
        detail = notes.last_error or "no frame could be decoded"
        yield Fault(reason="undecodable", detail=detail)
        return
    timing: Timing = "exact" if source.index.has_all_times else "assumed_rate"
    samples = _Samples(source, first[1], timing)
    held, rate = first, FloorRule(interval)
    between = _between(source.config)
    finer = FloorRule(between) if between else None
    for frame, pts in frames:
        since = (pts - first[1]) * source.time_base
        is_between = finer is not None and finer.shown_until(since)
        if rate.shown_until(since):
            yield from samples.take(*held)
        elif is_between:
            yield from samples.take_between(*held)
        yield from samples.pass_by(frame, pts)
        held = (frame, pts)
    if (held[1] - first[1]) * source.time_base == rate.target:
        yield from samples.take(*held)
    yield from samples.finish()
    last_s = source.seconds(held[1] - first[1])
    if notes.last_error:
        yield Fault(reason="undecodable", detail=notes.last_error, end_s=last_s)
    yield from _missing_end(source, last_s)


def _between(config: ReadConfig) -> Fraction | None:
    """Seconds between the frames that are read besides; key frames lie where they lie."""
    if config.between_s is None or config.sampling == "key_frames":
        return None
    return exact_seconds(config.between_s)


def _times_in_order(source: _Source) -> npt.NDArray[np.int64]:
    """Times of the frames in the order in which they are shown: sorted, or at a constant rate."""
    if source.index.has_all_times:
        return np.sort(source.index.pts_n[source.index.shown_n])
    period = 1 / ((source.frame_rate or _ASSUMED_RATE) * source.time_base)
    frames = int(source.index.shown_n.sum())
    return np.array([round(number * period) for number in range(frames)], np.int64)


class _Samples:
    """Decoded frames become samples, at once or with the frame beside them.

    Args:
        source: of the frames.
        first_pts: time of its first frame.
        timing: how far their times can be trusted.
    """

    def __init__(self, source: _Source, first_pts: int, timing: Timing) -> None:
        self._source = source
        self._first_pts = first_pts
        self._timing = timing
        self._convert = FrameConverter(source.config)
        self._pairing = Pairing(with_later)

    def take(self, frame: VideoFrame, pts: int) -> Iterator[SampledFrame]:
        """A frame that is a sample."""
        sample = self._frame(frame, pts)
        if self._source.config.pairs:
            self._pairing.wait(pts * self._source.time_base, sample)
        else:
            yield sample

    def take_between(self, frame: VideoFrame, pts: int) -> Iterator[SampledFrame]:
        """A frame that lies between two samples."""
        yield from self._pairing.follow(replace(self._frame(frame, pts), between=True))

    def _frame(self, frame: VideoFrame, pts: int) -> SampledFrame:
        return SampledFrame(
            pts_s=self._source.seconds(pts),
            offset_s=self._source.seconds(pts - self._first_pts),
            frame_rgb=self._convert.rgb(frame),
            native_wh=native_wh(frame),
            timing=self._timing,
        )

    def pass_by(self, frame: VideoFrame, pts: int) -> Iterator[SampledFrame]:
        """Samples that were waiting for this frame, whether it is one or not."""
        grey = partial(self._convert.grey, frame)
        yield from self._pairing.offer(pts * self._source.time_base, grey)

    def finish(self) -> Iterator[SampledFrame]:
        """Samples beside which nothing came."""
        yield from self._pairing.finish()


def _undecoded(
    source: _Source,
    plan: DecodePlan,
    wanted_pts: npt.NDArray[np.int64],
    delivered: npt.NDArray[np.bool_],
    last_error: str,
) -> Iterator[Fault]:
    """One fault for each run of samples that did not come out of the decoder."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~delivered, [False]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        until = wanted_pts[end] if end < len(wanted_pts) else plan.last_pts
        yield Fault(
            reason="undecodable",
            detail=f"{end - start} samples; {last_error or 'damaged frames'}",
            start_s=source.seconds(int(wanted_pts[start]) - plan.first_pts),
            end_s=source.seconds(int(until) - plan.first_pts),
        )


def _backwards(source: _Source, plan: DecodePlan) -> Iterator[Fault]:
    if plan.backwards_n.any():
        at = int(np.flatnonzero(plan.backwards_n)[0])
        before = source.index.pts_n[:at][source.index.shown_n[:at]]
        reached = source.seconds(int(before.max()) - plan.first_pts)
        lowest = source.index.pts_n[plan.backwards_n].min()
        yield Fault(
            reason="time_backwards",
            detail=f"{int(plan.backwards_n.sum())} frames left out: time steps back to "
            f"{source.seconds(int(lowest) - plan.first_pts):.3f} s after {reached:.3f} s",
            start_s=reached,
        )


def _missing_end(source: _Source, last_s: float) -> Iterator[Fault]:
    """The part that the header promises and the file does not hold."""
    if source.broken:
        yield Fault(reason="truncated", detail=source.broken, start_s=last_s, end_s=source.header_s)
        return
    mean_s = last_s / max(1, int(source.index.shown_n.sum()) - 1)
    frame_s = max(mean_s, source.seconds(source.index.largest_step))
    missing_s = (source.header_s or 0.0) - (last_s + frame_s)
    if missing_s > max(source.config.end_tolerance_s, frame_s):
        yield Fault(
            reason="truncated",
            detail=f"the header promises {source.header_s:.3f} s, the last frame is at "
            f"{last_s:.3f} s",
            start_s=last_s,
            end_s=source.header_s,
        )
