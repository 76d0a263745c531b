"""One small home for all tests of the line, made once, and tiny homes that cost next to nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import numpy as np
import pytest

from assets.partitions import camera_day_key
from camera_analysis.camera import Camera
from camera_analysis.camera_file import write_camera
from camera_analysis.footage.video_write import write_video
from dataset_build.review import review_fiftyone, review_pull, review_worst
from pipelines.demo import demo
from pipelines.resources import open_store
from pipelines.settings import Settings, save_settings
from pipelines.shell import doctor, side_by_side
from pipelines.shell.runs import Planned, Runner
from pipelines.storage.store import Store, Version
from pipelines.synthetic import cameras
from tests.factories_pictures import draw_coarsely

SEED = 0
IMAGES_PER_SOURCE = 16
DAYS = ("2026-01-05", "2026-01-06")
#: The one camera that the line judges; filming the others would cost and show nothing more.
CAMERA = "corridor"
#: Long enough for the incidents to be seen; a day is 40 samples, ten more than a normal needs.
FILM = cameras.FilmConfig(seconds=8.0, fps=2, interval_s=1.0)
TRAINING = {
    "steps": 6,
    "warmup_steps": 2,
    "crop_px": 64,
    "batch_size": 2,
    "max_side_px": 128,
    "checkpoint_every": 3,
    "validate_every": 6,
    "validation_images": 4,
    "validation_side_px": 128,
    "threads": 1,
}
#: With so few images, a tenth would not hold a whole negative.
SHARES = {"val_share": 0.25, "test_share": 0.25}
#: A day of forty samples behind a normal cannot tell one false alarm a day.
ANOMALIES = {"alarms_per_day": 20.0}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening an instance names its home in the environment; take that back after each test."""
    monkeypatch.setenv("DAGSTER_HOME", "/nonexistent")
    monkeypatch.setenv("LEARNED_NORMAL_HOME", "/nonexistent")


