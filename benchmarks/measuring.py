"""What the benchmarks share: interleaved rounds, medians, tables, JSON."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

# One benchmark bears the name of the package that it measures: the repository is looked in first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

Value = str | int | float | bool | None
Row = Mapping[str, Value]


@dataclass(frozen=True)
class Cost:
    """Medians over the rounds, seconds; processor time counts all threads of this process."""

    cpu_s: float
    wall_s: float


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """The options of every benchmark."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="less input and fewer rounds")
    parser.add_argument("--json", type=Path, help="where the numbers go; benchmarks/results/")
    return parser


def interleave(methods: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Cost]:
    """Median cost of each method; each round runs all, so that a busy machine is fair to all.

    Args:
        methods: what to run, by name.
        rounds: measured; one round more goes before, to warm caches.
    """
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    for number in range(rounds + 1):
        for name, run in methods.items():
            cpu, wall = time.process_time(), time.perf_counter()
            run()
            if number:
                costs[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {
        name: Cost(
            cpu_s=statistics.median(cpu for cpu, _ in seen),
            wall_s=statistics.median(wall for _, wall in seen),
        )
        for name, seen in costs.items()
    }


def report(name: str, rows: Sequence[Row], path: Path | None) -> None:
    """Print rows as a table and write them as JSON."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [columns, *[[_text(row.get(column)) for column in columns] for row in rows]]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    print(f"\n{name}")
    for line in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    target = path or RESULTS / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps([dict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    print(f"-> {target}")


def _text(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "" if value is None else str(value)
