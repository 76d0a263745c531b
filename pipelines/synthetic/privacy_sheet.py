"""Every privacy filter on one drawn picture, on a sheet to look at.

`python -m pipelines.synthetic.privacy_sheet docs/pictures/privacy_filters.jpg` draws the picture of
docs/privacy.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import click
import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.motion import BoolImage, ImageRgb, clean_mask
from camera_analysis.privacy.privacy_filters import FILTERS
from camera_analysis.privacy.privacy_frame import FilterInput
from pipelines.synthetic.actors import Track, Walker
from pipelines.synthetic.figures import Pinhole
from pipelines.synthetic.footage import MARGIN_PX, Clip, Light, film
from pipelines.synthetic.people import random_appearance
from pipelines.synthetic.scenes import Room, indoors

#: Seeds of the place, the people and what is drawn at random.
SEED = 4
#: Where two people walk, in metres across and along the corridor, and which way.
WALKS = (((-0.35, 3.3), (-0.35, 9.0)), ((0.45, 5.5), (0.45, 1.0)))
_CORRIDOR = Room(
    half_width=1.45, length=15.0, height=2.9, doors=((-1, 4.0), (1, 5.2), (-1, 8.0)), end="door"
)
COLUMNS = 4
#: A tile is cut from the drawn frame at this width.
TILE_PX = 300
_CAPTION_PX, _GAP_PX = 22, 6
_JPEG_QUALITY = 85


@dataclass(frozen=True, kw_only=True)
class DrawnScene:
    """A frame with people, the same place without them, and where they are.

    Attributes:
        frame_rgb: (H, W, 3) uint8.
        plate_rgb: (H, W, 3) uint8.
        mask_hw: (H, W) True on people.
    """

    frame_rgb: ImageRgb
    plate_rgb: ImageRgb
    mask_hw: BoolImage


def draw_scene(size_wh: tuple[int, int]) -> DrawnScene:
    """Two people in a corridor, without noise, at any size (width, height)."""
    rng = np.random.default_rng(SEED)
    width, height = size_wh
    centre = (width / 2 + MARGIN_PX, height / 2 + MARGIN_PX)
    lens = Pinhole(focal_px=0.73 * width, height_m=2.55, pitch=0.3, centre_xy=centre)
    place = indoors(rng, lens, (height + 2 * MARGIN_PX, width + 2 * MARGIN_PX), _CORRIDOR)
    movers = [Walker(random_appearance(rng), Track.walk(0.0, 1.2, *walk)) for walk in WALKS]
    frames = [_filmed(Clip(place, size_wh, cast, _PLAIN_LIGHT)) for cast in (movers, [])]
    apart = np.abs(frames[0].astype(int) - frames[1]).max(axis=2)
    shade = (frames[0] + 1.0) / (frames[1] + 1.0)  # the floor's, even in all colours: not them
    even = (np.ptp(shade, axis=2) < 0.06) & (shade.min(axis=2) > 0.5) & (shade.max(axis=2) < 1)
    mask = clean_mask((apart > 12) & ~even, 0.0006)
    return DrawnScene(frame_rgb=frames[0], plate_rgb=frames[1], mask_hw=mask)


def tracks_of(mask_hw: BoolImage) -> npt.NDArray[np.int32]:
    """(H, W) int32, the number of each part of the mask."""
    return np.asarray(cv2.connectedComponents(mask_hw.astype(np.uint8))[1], np.int32)


def draw_sheet() -> ImageRgb:
    """The frame as it is, then every filter: (H, W, 3)."""
    scene = draw_scene((1280, 720))
    given = FilterInput(
        frame_rgb=scene.frame_rgb,
        mask_hw=scene.mask_hw,
        plate_rgb=scene.plate_rgb,
        tracks_hw=tracks_of(scene.mask_hw),
        backdrop_rgb=_backdrop(scene.frame_rgb.shape[:2]),
        strength=0.03,
    )
    pictures = {"as it is": scene.frame_rgb}
    for name, one in FILTERS.items():
        pictures[name] = one.apply(replace(given, seed=SEED))
    tiles = [_tile(name, picture) for name, picture in pictures.items()]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % COLUMNS)
    gap = _GAP_PX // 2
    padded = [np.pad(t, ((gap, gap), (gap, gap), (0, 0)), constant_values=255) for t in tiles]
    rows = [np.hstack(padded[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    return np.vstack(rows)


_PLAIN_LIGHT = Light(gain=1.0, noise=0.0, drift=0.0)


def _filmed(clip: Clip) -> ImageRgb:
    return next(film(clip, np.random.default_rng(SEED), seconds=1.0, fps=1))


def _backdrop(shape: tuple[int, ...]) -> ImageRgb:
    """A sky above a meadow."""
    height, width = shape[:2]
    backdrop = np.zeros((height, width, 3), np.uint8)
    backdrop[: height // 2], backdrop[height // 2 :] = (150, 195, 235), (120, 170, 95)
    return backdrop


def _tile(name: str, picture: ImageRgb) -> ImageRgb:
    height = round(picture.shape[0] * TILE_PX / picture.shape[1])
    small = cv2.resize(picture, (TILE_PX, height), interpolation=cv2.INTER_AREA)
    caption = np.full((_CAPTION_PX, TILE_PX, 3), 255, np.uint8)
    place, font = (2, _CAPTION_PX - 6), cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(caption, name.replace("_", " "), place, font, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([caption, small])


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def main(out: Path) -> None:
    """Draw the sheet to OUT."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    cv2.imwrite(str(out), draw_sheet()[..., ::-1], quality)


if __name__ == "__main__":
    main()
