"""The street camera: people on two pavements, cars between them, shops behind.

On the bad day somebody stands on the road, and a bag is left on the pavement.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from camera_analysis.lenses.lens import Lens
from camera_analysis.occupancy.rois import Roi
from pipelines.synthetic import things as things
from pipelines.synthetic.actors import Driven, Left, Mover, Track, Walker, foot_px
from pipelines.synthetic.canvas import Material
from pipelines.synthetic.figures import Pinhole, elevation_of, shade_ground
from pipelines.synthetic.footage import MARGIN_PX, Clip, Incident, Light
from pipelines.synthetic.people import pick, random_appearance
from pipelines.synthetic.scenes import Band, Place, Thing, outdoors
from pipelines.synthetic.stories import Generator, Story, daylight, how_many
from pipelines.synthetic.textures import road, tiled

_WIDTH, _HEIGHT = 320, 192
_LENS = Pinhole(
    focal_px=300.0,
    height_m=4.5,
    pitch=0.297,
    centre_xy=(_WIDTH / 2 + MARGIN_PX, _HEIGHT / 2 + MARGIN_PX),
)
#: Metres from the camera's foot: near edge, near kerb, far kerb, house fronts.
_NEAR, _KERB, _FAR_KERB, _HOUSES = 5.7, 10.3, 16.0, 18.9
#: Where people walk and cars drive.
_NEAR_WALK, _FAR_WALK, _LANES = (7.2, 9.6), (16.6, 18.2), (12.0, 14.6)
#: Movers in 40 seconds by hour: quiet at night, two rush hours.
_PEOPLE = {7: 5.0, 10: 4.0, 13: 7.0, 17: 8.0, 21: 2.5}
_CARS = {7: 4.0, 10: 3.0, 13: 3.0, 17: 5.0, 21: 1.5}


def build(rng: Generator) -> Place:
    """Pavement, road, pavement, shops; a lamp, a tree and a bin near the kerb."""
    slabs = tiled(rng, (160, 154, 146), rows=7, columns=16, bond=True)
    bands = (
        Band(_NEAR, _KERB, Material.PAVEMENT, slabs),
        Band(_KERB, _FAR_KERB, Material.ROAD, road(rng)),
        Band(_FAR_KERB, _HOUSES, Material.PAVEMENT, slabs),
    )
    size = (_HEIGHT + 2 * MARGIN_PX, _WIDTH + 2 * MARGIN_PX)
    place = outdoors(rng, _LENS, size, bands, "houses")
    for x, y, kind in ((-4.6, 10.0, "tree"), (5.2, 16.3, "post"), (-8.5, 16.3, "tree")):
        scale = float(_LENS.discs(np.array([[x, y, 0.0, 1.0]])).radius_px[0])
        sprite = things.tree(rng, scale, 3.2) if kind == "tree" else things.post(rng, scale)
        what = Material.TREE if kind == "tree" else Material.POST
        place.things.append(Thing((x, y), sprite, what))
    for thing in sorted(place.things, key=lambda t: -t.xy_m[1]):
        at = foot_px(_LENS, thing.xy_m)
        shade_ground(place.canvas.rgb, thing.sprite, at, slant=0.0, strength=0.3)
        place.canvas.stand(thing.sprite, at, thing.material)
    return place


def _edge(y: float) -> float:
    """Half of the view's width at a distance, and a step beyond."""
    depth = y * np.cos(_LENS.pitch) + _LENS.height_m * np.sin(_LENS.pitch)
    return float(depth * _LENS.centre_xy[0] / _LENS.focal_px) + 1.0


def cast(rng: Generator, place: Place, hour: int, seconds: float) -> list[Mover]:
    """People along the pavements, some of whom pause; cars along the lanes."""
    movers: list[Mover] = []
    for _ in range(how_many(rng, _PEOPLE, hour, seconds)):
        y = float(rng.uniform(*(_NEAR_WALK if rng.random() < 0.65 else _FAR_WALK)))
        way = int(pick(rng, (-1, 1)))
        middle = (float(rng.uniform(-3, 3)), y, float(pick(rng, (0, 0, 0, 2, 4))))
        start = float(rng.uniform(-7, seconds - 4))
        edge = _edge(y)
        track = Track.walk(start, float(rng.uniform(1.1, 1.6)), (-way * edge, y), middle,
                           (way * edge, y + float(rng.uniform(-0.3, 0.3))))  # fmt: skip
        resting = pick(rng, ("stand", "phone", "phone", "hips"))
        movers.append(Walker(random_appearance(rng), track, resting))
    for _ in range(how_many(rng, _CARS, hour, seconds)):
        movers.append(_car(rng, float(rng.uniform(-1, seconds - 2))))
    return movers


