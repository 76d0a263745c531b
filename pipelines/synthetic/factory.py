"""The factory camera: a fisheye under the ceiling of a hall, workers in aisles, a forklift lane.

On the bad day somebody runs to and fro across the hatched zone where nobody goes, and the
forklift takes the walkway.
"""

from __future__ import annotations

import cv2

from camera_analysis.lenses.lens import Lens, rectify_points
from camera_analysis.occupancy.rois import Roi
from pipelines.synthetic.actors import Boxes, Mover, Track, Walker, foot_px, forklift
from pipelines.synthetic.figures import Fisheye, ImageArray
from pipelines.synthetic.footage import MARGIN_PX, Clip, Incident, Light
from pipelines.synthetic.halls import Block, hall
from pipelines.synthetic.people import pick, random_appearance
from pipelines.synthetic.scenes import Area, Place
from pipelines.synthetic.stories import Generator, Story, how_many, lamplight
from pipelines.synthetic.textures import ground

_SIDE, _FOCAL_PX = 256, 95.0
_LENS = Fisheye(
    focal_px=_FOCAL_PX, height_m=3.6, centre_xy=(_SIDE / 2 + MARGIN_PX, _SIDE / 2 + MARGIN_PX)
)
#: Half of the view in radians: the picture's circle just fits the frame.
_VIEW_ANGLE = 1.32
_HALL = Area(-8.0, 8.0, -7.0, 7.0)
#: Metres from the camera's axis: the walkway, its branches, the forklift's lane, the free zone.
_WALKWAY_Y, _BRANCH_X, _LANE_Y = -2.9, 3.4, 3.0
_FREE_ZONE = Area(-2.2, 2.2, -1.6, 1.4)
_WORKERS = {7: 3.0, 10: 3.5, 13: 2.5, 17: 3.5, 21: 1.0}
_FORKLIFTS = {7: 2.0, 10: 2.0, 13: 1.0, 17: 2.0, 21: 1.0}
_BLOCKS = (
    Block(Area(-6.6, -4.5, -1.4, 1.6), 1.4, (96, 118, 140)),
    Block(Area(4.5, 6.6, -1.4, 1.6), 1.4, (120, 132, 104)),
    Block(Area(-4.5, -1.0, 4.7, 6.2), 1.8, (150, 128, 92)),
    Block(Area(1.0, 4.5, 4.7, 6.2), 1.8, (142, 96, 74)),
    Block(Area(-4.0, 4.0, -6.2, -4.6), 1.2, (112, 116, 124)),
)


def build(rng: Generator) -> Place:
    """Floor with painted lanes, machines and racks, walls."""
    side = _SIDE + 2 * MARGIN_PX
    return hall(rng, _LENS, (side, side), _HALL, _floor_plan(rng), _BLOCKS, view_angle=_VIEW_ANGLE)


def _floor_plan(rng: Generator) -> ImageArray:
    plan = cv2.resize(ground(rng, (132, 134, 132), contrast=0.12, cell=50), (640, 560))
    scale = 640 / (_HALL.x1 - _HALL.x0)

    def box(area: Area, colour: tuple[float, ...], width: int) -> None:
        corner = (round((area.x0 - _HALL.x0) * scale), round((_HALL.y1 - area.y1) * scale))
        other = (round((area.x1 - _HALL.x0) * scale), round((_HALL.y1 - area.y0) * scale))
        cv2.rectangle(plan, corner, other, colour, width)

    yellow, white, green = (206, 176, 40), (196, 196, 190), (104, 128, 108)
    box(Area(-7.5, 7.5, _WALKWAY_Y - 0.7, _WALKWAY_Y + 0.7), green, -1)
    for x in (-_BRANCH_X, _BRANCH_X):
        box(Area(x - 0.6, x + 0.6, _WALKWAY_Y + 0.7, 1.4), green, -1)
    for y in (_LANE_Y - 1.0, _LANE_Y + 1.0):
        box(Area(-7.5, 7.5, y - 0.06, y + 0.06), yellow, -1)
    for y in (_WALKWAY_Y - 0.75, _WALKWAY_Y + 0.75):
        box(Area(-7.5, 7.5, y - 0.04, y + 0.04), white, -1)
    zone = plan.copy()
    for step in range(-20, 24):
        x = round((_FREE_ZONE.x0 + step * 0.5 - _HALL.x0) * scale)
        top, low = (round((_HALL.y1 - y) * scale) for y in (_FREE_ZONE.y1, _FREE_ZONE.y0))
        cv2.line(zone, (x, low), (x + (low - top), top), yellow, 3)
    left, right = (round((x - _HALL.x0) * scale) for x in (_FREE_ZONE.x0, _FREE_ZONE.x1))
    plan[top:low, left:right] = zone[top:low, left:right]
    box(_FREE_ZONE, yellow, 4)
    return plan


