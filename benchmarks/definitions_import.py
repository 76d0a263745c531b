"""How long Dagster takes to load the code location, in fresh processes. Goal: below 3 s."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from measuring import parser_of, report

GOAL_S = 3.0
ROOT = Path(__file__).parent.parent
_TIMED = """
import json, sys, time
wall, cpu = time.perf_counter(), time.process_time()
{work}
heavy = [name for name in ("torch", "pandas", "scipy", "cv2", "av", "matplotlib", "fiftyone",
         "great_expectations", "pyarrow") if name in sys.modules]
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, ", ".join(heavy)]))
"""
WORKS = {
    "import dagster": "import dagster",
    "definitions and defs()": "import pipelines.definitions as d; d.defs()",
}


def main() -> None:
    """Fresh processes, interleaved."""
    options = parser_of(__doc__).parse_args()
    seen: dict[str, list[tuple[float, float, str]]] = {name: [] for name in WORKS}
    for _ in range(3 if options.quick else 7):
        for name, work in WORKS.items():
            command = [sys.executable, "-c", _TIMED.format(work=work)]
            done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
            wall, cpu, heavy = json.loads(done.stdout.splitlines()[-1])
            seen[name].append((wall, cpu, heavy))
    rows = [
        {
            "work": name,
            "wall_s": statistics.median(wall for wall, _, _ in times),
            "cpu_s": statistics.median(cpu for _, cpu, _ in times),
            "goal_s": GOAL_S if "defs" in name else None,
            "imported": times[0][2],
        }
        for name, times in seen.items()
    ]
    report("definitions_import", rows, options.json)


if __name__ == "__main__":
    main()