def _car(rng: Generator, start_s: float) -> Driven:
    lane = int(rng.integers(2))
    y, way = _LANES[lane], (1, -1)[lane]
    edge = _edge(y) + 2.5
    scale = float(_LENS.discs(np.array([[0.0, _LANES[0], 0.0, 1.0]])).radius_px[0])
    track = Track.walk(start_s, float(rng.uniform(5, 8)), (-way * edge, y), (way * edge, y))
    return Driven(things.car(rng, scale), track)


def light(rng: Generator, place: Place, hour: int) -> Light:
    """Daylight; after dusk two street lamps."""
    sky = daylight(rng, hour)
    if 7 < hour < 19:
        return sky
    rows, columns = np.mgrid[: place.canvas.rgb.shape[0], : place.canvas.rgb.shape[1]]
    lamps = np.full(rows.shape, 0.8, np.float32)
    for x, y in ((90, 120), (285, 95)):
        lamps += 0.75 * np.exp(-(((columns - x) / 80) ** 2) - ((rows - y) / 55) ** 2)
    return replace(sky, lamps=lamps.astype(np.float32), slant=0.0)


def disturb(rng: Generator, clip: Clip, hour: int, seconds: float) -> None:
    """At ten somebody stops on the road; at one a bag stays behind."""
    if hour == 10:
        _stand_on_road(rng, clip, seconds)
    elif hour == 13:
        _leave_bag(rng, clip, seconds)


def _stand_on_road(rng: Generator, clip: Clip, seconds: float) -> None:
    start, y, lane = 0.2 * seconds, 9.2, 13.2
    stay = 0.25 * seconds
    track = Track.walk(
        start, 1.4, (-_edge(y), y), (-0.5, y), (0.6, lane, stay), (1.8, y), (_edge(y), y)
    )
    on_road = (float(track.times_s[1]) + 0.7, float(track.times_s[-2]) - 0.7)
    clear = [m for m in clip.movers if not isinstance(m, Driven) or _apart(m.track.span_s, on_road)]
    clip.movers = [*clear, Walker(random_appearance(rng), track, "phone")]
    clip.incidents = [Incident("wrong_place", *_within(on_road, seconds), (len(clip.movers) - 1,))]


def _leave_bag(rng: Generator, clip: Clip, seconds: float) -> None:
    spot, y, down = 1.2, 8.4, 0.56 * seconds
    edge = _edge(y)
    start = down - (edge + spot - 0.35) / 1.3 - 1.0
    track = Track.walk(start, 1.3, (-edge, y), (spot - 0.35, y, 2.0), (edge, y + 0.2))
    who = replace(random_appearance(rng), bag="handbag")
    scale = float(_LENS.discs(np.array([[spot, y, 0.0, 1.0]])).radius_px[0])
    left = things.bag(rng, scale, elevation_of(_LENS, y))
    lies = Track(np.array([down, seconds + 1.0]), np.array([[spot, y - 0.15]] * 2))
    clip.movers = [*clip.movers, Walker(who, track, "bend"), Left(left, lies)]
    clip.incidents = [Incident("object_left", down, seconds, (len(clip.movers) - 1,))]


def _apart(span: tuple[float, float], other: tuple[float, float]) -> bool:
    return span[1] < other[0] - 0.5 or span[0] > other[1] + 0.5


def _within(span: tuple[float, float], seconds: float) -> tuple[float, float]:
    return max(0.0, span[0]), min(seconds, span[1])


def _strip(y0: float, y1: float) -> tuple[tuple[float, float], ...]:
    """A strip of ground across the frame, in its pixels."""
    low, high = (round(foot_px(_LENS, (0.0, y))[1] - MARGIN_PX, 1) for y in (y0, y1))
    return (0.0, high), (float(_WIDTH), high), (float(_WIDTH), low), (0.0, low)


STORY = Story(
    camera_id="street",
    size_wh=(_WIDTH, _HEIGHT),
    time_zone="Europe/London",
    lens=Lens(),
    rois=(
        Roi(name="road", polygon_xy=_strip(_KERB, _FAR_KERB)),
        Roi(name="near_pavement", polygon_xy=_strip(_NEAR + 0.9, _KERB)),
    ),
    build=build,
    cast=cast,
    light=light,
    disturb=disturb,
)
