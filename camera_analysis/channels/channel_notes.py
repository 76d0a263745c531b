"""What the channels say of each frame while a day is judged: joined to its regions, and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from camera_analysis.channels.channel_events import join_regions
from camera_analysis.channels.channel_judge import ChannelFrame
from camera_analysis.channels.channel_maps import DAY_SCORED
from camera_analysis.channels.day_channels import DayChannels
from camera_analysis.events.frame_alarms import Span, within
from camera_analysis.events.judged_day import FrameScores
from camera_analysis.labelling.labels import LabelMap
from camera_analysis.labelling.regions import Region


class ChannelNotes:
    """Follows the verdicts of a day beside its label maps.

    Args:
        channels: None where class surprise judges alone; regions then stay as they are.
    """

    def __init__(self, channels: DayChannels | None) -> None:
        self._verdicts: Iterator[tuple[int, ChannelFrame]] | None = (
            channels.frames() if channels else None
        )
        self._together: list[float] = []
        self._departs: list[bool] = []
        self._alone: dict[str, list[float]] = {channel: [] for channel in DAY_SCORED}

    def join(self, label_map: LabelMap, regions: Sequence[Region], classes: int) -> list[Region]:
        """The regions of the next frame, with those of the channels.

        Raises:
            ValueError: the codes are not those of the label maps.
        """
        if self._verdicts is None:
            return list(regions)
        frame_id, verdict = next(self._verdicts, (-1, None))
        if verdict is None or frame_id != label_map.frame_id:
            raise ValueError(
                f"frame {label_map.frame_id} has a label map, but codes are of frame {frame_id}; "
                "make both in one pass"
            )
        highest = verdict.highest
        self._departs.append(bool(verdict.regions))
        self._together.append(verdict.bits)
        for channel, bits in self._alone.items():
            bits.append(highest.get(channel, np.nan))
        return join_regions(regions, verdict, label_map.labels_hw, classes)

    def added_to(self, scores: FrameScores, events: Iterable[Span]) -> FrameScores:
        """The day's scores with those of the channels, which alarm in frames of events alone."""
        if self._verdicts is None:
            return scores
        together = np.array(self._together, np.float64)
        alarm = np.array(self._departs, bool) & within(scores.utc_us, events)
        return replace(
            scores,
            channels={"channels": together}
            | {channel: np.array(bits, np.float64) for channel, bits in self._alone.items()},
            alarm=scores.alarm | alarm,
        )
