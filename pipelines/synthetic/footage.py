"""Footage of a synthetic camera: a painted background, movers on tracks, light, noise, a knock.

The background is painted once; every frame pastes the movers from far to near, covers them with
what stands nearer, cuts the view out of its margin, and adds the light and noise of the hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from pipelines.synthetic.actors import Mover, foot_px
from pipelines.synthetic.figures import ImageArray, Pinhole, Sprite, paste, shade_ground
from pipelines.synthetic.people import FloatArray
from pipelines.synthetic.scenes import Place, Thing

#: Pixels painted beyond the frame on every side, so that a knocked camera has something to see.
MARGIN_PX = 14
#: A box must hold this many pixels of its mover to count as seen.
FEWEST_PX = 12


@dataclass(frozen=True)
class Incident:
    """Something known to be abnormal: movers by index, or the whole view if there are none."""

    kind: str
    start_s: float
    end_s: float
    movers: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Light:
    """Light and sensor of a file: brightness and colour (3,), drift, noise in grey levels."""

    gain: float
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)  # daylight
    lamps: FloatArray | None = None  # (H, W) of the margined canvas; none: even light
    drift: float = 0.05  # a cloud passes
    drift_phase: float = 0.0  # where in the drift the file starts
    noise: float = 2.5  # a good sensor by day
    slant: float = 0.0  # no direct sun: shadows straight below


@dataclass(frozen=True, kw_only=True)
class Knock:
    """The camera is pushed at a time and stays where it came to rest."""

    time_s: float
    shift_xy: tuple[int, int]


@dataclass
class Clip:
    """One file to be filmed."""

    place: Place
    size_wh: tuple[int, int]
    movers: Sequence[Mover]
    light: Light
    incidents: Sequence[Incident] = ()
    knock: Knock | None = None
    boxes: dict[int, list[int]] = field(default_factory=dict)


def film(clip: Clip, rng: np.random.Generator, *, seconds: float, fps: int) -> Iterator[ImageArray]:
    """Yield frames (H, W, 3) RGB; while they are taken, `clip.boxes` grows by incident."""
    background = _lit(clip)
    grain = _grain(rng, clip)
    order = _nearer_things(clip.place)
    for index in range(round(seconds * fps)):
        time_s = index / fps
        canvas = background.copy()
        shift = _shift(clip.knock, time_s)
        areas = _paste_movers(clip, canvas, order, time_s)
        _note_boxes(clip, areas, shift, time_s)
        yield _exposed(clip, canvas, shift, grain, rng, time_s / seconds)


def _lit(clip: Clip) -> ImageArray:
    scale = np.array(clip.light.tint, np.float32) * np.float32(clip.light.gain)
    image = clip.place.canvas.rgb * scale
    if clip.light.lamps is not None:
        image *= clip.light.lamps[..., None]
    return np.clip(image, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class _Grain:
    """Noise of a file: what it adds and what it takes, larger than a frame, cut at random."""

    more: ImageArray
    less: ImageArray


def _grain(rng: np.random.Generator, clip: Clip) -> _Grain:
    width, height = clip.size_wh
    grain = rng.standard_normal((height + 48, width + 48, 4), dtype=np.float32)
    mixed = grain[..., :1] * clip.light.noise + grain[..., 1:] * (clip.light.noise * 0.5)
    return _Grain(np.clip(mixed, 0, 255).astype(np.uint8), np.clip(-mixed, 0, 255).astype(np.uint8))


def _nearer_things(place: Place) -> list[tuple[float, Thing]]:
    """Things of the background that may hide a mover, with their distance."""
    return sorted(((thing.xy_m[1], thing) for thing in place.things), key=lambda pair: -pair[0])


def _paste_movers(
    clip: Clip, canvas: ImageArray, things: Sequence[tuple[float, Thing]], time_s: float
) -> dict[int, tuple[int, int, int, int]]:
    lens, upright = clip.place.lens, isinstance(clip.place.lens, Pinhole)
    queue: list[tuple[float, int, Sprite, tuple[float, float]]] = []
    for index, mover in enumerate(clip.movers):
        now = mover.track.at(time_s)
        if now is not None:
            distance = now.xy_m[1] if upright else float(np.hypot(*now.xy_m))
            queue.append(
                (distance, index, mover.picture(now, time_s, lens), foot_px(lens, now.xy_m))
            )
    farthest = max((entry[0] for entry in queue), default=0.0)
    queue += [(y, -1, t.sprite, foot_px(lens, t.xy_m)) for y, t in things if y < farthest]
    areas = {}
    for _, index, sprite, at in sorted(queue, key=lambda entry: -entry[0]):
        if upright and index >= 0:
            strength = 0.4 if clip.light.slant else 0.28
            shade_ground(canvas, sprite, at, slant=clip.light.slant, strength=strength)
        pasted = paste(canvas, sprite, at, light=_light_at(clip.light, at))
        if index >= 0 and pasted is not None:
            areas[index] = pasted.box
    return areas


def _light_at(light: Light, at_xy: tuple[float, float]) -> FloatArray:
    scale = np.array(light.tint, np.float32) * np.float32(light.gain)
    if light.lamps is None:
        return scale
    height, width = light.lamps.shape
    row, column = int(np.clip(at_xy[1], 0, height - 1)), int(np.clip(at_xy[0], 0, width - 1))
    return scale * light.lamps[row, column]


def _shift(knock: Knock | None, time_s: float) -> tuple[int, int]:
    """The view's offset: none, a wobble for a moment, then for good."""
    if knock is None or time_s < knock.time_s:
        return 0, 0
    since = time_s - knock.time_s
    swing = 1 + 0.35 * float(np.exp(-since * 5) * np.cos(since * 20)) if knock.time_s > 0 else 1.0
    x, y = (int(np.clip(round(s * swing), -MARGIN_PX, MARGIN_PX)) for s in knock.shift_xy)
    return x, y


