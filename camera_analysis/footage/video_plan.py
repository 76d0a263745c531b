"""Which packets of a file must be decoded so that the sampled frames come out exactly.

The floor rule: with frames at times p_0 < p_1 < … and targets t_k = p_0 + k·interval, the sample
of t_k is the last frame with p_i <= t_k. A frame that is the floor of several targets is sampled
once; no target lies after the last frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: Seconds between samples, at least: no camera sends more than a thousand pictures a second.
LEAST_INTERVAL_S = 0.001
MOST_FPS = round(1 / LEAST_INTERVAL_S)
#: Parts of a second that an interval counts: with more, times in nanoseconds outgrow 64 bits.
MOST_PARTS = 100_000
#: Time stamp of a packet that has none.
NO_PTS = -(2**63)


@dataclass(frozen=True, kw_only=True)
class PacketIndex:
    """Packets of one video stream, in the order of the file.

    Attributes:
        pts_n: (N,) presentation times in units of the stream's time base, or :data:`NO_PTS`.
        key_n: (N,) key frames, as the file says.
        shown_n: (N,) packets whose frame is shown; an edit list hides some.
        gradual_n: (N,) those key frames from which the picture becomes whole only by and by
            (:mod:`video_refresh`); None for none.
    """

    pts_n: IntArray
    key_n: BoolArray
    shown_n: BoolArray
    gradual_n: BoolArray | None = None

    @property
    def start_n(self) -> BoolArray:
        """(N,) where decoding can start: key frames that a decoder shows at once."""
        return self.key_n if self.gradual_n is None else self.key_n & ~self.gradual_n

    @property
    def has_all_times(self) -> bool:
        """Whether every shown packet has a time stamp."""
        return bool((self.pts_n[self.shown_n] != NO_PTS).all())

    @property
    def largest_step(self) -> int:
        """Longest time between two neighbouring frames; 0 where times are missing."""
        times = np.sort(self.pts_n[self.shown_n]) if self.has_all_times else np.zeros(0, np.int64)
        return int(np.diff(times).max()) if len(times) > 1 else 0


@dataclass(frozen=True, kw_only=True)
class DecodePlan:
    """What to do with each packet.

    Attributes:
        feed_n: (N,) packets the decoder needs.
        wanted_n: (N,) packets whose frame is a sample; a subset of ``feed_n``.
        between_n: (N,) packets whose frame is read besides the samples; a subset of ``feed_n``.
        beside_n: (N,) packets whose frame stands beside a sample; a subset of ``feed_n``.
        restart_n: (N,) packets before which the decoder is drained and reset.
        backwards_n: (N,) packets left out because their time lies before one already passed.
        first_pts: time of the first frame.
        last_pts: time of the last frame.
    """

    feed_n: BoolArray
    wanted_n: BoolArray
    between_n: BoolArray
    beside_n: BoolArray
    restart_n: BoolArray
    backwards_n: BoolArray
    first_pts: int
    last_pts: int


def plan_decoding(
    index: PacketIndex,
    step: Fraction,
    *,
    only_key_frames: bool = False,
    pair_within: tuple[Fraction, Fraction] | None = None,
    between: Fraction | None = None,
) -> DecodePlan:
    """Plan the samples of a stream whose shown packets all have time stamps.

    Args:
        index: at least one shown packet.
        step: interval in units of the stream's time base.
        only_key_frames: the sample of a target is the last key frame at or before it; targets
            before the first key frame have none.
        pair_within: each sample is paired with the first frame that lies so far after it, at least
            and at most, in units of the time base.
        between: another interval, by the same rule, whose frames are read besides; the samples are
            those that they would be without it.
    """
    group_n = np.cumsum(index.start_n, dtype=np.int64)
    backwards_n = _backwards(index, np.cumsum(index.key_n, dtype=np.int64))
    usable_n = index.shown_n & ~backwards_n
    times, first_at = np.unique(index.pts_n[usable_n], return_index=True)
    packets = all_packets = np.flatnonzero(usable_n)[first_at]
    if only_key_frames and index.key_n[packets].any():
        packets = packets[index.key_n[packets]]
    wanted_n = np.zeros(len(index.pts_n), bool)
    last = int(times[-1] - times[0])
    floors = floors_of_targets(index.pts_n[packets] - times[0], step, last)
    wanted_n[packets[floors]] = True
    beside_n = np.zeros(len(index.pts_n), bool)
    if pair_within:
        beside_n[all_packets[_partners(times, index.pts_n[packets[floors]], pair_within)]] = True
    between_n = np.zeros(len(index.pts_n), bool)
    if between:
        finer = floors_of_targets(index.pts_n[packets] - times[0], between, last)
        between_n[packets[finer & ~floors]] = True
    feed_n = _fed(index, group_n, wanted_n | beside_n | between_n)
    group_before = np.concatenate([[-1], group_n[:-1]])
    whole_before = np.concatenate([[False], feed_n[:-1]])
    return DecodePlan(
        feed_n=feed_n,
        wanted_n=wanted_n,
        between_n=between_n,
        beside_n=beside_n,
        restart_n=feed_n & (group_n != group_before) & ~whole_before,
        backwards_n=backwards_n,
        first_pts=int(times[0]),
        last_pts=int(times[-1]),
    )


def floors_of_targets(since_n: IntArray, step: Fraction, last: int | None = None) -> BoolArray:
    """Which frames are the floor of at least one target 0, step, 2 step, ...; exact integers.

    Args:
        since_n: (N,) ascending times since the first target, in whole units.
        step: interval in the same units.
        last: time until which the last of them is shown; its own where None.
    """
    since = since_n * step.denominator
    next_target = -(-since // step.numerator) * step.numerator  # first target at or after
    end = since[-1] if last is None else last * step.denominator
    until = np.append(since[1:], end + 1)  # a target at the end is served
    return np.asarray(next_target < until)


def exact_seconds(seconds: float) -> Fraction:
    """An interval as the fraction that is meant: a thirtieth, or 1001/30000 of a second."""
    return Fraction(seconds).limit_denominator(MOST_PARTS)


class FloorRule:
    """Which frames are the last at or before a target, one after the other.

    Args:
        interval: seconds between targets.
    """

    def __init__(self, interval: Fraction) -> None:
        self._interval = interval
        self.target = Fraction(0)

    def shown_until(self, next_s: Fraction) -> bool:
        """Whether the frame before the one at ``next_s`` is the floor of a target."""
        if next_s <= self.target:
            return False
        self.target = -(-next_s // self._interval) * self._interval
        return True


def _partners(
    times: IntArray, samples: IntArray, within: tuple[Fraction, Fraction]
) -> npt.NDArray[np.intp]:
    """Places in ``times`` of the first frame beside each sample; none for samples without one."""
    least, most = (-(-within[0] // 1), within[1] // 1)  # whole ticks
    places = np.searchsorted(times, samples + least)
    there = places < len(times)
    there[there] = times[places[there]] - samples[there] <= most
    return np.asarray(places[there], np.intp)


def _backwards(index: PacketIndex, group_n: IntArray) -> BoolArray:
    """Packets at or before the latest time of any earlier group of pictures."""
    pts_n = np.where(index.shown_n, index.pts_n, NO_PTS)
    latest_g = np.full(int(group_n[-1]) + 1, NO_PTS, np.int64)
    np.maximum.at(latest_g, group_n, pts_n)
    before_g = np.concatenate([[NO_PTS], np.maximum.accumulate(latest_g)[:-1]])
    return np.asarray(index.shown_n & (index.pts_n <= before_g[group_n]) & (group_n > 0))


def _fed(index: PacketIndex, group_n: IntArray, wanted_n: BoolArray) -> BoolArray:
    """From the start of each group with a sample to its last sample, and what that refers to.

    A group is what lies between two places where decoding can start, which begins with a key frame.
    A sample that is shown before its group's key frame (an open group) may refer to the group
    before, which is then decoded whole. Other such frames are left out: nothing refers to them.
    """
    positions = np.arange(len(group_n))
    groups = int(group_n[-1]) + 1
    last_g = np.full(groups, -1, np.int64)  # last packet to feed, -1 for none
    np.maximum.at(last_g, group_n[wanted_n], positions[wanted_n])
    key_pts_g = np.full(groups, NO_PTS, np.int64)
    key_pts_g[group_n[index.start_n]] = index.pts_n[index.start_n]
    leading_n = index.shown_n & (index.pts_n < key_pts_g[group_n])
    open_wanted_g = np.zeros(groups, bool)
    open_wanted_g[group_n[leading_n & wanted_n]] = True
    end_g = np.full(groups, -1, np.int64)
    np.maximum.at(end_g, group_n, positions)
    whole_g = np.append(open_wanted_g[1:], False)
    last_g = np.where(whole_g, end_g, last_g)
    follows_whole_g = np.concatenate([[True], whole_g[:-1]])
    lost_n = leading_n & ~follows_whole_g[group_n]  # refer to a group that is not decoded
    return np.asarray((positions <= last_g[group_n]) & ~lost_n)
