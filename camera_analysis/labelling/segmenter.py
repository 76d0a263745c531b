"""The segmenter as a pass over a camera-day asks it: frames in order of time, and the plate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.labels import NO_SEGMENTER
from camera_analysis.labelling.motion import FloatImage
from camera_analysis.labelling.plates import View

#: Frames farther apart than so many intervals are no clip: what was seen before is forgotten.
MAX_GAP_INTERVALS = 3


class Segmenter(Protocol):
    """Says where people are; may carry a ``version`` string that identifies its weights.

    One that remembers has a method ``follow()`` too: it gives a segmenter that is asked about the
    frames of one camera in order of time.
    """

    def probability(self, frames_nhwc_rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Probability of a person, (N, H, W) in [0, 1], for (N, H, W, 3) uint8 RGB frames."""
        ...


def version_of(segmenter: Segmenter | None) -> str:
    """Which weights answered; "none" where nobody was asked, "unnamed" where they do not say."""
    return NO_SEGMENTER if segmenter is None else str(getattr(segmenter, "version", "unnamed"))


class FollowingSegmenter:
    """A segmenter that follows one camera; where there is none, all answers are None.

    Args:
        segmenter: None where only motion is looked at.
        interval_s: between sampled frames.
    """

    def __init__(self, segmenter: Segmenter | None, interval_s: float) -> None:
        self._segmenter = segmenter
        self._max_gap_s = MAX_GAP_INTERVALS * interval_s
        self._last_time: datetime | None = None
        self._of_plate: tuple[View, FloatImage] | None = None
        self._stream: Segmenter | None = None  # sees the frames since the last gap
        self.forget()

    def goes_on(self, time_utc: datetime) -> bool:
        """Whether a usable frame may be asked about together with those before it."""
        before, self._last_time = self._last_time, time_utc
        if before is None or self._stream is self._segmenter:  # each frame is judged alone
            return True
        return (time_utc - before).total_seconds() <= self._max_gap_s

    def forget(self) -> None:
        """A new clip begins; frames of the one before must have been asked about."""
        follow = getattr(self._segmenter, "follow", None)
        self._stream = follow() if follow else self._segmenter

    def answers(self, frames: Sequence[npt.NDArray[np.uint8]]) -> Sequence[FloatImage | None]:
        """Probabilities of the next frames, in order, of one size.

        Raises:
            ValueError: the segmenter answers in another shape.
        """
        return _ask(self._stream, frames)

    def plate_answer(self, view: View) -> FloatImage | None:
        """Probabilities on the plate, a still picture outside of time; asked once per view."""
        if self._segmenter is None:
            return None
        if self._of_plate is None or self._of_plate[0] is not view:
            answer = _ask(self._segmenter, [view.plate.rgb])[0]
            self._of_plate = (view, np.asarray(answer, np.float32))
        return self._of_plate[1]


def human_probability(
    segmenter: Segmenter | None, frame_rgb: npt.NDArray[np.uint8]
) -> FloatImage | None:
    """Its answer on one frame, (H, W) float32 in [0, 1]; None where there is no segmenter.

    Raises:
        ValueError: the segmenter answers in another shape.
    """
    return _ask(segmenter, [frame_rgb])[0]


def _ask(
    segmenter: Segmenter | None, frames: Sequence[npt.NDArray[np.uint8]]
) -> Sequence[FloatImage | None]:
    if segmenter is None:
        return [None] * len(frames)
    stack = np.stack(frames)
    answers = np.asarray(segmenter.probability(stack), np.float32)
    if answers.shape != stack.shape[:3]:
        raise ValueError(
            f"segmenter: got probabilities of shape {answers.shape} for frames of shape "
            f"{stack.shape}; expected {stack.shape[:3]}"
        )
    return list(answers)
