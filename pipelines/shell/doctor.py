"""Everything a run needs, looked at before it is missed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import math
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dataset_build.sources.own_frames import look_at
from pipelines.executors import GpuSlots
from pipelines.footage import load_cameras
from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.source_settings import OWN_FRAMES

ROOM_GB = 5.0


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """One thing looked at."""

    subject: str
    passed: bool
    seen: str
    needed: bool = True  # a run fails without it


def examine(settings: Settings) -> list[Diagnosis]:
    """Look at Python, packages, device, store, disk, sources, cameras, FiftyOne's database."""
    return [
        _python(),
        *_packages(),
        _device(settings),
        _store(settings),
        _disk(settings),
        *_sources(settings),
        *_cameras(settings),
        *_stored_frames(settings),
        _mongod(settings),
    ]


def _python() -> Diagnosis:
    fits = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Diagnosis(
        subject="Python", passed=fits, seen=f"{platform.python_version()}; 3.11 to 3.13"
    )


def _packages() -> Iterator[Diagnosis]:
    for name in ("dagster", "torch", "fiftyone", "great-expectations", "av", "ray"):
        try:
            seen, passed = importlib.metadata.version(name), True
        except importlib.metadata.PackageNotFoundError:
            seen, passed = "not installed; run make install", False
        yield Diagnosis(subject=name, passed=passed, seen=seen)


def _device(settings: Settings) -> Diagnosis:
    guard = GpuSlots(settings.home / "locks", slots=settings.gpu_slots, device=settings.device)
    try:
        return Diagnosis(subject="device", passed=True, seen=guard.device)
    except RuntimeError as error:
        return Diagnosis(subject="device", passed=False, seen=str(error))


def _store(settings: Settings) -> Diagnosis:
    try:
        count = len(open_store(settings).partitions("camera_report"))
    except (OSError, RuntimeError, ValueError) as error:
        return Diagnosis(subject="store", passed=False, seen=f"{settings.store_url}: {error}")
    seen = f"{settings.store_url}: {count} camera reports"
    return Diagnosis(subject="store", passed=True, seen=seen)


def _disk(settings: Settings) -> Diagnosis:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    free_gb = math.floor(shutil.disk_usage(folder).free / 1e8) / 10  # 4.96 is not yet 5.0
    seen = f"{free_gb:.1f} GB free below {folder}; at least {ROOM_GB:.0f} wanted"
    return Diagnosis(subject="disk", passed=free_gb >= ROOM_GB, seen=seen)


def _sources(settings: Settings) -> Iterator[Diagnosis]:
    if not settings.sources:
        seen = f"none configured in {settings.home / 'settings.yaml'}"
        yield Diagnosis(subject="sources", passed=False, seen=seen, needed=False)
    for name, root in sorted(settings.sources.items()):
        yield Diagnosis(subject=f"source {name}", passed=root.is_dir(), seen=str(root))


def _cameras(settings: Settings) -> Iterator[Diagnosis]:
    cameras, unusable = load_cameras(settings.footage)
    seen = f"{len(cameras)} in {settings.footage}"
    yield Diagnosis(subject="cameras", passed=bool(cameras), seen=seen, needed=False)
    for camera in unusable:
        yield Diagnosis(subject=f"camera {camera.folder}", passed=False, seen=camera.reason)


def _stored_frames(settings: Settings) -> Iterator[Diagnosis]:
    """Where pictures of people lie."""
    for folder in sorted((settings.home / OWN_FRAMES).glob("*/")):
        held = look_at(folder)
        seen = (
            f"{len(held.frames)} pictures of camera {folder.name} in {folder}, {len(held.masked)}"
            f" with a mask file; cameras frames {folder.name} --remove deletes them"
        )
        yield Diagnosis(subject="stored frames", passed=True, seen=seen, needed=False)


def _mongod(settings: Settings) -> Diagnosis:
    if settings.review_uri:
        return Diagnosis(subject="FiftyOne database", passed=True, seen="a service, by review_uri")
    spec = importlib.util.find_spec("fiftyone")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = [Path(folder) / "db" / "bin" / "mongod" for folder in folders]
    binary = next((path for path in found if path.exists()), None)
    if binary is None:
        return Diagnosis(subject="FiftyOne database", passed=False, seen="no mongod is installed")
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    words = (done.stdout or done.stderr).splitlines()
    seen = f"embedded mongod: {words[0] if words else 'does not start'}"
    return Diagnosis(subject="FiftyOne database", passed=done.returncode == 0, seen=seen)
