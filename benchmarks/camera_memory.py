"""Peak memory of a camera-day: one hour of footage against six.

Each length runs in a fresh process: pass, counts, normal, cross-fitted judgement. Goal: the peaks
differ by less than a tenth, because nothing may grow with the length of the footage.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measuring import parser_of, report

DAY = "2026-01-05"
FIRST = datetime.fromisoformat(f"{DAY}T01:00:00")
FPS = 2
GOAL = 1.10


def film(hour_s: int) -> Iterator[npt.NDArray[np.uint8]]:
    """320 x 180 frames: grain over a still scene, a box that walks through now and then."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(40, 200, (12, 20, 3), dtype=np.uint8)
    scene = coarse.repeat(15, axis=0).repeat(16, axis=1).astype(np.int16)
    grain = rng.integers(-4, 5, (31, *scene.shape), dtype=np.int16)
    for number in range(hour_s * FPS):
        frame = scene + grain[number % 31]
        x = number * 3 % 1200  # in view for a quarter of the time
        if x < 300:
            frame[60:120, x : x + 20] = (30, 60, 190)
        yield frame.clip(0, 255).astype(np.uint8)


def link_footage(source: Path, folder: Path, hours: float) -> None:
    """As many links to a file, one after the other, as fill the hours."""
    from camera_analysis.footage.video import probe

    length_s = probe(source).duration_s or 3600.0
    for number in range(math.ceil(hours * 3600 / length_s - 0.01)):
        start = FIRST + timedelta(seconds=number * math.ceil(length_s))
        name = start.strftime("%Y-%m-%dT%H-%M-%S") + source.suffix
        (folder / name).symlink_to(source.resolve())


def run_day(footage: Path, hours: float, interval_s: float, model: Path | None) -> None:
    """All stages of one day; prints the peak after each, MiB."""
    from camera_analysis.camera import Camera
    from camera_analysis.events.anomaly import judge_day
    from camera_analysis.events.anomaly_config import AnomalyConfig
    from camera_analysis.labelling.label_pass import process_day
    from camera_analysis.normal.day_counts import count_day
    from camera_analysis.normal.learned_normal import build_normal

    segmenter = None
    if model:
        from segmentation.inference.predict import HumanSegmenter

        segmenter = HumanSegmenter(model)
    with tempfile.TemporaryDirectory() as work:
        folders = {name: Path(work, name) for name in ("film", "index", "labels", "counts",
                                                       "normal", "judged")}  # fmt: skip
        for folder in folders.values():
            folder.mkdir()
        link_footage(footage, folders["film"], hours)
        camera = Camera(id="bench", folder=folders["film"], interval_s=interval_s, mode="clip")
        index, labels, normal = folders["index"], folders["labels"], folders["normal"]
        peaks = {"start": _peak_mib()}
        summary = process_day(camera, DAY, segmenter, index, labels)
        peaks["pass"] = _peak_mib()
        count_day(index, labels, folders["counts"])
        build_normal({DAY: folders["counts"]}, [DAY], normal, plate=labels / "plate.png")
        peaks["counts"] = _peak_mib()
        judge_day(
            index,
            labels,
            normal,
            folders["judged"],
            config=AnomalyConfig(),
            mode="clip",
            day=DAY,
            zone=camera.zone,
        )
        peaks["judge"] = _peak_mib()
    print(json.dumps({"frames": summary.frames, **peaks, "cpu_s": time.process_time()}))


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(footage: Path, options: argparse.Namespace) -> list[dict[str, str | int | float]]:
    """One row per length, and their ratio."""
    rows: list[dict[str, str | int | float]] = []
    for hours in (0.25, 1.5) if options.quick else (1.0, 6.0):
        command = [sys.executable, __file__, "--footage", str(footage), "--hours", str(hours)]
        command += ["--interval", str(options.interval)]
        if options.segmenter:
            command += ["--segmenter", str(options.segmenter)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rows.append({"hours": hours, **json.loads(done.stdout.splitlines()[-1])})
    short, long = rows
    stages = ("pass", "counts", "judge")
    ratios = {stage: float(long[stage]) / float(short[stage]) for stage in stages}
    return [*rows, {"hours": f"ratio (goal < {GOAL})", **ratios}]


def main() -> None:
    """Make footage unless given some, then run both lengths."""
    parser = parser_of(__doc__)
    parser.add_argument("--footage", type=Path, help="repeated until the hours are full")
    parser.add_argument("--segmenter", type=Path, help="folder of a trained model")
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between samples")
    parser.add_argument("--hours", type=float, help=argparse.SUPPRESS)  # in the fresh process
    options = parser.parse_args()
    if options.hours:
        run_day(options.footage, options.hours, options.interval, options.segmenter)
        return
    with tempfile.TemporaryDirectory() as work:
        footage = options.footage
        if footage is None:
            from camera_analysis.footage.video_write import write_video

            footage = Path(work, "hour.mp4")
            write_video(footage, film(900 if options.quick else 3600), FPS)
        report("camera_memory", measure(footage, options), options.json)


if __name__ == "__main__":
    main()
