"""By which rule a model becomes the champion. Loads without torch: settings need it."""

from __future__ import annotations

from dataclasses import dataclass

from segmentation.metrics import SCORES


@dataclass(frozen=True, kw_only=True)
class ChampionRule:
    """What a candidate must show on the newest test split.

    Raises:
        ValueError: no such score, or a limit below zero.
    """

    metric: str = "iou"  # human IoU over all test images: the score that the sources' papers use
    min_fps: float | None = None  # images/s, run as cameras run it; None: any speed
    min_improvement: float = 0.0  # beside an interval above zero; 0.01 is a point of IoU

    def __post_init__(self) -> None:
        """Refuse a rule by which nothing could be promoted."""
        if self.metric not in SCORES:
            raise ValueError(f"metric = {self.metric!r}; expected one of {', '.join(SCORES)}")
        for name, value in (("min_fps", self.min_fps), ("min_improvement", self.min_improvement)):
            if value is not None and value < 0:
                raise ValueError(f"{name} = {value}; expected at least 0")
