"""A running camera with people hidden: the newest picture for any viewer, late frames dropped.

One thread reads, one hides. Between them there is room for one frame: when hiding is slower than
the camera, the frames that came meanwhile are dropped, so that what is seen is always recent. When
reading or hiding fails, a grey picture is the last one; at the end of a file its last one stays.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2
import numpy as np

from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.privacy.live_hiding import (
    EmptyPlace,
    LiveConfig,
    ShownFrame,
    grey,
    hide_arriving,
)
from camera_analysis.privacy.live_sources import ArrivedFrame

Item = TypeVar("Item")

JPEG_QUALITY = 80
#: Pictures of which rate and latency are told.
_RECENT = 50
_FAILED_WH = (640, 360)


class Newest(Generic[Item]):
    """Room for one item: a newer one takes the place of one that nobody has taken."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: Item | None = None
        self._closed = False
        self.dropped = 0

    def put(self, item: Item) -> bool:
        """Offer the newest item; False where this is closed."""
        with self._changed:
            if self._closed:
                return False
            self.dropped += self._item is not None
            self._item = item
            self._changed.notify_all()
            return True

    def close(self) -> None:
        """Nothing follows; what is still there can be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def items(self) -> Iterator[Item]:
        """Items as they come, each once, the newest each time; ends when this is closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._item is not None or self._closed)
                item, self._item = self._item, None
            if item is None:
                return
            yield item


@dataclass(frozen=True, kw_only=True)
class LivePicture:
    """What may be shown.

    Attributes:
        number: from 1, one more for each picture.
        jpeg: the picture.
        hidden: why all of it is hidden; "" where people alone are.
    """

    number: int
    jpeg: bytes
    hidden: str


@dataclass(frozen=True, kw_only=True)
class LiveStatus:
    """How a live view keeps up.

    Attributes:
        pictures: shown so far.
        dropped: frames that came while another one was being worked on.
        frames_per_s: over the last pictures.
        latency_s: median time from a frame's arrival to its picture, over the last ones.
        hidden: why all of the last picture is hidden; "" where people alone are.
        ended: whether the source has ended.
    """

    pictures: int
    dropped: int
    frames_per_s: float
    latency_s: float
    hidden: str
    ended: bool


class LiveView:
    """Hides people in arriving frames, and keeps the newest picture for any number of viewers.

    Args:
        frames: as they arrive; read in a thread of their own.
        segmenter: says where people are; None hides what moves alone.
        config: see there.
        now: seconds of the clock by which frames arrive.
        empty: the empty place, where it is known; None learns it from the first frames.
    """

    def __init__(
        self,
        frames: Iterable[ArrivedFrame],
        segmenter: Segmenter | None,
        config: LiveConfig,
        now: Callable[[], float],
        empty: EmptyPlace | None = None,
    ) -> None:
        self._frames = frames
        self._segmenter = segmenter
        self._config = config
        self._now = now
        self._empty = empty
        self._mailbox: Newest[ArrivedFrame] = Newest()
        self._changed = threading.Condition()
        self._picture: LivePicture | None = None
        self._ended = False
        self._reading_failed = False
        self._shown_at: deque[float] = deque(maxlen=_RECENT)
        self._latency: deque[float] = deque(maxlen=_RECENT)

    def start(self) -> None:
        """Begin to read and to hide, in two threads."""
        for name, work in (("live_read", self._read), ("live_hide", self._hide)):
            threading.Thread(target=work, name=name, daemon=True).start()

    def stop(self) -> None:
        """Hide no further frame; returns when the segmenter is not asked any more."""
        self._mailbox.close()
        with self._changed:
            self._changed.wait_for(lambda: self._ended)

    def next_picture(self, after: int, timeout_s: float) -> LivePicture | None:
        """The newest picture with a greater number; None where none comes in time or any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_newer(after) or self._ended, timeout_s)
            return self._picture if self._is_newer(after) else None

    def status(self) -> LiveStatus:
        """How it keeps up."""
        with self._changed:
            shown, latency, picture = list(self._shown_at), list(self._latency), self._picture
            ended = self._ended
        span_s = shown[-1] - shown[0] if len(shown) > 1 else 0.0
        return LiveStatus(
            pictures=picture.number if picture else 0,
            dropped=self._mailbox.dropped,
            frames_per_s=(len(shown) - 1) / span_s if span_s else 0.0,
            latency_s=float(np.median(latency)) if latency else 0.0,
            hidden=picture.hidden if picture else "no_frame",
            ended=ended,
        )

    def _is_newer(self, after: int) -> bool:
        return self._picture is not None and self._picture.number > after

    def _read(self) -> None:
        try:
            for frame in self._frames:
                if not self._mailbox.put(frame):
                    return
        except Exception as error:
            self._reading_failed = True
            expected = isinstance(error, OSError | ValueError)
            logging.getLogger(__name__).error(
                "nothing more can be read: %s", error, exc_info=not expected
            )
        finally:
            self._mailbox.close()

    def _hide(self) -> None:
        frames = self._mailbox.items()
        try:
            for shown in hide_arriving(frames, self._segmenter, self._config, self._empty):
                self._show(shown)
            if self._reading_failed:
                self._show_failed()
        except Exception:
            logging.getLogger(__name__).exception("hiding people failed; nothing more is shown")
            self._show_failed()
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _show_failed(self) -> None:
        """A picture of nothing: the last one before would look as if it were now."""
        self._show(ShownFrame(shown_rgb=grey(_FAILED_WH), hidden="failed", arrived_s=self._now()))

    def _show(self, shown: ShownFrame) -> None:
        bgr = cv2.cvtColor(shown.shown_rgb, cv2.COLOR_RGB2BGR)
        _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        now = self._now()
        with self._changed:
            number = self._picture.number + 1 if self._picture else 1
            self._picture = LivePicture(number=number, jpeg=jpeg.tobytes(), hidden=shown.hidden)
            self._shown_at.append(now)
            self._latency.append(now - shown.arrived_s)
            self._changed.notify_all()
