"""What a pass remembers of its frames: a few numbers each, and a dozen label maps."""

from __future__ import annotations

from array import array
from collections import Counter
from datetime import UTC, datetime

import numpy as np

from camera_analysis.label_classes import STATIC
from camera_analysis.labelling.frame_quality import REASONS
from camera_analysis.labelling.label_pictures import QualitySeries, ShownMap
from camera_analysis.labelling.labels import FrameRow, LabelArray

#: Label maps on the contact sheet: the busiest of as many equal parts of the day.
PREVIEW_MAPS = 12


class PassNotes:
    """The few numbers per frame, and the few label maps, that the pictures need."""

    def __init__(self, start_utc: datetime, end_utc: datetime) -> None:
        self._start = start_utc
        self._span_s = max((end_utc - start_utc).total_seconds(), 1e-3)
        self._seconds = array("d")
        self._measures = array("f")
        self._reasons = bytearray()
        self._busiest: dict[int, tuple[int, ShownMap]] = {}

    @property
    def frames(self) -> int:
        """Sampled frames so far."""
        return len(self._seconds)

    def add(self, row: FrameRow) -> None:
        """Note a frame."""
        self._seconds.append(row.time_utc.timestamp())
        self._measures.extend((row.luma_mean, row.sharpness, row.shift_px))
        self._reasons.append(REASONS.index(row.reason))

    def add_map(self, time_local: datetime, labels_hw: LabelArray) -> None:
        """Note a label map; it is kept while it is the busiest of its part of the day."""
        since_s = (time_local - self._start).total_seconds()
        part = min(int(PREVIEW_MAPS * since_s / self._span_s), PREVIEW_MAPS - 1)
        moving = int(np.count_nonzero(labels_hw != STATIC))
        if part not in self._busiest or moving > self._busiest[part][0]:
            self._busiest[part] = (moving, ShownMap(time_local=time_local, labels_hw=labels_hw))

    def first(self, reason: str, since: datetime) -> datetime | None:
        """When the first frame from an instant on had a reason; None without one."""
        number = REASONS.index(reason)
        for seconds, found in zip(self._seconds, self._reasons, strict=True):
            if found == number and seconds >= since.timestamp():
                return datetime.fromtimestamp(seconds, UTC)
        return None

    def maps(self) -> list[ShownMap]:
        """The busiest label maps, in order of time."""
        return [shown for _, (_, shown) in sorted(self._busiest.items(), key=lambda part: part[0])]

    def reason_counts(self) -> Counter[str]:
        """Frames by reason; "" counts the usable ones."""
        return Counter(REASONS[number] for number in self._reasons)

    def series(self) -> QualitySeries:
        """The measures of all frames."""
        measures = np.array(self._measures, np.float32).reshape(-1, 3)
        return QualitySeries(
            seconds=np.array(self._seconds, np.float64),
            luma_mean=measures[:, 0],
            sharpness=measures[:, 1],
            shift_px=measures[:, 2],
            reasons=np.frombuffer(bytes(self._reasons), np.uint8),
            reason_names=REASONS,
        )
