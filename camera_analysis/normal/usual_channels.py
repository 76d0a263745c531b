"""What is usual at each place: the speed, direction, size and stay of whatever is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.channels.channel_codes import DIRECTION, SIZE, SPEED, STAY
from camera_analysis.channels.channel_counts import ChannelCounts, CountArray
from camera_analysis.labelling.code_tables import CodesMeta
from camera_analysis.pictures import RgbImage, save_directions, save_heat

FloatArray = npt.NDArray[np.float64]

USUAL_FILE = "usual.parquet"
#: A place with fewer readings shows nothing: a median of two is an accident.
LEAST_READINGS = 5

#: One row per place that showed anything. NaN where there were fewer than five readings.
USUAL = pa.schema(
    [
        ("y", pa.int16()),  # place on the grid
        ("x", pa.int16()),
        ("moved", pa.uint32()),  # frames in which something moved here
        ("speed_px_s", pa.float64()),  # median, label-map pixels a second
        ("direction", pa.float64()),  # most frequent, degrees from along x towards y (down)
        ("direction_share", pa.float64()),  # of the frames with a direction, in [0, 1]
        ("size_px", pa.float64()),  # median square root of the area of what moves
        ("stay_s", pa.float64()),  # median time for which the place had been occupied
    ]
)


@dataclass(frozen=True)
class UsualMaps:
    """Maps of the grid by column of ``usual.parquet``, each (h, w)."""

    maps: Mapping[str, FloatArray]


def usual_maps(counts: ChannelCounts, meta: CodesMeta) -> UsualMaps:
    """Medians and most frequent directions of each place."""
    least = {SPEED: meta.speed_px, SIZE: meta.size_px, STAY: meta.stay_s}
    median = {
        channel: _median(counts.of(channel), of_code_0, meta.per_octave[channel])
        for channel, of_code_0 in least.items()
    }
    directions = counts.of(DIRECTION)
    seen = directions.sum(axis=2, dtype=np.int64)
    enough = seen >= LEAST_READINGS
    most = directions.argmax(axis=2) * (360.0 / directions.shape[2])
    share = directions.max(axis=2) / np.maximum(seen, 1)
    return UsualMaps(
        {
            "moved": counts.of(SPEED).sum(axis=2, dtype=np.int64).astype(np.float64),
            "speed_px_s": median[SPEED],
            "direction": np.where(enough, most, np.nan),
            "direction_share": np.where(enough, share, np.nan),
            "size_px": median[SIZE],
            "stay_s": median[STAY],
        }
    )


def write_usual(usual: UsualMaps, out: Path) -> None:
    """Write ``usual.parquet``."""
    maps = usual.maps
    y, x = np.nonzero((maps["moved"] > 0) | ~np.isnan(maps["stay_s"]))
    columns = {"y": y, "x": x} | {name: values[y, x] for name, values in maps.items()}
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in USUAL]
    table = pa.Table.from_arrays(arrays, schema=USUAL)
    pq.write_table(table, out / USUAL_FILE, compression="zstd")


def save_usual(usual: UsualMaps, plate_rgb: RgbImage, note: str, out: Path) -> tuple[Path, ...]:
    """Pictures over the plate: usual_speed, usual_direction, usual_size and usual_stay.

    Args:
        usual: from :func:`usual_maps`.
        plate_rgb: (H, W, 3) privacy-safe background.
        note: of how many frames.
        out: existing folder.
    """
    heats = {
        "usual_speed": ("speed_px_s", "How fast things move here", "pixels a second, median"),
        "usual_size": ("size_px", "How large what moves here is", "pixels, root of area, median"),
        "usual_stay": ("stay_s", "For how long places are occupied", "seconds, median"),
    }
    paths = []
    for name, (column, title, unit) in heats.items():
        path = out / f"{name}.png"
        over = _over(usual.maps[column], plate_rgb)
        save_heat(np.nan_to_num(over), plate_rgb, f"{title}\n{note}", unit, path)
        paths.append(path)
    degrees = _over(usual.maps["direction"], plate_rgb)
    path = out / "usual_direction.png"
    save_directions(degrees, plate_rgb, f"Which way things move here\n{note}", path)
    return (paths[0], path, *paths[1:])


def _median(counts: CountArray, of_code_0: float, per_octave: int) -> FloatArray:
    """(h, w) middle of the median code's range; NaN with fewer than ``LEAST_READINGS``."""
    seen = counts.sum(axis=2, dtype=np.int64)
    reached = np.cumsum(counts, axis=2, dtype=np.int64) * 2 >= seen[..., None]
    code = reached.argmax(axis=2)
    value = of_code_0 * 2.0 ** ((code + 0.5) / per_octave)
    return np.asarray(np.where(seen >= LEAST_READINGS, value, np.nan), np.float64)


def _over(values_hw: FloatArray, plate_rgb: RgbImage) -> FloatArray:
    height, width = plate_rgb.shape[:2]
    over = cv2.resize(values_hw, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(over, np.float64)
