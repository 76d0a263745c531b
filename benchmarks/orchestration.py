"""Dagster with many camera-days: definitions, sensors, listing, backfill, champion, index.

The footage is empty files whose names carry the time, the store holds versions with nothing in them
but what these steps read, and Dagster's instance is a real one on SQLite. ``--scale 1`` is 1,000
cameras with 90 days; the default is a tenth of the cameras.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
from measuring import Row, Value, parser_of, report
from PIL import Image

from assets.camera_index import camera_index
from pipelines.automation.champion_sensor import champion_sensor
from pipelines.automation.sensors import TICK_S, footage_sensor
from pipelines.definitions import build_definitions
from pipelines.footage import find_camera_days
from pipelines.instance import open_instance, write_instance_config
from pipelines.resources import camera_setup, open_store
from pipelines.settings import Settings, save_settings
from pipelines.storage.versions import (
    POINTER,
    PROVENANCE,
    FileEntry,
    Provenance,
    Record,
    Version,
    digest_of,
    dump_json,
)

CAMERAS, DAYS = 1000, 90
LAST_DAY = date(2026, 10, 31)
ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
#: Files were closed long before: sensors see footage that has settled and rested.
AHEAD_S = 24 * 3600.0
LOAD = "import pipelines.definitions as d; d.defs()"


@dataclass(frozen=True)
class Fleet:
    """A home of many cameras."""

    settings: Settings
    cameras: tuple[str, ...]
    days: tuple[str, ...]
    files_a_day: int

    @property
    def keys(self) -> list[str]:
        """Every camera-day."""
        return [f"{camera}/{day}" for camera in self.cameras for day in self.days]


def make_fleet(home: Path, cameras: int, days: int, files_a_day: int) -> Fleet:
    """Footage, settings and one champion; the store holds no camera-day yet."""
    first_day = (LAST_DAY - timedelta(days=days - 1)).isoformat()
    settings = Settings(home=home, device="cpu", first_day=first_day)
    save_settings(settings)
    names = tuple(f"camera-{number:04}" for number in range(cameras))
    dates = tuple((LAST_DAY - timedelta(days=back)).isoformat() for back in range(days)[::-1])
    fleet = Fleet(settings, names, dates, files_a_day)
    for name in names:
        folder = settings.footage / name
        folder.mkdir(parents=True)
        (folder / "camera.yaml").write_text("time_zone: Europe/Berlin\ninterval_s: 1.0\n")
        for day in dates:
            for number in range(files_a_day):
                clock = f"{number * 24 // files_a_day:02}-{number % 60:02}-00"
                (folder / f"{day}T{clock}.mp4").touch()
    return fleet


class Shelf:
    """Writes versions into a store without the care for disks that a real one takes."""

    def __init__(self, settings: Settings) -> None:
        self._root = Path(settings.store_url)

    def put(
        self,
        asset: str,
        partition: str,
        files: dict[str, bytes | Path],
        *,
        inputs: Sequence[Version] = (),
        config: dict[str, str] | None = None,
    ) -> Version:
        """A current version; a file given as a path is linked."""
        entries = tuple(_entry(name, content) for name, content in sorted(files.items()))
        version = Version(asset, partition, digest_of(entries))
        made = Provenance("1", tuple(inputs), config or {}, "2026-11-01T00:00:00.000000+00:00")
        folder = self._root / version.folder
        folder.mkdir(parents=True)
        for name, content in files.items():
            if isinstance(content, Path):
                os.link(content, folder / name)
            else:
                (folder / name).write_bytes(content)
        (folder / PROVENANCE).write_bytes(Record(version, made, entries).to_json())
        pointer = dump_json({"digest": version.digest, "published_at": made.created_at})
        (self._root / asset / partition / POINTER).write_bytes(pointer)
        return version


def _entry(name: str, content: bytes | Path) -> FileEntry:
    data = content.read_bytes() if isinstance(content, Path) else content
    return FileEntry(name, hashlib.sha256(data).hexdigest(), len(data))


def fill_store(fleet: Fleet) -> None:
    """Every camera-day labelled by a first champion, and reported."""
    shelf = Shelf(fleet.settings)
    first = shelf.put("champion_model", "all", {"weights.safetensors": b"first"})
    for camera in fleet.cameras:
        plate = Image.radial_gradient("L").resize((320, 180)).convert("RGB")
        plate.save(fleet.settings.home / f"{camera}.png")
    footage, _ = find_camera_days(fleet.settings.footage)
    for number, day in enumerate(footage):
        unlike = day.key.encode()
        config = {"footage": list(day.files)}
        index = shelf.put(
            "frame_index", day.key, {"frames.parquet": unlike}, inputs=[first], config=config
        )
        labels = shelf.put(
            "label_maps", day.key, {"labels.json": unlike}, inputs=[first], config=config
        )
        told = {
            "camera_id": day.camera,
            "day": day.day,
            "status": "judged",
            "events": int(number % 17 == 0),
            "worst_bits": 9.0 + number % 7 if number % 17 == 0 else None,
            "usable_share": 1.0,
        }
        files: dict[str, bytes | Path] = {
            "report.json": json.dumps(told).encode(),
            "report.html": unlike,
            "thumbnail.png": fleet.settings.home / f"{day.camera}.png",
        }
        shelf.put("camera_report", day.key, files, inputs=[index, labels], config=config)


def median_s(work: Callable[[], object], rounds: int) -> float:
    """Median wall time of some runs."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def shell(fleet: Fleet, *command: str) -> None:
    """A command in a process of its own, as a person waits for it."""
    home = fleet.settings.home
    variables = {**os.environ, "LEARNED_NORMAL_HOME": str(home)}
    variables["DAGSTER_HOME"] = str(write_instance_config(fleet.settings))
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=variables)


