"""One frozen settings object, from ``<home>/settings.yaml`` and the environment.

The environment wins: ``LEARNED_NORMAL_STORE_ROOT`` overrides ``store_root``, and so on for every
plain field. ``LEARNED_NORMAL_HOME`` names the home folder.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from camera_analysis.footage.file_time import FIRST_DAY
from camera_analysis.local_time import is_local_day
from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.ledger.rules import threshold_rules
from dataset_build.sources.custom_sources import CustomSource
from pipelines.source_settings import (
    SettingsError,
    build,
    plain_sources,
    read_sources,
    require_known_sources,
    with_own_frames,
    without_own_frames,
)
from segmentation.champions.champion_rule import ChampionRule
from segmentation.config import ModelConfig, TrainConfig
from segmentation.inference.inference_config import InferenceConfig
from segmentation.speed.speed_config import SpeedConfig

EXECUTORS = ("in_process", "multiprocess", "ray")
PREFIX = "LEARNED_NORMAL_"
DEFAULT_HOME = Path.home() / "learned-normal"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between a laptop and a cluster."""

    # where
    home: Path  # everything the embedded defaults write lies below it
    store_root: str = ""  # "" means <home>/store; s3://bucket/prefix for an object store
    store_options: Mapping[str, Any] = field(default_factory=dict)  # fsspec: endpoint_url, key, ...
    footage_root: Path | None = None  # None means <home>/footage; one folder per camera
    sources: Mapping[str, Path] = field(default_factory=dict)  # dataset source -> its folder
    custom_sources: Mapping[str, CustomSource] = field(default_factory=dict)  # of those, one's own

    # how it runs
    executor: str = "in_process"  # shortest start; multiprocess on one big machine, ray on many
    gpu_slots: int = 1  # GPU steps at a time on one machine
    device: str = "auto"  # cuda where there is one
    postgres_url: str = ""  # "" means SQLite below home; needed for more than one machine
    keep_versions: int = 3  # per partition, beside what current versions still refer to

    # when
    rebuild_cron: str = "0 3 * * 0"  # Sunday 03:00 UTC: a weekly dataset rebuild
    event_marks_cron: str = "30 1 * * *"  # 01:30 UTC: before the nightly cameras, which obey
    cameras_cron: str = "0 2 * * *"  # 02:00 UTC: days that are over and have no report
    retention_cron: str = "0 5 * * 1"  # Monday 05:00 UTC: old versions go
    first_day: str = FIRST_DAY  # YYYY-MM-DD; each day since costs every camera a partition
    footage_settle_s: float = 60.0  # younger files may still be written to
    relabel_batch: int = 20  # camera-days of an older champion queued at a time; 0: only by hand

    # what
    dataset: Mapping[str, Any] = field(default_factory=dict)  # fields of DatasetConfig
    cleaning: Mapping[str, Any] = field(default_factory=dict)  # fields of CleaningRules
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # name -> ModelConfig
    training: Mapping[str, Any] = field(default_factory=dict)  # fields of TrainConfig
    champion: Mapping[str, Any] = field(default_factory=dict)  # fields of ChampionRule
    speed: Mapping[str, Any] = field(default_factory=dict)  # fields of SpeedConfig
    label_pass: Mapping[str, Any] = field(default_factory=dict)  # fields of PassConfig
    inference: Mapping[str, Any] = field(default_factory=dict)  # fields of InferenceConfig
    anomalies: Mapping[str, Any] = field(default_factory=dict)  # fields of AnomalyConfig

    # review
    review_dataset: str = "learned-normal-review"
    review_uri: str = ""  # of a mongod run as a service; "" starts the embedded one
    review_limit: int = 200  # samples in the queue; an hour of a person's time
    mistakenness_limit: int = 2_000  # masks that the champion looks at, drawn by their hash

    def __post_init__(self) -> None:
        """Refuse what would fail later and less clearly."""
        if self.executor not in EXECUTORS:
            raise SettingsError(f"executor = {self.executor!r}; expected one of {EXECUTORS}")
        if self.gpu_slots < 1 or self.keep_versions < 1:
            raise SettingsError("gpu_slots and keep_versions must be at least 1")
        if self.relabel_batch < 0:
            raise SettingsError(f"relabel_batch = {self.relabel_batch}; expected 0 or more")
        _require_day(self.first_day)
        require_known_sources(self.sources, self.custom_sources)

    @property
    def store_url(self) -> str:
        """Root of the versioned store."""
        return self.store_root or str(self.home / "store")

    @property
    def footage(self) -> Path:
        """Folder that holds one folder per camera."""
        return self.footage_root or self.home / "footage"

    def require_usable(self) -> None:
        """Build every configuration once, so that a mistake is told before any work begins.

        Raises:
            SettingsError: names the setting and what is wrong with it.
        """
        self.dataset_config()
        self.model_configs()
        self.train_config()
        self.inference_config()
        self.champion_rule()
        self.speed_config()

    def dataset_config(self) -> DatasetConfig:
        """Configuration of the dataset build.

        Raises:
            SettingsError: a rule or a source is named that does not exist, or a value is refused.
        """
        config = build(
            DatasetConfig,
            "dataset",
            {
                "source_roots": {name: Path(root) for name, root in sorted(self.sources.items())},
                "custom_sources": dict(sorted(self.custom_sources.items())),
                "cleaning": build(CleaningRules, "cleaning", self.cleaning),
                **self.dataset,
            },
        )
        unknown = sorted(set(config.held_out_sources) - set(self.sources))
        if unknown:
            raise SettingsError(
                f"dataset.held_out_sources: {unknown} are no sources here; there are"
                f" {sorted(self.sources)}"
            )
        try:
            threshold_rules(config.cleaning)  # before a scan of hours, not after it
        except ValueError as error:
            raise SettingsError(f"cleaning.disabled: {error}") from error
        return config

    def model_configs(self) -> dict[str, ModelConfig]:
        """Configuration of each architecture that has one."""
        found = {}
        for name, values in self.models.items():
            if not isinstance(values, Mapping | None):
                raise SettingsError(f"models.{name} = {values!r}; expected `name: value` lines")
            fields = {"architecture": name, **(values or {})}
            found[name] = build(ModelConfig, f"models.{name}", fields)
        return found

    def train_config(self) -> TrainConfig:
        """Configuration of the training loop."""
        return build(TrainConfig, "training", self.training)

    def inference_config(self) -> InferenceConfig:
        """How a trained network is run, and what is done to its answers."""
        return build(InferenceConfig, "inference", self.inference)

    def champion_rule(self) -> ChampionRule:
        """By which rule a model is promoted."""
        return build(ChampionRule, "champion", self.champion)

    def speed_config(self) -> SpeedConfig:
        """By which protocol the speed of models is measured."""
        return build(SpeedConfig, "speed", self.speed)


