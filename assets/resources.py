"""What an asset may ask for. ``pipelines.resources`` builds the real ones from settings."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from camera_analysis.camera import Camera
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.labelling.label_pass import PassConfig
from segmentation.config import ModelConfig, TrainConfig
from segmentation.inference.inference_config import InferenceConfig
from segmentation.speed.speed_config import SpeedConfig

UNPARTITIONED = "all"


class VersionStore(Protocol):
    """The versioned store, as far as assets use it; ``pipelines.storage.store`` is the real one.

    A version names its ``asset``, ``partition`` and content ``digest``.
    """

    def draft(self, asset: str, partition: str = ...) -> AbstractContextManager[Path]:
        """Scratch folder to write a version in; removed afterwards."""
        ...

    def seal(
        self,
        scratch: Path,
        asset: str,
        partition: str = ...,
        *,
        code_version: str,
        inputs: Sequence[Any],
        config: Mapping[str, Any],
    ) -> Any:  # noqa: ANN401
        """Write the draft as an immutable version that nobody reads yet."""
        ...

    def publish(self, version: Any) -> None:  # noqa: ANN401
        """Make a version current, atomically."""
        ...

    def reject(self, version: Any, findings: Sequence[str]) -> None:  # noqa: ANN401
        """Keep a version that failed its audit aside; the last good one stays current."""
        ...

    def current(self, asset: str, partition: str = ...) -> Any | None:  # noqa: ANN401
        """The current version, or None where there is none yet."""
        ...

    def require(self, asset: str, partition: str = ...) -> Any:  # noqa: ANN401
        """The current version; an error that says what to materialize where there is none."""
        ...

    def path(self, version: Any) -> Path:  # noqa: ANN401
        """Local folder with the files of a version."""
        ...

    def url(self, version: Any) -> str:  # noqa: ANN401
        """Where the version lies in the store."""
        ...

    def provenance(self, version: Any) -> Any:  # noqa: ANN401
        """What a version was made from: its ``inputs``, versions too, and its configuration."""
        ...

    def partitions(self, asset: str) -> tuple[str, ...]:
        """Partitions that have a current version."""
        ...

    def currents(self, asset: str) -> dict[str, Any]:
        """Current version of every partition that has one, by partition."""
        ...


class GpuGuard(Protocol):
    """Second guard beside Dagster's pool: at most one step per GPU slot on this machine."""

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""
        ...

    def slot(self) -> AbstractContextManager[None]:
        """Wait for a free GPU slot and hold it; immediate where there is no GPU."""
        ...


@dataclass(frozen=True, kw_only=True)
class ModelSetup:
    """How models are trained and judged here."""

    models: Mapping[str, ModelConfig]  # architecture -> its configuration
    training: TrainConfig
    work_dir: Path  # checkpoints of runs that have not finished
    inference: InferenceConfig = field(default_factory=InferenceConfig)  # how they are run
    speed: SpeedConfig = field(default_factory=SpeedConfig)  # how it is measured


def no_key() -> None:
    """Nobody can show hidden people again."""


@dataclass(frozen=True, kw_only=True)
class CameraSetup:
    """Where footage lies and how it is read and judged."""

    footage_root: Path
    footage_files: Callable[[Camera, str], tuple[str, ...]]  # digests of a camera's day's files
    passes: PassConfig = field(default_factory=PassConfig)
    inference: InferenceConfig = field(default_factory=InferenceConfig)
    exports: Path | None = None  # graphs of networks, kept between runs
    anomalies: AnomalyConfig = field(default_factory=AnomalyConfig)
    privacy_key: Callable[[], bytes | None] = no_key  # read where it is needed, stored nowhere


@dataclass(frozen=True, kw_only=True)
class ReviewSetup:
    """The FiftyOne database behind review."""

    dataset_name: str
    database_dir: Path
    uri: str | None  # of a mongod run as a service; None starts the embedded one
    mask_dir: Path  # PNGs that FiftyOne shows, and that a reviewer paints on
    queue_limit: int
    mistakenness_limit: int  # masks that the champion looks at

    @property
    def inbox(self) -> Path:
        """Corrected masks that were handed in from the command line."""
        return self.mask_dir / "inbox"

    @property
    def events_dataset(self) -> str:
        """FiftyOne's dataset of cameras' events."""
        return f"{self.dataset_name}-events"

    @property
    def event_pictures(self) -> Path:
        """Pictures of events that FiftyOne shows."""
        return self.database_dir.parent / "event-pictures"

    @property
    def event_inbox(self) -> Path:
        """Marks that were handed in from the command line."""
        return self.event_pictures / "inbox"
