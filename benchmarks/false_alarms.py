"""Is the promise of false alarms kept: drawn cameras on normal days that nobody has seen.

The three cameras of the demo are drawn for ``--window`` days to learn from, ``--judged`` normal
days, each judged by the window before it, and a last day with incidents. They go through the line
as a user's footage does; for another promise the same days are judged again. Whatever is an event
on a normal day is a false alarm. Each seed draws other people, light and incidents.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
from measuring import Row, parser_of, report

from camera_analysis.camera_edit import set_camera_keys
from camera_analysis.events.alarm_budget import rate_interval
from camera_analysis.events.anomaly_files import EVENTS_FILE
from pipelines.resources import open_store
from pipelines.settings import load_settings
from pipelines.storage.store import Store
from pipelines.synthetic.cameras import CAMERA_IDS, FilmConfig, film_camera

FIRST_DAY = date(2026, 1, 5)
BIN = Path(sys.executable).parent


class Verdict(NamedTuple):
    """What was found, of all cameras."""

    normal_days: int
    false_events: int
    incidents: int
    found: int


@dataclass(frozen=True)
class Cameras:
    """Cameras of a home, drawn and labelled.

    Args:
        home: folder.
        happenings: camera -> begin and end, UTC, of the incidents of its last day.
        normal: days that are judged and hold none.
        last: the day that holds them.
    """

    home: Path
    happenings: dict[str, list[tuple[Any, Any]]]
    normal: tuple[str, ...]
    last: str

    def judge(self, promise: float) -> Verdict:
        """Events of all judged days, with so many false ones a day promised."""
        for camera in self.happenings:
            set_camera_keys(self.home / "footage" / camera, {"alarms_per_day": promise})
            _run(self.home, "events", "apply", camera, "--from", str(FIRST_DAY))
        store = open_store(load_settings(self.home))
        false = [_events(store, camera, day) for camera in self.happenings for day in self.normal]
        found = []
        for camera, incidents in self.happenings.items():
            events = _events(store, camera, self.last)
            found += [any(b <= end and start <= e for b, e in events) for start, end in incidents]
        return Verdict(len(false), sum(map(len, false)), len(found), sum(found))


def draw(home: Path, seed: int, window: int, judged: int, *, fps: float, seconds: float) -> Cameras:
    """Film and label the cameras.

    Args:
        home: new folder.
        seed: of what they show.
        window: days to learn from.
        judged: normal days after them.
        fps: frames a second looked at for walks; 0 for none.
        seconds: length of each of a day's five files.
    """
    days = window + judged + 1
    happenings = {}
    for camera in CAMERA_IDS:
        config = FilmConfig(seconds=seconds)
        drawn = film_camera(
            home / "footage", camera, seed=seed, days=days, first_day=str(FIRST_DAY), config=config
        )
        happenings[camera] = [(one.start_utc, one.end_utc) for one in drawn]
        set_camera_keys(
            home / "footage" / camera,
            {"window_days": window, "tracking": {"fps": fps}, "privacy": {"video": False}},
        )
        _run(home, "cameras", "backfill", camera)
    dates = [str(FIRST_DAY + timedelta(days=number)) for number in range(days)]
    return Cameras(home, happenings, tuple(dates[window:-1]), dates[-1])


def _events(store: Store, camera: str, day: str) -> list[tuple[Any, Any]]:
    folder = store.path(store.require("anomalies", f"{camera}/{day}"))
    rows = pq.read_table(folder / EVENTS_FILE, columns=["start_utc", "end_utc"]).to_pylist()
    return [(row["start_utc"], row["end_utc"]) for row in rows]


def _run(home: Path, *command: str) -> None:
    line = [str(BIN / "learned-normal"), *command, "--home", str(home)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(line)} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def _rows(verdicts: dict[float, list[Verdict]]) -> Iterator[Row]:
    for promise, seen in verdicts.items():
        days, false, incidents, found = (sum(part) for part in zip(*seen, strict=True))
        low, high = rate_interval(false, days)
        yield {
            "promised_a_day": promise,
            "normal_days": days,
            "false_events": false,
            "a_day": false / days,
            "low": low,
            "high": high,
            "incidents": incidents,
            "found": found,
        }


def main() -> None:
    """Draw, label, judge by each promise, tell."""
    parser = parser_of(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[111, 112])
    parser.add_argument("--promises", type=float, nargs="+", default=[0.5, 1.0, 2.0])
    parser.add_argument("--window", type=int, default=4, help="days behind each judged one")
    parser.add_argument("--judged", type=int, default=4, help="normal days that are judged")
    parser.add_argument("--fps", type=float, default=0.0, help="looked at for walks; 0 for none")
    parser.add_argument("--seconds", type=float, default=40.0, help="length of a day's five files")
    options = parser.parse_args()
    seeds = options.seeds[:1] if options.quick else options.seeds
    verdicts: dict[float, list[Verdict]] = {promise: [] for promise in options.promises}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            cameras = draw(
                Path(folder) / str(seed),
                seed,
                options.window,
                options.judged,
                fps=options.fps,
                seconds=options.seconds,
            )
            for promise, seen in verdicts.items():
                seen.append(cameras.judge(promise))
                print(f"seed {seed}, {promise:g} a day: {seen[-1]}", flush=True)
    report("false_alarms", list(_rows(verdicts)), options.json)


if __name__ == "__main__":
    main()
