"""A kept and a removed sample side by side, with what was measured."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dataset_build.sources.label_maps import VOC
from pipelines.synthetic.figures import ImageArray

#: Of each panel's picture, and of the lines below it.
WIDTH, HEIGHT, LINE = 320, 240, 20
_LINES, _COLUMNS = 4, 44
_RED, _GREY, _YELLOW = (255, 40, 40), (150, 150, 150), (255, 230, 0)
_PAPER, _INK, _GONE, _STAYS = (250, 250, 250), (20, 20, 20), (190, 0, 0), (0, 110, 40)
_NO_PICTURE = (225, 225, 225)
_FONT_PX = 14


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One sample as a reader should see it.

    Args:
        picture: (HEIGHT, WIDTH, 3) RGB: people red, ignored pixels grey, unknown ids yellow.
        stays: green title, otherwise red.
    """

    picture: ImageArray
    title: str
    text: str
    stays: bool

    @classmethod
    def read(cls, root: Path, row: dict[str, object], *, title: str, text: str) -> Self:
        """Draw the files of a ledger row, as far as they can be read."""
        rgb = _opened(root / str(row["image_path"]), "RGB") if row["image_path"] else None
        ids = _opened(root / str(row["mask_path"]), None) if row["mask_path"] else None
        if rgb is None:
            lines = "no mask to show" if ids is None else "mask alone: no image to show"
            shape = (HEIGHT, WIDTH, 3) if ids is None else (*ids.shape, 3)
            rgb = np.full(shape, _NO_PICTURE, np.uint8)
            text = f"{text} ({lines})"
        return cls(
            picture=_fitted(rgb if ids is None else _stained(rgb, ids)),
            title=title,
            text=text,
            stays=title == "kept",
        )


def draw_pair(kept: Panel, removed: Panel) -> ImageArray:
    """Both panels, the kept one left."""
    return np.hstack([_drawn(kept), _drawn(removed)])


def _opened(path: Path, mode: str | None) -> ImageArray | None:
    """The pixels of a file, or None where no decoder should try or can."""
    try:
        with Image.open(path) as picture:
            return np.array(picture if mode is None else picture.convert(mode))
    except (OSError, Image.DecompressionBombError):
        return None


def _stained(rgb: ImageArray, ids: ImageArray) -> ImageArray:
    """The picture under its mask; a mask of another size lies in the upper left corner."""
    shown = rgb.copy()
    height, width = min(rgb.shape[0], ids.shape[0]), min(rgb.shape[1], ids.shape[1])
    part, values = shown[:height, :width], ids[:height, :width]
    known = np.isin(values, sorted(VOC.legal))
    for chosen, colour in (
        (np.isin(values, sorted(VOC.human)), _RED),
        (np.isin(values, sorted(VOC.ignore)), _GREY),
        (~known, _YELLOW),
    ):
        part[chosen] = (0.5 * part[chosen] + 0.5 * np.array(colour)).astype(np.uint8)
    if ids.shape != rgb.shape[:2]:
        cv2.rectangle(shown, (0, 0), (width - 1, height - 1), _YELLOW, 2)
    return shown


def _fitted(rgb: ImageArray) -> ImageArray:
    """In the middle of a panel; small pictures keep their size, so that small looks small."""
    height, width = rgb.shape[:2]
    scale = min(1.0, WIDTH / width, HEIGHT / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    panel = np.full((HEIGHT, WIDTH, 3), _PAPER, np.uint8)
    y, x = (HEIGHT - size[1]) // 2, (WIDTH - size[0]) // 2
    panel[y : y + size[1], x : x + size[0]] = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return panel


def _drawn(panel: Panel) -> ImageArray:
    page = Image.new("RGB", (WIDTH + 8, HEIGHT + 8 + LINE * _LINES), _PAPER)
    page.paste(Image.fromarray(panel.picture), (4, 4))
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(_FONT_PX)
    draw.text((6, HEIGHT + 6), panel.title, fill=_STAYS if panel.stays else _GONE, font=font)
    for number, line in enumerate(textwrap.wrap(panel.text, _COLUMNS)[: _LINES - 1], start=1):
        draw.text((6, HEIGHT + 6 + LINE * number), line, fill=_INK, font=font)
    return np.array(page)
