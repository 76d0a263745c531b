"""The dataset build at size: the scan against a plain loop, full and partial rebuilds, duplicates.

A set in three layouts is drawn once (``large_sources.py``; 157,037 images at ``--scale 1``). Each
build runs in a fresh process through the same Dagster assets as ``learned-normal rebuild``, with
their audits; only FiftyOne's queue is left out. Builds: the first, one after which nothing changed,
one after a hundredth of the files changed, and one that reads everything again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from unittest.mock import patch

import psutil

# This script is named like the package that it measures: the repository is looked in first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from large_sources import change_some, make_sources, sizes, source_roots
from measuring import Row, interleave, parser_of, report
from near_duplicates import measure_duplicates
from plain_scan import scan_plainly

STAGES = ("merged_dataset", "cleaned_dataset", "dataset_split", "dataset_statistics")
CHANGED_SHARE = 0.01
#: Every so many seconds the memory of the build and its children is added up.
SAMPLED_EVERY_S = 0.25


def build_once(home: Path, folder: Path) -> None:
    """In the fresh process: every dataset asset; prints seconds per step and what was read."""
    from dataset_build.expectations.expectations_process import PROCESS

    PROCESS.start()  # as ``learned-normal rebuild`` does: it loads while Dagster does

    import dagster as dg

    from assets import dataset
    from pipelines.instance import open_instance
    from pipelines.resources import resources_of
    from pipelines.settings import Settings
    from pipelines.shell.runs import spare_collections

    settings = Settings(home=home, sources=source_roots(folder))
    resources = resources_of(settings)
    seconds: dict[str, float] = {}
    read = 0
    with open_instance(settings) as instance:
        spare_collections()  # as the command does
        for source in sorted(settings.sources):
            done = dg.materialize(
                [dataset.source_pass], partition_key=source, resources=resources, instance=instance
            )
            seconds |= {f"scan {source}": taken for _, taken in _steps(done)}
            samples = next(
                one
                for one in done.asset_materializations_for_node("source_pass")
                if one.asset_key.path[-1] == "source_samples"
            )
            read += int(samples.metadata["files_read"].value)
        stages = [getattr(dataset, name) for name in STAGES]
        seconds |= dict(_steps(dg.materialize(stages, resources=resources, instance=instance)))
    print(json.dumps({"seconds": seconds, "read": read}))


def _steps(result: object) -> Iterator[tuple[str, float]]:
    for event in result.all_events:  # type: ignore[attr-defined]
        if event.is_step_success:
            yield event.step_key, event.step_success_data.duration_ms / 1000


def run_build(home: Path, folder: Path) -> dict[str, float | dict[str, float]]:
    """One build in a fresh process: wall and processor seconds, peak memory with all children."""
    command = [sys.executable, __file__, "--stage", str(home), "--folder", str(folder)]
    begin, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL)
        process = psutil.Process(child.pid)
        cpu_s = 0.0
        while child.poll() is None:
            peak = max(peak, _resident(process))
            cpu_s = max(cpu_s, _processor_s(process))
            time.sleep(SAMPLED_EVERY_S)
        wall_s = time.perf_counter() - begin
        said.seek(0)
        lines = said.read().decode().splitlines()
    if child.returncode:
        raise SystemExit(f"the build failed; run it alone to see why: {' '.join(command)}")
    found = json.loads(lines[-1])
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mib": peak / 2**20, **found}


def _resident(process: psutil.Process) -> int:
    try:
        family = [process, *process.children(recursive=True)]
        return sum(one.memory_info().rss for one in family)
    except psutil.NoSuchProcess:
        return 0


def _processor_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system + times.children_user + times.children_system


def measure_builds(home: Path, folder: Path, scale: float) -> Iterator[Row]:
    """First, unchanged, changed and full build, each told once it is done."""
    shutil.rmtree(home, ignore_errors=True)
    time.sleep(2.5)  # files younger than two seconds would be read again the next time
    first: dict[str, float] = {}
    for name, prepare in (
        ("first", lambda: None),
        ("unchanged", lambda: None),
        ("1 % changed", lambda: change_some(folder, scale=scale, share=CHANGED_SHARE)),
        ("nothing remembered", lambda: shutil.rmtree(home / "cache" / "scan")),
    ):
        prepare()
        time.sleep(2.5)
        run = run_build(home, folder)
        steps: dict[str, float] = run["seconds"]  # type: ignore[assignment]
        total = sum(steps.values())
        scans = sum(taken for step, taken in steps.items() if step.startswith("scan"))
        first = first or {"all": total, "scan": scans, "process": run["wall_s"]}  # type: ignore[dict-item]
        yield {
            "build": name,
            "images": sum(sizes(scale).values()),
            "read": run["read"],  # type: ignore[dict-item]
            "process_s": run["wall_s"],  # type: ignore[dict-item]
            "processor_s": run["cpu_s"],  # type: ignore[dict-item]
            "steps_s": total,
            "scan_s": scans,
            **{stage: steps[stage] for stage in STAGES},
            "of_first": total / first["all"],
            "scan_of_first": scans / first["scan"],
            "process_of_first": run["wall_s"] / first["process"],  # type: ignore[operator]
            "peak_mib": run["peak_mib"],  # type: ignore[dict-item]
        }


def measure_scan(folder: Path, samples: int, rounds: int) -> list[Row]:
    """Images per second and core on the same files; the picture of twelve samples is left out.

    The plain loop draws none either, and at full size it is one in ten thousand.
    """
    from dataset_build.config import DatasetConfig
    from dataset_build.scan.scan import scan_source

    rows: list[Row] = []
    for name, root in source_roots(folder).items():
        with tempfile.TemporaryDirectory() as work:
            few, out = Path(work, "few"), Path(work, "out")
            out.mkdir()
            count = _link_few(root, few, samples)
            methods: dict[str, Callable[[], object]] = {
                "plain": lambda name=name, few=few, out=out: scan_plainly(name, few, out),
                "ours": lambda name=name, few=few, out=out: scan_source(
                    name, few, out, out, config=DatasetConfig(workers=1)
                ),
                "ours, 2 threads": lambda name=name, few=few, out=out: scan_source(
                    name, few, out, out, config=DatasetConfig(workers=2)
                ),
            }
            with patch("dataset_build.scan.scan.write_preview", return_value=None):
                costs = interleave(methods, rounds)
        rows += [
            {
                "scan": name,
                "method": method,
                "images": count,
                "per_s_and_core": count / cost.cpu_s,
                "per_s": count / cost.wall_s,
                "ratio": costs["plain"].cpu_s / cost.cpu_s,
            }
            for method, cost in costs.items()
        ]
    return rows


def _link_few(root: Path, few: Path, samples: int) -> int:
    """A tree of links to the first images of every folder and their masks."""
    shutil.copytree(root, few, ignore=lambda *_: ["JPEGImages"], copy_function=_only_lists)
    images = sorted(root.rglob("*.jpg"))[:samples]
    masks = {path.stem: path for path in root.rglob("*.png")}
    for path in [*images, *(masks[image.stem] for image in images)]:
        target = few / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    stems = {path.stem for path in images}
    for listing in few.rglob("*.txt"):
        kept = [line for line in listing.read_text().split() if line in stems]
        listing.write_text("".join(f"{line}\n" for line in kept))
    return len(images)


def _only_lists(source: str, target: str) -> None:
    if source.endswith(".txt"):
        shutil.copyfile(source, target)


def main() -> None:
    """Draw the set unless it is there, then measure."""
    parser = parser_of(__doc__)
    parser.add_argument("--scale", type=float, default=0.01, help="of 157,037 images")
    parser.add_argument("--folder", type=Path, help="of the drawn set; kept and used again")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--stage", type=Path, help=argparse.SUPPRESS)  # in the fresh process
    options = parser.parse_args()
    if options.stage:
        build_once(options.stage, options.folder)
        return
    folder = options.folder or Path(tempfile.gettempdir(), f"large-sources-{options.scale:g}")
    drawn_s = make_sources(folder, scale=options.scale, workers=options.workers)
    count = sum(sizes(options.scale).values())
    rows: list[Row] = [{"drawn": count, "seconds": drawn_s, "folder": str(folder)}]
    rows += _told("scan", measure_scan(folder, 100 if options.quick else 400, 3))
    rows += _told("build", measure_builds(folder / "home", folder, options.scale))
    rows += _told("duplicates", measure_duplicates(folder / "home"))
    report("dataset_build", rows, options.json)


def _told(name: str, rows: Iterable[Row]) -> list[Row]:
    """Print a row as soon as it is known: at full size the next one takes long."""
    told = []
    for row in rows:
        print(name, json.dumps(row), flush=True)
        told.append(row)
    return told


if __name__ == "__main__":
    main()
