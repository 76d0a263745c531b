"""Maps over the background plate: what is normal at a place, and what is not.

Every picture is drawn from label maps, counts and the privacy-safe plate: none holds a pixel of a
frame.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.canvas import (
    EVENT_RGB,
    FONT_POINTS,
    class_colours,
    colour_bar,
    draw_box,
    figure_for,
    legend,
    map_axes,
    save,
)
from camera_analysis.label_classes import STATIC

FloatMap = npt.NDArray[np.floating]
LabelArray = npt.NDArray[np.uint8]
RgbImage = npt.NDArray[np.uint8]

#: Characters that fit in one 12-point line of a 6-inch picture.
LINE_CHARACTERS = 58
#: Grey where no plate is at hand.
NO_PLATE_GREY = 96
#: Share of the plate that shows through a map laid over it.
PLATE_SHARE = 0.3
UNKNOWN_RGB = (0, 0, 0)
#: Directions by steps of 45 degrees, from along x towards y (down).
ARROWS = "\u2192\u2198\u2193\u2199\u2190\u2196\u2191\u2197"


@dataclass(frozen=True, kw_only=True)
class EventPicture:
    """What the two pictures of one event are drawn from.

    Args:
        title: who and when.
        caption: the reason, a sentence.
        plate_rgb: (H, W, 3) uint8 privacy-safe background.
        labels_hw: (H, W) uint8 class ids at the event's peak.
        delta_bits_hw: (H, W) surprise in bits where the label differs from the mode, else NaN.
        box_xyxy: x0, y0 inclusive, x1, y1 exclusive, in label-map pixels.
        classes: class names.
    """

    title: str
    caption: str
    plate_rgb: RgbImage
    labels_hw: LabelArray
    delta_bits_hw: FloatMap
    box_xyxy: tuple[int, int, int, int]
    classes: tuple[str, ...]


def read_plate(plate: Path | None, height: int, width: int) -> RgbImage:
    """Background plate as a grey RGB image of the label maps' size; flat grey where there is none.

    Raises:
        ValueError: the file is no picture.
    """
    if plate is None or not plate.is_file():
        return np.full((height, width, 3), NO_PLATE_GREY, np.uint8)
    image = cv2.imread(str(plate), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError(f"{plate.name}: not a picture; rebuild the label maps")
    if image.shape != (height, width):
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(np.repeat(image[:, :, None], 3, axis=2), np.uint8)


def save_mode(
    mode_hw: npt.NDArray[np.int16],
    plate_rgb: RgbImage,
    classes: tuple[str, ...],
    title: str,
    path: Path,
) -> None:
    """Modal class of each pixel over the plate; unknown (-1) black; with a legend."""
    colours = np.array([*class_colours(classes), UNKNOWN_RGB], np.uint8)
    painted = colours[mode_hw]  # -1 indexes the last colour, unknown
    share = np.where(mode_hw == STATIC, 1.0, PLATE_SHARE)[:, :, None]
    share = np.where(mode_hw[:, :, None] < 0, 0.0, share)
    picture = (share * plate_rgb + (1 - share) * painted).astype(np.uint8)
    shown = [int(class_id) for class_id in np.unique(mode_hw)]
    entries = {
        f"{classes[class_id]} (plate)" if class_id == STATIC else classes[class_id]: (
            (NO_PLATE_GREY,) * 3 if class_id == STATIC else class_colours(classes)[class_id]
        )
        for class_id in shown
        if class_id >= 0
    }
    if -1 in shown:
        entries["unknown"] = UNKNOWN_RGB
    figure = figure_for(plate_rgb, extra_inches=1.3)
    axes = map_axes(figure, title)
    axes.imshow(picture, interpolation="nearest")
    legend(axes, entries)
    save(figure, path)


def save_heat(
    values_hw: FloatMap, plate_rgb: RgbImage, title: str, unit: str, path: Path, *, top: float = 0.0
) -> None:
    """Colour map of non-negative values over the plate; zero is transparent, NaN black.

    Small values are spread by a square-root scale, because most places are rarely used.

    Args:
        values_hw: (H, W) values.
        plate_rgb: (H, W, 3) background.
        title: what and of how many frames.
        unit: written at the colour bar.
        path: PNG to write.
        top: value of the last colour; the largest value where 0.
    """
    from matplotlib.colors import PowerNorm

    figure = figure_for(plate_rgb, extra_inches=0.9, bar=True)
    axes = map_axes(figure, title)
    largest = float(np.nanmax(values_hw, initial=0.0))
    norm = PowerNorm(0.5, 0.0, top or largest or 1.0)
    unknown = np.isnan(values_hw)
    plate = np.where(unknown[:, :, None], np.uint8(0), plate_rgb)
    axes.imshow(plate, interpolation="nearest")
    alpha = np.where(np.nan_to_num(values_hw) > 0, 1 - PLATE_SHARE, 0.0)
    image = axes.imshow(
        np.nan_to_num(values_hw), cmap="inferno", norm=norm, alpha=alpha, interpolation="nearest"
    )
    colour_bar(figure, image, unit)
    save(figure, path)


def save_directions(degrees_hw: FloatMap, plate_rgb: RgbImage, title: str, path: Path) -> None:
    """Eight colours of eight directions over the plate; NaN is transparent.

    Args:
        degrees_hw: (H, W) multiples of 45 degrees from along x towards y (down).
        plate_rgb: (H, W, 3) background.
        title: what and of how many frames.
        path: PNG to write.
    """
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm, ListedColormap

    wheel = ListedColormap(colormaps["hsv"](np.arange(8) / 8))
    figure = figure_for(plate_rgb, extra_inches=0.9, bar=True)
    axes = map_axes(figure, title)
    axes.imshow(plate_rgb, interpolation="nearest")
    norm = BoundaryNorm(np.arange(-22.5, 360, 45), 8)
    alpha = np.where(np.isnan(degrees_hw), 0.0, 1 - PLATE_SHARE)
    image = axes.imshow(
        np.nan_to_num(degrees_hw), cmap=wheel, norm=norm, alpha=alpha, interpolation="nearest"
    )
    bar = colour_bar(figure, image, "most frequent direction")
    bar.set_ticks(np.arange(0, 360, 45).tolist(), labels=list(ARROWS))
    save(figure, path)


def save_delta(picture: EventPicture, path: Path) -> None:
    """Where the event's frame differs from the normal, coloured by how surprising it is."""
    figure = figure_for(picture.plate_rgb, extra_inches=1.0, bar=True)
    share = 100 * float(np.mean(~np.isnan(picture.delta_bits_hw)))
    axes = map_axes(figure, f"Delta map, {picture.title}\n{share:.1f} % of pixels differ")
    axes.imshow(picture.plate_rgb, interpolation="nearest")
    image = axes.imshow(
        picture.delta_bits_hw, cmap="viridis", vmin=0.0, interpolation="nearest", alpha=0.9
    )
    draw_box(axes, picture.box_xyxy)
    colour_bar(figure, image, "surprise in bits")
    save(figure, path)


def save_marked(picture: EventPicture, path: Path) -> None:
    """Movers as coloured silhouettes on the plate, the event boxed, the reason below."""
    lines = textwrap.wrap(picture.caption, LINE_CHARACTERS)
    figure = figure_for(picture.plate_rgb, extra_inches=1.1 + 0.25 * len(lines))
    axes = map_axes(figure, picture.title)
    painted = picture.plate_rgb.copy()
    entries = {"event": EVENT_RGB}
    for class_id, colour in enumerate(class_colours(picture.classes)):
        here = picture.labels_hw == class_id
        if class_id != STATIC and here.any():
            painted[here] = colour
            entries[picture.classes[class_id]] = colour
    axes.imshow(painted, interpolation="nearest")
    draw_box(axes, picture.box_xyxy)
    legend(axes, entries)
    figure.supxlabel("\n".join(lines), fontsize=FONT_POINTS)
    save(figure, path)