class Ticks:
    """Ticks of a sensor, each with the cursor that the one before left, as the daemon does."""

    def __init__(self, fleet: Fleet, make: Callable[..., dg.SensorDefinition]) -> None:
        self._sensor = make(fleet.settings, clock_s=lambda: time.time() + AHEAD_S)
        self._repository = build_definitions(fleet.settings).get_repository_def()
        self._instance = open_instance(fleet.settings)
        self.cursor: str | None = None
        self.requests: Sequence[dg.RunRequest] = ()

    def tick(self) -> None:
        """One tick, with partitions resolved."""
        with dg.SensorEvaluationContext(
            instance_ref=self._instance.get_ref(),
            last_tick_completion_time=None,
            last_run_key=None,
            cursor=self.cursor,
            repository_name=None,
            repository_def=self._repository,
        ) as context:
            data = self._sensor.evaluate_tick(context)
        self.cursor, self.requests = data.cursor, data.run_requests or ()


@contextmanager
def fleet_in(folder: Path | None, scale: float, days: int, files_a_day: int) -> Iterator[Fleet]:
    """A fleet in a folder of its own, which is removed."""
    home = Path(tempfile.mkdtemp(dir=folder))
    try:
        yield make_fleet(home, max(2, round(CAMERAS * scale)), days, files_a_day)
    finally:
        shutil.rmtree(home)


def submit_backfill(fleet: Fleet, camera: str) -> None:
    """Queue every day of a camera by Dagster's own command."""
    keys = ",".join(f"{camera}|{day}" for day in fleet.days)
    where = ("-m", "pipelines.definitions", "-j", "camera_job")
    shell(
        fleet, str(BIN / "dagster"), "job", "backfill", *where, "--partitions", keys, "--noprompt"
    )


def measure(fleet: Fleet, rounds: int, *, with_shell: bool) -> Iterator[Row]:
    """Every step, in the order in which a home meets them."""
    with open_instance(fleet.settings) as instance:
        started = time.perf_counter()
        instance.add_dynamic_partitions("camera", list(fleet.cameras))
        yield _row("adding the cameras to Dagster", time.perf_counter() - started, 1)
    fresh = Ticks(fleet, footage_sensor)
    first_s = median_s(fresh.tick, 1)
    yield _row("footage sensor, first tick, nothing done", first_s, 1, len(fresh.requests))
    yield _row("(drawing the store)", median_s(lambda: fill_store(fleet), 1), 1)
    yield from measure_footage(fleet, rounds)
    if with_shell:
        yield from measure_shell(fleet, rounds)
    yield from measure_champion(fleet, rounds)
    for step in ("index of cameras, first", "index of cameras, again"):
        index_s = median_s(lambda: make_index(fleet), 1)
        yield {**_row(step, index_s, 1), "page_mb": index_page_mb(fleet)}