def cast(rng: Generator, place: Place, hour: int, seconds: float) -> list[Mover]:
    """Workers on the walkway and at machines at the ends of its branches; forklifts in the lane."""
    movers: list[Mover] = [
        _worker(rng, seconds) for _ in range(how_many(rng, _WORKERS, hour, seconds))
    ]
    for _ in range(how_many(rng, _FORKLIFTS, hour, seconds)):
        way = int(pick(rng, (-1, 1)))
        y = _LANE_Y + float(rng.uniform(-0.25, 0.25))
        start = float(rng.uniform(0, seconds * 0.75))
        track = Track.walk(start, float(rng.uniform(1.6, 2.4)), (-way * 7.0, y), (way * 7.0, y))
        movers.append(Boxes(forklift(), track))
    return movers


def _worker(rng: Generator, seconds: float) -> Walker:
    y = _WALKWAY_Y + float(rng.uniform(-0.4, 0.4))
    speed, way = float(rng.uniform(1.0, 1.5)), int(pick(rng, (-1, 1)))
    start = float(rng.uniform(-6, seconds * 0.7))
    who = random_appearance(rng, hi_vis=True)
    if rng.random() < 0.4:
        return Walker(who, Track.walk(start, speed, (-way * 7.0, y), (way * 7.0, y)))
    x = way * (_BRANCH_X + float(rng.uniform(-0.3, 0.3)))
    machine = (way * 3.9, float(rng.uniform(-0.6, 0.9)), float(rng.uniform(0.1, 0.3)) * seconds)
    track = Track.walk(start, speed, (way * 7.0, y), (x, y), machine, (x, y), (-way * 7.0, y))
    return Walker(who, track, pick(rng, ("stand", "bend", "hips")))


def light(rng: Generator, place: Place, hour: int) -> Light:
    """Lamps."""
    return lamplight(rng, hour)


def disturb(rng: Generator, clip: Clip, hour: int, seconds: float) -> None:
    """At ten somebody runs across the free zone; at one the forklift takes the walkway."""
    if hour == 10:
        _run_across(rng, clip, seconds)
    elif hour == 13:
        _drive_on_walkway(clip, seconds)


def _run_across(rng: Generator, clip: Clip, seconds: float) -> None:
    here, there = (-_BRANCH_X, _WALKWAY_Y), (3.0, 1.6)
    track = Track.walk(0.4 * seconds, 3.4, (-7.0, _WALKWAY_Y), here, there, here, there, here,
                       (-7.0, _WALKWAY_Y))  # fmt: skip
    span = (float(track.times_s[1]), float(track.times_s[5]))
    clip.movers = [*clip.movers, Walker(random_appearance(rng, hi_vis=True), track)]
    clip.incidents = [_incident("running", span, seconds, len(clip.movers) - 1)]


def _drive_on_walkway(clip: Clip, seconds: float) -> None:
    start, stop = 0.4 * seconds, 0.1 * seconds
    track = Track.walk(start, 1.8, (-7.0, _WALKWAY_Y), (0.5, _WALKWAY_Y, stop), (7.0, _WALKWAY_Y))
    begin, end = track.span_s
    afoot = [
        m for m in clip.movers
        if not isinstance(m, Walker) or m.track.span_s[1] < begin or m.track.span_s[0] > end
    ]  # fmt: skip
    clip.movers = [*afoot, Boxes(forklift(), track)]
    clip.incidents = [_incident("forklift_on_walkway", track.span_s, seconds, len(afoot))]


def _incident(kind: str, span: tuple[float, float], seconds: float, mover: int) -> Incident:
    return Incident(kind, max(0.0, span[0]), min(seconds, span[1]), (mover,))


_OPTICS = Lens(
    kind="fisheye",
    matrix=((_FOCAL_PX, 0.0, _SIDE / 2), (0.0, _FOCAL_PX, _SIDE / 2), (0.0, 0.0, 1.0)),
    distortion=(0.0, 0.0, 0.0, 0.0),
)


def _polygon(area: Area) -> tuple[tuple[float, float], ...]:
    """Corners in the rectified view, where the floor's straight edges are straight."""
    corners = [(area.x0, area.y0), (area.x0, area.y1), (area.x1, area.y1), (area.x1, area.y0)]
    seen = [foot_px(_LENS, corner) for corner in corners]
    raw = [(x - MARGIN_PX, y - MARGIN_PX) for x, y in seen]
    return tuple((round(x, 1), round(y, 1)) for x, y in rectify_points(raw, _OPTICS).tolist())


STORY = Story(
    camera_id="factory",
    size_wh=(_SIDE, _SIDE),
    time_zone="Europe/Berlin",
    lens=_OPTICS,
    rois=(
        Roi(name="free_zone", polygon_xy=_polygon(_FREE_ZONE), space="rectified"),
        Roi(
            name="walkway",
            polygon_xy=_polygon(Area(-5.0, 5.0, _WALKWAY_Y - 0.7, _WALKWAY_Y + 0.7)),
            space="rectified",
        ),
    ),
    build=build,
    cast=cast,
    light=light,
    disturb=disturb,
)