@pytest.fixture
def disk_with_room(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """What doctor sees of the disk: 100 GB free, whatever this machine has, or what is told."""

    def say(free_gb: float) -> None:
        free = round(free_gb * 1e9)
        usage = SimpleNamespace(total=10 * free, used=9 * free, free=free)
        monkeypatch.setattr(doctor, "shutil", SimpleNamespace(disk_usage=lambda _: usage))

    say(100.0)
    return say


@pytest.fixture(autouse=True)
def queue_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """FiftyOne stays out of this process; ``test_review_line`` walks through the real one."""
    keep_fiftyone_out(monkeypatch)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are tried again without the wait."""
    monkeypatch.setattr(dg.RetryPolicy, "calculate_delay", lambda _self, _attempt: 0.0)


@pytest.fixture(autouse=True)
def cheap_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs without what costs much and shows nothing here."""
    make_runs_cheap(monkeypatch)


def make_runs_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coarse pictures, whose looks are judged where they are drawn."""
    draw_coarsely(monkeypatch)


def keep_fiftyone_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Push nothing, and pull back what was pulled before."""

    def pull(_name: str, out: Path, *, previous: Path | None, inbox: Path | None) -> object:
        return review_pull.merge_decisions([], out, inbox=inbox, previous=previous)

    monkeypatch.setattr(review_fiftyone, "push_queue", lambda *_, **__: 0)
    monkeypatch.setattr(review_worst, "push_worst", lambda *_, **__: 0)
    monkeypatch.setattr(review_fiftyone, "pull_decisions", pull)
    monkeypatch.setattr(review_fiftyone, "configure_fiftyone", lambda *_, **__: None)


def shrink_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo as it is, but with a tiny network, short films and one camera."""
    write_settings = demo.write_demo_settings

    def film(folder: Path, *, seed: int, days: int) -> None:
        cameras.film_camera(folder, CAMERA, seed=seed, days=days, config=FILM)

    def settings_with_shares(home: Path, seed: int) -> Settings:
        settings = write_settings(home, seed)
        dataset = {**settings.dataset, **SHARES}
        settings = replace(settings, dataset=dataset, device="cpu", anomalies=ANOMALIES)
        save_settings(settings)
        return settings

    monkeypatch.setattr(demo, "TRAINING", TRAINING)
    monkeypatch.setattr(demo, "MODELS", {"unet": {"width": 4}})
    monkeypatch.setattr(demo, "film_cameras", film)
    monkeypatch.setattr(side_by_side, "cores", lambda: 1)  # no process that is not patched
    monkeypatch.setattr(demo, "write_demo_settings", settings_with_shares)


@dataclass(frozen=True)
class Line:
    """A home through which the whole line has run."""

    settings: Settings
    runner: Runner
    store: Store
    camera: str = CAMERA
    days: tuple[str, ...] = DAYS  # the last one holds the incidents

    def path(self, asset: str, partition: str = "all") -> Path:
        """Folder of a current version."""
        return self.store.path(self.store.require(asset, partition))

    def rebuilt_with(self, **changed: object) -> Runner:
        """A runner of the same store and instance under other settings."""
        return Runner(replace(self.settings, **changed), self.runner.instance)


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """The demo's whole line on small input; tests read it, and leave it as it was."""
    home = tmp_path_factory.mktemp("line")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", os.devnull)
        patch.setenv("LEARNED_NORMAL_HOME", os.devnull)
        keep_fiftyone_out(patch)
        make_runs_cheap(patch)
        shrink_demo(patch)
        settings = demo.run_demo(
            home, seed=SEED, images_per_source=IMAGES_PER_SOURCE, days=len(DAYS)
        )
        runner = Runner(settings)
    yield Line(settings, runner, open_store(settings))  # unpatched: tests of all kinds come next
    runner.instance.dispose()


@dataclass(frozen=True)
class TinyHome:
    """A home with cameras of a few small frames and no model."""

    settings: Settings

    @property
    def store(self) -> Store:
        """Its store."""
        return open_store(self.settings)

    def film(self, camera: str, name: str, seconds: float = 4.0, seed: int = 0) -> Path:
        """Add a file of a camera; the camera is made if need be."""
        folder = self.settings.footage / camera
        if not folder.exists():
            folder.mkdir(parents=True)
            write_camera(Camera(id=camera, folder=folder, interval_s=0.5, plate="clear"), folder)
        film_square(folder / name, seconds=seconds, seed=seed)
        return folder / name

    def current(self) -> dict[str, Version]:
        """Current version of every asset and partition, each read back whole."""
        found = {
            f"{path.name}/{key}": self.store.require(path.name, key)
            for path in sorted(Path(self.settings.store_url).iterdir())
            if not path.name.startswith(".")
            for key in self.store.partitions(path.name)
        }
        for version in found.values():
            self.store.verify(version)
        return found


@pytest.fixture
def tiny(tmp_path: Path) -> TinyHome:
    """An empty home."""
    settings = Settings(home=tmp_path / "home", device="cpu", footage_settle_s=0.0)
    save_settings(settings)
    return TinyHome(settings)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyHome]:
    """An empty home to be filled once for a file, whose tests copy it."""
    home = tmp_path_factory.mktemp("shared") / "home"
    settings = Settings(home=home, device="cpu", footage_settle_s=0.0)
    save_settings(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", os.devnull)
        patch.setenv("LEARNED_NORMAL_HOME", os.devnull)
        make_runs_cheap(patch)
        yield TinyHome(settings)


@pytest.fixture
def run_day(tiny: TinyHome) -> Iterator[Callable[..., None]]:
    """Run one camera-day of the tiny home, from footage to report, or another job of it."""
    opened: list[dg.DagsterInstance] = []

    def run(camera: str, day: str, job: str = "camera_job") -> None:
        runner = Runner(tiny.settings)
        opened.append(runner.instance)
        runner.add_camera(camera)
        runner.run(Planned(job=job, partition=camera_day_key(camera, day)))

    yield run
    for instance in opened:
        instance.dispose()


@pytest.fixture(scope="session")
def film() -> Callable[..., Path]:
    """Film a clip: ``film(path, seconds=32, fps=2)``."""
    return film_square


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """``run_demo`` costs what the session's line costs."""
    shrink_demo(monkeypatch)


def film_square(path: Path, *, seconds: float, fps: float = 2.0, seed: int = 0) -> Path:
    """A bright square that walks over a textured floor, 80 x 64 pixels, in H.264."""
    rng = np.random.default_rng(seed)
    floor = np.repeat(np.repeat(rng.integers(60, 160, (16, 20, 3)), 4, 0), 4, 1).astype(np.uint8)

    def frames() -> Iterator[np.ndarray]:
        for number in range(round(seconds * fps)):
            frame = np.clip(floor + rng.normal(0, 2, floor.shape), 0, 255).astype(np.uint8)
            x = 3 * number % 64
            frame[30:50, x : x + 10] = (230, 60, 40)
            yield frame

    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, frames(), fps)
    return path
