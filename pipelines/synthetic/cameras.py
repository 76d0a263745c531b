"""Three synthetic cameras with days of footage and truth: street, factory, corridor.

Every file is drawn from its own generator, so that days can be added without changing others.
All days but the last are ordinary; the last holds the incidents that `truth.parquet` lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.camera import Camera
from camera_analysis.camera_file import write_camera
from camera_analysis.footage.video_write import write_video
from camera_analysis.occupancy.occupancy_rule import OccupancyRule
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from pipelines.synthetic.corridor import STORY as CORRIDOR
from pipelines.synthetic.factory import STORY as FACTORY
from pipelines.synthetic.footage import Clip, film
from pipelines.synthetic.stories import Story
from pipelines.synthetic.street import STORY as STREET

STORIES: tuple[Story, ...] = (STREET, FACTORY, CORRIDOR)
CAMERA_IDS = tuple(story.camera_id for story in STORIES)
#: Local hours at which a file starts.
HOURS = (7, 10, 13, 17, 21)

_INSTANT = pa.timestamp("us", tz="UTC")
#: One camera shows what private video is; three would film as long again.
FILMED_PRIVATELY = "corridor"
#: The network looks twice a second instead of five times: a demo should not take a minute a day.
PRIVATELY = PrivateVideoSettings(network_interval_s=0.5, hold_s=0.5)
#: The drawn regions are zones, many times as large as a person.
ZONES = OccupancyRule(score="overlap", enter=0.25, leave=0.1)

TRUTH = pa.schema(
    [("file", pa.string()), ("kind", pa.string()), ("start_utc", _INSTANT), ("end_utc", _INSTANT),
     ("start_s", pa.float64()), ("end_s", pa.float64()),
     ("x0", pa.int32()), ("y0", pa.int32()), ("x1", pa.int32()), ("y1", pa.int32())]
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FilmConfig:
    """Length and quality of the files."""

    seconds: float = 40.0  # long enough for a background median, short enough for a demo
    fps: int = 8  # a step of a walking person is four frames
    crf: int = 24  # slight compression, as cameras do
    interval_s: float = 0.5  # a walker moves less than their own width between samples


@dataclass(frozen=True, kw_only=True)
class Happening:
    """A row of truth; the box is x0, y0, x1, y1 in pixels over the whole time."""

    camera_id: str
    file: str
    kind: str
    start_s: float
    end_s: float
    start_utc: datetime
    end_utc: datetime
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class CamerasTruth:
    """What was filmed: folders by camera, number of files, and what is known to be abnormal."""

    folders: dict[str, str]
    files: int
    happenings: tuple[Happening, ...]


def make_cameras(
    folder: Path,
    *,
    seed: int,
    days: int = 3,
    first_day: str = "2026-01-05",
    progress: Callable[[int, int], None] | None = None,
    config: FilmConfig | None = None,
) -> CamerasTruth:
    """Film every camera into `folder/<camera_id>/`, with `camera.yaml` and `truth.parquet`.

    Args:
        folder: created if need be.
        seed: the same seed films the same bytes.
        days: at least 1; the last one holds the incidents.
        first_day: YYYY-MM-DD, local.
        progress: called as progress(cameras done, cameras in all).
        config: length and quality of files; 40 s at 8 frames per second without it.

    Raises:
        ValueError: days is less than 1.
    """
    if days < 1:
        raise ValueError(f"days is {days}; expected 1 or more, the last of which has the incidents")
    happenings: list[Happening] = []
    for number, camera_id in enumerate(CAMERA_IDS):
        happenings += film_camera(
            folder, camera_id, seed=seed, days=days, first_day=first_day, config=config
        )
        if progress:
            progress(number + 1, len(CAMERA_IDS))
    files = len(CAMERA_IDS) * days * len(HOURS)
    return CamerasTruth({name: name for name in CAMERA_IDS}, files, tuple(happenings))


def film_camera(
    folder: Path,
    camera_id: str,
    *,
    seed: int,
    days: int = 3,
    first_day: str = "2026-01-05",
    config: FilmConfig | None = None,
) -> list[Happening]:
    """Film one of the ``CAMERA_IDS``; what it shows does not depend on the others."""
    config = config or FilmConfig()
    cv2.setNumThreads(1)
    number = CAMERA_IDS.index(camera_id)
    story = STORIES[number]
    target = folder / camera_id
    target.mkdir(parents=True, exist_ok=True)
    write_camera(_camera(story, target, config), target)
    found: list[Happening] = []
    for take in _takes(story, [seed, number], days, first_day, config):
        frames = film(take.clip, take.rng, seconds=config.seconds, fps=config.fps)
        write_video(
            target / take.file,
            frames,
            config.fps,
            crf=config.crf,
            group_of_pictures=5 * config.fps,
            preset="veryfast",
        )
        found += _happenings(story, take)
    _write_truth(target / "truth.parquet", found)
    return found


@dataclass(frozen=True)
class _Take:
    """A file about to be filmed."""

    file: str
    start: datetime
    clip: Clip
    rng: np.random.Generator


def _takes(
    story: Story, seed: list[int], days: int, first_day: str, config: FilmConfig
) -> Iterator[_Take]:
    place = story.build(np.random.default_rng([*seed, 0]))
    for day in range(days):
        for hour in HOURS:
            rng = np.random.default_rng([*seed, 1 + day, hour])
            light = story.light(rng, place, hour)
            movers = story.cast(rng, place, hour, config.seconds)
            clip = Clip(place, story.size_wh, movers, light)
            if day == days - 1:
                story.disturb(rng, clip, hour, config.seconds)
            local_day = date.fromisoformat(first_day) + timedelta(days=day)
            start = datetime.combine(local_day, time(hour), ZoneInfo(story.time_zone))
            yield _Take(start.strftime("%Y-%m-%dT%H-%M-%S.mp4"), start, clip, rng)


def _happenings(story: Story, take: _Take) -> list[Happening]:
    """Incidents that were seen: those that got a box while the clip was filmed."""
    start = take.start.astimezone(UTC)
    found = []
    for number, box in sorted(take.clip.boxes.items()):
        incident = take.clip.incidents[number]
        x0, y0, x1, y1 = box
        found.append(
            Happening(
                camera_id=story.camera_id,
                file=take.file,
                kind=incident.kind,
                start_s=incident.start_s,
                end_s=incident.end_s,
                start_utc=start + timedelta(seconds=incident.start_s),
                end_utc=start + timedelta(seconds=incident.end_s),
                box=(x0, y0, x1, y1),
            )
        )
    return found


def _write_truth(path: Path, happenings: list[Happening]) -> None:
    rows = [
        {name: getattr(h, name) for name in TRUTH.names[:6]}
        | dict(zip(TRUTH.names[6:], h.box, strict=True))
        for h in happenings
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=TRUTH), path, compression="zstd")


def _camera(story: Story, target: Path, config: FilmConfig) -> Camera:
    return Camera(
        id=story.camera_id,
        folder=target,
        time_zone=story.time_zone,
        interval_s=config.interval_s,
        lens=story.lens,
        rois=story.rois,
        occupancy=ZONES,
        private_video=PRIVATELY if story.camera_id == FILMED_PRIVATELY else None,
        plate="clear",  # nobody real is in the picture
    )
