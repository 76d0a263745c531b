"""What a camera's private video looks like: the part ``privacy.video`` of ``camera.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from camera_analysis.privacy.mask_safety import SafetyConfig
from camera_analysis.privacy.privacy_filters import FILTERS
from camera_analysis.privacy.privacy_frame import DEFAULT_STRENGTH, STRENGTHS

#: Who is hidden: all that differs from the background plate, or people alone. The second leaves
#: cars in view, and everybody whom the network misses.
Hide = Literal["movers", "people"]


@dataclass(frozen=True, kw_only=True)
class PrivateVideoSettings:
    """How people are hidden, and what else of the footage goes on.

    Raises:
        ValueError: a value that is not allowed; names the key.
    """

    method: str = "silhouette"  # nothing of a person's look is in it, and activity stays visible
    strength: float = DEFAULT_STRENGTH  # of methods that have one
    hide: Hide = "movers"  # whom the network misses is hidden while they move
    margin_share: float = SafetyConfig.margin_share  # see there
    hold_s: float = SafetyConfig.hold_s  # see there
    network_interval_s: float = 0.2  # the network looks five times a second; motion, every frame
    keep_audio: bool = False  # voices tell who somebody is
    keep_metadata: bool = False  # so do places and names
    accept_leaks: bool = False  # publish a method that failed its audit: see docs/privacy_audit.md
    reversible: bool = False  # needs a key, and room: see docs/privacy.md
    crf: int = 23  # x264's usual quality

    def __post_init__(self) -> None:
        known = self.methods()
        _require(self.method in known, "method", self.method, ", ".join(known))
        low, high = STRENGTHS
        _require(low <= self.strength <= high, "strength", self.strength, f"{low} to {high}")
        _require(self.hide in get_args(Hide), "hide", self.hide, ", ".join(get_args(Hide)))
        _require(0 <= self.margin_share <= 0.2, "margin_share", self.margin_share, "0 to 0.2")
        _require(0 < self.hold_s <= 2, "hold_s", self.hold_s, "more than 0, to 2 seconds")
        _require(
            0 < self.network_interval_s <= self.hold_s,
            "network_interval_s",
            self.network_interval_s,
            f"more than 0, to hold_s = {self.hold_s}: a mask must hold until the next one",
        )
        _require(0 <= self.crf <= 40, "crf", self.crf, "0 to 40")

    @staticmethod
    def methods() -> list[str]:
        """Names of the filters that may be asked for."""
        return [name for name, one in FILTERS.items() if one.hides_people]

    @property
    def safety(self) -> SafetyConfig:
        """How masks are widened and held."""
        return SafetyConfig(margin_share=self.margin_share, hold_s=self.hold_s)


@dataclass(frozen=True, kw_only=True)
class BackgroundSettings(PrivateVideoSettings):
    """How the place around people is hidden in a video; people stay in view.

    A mask is as wide as the person and holds for its own frame: around it the place would show.

    Raises:
        ValueError: a value that is not allowed; names the key.
    """

    method: str = "background_blur"
    margin_share: float = 0.0
    hold_s: float = 0.001
    network_interval_s: float = 0.001  # in every frame

    @staticmethod
    def methods() -> list[str]:
        """Names of the filters that may be asked for."""
        return [name for name, one in FILTERS.items() if not one.hides_people]


def _require(valid: bool, key: str, got: object, allowed: str) -> None:
    if not valid:
        raise ValueError(f"privacy.video.{key} is {got!r}; allowed: {allowed}")


_KINDS: Mapping[str, tuple[type, ...]] = {
    "float": (int, float),
    "int": (int,),
    "str": (str,),
    "Hide": (str,),
    "bool": (bool,),
}


def read_private_video(value: object) -> PrivateVideoSettings | None:
    """Settings from ``privacy.video``: a mapping, ``true`` for the defaults, ``false`` for none.

    Raises:
        ValueError: an unknown key, or a value that is not allowed.
    """
    if isinstance(value, bool):
        return PrivateVideoSettings() if value else None
    if not isinstance(value, dict):
        raise ValueError(f"privacy.video is {value!r}; expected true, false or a mapping of keys")
    known = {item.name: _KINDS[str(item.type)] for item in fields(PrivateVideoSettings)}
    settings: dict[str, Any] = {}
    for key, got in value.items():
        if key not in known:
            raise ValueError(
                f"privacy.video has the unknown key {key!r}; allowed: {', '.join(known)}"
            )
        stray_bool = isinstance(got, bool) and bool not in known[key]
        if not isinstance(got, known[key]) or stray_bool:
            names = " or ".join(kind.__name__ for kind in known[key])
            raise ValueError(f"privacy.video.{key} is {got!r}; expected {names}")
        settings[key] = got
    return PrivateVideoSettings(**settings)
