"""The channels of a frame become one evidence at each place, and regions around its peaks.

Benchmarks and camera-days share this rule: :mod:`camera_analysis.channels.channel_normal` learns
what calibrates the channels of the one, :mod:`camera_analysis.channels.channel_scale` of the other.
Habits of places are learned for benchmarks alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_calibration import Calibration
from camera_analysis.channels.channel_codes import SIZE, CodeConfig
from camera_analysis.channels.channel_maps import SCORED, MapConfig
from camera_analysis.channels.channel_regions import FoundRegion, RegionConfig, peak_regions
from camera_analysis.channels.channel_segments import SegmentConfig
from camera_analysis.channels.channel_surprise import TailConfig
from camera_analysis.channels.place_habits import HabitConfig, Habits

FloatImage = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class ChannelConfig:
    """One configuration for every camera."""

    codes: CodeConfig = field(default_factory=CodeConfig)
    tails: TailConfig = field(default_factory=TailConfig)
    maps: MapConfig = field(default_factory=MapConfig)
    habits: HabitConfig = field(default_factory=HabitConfig)
    regions: RegionConfig = field(default_factory=RegionConfig)
    segments: SegmentConfig = field(default_factory=SegmentConfig)
    # Clips whose first frames say what the view usually looks like.
    usual_clips: int = 32
    # Channels that make up the evidence. Size is shown beside it: who walk close together are one
    # thing that moves, so that it tells of crowds, and each channel adds its own rare moments.
    joined: tuple[str, ...] = tuple(channel for channel in SCORED if channel != SIZE)
    # Places by which maps are widened before they meet: peaks of one thing lie apart.
    widen: int = 3
    frame_smoothing_s: float = 0.3  # standard deviation


@dataclass(frozen=True, kw_only=True)
class ChannelVerdict:
    """One frame against the normal.

    Attributes:
        evidence_hw: (h, w) nats on the grid, of all channels together.
        peak: nats of the highest place; of consecutive frames, its path taken into account
            (:mod:`camera_analysis.channels.path_evidence`).
        regions: around its peaks, in pixels of the frame.
        of_channel: channel -> (h, w) evidence, in nats.
    """

    evidence_hw: FloatImage
    peak: float
    regions: list[FoundRegion]
    of_channel: dict[str, FloatImage]

    @property
    def channels(self) -> dict[str, float]:
        """Channel -> largest evidence of the frame, in nats."""
        return {channel: float(evidence.max()) for channel, evidence in self.of_channel.items()}


def fuse(
    surprise: Mapping[str, FloatImage],
    calibrations: Mapping[str, Calibration],
    cell_xy: tuple[float, float],
    config: ChannelConfig,
    habits: Habits | None = None,
) -> ChannelVerdict:
    """Evidence of all channels of a frame, brought together where it meets.

    Args:
        surprise: channel -> (h, w) nats, of :class:`ChannelMaps`.
        calibrations: channel -> surprise to evidence; a channel without one says nothing.
        cell_xy: pixels of the frame per place, along x and y.
        config: see there.
        habits: what places are used to; None where nobody knows.
    """
    total, of_channel = join_evidence(surprise, calibrations, config, habits)
    regions = peak_regions(total, cell_xy, config.regions)
    peak = float(total.max())
    return ChannelVerdict(evidence_hw=total, peak=peak, regions=regions, of_channel=of_channel)


def join_evidence(
    surprise: Mapping[str, FloatImage],
    calibrations: Mapping[str, Calibration],
    config: ChannelConfig,
    habits: Habits | None = None,
) -> tuple[FloatImage, dict[str, FloatImage]]:
    """Evidence of the channels that are joined, and each channel's evidence.

    A channel's 1/p is its likelihood ratio at most; what exceeds 1 adds up over channels, and
    evidence is the logarithm of the total. Up to a constant that is -log of the harmonic mean of
    the p-values (Good 1958; Wilson 2019, who shows that it holds for dependent ones too): the
    likelihood ratio where each channel is as likely to be the one that departs. What one channel is
    sure of counts nearly alone, and three small surprises stay small.
    """
    around = np.ones((config.widen, config.widen), np.uint8)
    of_channel = {
        c: calibrations[c].evidence(scores) if c in calibrations else np.zeros_like(scores)
        for c, scores in surprise.items()
    }
    if habits:
        of_channel = {c: habits.limit(c, surprise[c], known) for c, known in of_channel.items()}
    joined = [evidence for c, evidence in of_channel.items() if c in config.joined]
    wide = [cv2.dilate(np.maximum(evidence, 0.0), around) for evidence in joined]
    ratios = np.logaddexp.reduce(wide, axis=0)  # nats; exp of them may overflow
    total = ratios + np.log1p(-(len(wide) - 1) * np.exp(-ratios))
    return np.asarray(np.maximum(total, 0.0), np.float32), of_channel
