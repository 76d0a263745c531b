"""The benchmark of many cameras, on three of them: every step is measured, and finds its runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "orchestration.py"


def test_every_step_of_a_small_fleet_is_measured(tmp_path):
    target = tmp_path / "figures.json"
    size = ("--quick", "--scale", "0.003", "--days", "4", "--without-shell")
    command = [sys.executable, str(BENCHMARK), *size, "--json", str(target)]
    subprocess.run([*command, "--folder", str(tmp_path)], check=True, capture_output=True)
    rows = json.loads(target.read_text(encoding="utf-8"))
    runs = {row["step"]: row["runs"] for row in rows}
    assert {(row["cameras"], row["days"]) for row in rows} == {(3, 4)}
    assert runs["footage sensor, first tick, nothing done"] == 12
    assert runs["footage sensor, nothing new"] == 0
    assert runs["footage sensor, one late file"] == 1
    assert runs["new champion, first batch"] == 12
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]  # the fleet is removed