def measure_footage(fleet: Fleet, rounds: int) -> Iterator[Row]:
    """Ticks of the sensor of footage, over camera-days that are all reported."""
    ticks = Ticks(fleet, footage_sensor)
    taken = [median_s(ticks.tick, 1)]
    while taken[-1] > TICK_S:  # broken off: the next tick goes on
        taken.append(median_s(ticks.tick, 1))
    yield _row("footage sensor, after a restart, all its ticks", sum(taken), len(taken))
    steady_s = median_s(ticks.tick, rounds)
    yield _row("footage sensor, nothing new", steady_s, rounds, len(ticks.requests))
    late = fleet.settings.footage / fleet.cameras[-1] / f"{fleet.days[-1]}T23-59-30.mp4"
    late.touch()
    yield _row("footage sensor, one late file", median_s(ticks.tick, 1), 1, len(ticks.requests))
    late.unlink()


def measure_shell(fleet: Fleet, rounds: int) -> Iterator[Row]:
    """What a person types, or Dagster starts: each a process of its own."""
    load_s = median_s(lambda: shell(fleet, sys.executable, "-c", LOAD), rounds)
    yield _row("loading the definitions", load_s, rounds)
    command = (str(BIN / "learned-normal"), "cameras")
    list_s = median_s(lambda: shell(fleet, *command, "list"), rounds)
    yield _row("cameras list", list_s, rounds)
    queue_s = median_s(lambda: submit_backfill(fleet, fleet.cameras[0]), 1)
    yield _row("dagster job backfill of one camera", queue_s, 1, len(fleet.days))
    stale_s = median_s(lambda: shell(fleet, *command, "relabel", "--list"), 1)
    yield _row("cameras relabel --list", stale_s, 1)


def measure_champion(fleet: Fleet, rounds: int) -> Iterator[Row]:
    """Ticks of the sensor of champions, after a promotion that makes all camera-days stale."""
    ticks = Ticks(fleet, champion_sensor)
    Shelf(fleet.settings).put("champion_model", "all", {"weights.safetensors": b"second"})
    yield _row("new champion, first batch", median_s(ticks.tick, 1), 1, len(ticks.requests))
    next_s = median_s(ticks.tick, rounds)
    yield _row("new champion, next batches", next_s, rounds, len(ticks.requests))


def index_page_mb(fleet: Fleet) -> float:
    """How large the page is that a phone loads."""
    store = open_store(fleet.settings)
    page = store.path(store.require("camera_index")) / "index.html"
    return page.stat().st_size / 1e6


def make_index(fleet: Fleet) -> None:
    """The index of cameras, audited and published."""
    store = open_store(fleet.settings)
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    resources = {"store": store, "camera_setup": camera_setup(fleet.settings)}
    dg.materialize([camera_index], resources=resources, run_config=quiet)


def _row(step: str, seconds: float, rounds: int, found: int | None = None) -> dict[str, Value]:
    return {"step": step, "s": seconds, "rounds": rounds, "runs": found}


def main() -> None:
    """Draw a fleet, measure, remove it."""
    parser = parser_of(__doc__)
    parser.add_argument("--scale", type=float, default=0.1, help="1 is 1,000 cameras")
    parser.add_argument("--files-a-day", type=int, default=1, help="footage files per camera-day")
    parser.add_argument("--folder", type=Path, help="where the fleet is drawn")
    parser.add_argument("--days", type=int, default=DAYS, help="of each camera")
    parser.add_argument(
        "--without-shell", action="store_true", help="leave out what runs in processes of its own"
    )
    options = parser.parse_args()
    with fleet_in(options.folder, options.scale, options.days, options.files_a_day) as fleet:
        size = {"cameras": len(fleet.cameras), "days": len(fleet.days)}
        rows: list[Row] = []
        for row in measure(fleet, 3 if options.quick else 5, with_shell=not options.without_shell):
            print(row, flush=True)
            rows.append({**size, **row})
    report("orchestration", rows, options.json)


if __name__ == "__main__":
    main()
