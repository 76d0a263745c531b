"""Does a label stay where nothing moves? Flicker of a model over the frames of a fixed camera.

A model that judges each frame alone may change its mind from frame to frame on the same wall. Only
pixels around which the picture itself did not change are counted, so that people who walk are no
flicker; the frames are taken to be aligned, as those of a fixed camera are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segmentation.data import U8
from segmentation.evaluation.bootstrap import Interval, interval_of, resampled_sums
from segmentation.inference.frame_motion import moved


@dataclass(frozen=True, kw_only=True)
class Flicker:
    """Pixels of pairs of frames that follow each other. Counts of several clips add up.

    Args:
        still_px: where nothing moved.
        flipped_px: of these, human in one frame and not in the other.
        human_px: of these, human in at least one of the two.
    """

    still_px: int = 0
    flipped_px: int = 0
    human_px: int = 0

    def __add__(self, other: Flicker) -> Flicker:
        """Counts of both."""
        return Flicker(
            still_px=self.still_px + other.still_px,
            flipped_px=self.flipped_px + other.flipped_px,
            human_px=self.human_px + other.human_px,
        )

    @property
    def flip_share(self) -> float | None:
        """Share of still pixels whose label flips; None where everything moves."""
        return self.flipped_px / self.still_px if self.still_px else None

    @property
    def human_flip_share(self) -> float | None:
        """Share of still human pixels whose label flips: 1 - IoU of the two frames' labels."""
        return self.flipped_px / self.human_px if self.human_px else None


def count_flicker(predicted_thw: npt.NDArray[np.bool_], frames_thwc: U8) -> Flicker:
    """Flips of labels between each frame and the next, where the picture stood still.

    Args:
        predicted_thw: (T, H, W) bool, True where a human is predicted.
        frames_thwc: (T, H, W, 3) uint8, the frames that were looked at, T at least 2.

    Raises:
        ValueError: sizes that do not fit, or a single frame.
    """
    if frames_thwc.shape != (*predicted_thw.shape, 3) or len(predicted_thw) < 2:
        raise ValueError(
            f"labels {predicted_thw.shape}, frames {frames_thwc.shape}; expected (T, H, W) and"
            " (T, H, W, 3) with at least two frames"
        )
    meter = FlickerMeter()
    for predicted_hw, frame_hwc in zip(predicted_thw, frames_thwc, strict=True):
        meter.add(predicted_hw, frame_hwc)
    return meter.total


class FlickerMeter:
    """Counts flips frame by frame; of the frames, only the last is kept."""

    def __init__(self) -> None:
        self.pairs: list[Flicker] = []
        self._last: tuple[npt.NDArray[np.bool_], U8] | None = None

    def add(self, predicted_hw: npt.NDArray[np.bool_], frame_hwc: U8) -> None:
        """The next frame, and where a human is predicted in it.

        Raises:
            ValueError: a frame of another size.
        """
        if self._last is not None:
            before, frame_before = self._last
            if frame_before.shape != frame_hwc.shape:
                raise ValueError(
                    f"frames of {frame_before.shape[:2]} and {frame_hwc.shape[:2]} are no sequence"
                    " of one camera; evaluate them apart"
                )
            still = ~moved(frame_before, frame_hwc)
            earlier, later = before & still, predicted_hw & still
            self.pairs.append(
                Flicker(
                    still_px=int(np.count_nonzero(still)),
                    flipped_px=int(np.count_nonzero(earlier ^ later)),
                    human_px=int(np.count_nonzero(earlier | later)),
                )
            )
        self._last = (predicted_hw, frame_hwc)

    @property
    def total(self) -> Flicker:
        """Of all pairs."""
        return sum(self.pairs, Flicker())

    def intervals(self, pairs_per_draw: int) -> dict[str, Interval]:
        """95 % intervals of both shares, over runs of so many pairs; none for a single run."""
        counts = np.array([(p.still_px, p.flipped_px, p.human_px) for p in self.pairs], np.float64)
        if len(counts) <= pairs_per_draw:
            return {}
        runs = np.add.reduceat(counts, np.arange(0, len(counts), pairs_per_draw))
        still, flipped, human = resampled_sums([runs], len(runs)).T
        found = {}
        for name, whole in (("flip_share", still), ("human_flip_share", human)):
            shares = np.divide(flipped, whole, out=np.full_like(whole, np.nan), where=whole > 0)
            interval = interval_of(shares)
            if interval is not None:
                found[name] = interval
        return found