def default_home(environment: Mapping[str, str] | None = None) -> Path:
    """The home of a command that names none: ``LEARNED_NORMAL_HOME``, else ``~/learned-normal``."""
    variables = os.environ if environment is None else environment
    return Path(variables.get(PREFIX + "HOME", DEFAULT_HOME)).expanduser().resolve()


def load_settings(
    home: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Settings of a home folder.

    Args:
        home: Folder; None takes ``LEARNED_NORMAL_HOME``, else ``~/learned-normal``.
        environment: Variables that override the file; None takes the process's own.

    Raises:
        SettingsError: An unknown key, or a value of the wrong kind; names the file and the key.
    """
    variables = os.environ if environment is None else environment
    folder = home.expanduser().resolve() if home else default_home(variables)
    values = _read_file(folder / "settings.yaml")
    values.update(_from_environment(variables))
    if values.get("footage_root"):
        values["footage_root"] = (folder / Path(str(values["footage_root"])).expanduser()).resolve()
    if values.get("store_root") and "://" not in str(values["store_root"]):
        values["store_root"] = str(
            (folder / Path(str(values["store_root"])).expanduser()).resolve()
        )
    if "custom_sources" in values:
        raise SettingsError(
            f"{folder / 'settings.yaml'}: unknown setting 'custom_sources'; describe your own"
            " sources under `sources`, see docs/sources.md"
        )
    if "first_day" in values:
        values["first_day"] = str(values["first_day"])  # YAML makes a date of it
    values |= with_own_frames(read_sources(values.get("sources") or {}, folder), folder)
    return build(Settings, str(folder / "settings.yaml"), {**values, "home": folder})


def save_settings(settings: Settings) -> Path:
    """Write every setting that differs from its default to ``<home>/settings.yaml``."""
    values: dict[str, Any] = {}
    for item in dataclasses.fields(settings):
        value = getattr(settings, item.name)
        if item.name not in ("home", "custom_sources") and value != _default(item):
            values[item.name] = _plain(value)
    sources = without_own_frames(settings.sources, settings.home)
    values.pop("sources", None)
    if sources:
        values["sources"] = plain_sources(sources, settings.custom_sources)
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "settings.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=True), encoding="utf-8")
    return path


def _require_day(day: str) -> None:
    if not is_local_day(day):
        raise SettingsError(f"first_day = {day!r}; expected a day such as 2026-01-05")


def _read_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: expected `name: value` lines, got {type(values).__name__}")
    return values


def _from_environment(variables: Mapping[str, str]) -> dict[str, Any]:
    """Plain fields given as ``LEARNED_NORMAL_<FIELD>``; YAML gives them their type."""
    found: dict[str, Any] = {}
    for item in dataclasses.fields(Settings):
        name = PREFIX + item.name.upper()
        if item.name != "home" and name in variables:
            found[item.name] = yaml.safe_load(variables[name])
    return found


def _default(item: dataclasses.Field[Any]) -> object:
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return item.default


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value
