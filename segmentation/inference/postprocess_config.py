"""What is done to a network's answer before it is used. Loads without torch: settings need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

#: Wider windows than this round a camera's people away.
MAX_WIDTH_PX = 31
#: What switches every step off, where a user writes steps down.
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class PostprocessConfig:
    """Steps around the network, in the order in which they are taken; all are off by default.

    None of them helped every network that was measured: docs/postprocessing.md. Widths are pixels
    of the frame that the network sees (at most 640 px on the longer side).

    Raises:
        ValueError: a value out of range; names it.
    """

    # before the network
    equalize_luminance: bool = False  # flat luma histogram, for one trained with equalize_share

    # over time, on frames of one camera only
    temporal_weight: float = 0.0  # share of the past in each pixel's probability, per frame
    temporal_still_only: bool = True  # only where the picture stands still; False smears movers

    # of each map
    median_px: int = 0  # odd width of the window; removes what fills less than half of it
    guided_radius_px: int = 0  # of the window in which outlines are fitted to the picture's edges
    guided_epsilon: float = 1e-3  # variance of luma in [0, 1] from which on an edge is one
    hysteresis_high: float = 0.0  # regions stay where a pixel is at least as sure; 0: off
    hysteresis_low: float = 0.5  # and are of all pixels that are at least as sure
    opening_px: int = 0  # odd diameter; removes what is narrower
    closing_px: int = 0  # odd diameter; fills gaps that are narrower
    min_region_share: float = 0.0  # of the frame; smaller human regions go
    min_region_px: int = 0  # the same as an area in pixels; the larger of the two holds
    max_hole_share: float = 0.0  # of the frame; holes in people up to this size are filled

    def __post_init__(self) -> None:
        """Refuse what no frame could be treated with."""
        for name in ("median_px", "opening_px", "closing_px"):
            width = getattr(self, name)
            if width and not (3 <= width <= MAX_WIDTH_PX and width % 2):
                raise ValueError(f"{name} = {width}; expected 0 or an odd 3 to {MAX_WIDTH_PX}")
        if not 0 <= self.guided_radius_px <= MAX_WIDTH_PX:
            raise ValueError(
                f"guided_radius_px = {self.guided_radius_px}; expected 0 to {MAX_WIDTH_PX}"
            )
        if not self.guided_epsilon > 0:
            raise ValueError(f"guided_epsilon = {self.guided_epsilon}; expected more than 0")
        _require_hysteresis(self.hysteresis_low, self.hysteresis_high)
        for name in ("temporal_weight", "min_region_share", "max_hole_share"):
            share = getattr(self, name)
            if not 0.0 <= share < 1.0:
                raise ValueError(f"{name} = {share}; expected at least 0 and below 1")
        if self.min_region_px < 0:
            raise ValueError(f"min_region_px = {self.min_region_px}; expected 0 or more")

    @property
    def changes_maps(self) -> bool:
        """Whether any step is on that looks at one map alone."""
        alone = (self.median_px, self.guided_radius_px, self.opening_px, self.closing_px)
        of_regions = (self.min_region_share, self.min_region_px, self.max_hole_share)
        return any((*alone, self.hysteresis_high, *of_regions))

    @property
    def name(self) -> str:
        """What differs from the defaults, ``median_px=5,opening_px=3``; empty where nothing does.

        Part of the version of a segmenter, so that labels of other steps are other labels.
        """
        plain = {item.name: item.default for item in fields(self)}
        changed = {key: value for key, value in asdict(self).items() if value != plain[key]}
        return ",".join(f"{key}={value}" for key, value in changed.items())


def _require_hysteresis(low: float, high: float) -> None:
    if not 0 < low <= 0.5:
        raise ValueError(f"hysteresis_low = {low}; expected more than 0, at most 0.5")
    if high and not 0.5 <= high < 1.0:
        raise ValueError(f"hysteresis_high = {high}; expected 0, or at least 0.5 and below 1")


def parse_steps(
    written: tuple[str, ...], defaults: PostprocessConfig | None = None
) -> PostprocessConfig:
    """Steps as they are written on a command line.

    Args:
        written: ``field=value`` each, ``none`` for no step at all; nothing keeps the defaults.
        defaults: what holds where nothing is written; None is no step.

    Raises:
        ValueError: an unknown field, or a value that is none; names it.
    """
    if not written:
        return defaults or PostprocessConfig()
    kinds = {item.name: type(item.default) for item in fields(PostprocessConfig)}
    values: dict[str, Any] = {}
    for step in written:
        if step == NONE:
            continue
        key, separator, value = step.partition("=")
        if key not in kinds or not separator:
            raise ValueError(
                f"{step!r}: expected {NONE} or field=value, with one of {', '.join(kinds)}"
            )
        values[key] = _value(kinds, key, value)
    return PostprocessConfig(**values)


def _value(kinds: Mapping[str, type], key: str, text: str) -> object:
    if kinds[key] is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{key} = {text!r}; expected true or false")
        return text.lower() == "true"
    try:
        return kinds[key](text)
    except ValueError as error:
        raise ValueError(f"{key} = {text!r}; expected a number") from error
