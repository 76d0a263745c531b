"""The corridor camera: people walk its length, come out of doors and go in.

On the bad day somebody loiters before a door, and later the camera is knocked askew for good.
"""

from __future__ import annotations

import numpy as np

from camera_analysis.lenses.lens import Lens
from camera_analysis.occupancy.rois import Roi
from pipelines.synthetic.actors import Mover, Track, Walker
from pipelines.synthetic.figures import Pinhole
from pipelines.synthetic.footage import MARGIN_PX, Clip, Incident, Knock, Light
from pipelines.synthetic.people import pick, random_appearance
from pipelines.synthetic.scenes import Place, Room, indoors
from pipelines.synthetic.stories import Generator, Story, how_many, lamplight

_WIDTH, _HEIGHT = 320, 192
_LENS = Pinhole(
    focal_px=235.0,
    height_m=2.55,
    pitch=0.3,
    centre_xy=(_WIDTH / 2 + MARGIN_PX, _HEIGHT / 2 + MARGIN_PX),
)
#: Wall (-1 left, 1 right) and near jamb of every door, in metres from the camera.
_DOORS = ((-1, 4.0), (1, 5.2), (-1, 8.0), (1, 10.0))
_HALF_WIDTH, _LENGTH = 1.45, 15.0
_PEOPLE = {7: 2.5, 10: 3.0, 13: 4.0, 17: 4.0, 21: 1.0}
#: The door before which somebody loiters.
_LOITER_DOOR = _DOORS[1]
_KNOCK_SHIFT_XY = (8, -6)


def build(rng: Generator) -> Place:
    """Tiled floor, plaster walls, four doors, a door at the end."""
    room = Room(half_width=_HALF_WIDTH, length=_LENGTH, height=2.9, doors=_DOORS, end="door")
    size = (_HEIGHT + 2 * MARGIN_PX, _WIDTH + 2 * MARGIN_PX)
    return indoors(rng, _LENS, size, room)


def cast(rng: Generator, place: Place, hour: int, seconds: float) -> list[Mover]:
    """People from end to end, or between a door and an end."""
    movers: list[Mover] = []
    for _ in range(how_many(rng, _PEOPLE, hour, seconds)):
        x = float(rng.uniform(-0.55, 0.55))
        near, far = (x, 1.6), (x * 0.4, _LENGTH - 0.4)
        start = float(rng.uniform(-8, seconds - 5))
        if rng.random() < 0.55:
            ends = (near, far) if rng.random() < 0.5 else (far, near)
            stops: tuple[tuple[float, ...], ...] = ends
        else:
            side, y = pick(rng, _DOORS)
            through, before = (side * (_HALF_WIDTH - 0.12), y + 0.5), (side * 0.7, y + 0.5, 0.7)
            out = near if rng.random() < 0.5 else far
            stops = (through, before, out) if rng.random() < 0.5 else (out, before, through)
        track = Track.walk(start, float(rng.uniform(1.1, 1.6)), *stops)
        movers.append(Walker(random_appearance(rng), track))
    return movers


def light(rng: Generator, place: Place, hour: int) -> Light:
    """Lamps."""
    return lamplight(rng, hour)


def disturb(rng: Generator, clip: Clip, hour: int, seconds: float) -> None:
    """At one somebody loiters; at five the camera is knocked, and stays so."""
    if hour == 13:
        _loiter(rng, clip, seconds)
    elif hour == 17:
        clip.knock = Knock(time_s=0.45 * seconds, shift_xy=_KNOCK_SHIFT_XY)
        clip.incidents = [Incident("camera_knock", clip.knock.time_s, seconds)]
    elif hour > 17:
        clip.knock = Knock(time_s=0.0, shift_xy=_KNOCK_SHIFT_XY)
        clip.incidents = [Incident("camera_moved", 0.0, seconds)]


def _loiter(rng: Generator, clip: Clip, seconds: float) -> None:
    """To and fro before the door for nearly half of the file, never long on one spot."""
    side, y = _LOITER_DOOR
    x, pause = side * 0.95, seconds / 40 * 1.6
    pacing = [(x, y + 0.5 + shift, pause) for shift in (0.0, 0.5, -0.15, 0.4, 0.1, 0.6, -0.1, 0.3)]
    far = (0.3, _LENGTH - 0.4)
    track = Track.walk(0.05 * seconds, 1.3, far, *pacing, far)
    who = random_appearance(rng)
    begin, end = float(track.times_s[1]), float(track.times_s[-2])
    clip.movers = [*clip.movers, Walker(who, track, "phone")]
    incident = Incident("loitering", begin, min(end, seconds), (len(clip.movers) - 1,))
    clip.incidents = [incident]


def _before_door() -> tuple[tuple[float, float], ...]:
    """Outline of a person-high space on the floor before the door, in pixels of the frame."""
    y = _LOITER_DOOR[1]
    corners = ((0.5, y - 0.3, 0.0), (1.4, y - 0.3, 0.0), (1.4, y + 1.2, 1.9), (0.5, y + 1.2, 1.9))
    seen = _LENS.discs(np.array([(*corner, 1.0) for corner in corners])).xy_px - MARGIN_PX
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in seen)


STORY = Story(
    camera_id="corridor",
    size_wh=(_WIDTH, _HEIGHT),
    time_zone="Europe/London",
    lens=Lens(),
    rois=(
        Roi(name="door", polygon_xy=_before_door()),
        Roi(name="far_end", polygon_xy=((136, 20), (184, 20), (184, 75), (136, 75))),
    ),
    build=build,
    cast=cast,
    light=light,
    disturb=disturb,
)
