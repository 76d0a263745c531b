"""A walk through the real FiftyOne, in a process of its own and over a copy of the line's dataset.

FiftyOne's database is chosen once per process, so a walk is a module with a ``main`` that is given
a home and leaves ``seen.json`` in it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import psutil

from pipelines.settings import save_settings

ROOT = Path(__file__).resolve().parents[2]


def walked(module: str, line: Any, home: Path, *, patience_s: float) -> Any:
    """What the walk of a module saw; fails with the end of its errors if it did not get through."""
    for name in ("sources", "store"):
        shutil.copytree(line.settings.home / name, home / name)
    sources = {name: home / "sources" / name for name in line.settings.sources}
    save_settings(replace(line.settings, home=home, sources=sources))
    return seen_in(module, home, patience_s=patience_s)


def seen_in(module: str, home: Path, *, patience_s: float) -> Any:
    """What the walk of a module saw in a home whose settings are saved."""
    run = subprocess.run(
        [sys.executable, "-m", module, str(home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience_s,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    return json.loads((home / "seen.json").read_text())


def walk_and_leave(walk: Callable[[Path], Any]) -> NoReturn:
    """The ``main`` of a walk's module: leave what was seen, end the database, end."""
    home = Path(sys.argv[1])
    home.joinpath("seen.json").write_text(json.dumps(walk(home), default=str))
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(0)  # FiftyOne's farewell would wait for the database that is gone
