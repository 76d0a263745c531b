"""How a camera's movers are tracked: how often they are looked at, and where its pixels lie."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from camera_analysis.yaml_values import mapping, typed

#: Frames a second at which people are followed: a walker moves by less than their own width.
USUAL_FPS = 5.0
#: A camera whose samples are farther apart was set up to be cheap: it is tracked if it says so.
LONGEST_INTERVAL_S = 2.0
#: What is seen at larger steps cannot be linked by its place.
LONGEST_STEP_S = 0.5

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class TrackingRule:
    """Settings of the tracks.

    Attributes:
        fps: frames a second looked at, 0 for no tracks; None for 5, if samples are at most 2 s
            apart and sampled exactly, else none. The samples count among these frames.
        homography: (3, 3) from pixels of the raw frame, centres on whole numbers, to metres on the
            ground; None for pixels.
    """

    fps: float | None = None  # tracks where they cost little beside the rest
    homography: Matrix | None = None  # unknown until somebody measures it

    def __post_init__(self) -> None:
        if self.fps is not None and not (self.fps == 0 or 1 / LONGEST_STEP_S <= self.fps <= 60):
            raise ValueError(f"tracking.fps is {self.fps}; allowed: 0 (no tracks), or 2 to 60")
        if self.homography is None:
            return
        rows = [len(row) for row in self.homography]
        if rows != [3, 3, 3] or abs(float(np.linalg.det(np.array(self.homography)))) < 1e-12:
            raise ValueError(
                f"tracking.homography is {self.homography}; expected three rows of three numbers "
                "that can be inverted, from raw pixels to metres"
            )

    def step_s(self, interval_s: float, *, exact: bool) -> float | None:
        """Seconds between the frames looked at; None where there are to be no tracks.

        Args:
            interval_s: between samples.
            exact: whether any frame can be a sample, not only key frames.
        """
        if self.fps == 0 or not exact or (self.fps is None and interval_s > LONGEST_INTERVAL_S):
            return None
        return min(interval_s, 1 / (self.fps or USUAL_FPS))

    def ground(
        self, raw_xy: npt.NDArray[np.float64], size_wh: tuple[int, int]
    ) -> npt.NDArray[np.float64] | None:
        """Where pixels show the ground; None without a homography.

        A homography and its negative are the same, so the sign of its third coordinate says nothing
        alone. The middle of the frame's lower edge shows ground; what has another sign than it lies
        beyond the horizon, where the division would give mirrored metres.

        Args:
            raw_xy: (N, 2) pixels of the raw frame; their centres lie on whole numbers.
            size_wh: width and height of the raw frame.

        Returns:
            (N, 2) metres; NaN on the horizon and beyond it.
        """
        if self.homography is None:
            return None
        matrix = np.array(self.homography)
        below = matrix[2] @ [(size_wh[0] - 1) / 2, size_wh[1] - 1, 1.0]
        homogeneous = np.column_stack([raw_xy, np.ones(len(raw_xy))]) @ matrix.T
        third = homogeneous[:, 2:]
        return np.asarray(
            homogeneous[:, :2] / np.where(third * below > 0, third, np.nan), np.float64
        )


def read_tracking(value: object) -> TrackingRule:
    """A rule as ``camera.yaml`` holds it.

    Raises:
        ValueError: it is none.
    """
    keys = mapping(value, tuple(item.name for item in fields(TrackingRule)), "tracking")
    fps, rows = keys.get("fps"), keys.get("homography")
    if fps is not None:
        typed(fps, (int, float), "tracking.fps")
    if rows is not None:
        numbers = [
            [typed(number, (int, float), "a number of tracking.homography") for number in row]
            for row in typed(rows, (list,), "tracking.homography")
        ]
        rows = tuple(tuple(float(number) for number in row) for row in numbers)
    return TrackingRule(fps=fps, homography=rows)


def tracking_document(rule: TrackingRule) -> dict[str, Any]:
    """A rule in the form that :func:`read_tracking` reads."""
    told = {name: value for name, value in asdict(rule).items() if value is not None}
    if rule.homography is not None:
        told["homography"] = [list(row) for row in rule.homography]
    return told
