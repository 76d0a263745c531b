"""Samples of a file that are left out of a day, as one fault for each reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from camera_analysis.labelling.labels import FootageFault

OVERLAP, RESOLUTION_CHANGED = "overlap", "resolution_changed"


@dataclass
class _Span:
    first: datetime
    last: datetime
    native_wh: tuple[int, int]
    samples: int = 1


class LeftOut:
    """Gathers them.

    Args:
        file: path relative to the camera's folder.
        covered_by: the file before it.
    """

    def __init__(self, file: str, covered_by: str) -> None:
        self._file = file
        self._covered_by = covered_by
        self._spans: dict[str, _Span] = {}

    def add(self, reason: str, time_utc: datetime, native_wh: tuple[int, int]) -> None:
        """Note a sample; times ascend."""
        span = self._spans.get(reason)
        if span is None:
            self._spans[reason] = _Span(time_utc, time_utc, native_wh)
        else:
            span.last = time_utc
            span.samples += 1

    def faults(self, reference: str, reference_wh: tuple[int, int]) -> Iterator[FootageFault]:
        """What is told of them.

        Args:
            reference: file of the day's first view.
            reference_wh: its width and height.
        """
        for reason, span in self._spans.items():
            why = f"{self._covered_by} already covers this time"
            if reason == RESOLUTION_CHANGED:
                sizes = [f"{w}x{h}" for w, h in (span.native_wh, reference_wh)]
                why = f"frames are {sizes[0]}, those of {reference} {sizes[1]}"
            yield FootageFault(
                file=self._file,
                reason=reason,
                detail=f"{span.samples} samples left out: {why}",
                start_utc=span.first,
                end_utc=span.last,
            )
