"""What a dataset build may be told: where the sources are, the rules, the shares, the seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from dataset_build.sources.custom_sources import CustomSource

#: Pillow takes anything larger for a decompression bomb.
_DECODER_LIMIT_PX = 89_478_485


def _require_share(value: float, name: str, *, below: float = 1.0) -> None:
    if not 0.0 <= value <= below:
        raise ValueError(f"{name} = {value}; expected a fraction in [0, {below}]")


def _require_numbers(config: object) -> None:
    """Refuse text where a default is a number: YAML makes text of ``"30"`` and of ``30 %``."""
    for item in fields(config):  # type: ignore[arg-type]
        value = getattr(config, item.name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if type(item.default) in (int, float) and not is_number:
            raise ValueError(f"{item.name} = {value!r}; expected a number, as {item.default}")


def _require_names(value: object, name: str) -> None:
    if not isinstance(value, tuple) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{name} = {value!r}; expected a list of names")


def _require_ordered(low: float, high: float, names: str) -> None:
    if low > high:
        raise ValueError(f"{names}: lower bound {low} exceeds upper bound {high}; swap them")


@dataclass(frozen=True, kw_only=True)
class CleaningRules:
    """Thresholds of the named cleaning rules; a sample exactly on a threshold stays.

    Luma runs from 0 to 255; shares are fractions in [0, 1]; sharpness is the variance of the
    Laplacian of the luma at 256 px wide; entropy is that of the 256-bin luma histogram.

    Raises:
        ValueError: a share outside [0, 1], a lower bound above its upper bound, text for a number.
    """

    version: int = 1  # goes into each removed row; raise it with every change of meaning
    disabled: tuple[str, ...] = ("not_surveillance_like",)  # consumer photographs would all go

    # image faults
    min_luma_mean: float = 20.0  # darker than a frame at night without infrared light
    max_luma_mean: float = 240.0  # whiter than a page of print
    min_luma_std: float = 4.0  # a flat wall still measures more
    min_entropy_bits: float = 3.0  # fewer than 8 equally used grey levels
    min_sharpness: float = 10.0  # half of the softest of 326 VOC photographs
    max_aspect: float = 3.0  # long side / short side; panoramas and strips lie beyond
    min_side_px: int = 64  # shorter side; two strides of 32, the deepest of the networks

    # mask faults: the human share is judged only where there are humans
    min_human_share: float = 0.0005  # 150 px of 640 x 480: a hand at the border
    max_human_share: float = 0.90  # nothing but a person: no scene to learn
    max_ignore_share: float = 0.90  # hardly anything labelled

    # surveillance-likeness, judged only where there are humans: docs/surveillance_likeness.md
    min_surveillance_score: float = 0.45  # half of the portraits lie below 0.3, cameras above 0.5

    def __post_init__(self) -> None:
        """Refuse thresholds that contradict each other."""
        _require_numbers(self)
        _require_names(self.disabled, "disabled")
        _require_ordered(self.min_luma_mean, self.max_luma_mean, "luma_mean")
        _require_ordered(self.min_human_share, self.max_human_share, "human_share")
        for name in (
            "min_human_share",
            "max_human_share",
            "max_ignore_share",
            "min_surveillance_score",
        ):
            _require_share(getattr(self, name), name)


@dataclass(frozen=True, kw_only=True)
class DatasetConfig:
    """Everything that decides what a dataset build makes.

    Args:
        source_roots: source name -> folder that holds the source in its published layout.
        custom_sources: source name -> its layout, for sources that are not built in.
        held_out_sources: sources whose samples all go to the test split.

    Raises:
        ValueError: shares that leave nothing to train on, or limits below one.
    """

    # where
    source_roots: Mapping[str, Path] = field(default_factory=dict)
    custom_sources: Mapping[str, CustomSource] = field(default_factory=dict)

    # composition
    negative_share: float = 0.20  # images without humans, per source and per split
    negative_tolerance: float = 0.005  # the blocking check's band around negative_share
    val_share: float = 0.10  # by duplicate group and content hash
    test_share: float = 0.10  # the same
    held_out_sources: tuple[str, ...] = ()  # none: every source is learned from

    # guards
    max_image_px: int = 80_000_000  # read from the header before decoding; 240 MB as RGB
    min_region_px: int = 16  # smaller 8-connected human specks are not counted as regions

    # duplicates
    near_duplicate_radius: int = 6  # Hamming distance of two 64-bit hashes, inclusive
    min_duplicate_correlation: float = 0.90  # of two 16 x 16 thumbnails; docs/cleaning_rules.md

    # rules and chance
    cleaning: CleaningRules = field(default_factory=CleaningRules)
    workers: int = 0  # threads of a scan, 0 for one per core; the result does not depend on it
    seed: int = 0  # salts the hash that splits and that picks negatives

    def __post_init__(self) -> None:
        """Refuse a build that could not produce a training split."""
        _require_numbers(self)
        _require_names(self.held_out_sources, "held_out_sources")
        for name in (
            "negative_share",
            "negative_tolerance",
            "val_share",
            "test_share",
            "min_duplicate_correlation",
        ):
            _require_share(getattr(self, name), name)
        self._require_room()
        for name, least in (("max_image_px", 1), ("min_region_px", 1), ("workers", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} = {getattr(self, name)}; expected at least {least}")
        if self.max_image_px > _DECODER_LIMIT_PX:
            raise ValueError(
                f"max_image_px = {self.max_image_px}; the decoder's own limit is"
                f" {_DECODER_LIMIT_PX}"
            )
        if not 0 <= self.near_duplicate_radius < 64:
            raise ValueError(
                f"near_duplicate_radius = {self.near_duplicate_radius}; hash has 64 bits"
            )
        both = sorted(self.train_only_sources & set(self.held_out_sources))
        if both:
            raise ValueError(f"sources {both} are both train_only and held out; choose one")

    def _require_room(self) -> None:
        """Shares must leave images with humans, and some to train on."""
        if self.negative_share == 1.0:
            raise ValueError("negative_share = 1; images with humans are needed too")
        if self.val_share + self.test_share >= 1.0:
            raise ValueError(
                f"val_share {self.val_share} + test_share {self.test_share} leave nothing to train"
                " on; their sum must stay below 1"
            )

    @property
    def train_only_sources(self) -> frozenset[str]:
        """Sources whose samples are all learned from."""
        return frozenset(name for name, own in self.custom_sources.items() if own.train_only)