def _note_boxes(
    clip: Clip, areas: dict[int, tuple[int, int, int, int]], shift: tuple[int, int], time_s: float
) -> None:
    """Grow the box of every incident under way by its movers' pixels in the frame."""
    width, height = clip.size_wh
    offset_x, offset_y = MARGIN_PX + shift[0], MARGIN_PX + shift[1]
    for number, incident in enumerate(clip.incidents):
        if not incident.start_s <= time_s <= incident.end_s:
            continue
        found = [areas[i] for i in incident.movers if i in areas]
        whole = (offset_x, offset_y, offset_x + width, offset_y + height)
        for x0, y0, x1, y1 in found if incident.movers else [whole]:
            left, top = max(0, x0 - offset_x), max(0, y0 - offset_y)
            right, bottom = min(width, x1 - offset_x), min(height, y1 - offset_y)
            if (right - left) * (bottom - top) < FEWEST_PX or right <= left or bottom <= top:
                continue
            box = clip.boxes.setdefault(number, [left, top, right, bottom])
            box[:2] = [min(box[0], left), min(box[1], top)]
            box[2:] = [max(box[2], right), max(box[3], bottom)]


def _exposed(
    clip: Clip, canvas: ImageArray, shift: tuple[int, int], grain: _Grain,
    rng: np.random.Generator, share: float,
) -> ImageArray:  # fmt: skip
    """Cut the view out and let the sensor see it."""
    width, height = clip.size_wh
    left, top = MARGIN_PX + shift[0], MARGIN_PX + shift[1]
    view = canvas[top : top + height, left : left + width]
    gain = 1 + clip.light.drift * float(np.sin(2 * np.pi * share + clip.light.drift_phase))
    view = cv2.convertScaleAbs(cv2.GaussianBlur(view, (3, 3), 0.5), alpha=gain)
    row, column, more, less = (int(n) for n in rng.integers(48, size=4))
    view = cv2.add(view, grain.more[row : row + height, column : column + width])
    return cv2.subtract(view, grain.less[more : more + height, less : less + width])
