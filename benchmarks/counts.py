"""Counting label maps: ours against what numpy and scipy users write.

Goal: at most twice the time of merely reading the same bytes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from measuring import interleave, parser_of, report
from scipy import stats

from camera_analysis.normal.counts import ClassCounts

HEIGHT, WIDTH = 480, 640
CLASSES = ("static", "human", "other mover")


def label_maps(frames: int, classes: int) -> npt.NDArray[np.uint8]:
    """(N, H, W): a person-sized box of each moving class walks over a static scene."""
    maps = np.zeros((frames, HEIGHT, WIDTH), np.uint8)
    for number, map_hw in enumerate(maps):
        for class_id in range(1, classes):
            x, y = (number * 7 * class_id) % (WIDTH - 60), 60 * class_id
            map_hw[y : y + 160, x : x + 60] = class_id
    return maps


def ours(maps: npt.NDArray[np.uint8], classes: int) -> npt.NDArray[np.uint32]:
    """The product's counts."""
    counts = ClassCounts(HEIGHT, WIDTH, CLASSES[:classes])
    for map_hw in maps:
        counts.add(map_hw, 8)
    return counts.total()


def per_class(maps: npt.NDArray[np.uint8], classes: int) -> npt.NDArray[np.uint32]:
    """One comparison and one addition per class."""
    counts = np.zeros((classes, HEIGHT, WIDTH), np.uint32)
    for map_hw in maps:
        for class_id in range(classes):
            counts[class_id] += map_hw == class_id
    return counts


def fancy(maps: npt.NDArray[np.uint8], classes: int) -> npt.NDArray[np.uint32]:
    """Fancy indexing: one write per pixel."""
    counts = np.zeros((classes, HEIGHT, WIDTH), np.uint32)
    rows, columns = np.indices((HEIGHT, WIDTH))
    for map_hw in maps:
        counts[map_hw, rows, columns] += 1
    return counts


def read(maps: npt.NDArray[np.uint8]) -> int:
    """Touch every byte once."""
    return sum(int(map_hw.view(np.uint64).max()) for map_hw in maps)


def measure(frames: int, classes: int, rounds: int) -> list[dict[str, str | int | float | bool]]:
    """Rows of one number of classes."""
    maps = label_maps(frames, classes)
    few = maps[: max(10, frames // 40)]  # the mode of the stack is too slow for all of them
    exact = np.array_equal(ours(maps, classes), per_class(maps, classes))
    exact = exact and np.array_equal(ours(few, classes), fancy(few, classes))
    costs = interleave(
        {
            "read the bytes": lambda: read(maps),
            "ClassCounts.add": lambda: ours(maps, classes),
            "counts[c] += frame == c": lambda: per_class(maps, classes),
            "fancy +=": lambda: fancy(few, classes),
            "scipy.stats.mode": lambda: stats.mode(few, axis=0),
        },
        rounds,
    )
    per_frame = {
        name: cost.cpu_s / (len(few) if name in ("fancy +=", "scipy.stats.mode") else frames)
        for name, cost in costs.items()
    }
    mine = per_frame["ClassCounts.add"]
    return [
        {
            "classes": classes,
            "method": name,
            "us_per_frame": 1e6 * cpu_s,
            "times_ours": cpu_s / mine,
            "times_reading": cpu_s / per_frame["read the bytes"],
            "exact": exact,
        }
        for name, cpu_s in per_frame.items()
    ]


def main() -> None:
    """Two and three classes."""
    options = parser_of(__doc__).parse_args()
    frames, rounds = (200, 2) if options.quick else (800, 5)
    rows = [row for classes in (2, 3) for row in measure(frames, classes, rounds)]
    report("counts", rows, options.json)


if __name__ == "__main__":
    main()
