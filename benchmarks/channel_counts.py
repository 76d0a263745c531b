"""How large the stored counts of a camera-day are: 24 hours at 640 x 360, a sample a second.

People and cars are drawn as label maps and codes, not as pixels, so that 86,400 samples take
minutes: two pavements, a road, people who stop and talk, each with the scatter that optical flow
and outlines have. Tones, where a camera keeps them, are those of a textured view in light that
drifts over the day, with a sensor's noise, and of whoever passes. Goal: at most 2 MB for all that
`activity_counts` stores.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measuring import parser_of, report

from camera_analysis.channels.channel_codes import (
    ABSENT,
    BINS,
    DIRECTION,
    PER_OCTAVE,
    SIZE,
    SPEED,
    STAY,
    TONE,
    CodeConfig,
    CodeReader,
)
from camera_analysis.label_classes import CLASS_NAMES, HUMAN, OTHER_MOVER
from camera_analysis.labelling.code_tables import DAY_CODES, CodesMeta
from camera_analysis.labelling.stay import LEAST_STAY_S, StayClock
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.hourly_channels import HourlyChannels

HEIGHT, WIDTH = 360, 640
GOAL_MB = 2.0
#: Share of the traffic of a rush hour, by local hour.
BY_DAY = (*(0.1,) * 6, 0.3, 1.0, 1.0, *(0.6,) * 7, 1.0, 1.0, 1.0, 0.6, 0.4, 0.3, 0.2, 0.1)


@dataclass
class Lane:
    """Where one kind of mover goes to and fro; lengths in label-map pixels."""

    class_id: int
    y: float  # of the feet
    spread: float
    height: float
    aspect: float
    speed: float  # pixels a second
    stops: float  # share of movers who stop on the way


LANES = (
    Lane(HUMAN, 170, 8, 38, 0.4, 22, 0.1),
    Lane(HUMAN, 330, 22, 110, 0.4, 62, 0.1),
    Lane(OTHER_MOVER, 240, 14, 60, 2.2, 150, 0.02),
)


class Street:
    """Movers of a street, a second at a time."""

    def __init__(self, per_lane: float, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._per_second = per_lane
        self._movers: list[list[float]] = []  # lane, x, y, speed, height, second of stop, stop for

    def step(self, share: float) -> list[tuple[Lane, tuple[int, int, int, int], float]]:
        """Lane, box (x0, y0, x1, y1) and velocity along x of everything in view.

        Args:
            share: of the full traffic that enters now.
        """
        rng = self._rng
        for number, lane in enumerate(LANES):
            crossing_s = WIDTH / lane.speed
            if rng.random() < share * self._per_second / crossing_s:
                way = rng.choice((-1, 1))
                pace = lane.speed * way * np.exp(rng.normal(0, 0.2))
                stop = rng.uniform(0, WIDTH) if rng.random() < lane.stops else -1.0
                height = lane.height * np.exp(rng.normal(0, 0.1))
                y = lane.y + rng.normal(0, lane.spread)
                x = 0.0 if way > 0 else float(WIDTH)
                self._movers.append([number, x, y, pace, height, stop, rng.exponential(60)])
        seen = []
        for mover in self._movers:
            number, x, y, pace, height, stop, rest = mover
            waits = rest > 0 and stop >= 0 and abs(x - stop) < abs(pace)
            mover[6] -= waits
            mover[1] += 0 if waits else pace
            lane = LANES[int(number)]
            half = height * lane.aspect / 2
            box = (round(x - half), round(y - height), round(x + half), round(y))
            seen.append((lane, box, 0.0 if waits else pace))
        self._movers = [m for m in self._movers if -60 < m[1] < WIDTH + 60]
        return seen


def meta_of(config: CodeConfig, *, tones: bool) -> CodesMeta:
    """As the pass states it for label maps of this size."""
    reader = CodeReader(HEIGHT, WIDTH, config)
    scale = WIDTH / reader.width
    return CodesMeta(
        grid=reader.grids[SPEED],
        cell_px=(config.grid_px * scale, config.grid_px * scale),
        speed_px=config.least_speed * 10 * scale,
        size_px=config.least_side * scale,
        stay_s=LEAST_STAY_S,
        per_octave=dict(PER_OCTAVE),
        tone_grid=reader.grids[TONE] if tones else None,
        tone_s=1.0 if tones else None,
    )


def count(
    per_hour: int, busy: float, shares: Sequence[float], *, tones: bool
) -> tuple[ClassCounts, HourlyChannels, float]:
    """Counts of a drawn day, and movers in view on average."""
    rng = np.random.default_rng(1)
    meta = meta_of(DAY_CODES, tones=tones)
    view = rng.uniform(30, 200, meta.tone_grid) if meta.tone_grid else np.zeros((1, 1))
    street, clock = Street(busy, seed=2), StayClock(meta.grid, 1.0)
    classes, channels = ClassCounts(HEIGHT, WIDTH, CLASS_NAMES), HourlyChannels(meta)
    movers = 0
    seconds = len(shares) * per_hour
    for second in range(seconds):
        hour = second // per_hour
        labels = np.zeros((HEIGHT, WIDTH), np.uint8)
        codes = {c: np.full(meta.grid, ABSENT, np.uint8) for c in (SPEED, DIRECTION, SIZE)}
        worn: list[tuple[int, int, int, int, float]] = []
        for lane, (x0, y0, x1, y1), pace in street.step(shares[hour]):
            edge = rng.integers(-1, 2, 4)  # an outline jitters by a pixel
            box = np.s_[
                max(0, y0 + edge[0]) : max(0, y1 + edge[1]),
                max(0, x0 + edge[2]) : max(0, x1 + edge[3]),
            ]
            labels[box] = lane.class_id
            movers += 1
            if pace:
                _paint(codes, meta, (x0, y0, x1, y1), pace, rng)
            worn.append((max(0, y0), max(0, y1), max(0, x0), max(0, x1), rng.uniform(10, 220)))
        if tones:
            codes[TONE] = _tones(view, worn, second / seconds, rng)
        classes.add(labels, hour)
        channels.add({**codes, STAY: clock.read(labels, float(second))}, hour)
    return classes, channels, movers / seconds


def _tones(
    view: np.ndarray,
    worn: Sequence[tuple[int, int, int, int, float]],
    of_day: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Of the view in this light, noise of 2 grey levels, and whoever stands before it."""
    drift = 1 + 0.05 * np.sin(2 * np.pi * of_day)  # what is left of light once it is freed from it
    grey = view * drift + rng.normal(0, 2, view.shape)
    down, along = view.shape[0] / HEIGHT, view.shape[1] / WIDTH
    for y0, y1, x0, x1, tone in worn:
        cells = np.s_[round(y0 * down) : round(y1 * down), round(x0 * along) : round(x1 * along)]
        grey[cells] = tone + rng.normal(0, 8, grey[cells].shape)
    return (np.clip(grey, 0, 255) // (256 / BINS[TONE])).astype(np.uint8)


def _paint(
    codes: dict[str, np.ndarray],
    meta: CodesMeta,
    box: tuple[int, int, int, int],
    pace: float,
    rng: np.random.Generator,
) -> None:
    """Codes of one mover: limbs are slower and faster than the body, outlines merge and split."""
    x0, y0, x1, y1 = (max(0, round(v / meta.cell_px[0])) for v in box)
    cells = np.s_[y0:y1, x0:x1]
    shape = codes[SPEED][cells].shape
    if not all(shape):
        return
    there = rng.random(shape) < 0.9
    speed = abs(pace) * np.exp(rng.normal(0, 0.3, shape))
    turn = np.where(rng.random(shape) < 0.85, 0, rng.integers(-1, 2, shape))
    side = np.sqrt((box[2] - box[0]) * (box[3] - box[1])) * np.exp(rng.normal(0, 0.15))
    found = {
        SPEED: 6 * np.log2(np.maximum(speed, meta.speed_px) / meta.speed_px),
        DIRECTION: (turn + (0 if pace > 0 else 4)) % 8,
        SIZE: np.full(shape, 6 * np.log2(max(side, meta.size_px) / meta.size_px)),
    }
    for channel, values in found.items():
        code = np.minimum(np.floor(values), BINS[channel] - 1).astype(np.uint8)
        codes[channel][cells] = np.where(there, code, codes[channel][cells])


def main() -> None:
    """A quiet street, a busy one, and a rush hour around the clock; with tones and without."""
    options = parser_of(__doc__).parse_args()
    per_hour = 120 if options.quick else 3600
    days = {
        "quiet": (0.1, BY_DAY, False),
        "busy": (1.0, BY_DAY, False),
        "rush around the clock": (1.0, (1.0,) * 24, False),
        "quiet, with tones": (0.1, BY_DAY, True),
        "busy, with tones": (1.0, BY_DAY, True),
    }
    rows = []
    for name, (busy, shares, tones) in days.items():
        began = time.process_time()
        classes, channels, movers = count(per_hour, busy, shares, tones=tones)
        cpu_s = time.process_time() - began
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work)
            classes.save(folder)
            channels.save(folder)
            size = {path.name: path.stat().st_size / 1e6 for path in folder.iterdir()}
        rows.append(
            {
                "day": name,
                "samples": len(shares) * per_hour,
                "movers in view": movers,
                "class counts, MB": size["counts.parquet"],
                "channel counts, MB": size["channel_counts.parquet"],
                "all, MB": sum(size.values()),
                "goal, MB": GOAL_MB,
                "drawing and counting, s": cpu_s,
            }
        )
    report("channel_counts", rows, options.json)


if __name__ == "__main__":
    main()
