"""A sheet of photographs under their masks: do the ids mean what we think?"""

from __future__ import annotations

import heapq
import logging
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.scan.mask_pack import MaskPack
from dataset_build.sources.faults import SampleFault
from dataset_build.sources.image_files import decode_rgb
from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RgbImage = npt.NDArray[np.uint8]

PREVIEW_FILE = "preview.png"
#: Most pictures on the preview sheet.
PREVIEW_SAMPLES = 12
_TILE_PX = 420  # longer side of a picture on the sheet
_COLUMNS = 2
_DPI = 150
_TILE_WH = (450, 390)  # pixels of a tile with its caption; two make a 6-inch page
_CAPTION_PX, _GAP_PX = 62, 14  # of a tile: two lines of words; what stays white around a picture
_HEAD_PX, _FOOT_PX = 70, 70  # title and legend
_FONT_PT = 12
_HUMAN_RGB = (1.0, 0.45, 0.0)  # orange: told apart from grass, sky and skin
_TINT = 0.55  # opacity of the tint
_STRIPE_PX = 4  # width of the stripes over ignored pixels
_CAPTION = 24  # characters that fit above a tile
_NEGATIVES = 4  # one tile in so many shows a picture without humans
_PNG = {"compress_level": 1}  # as charts.py, which no scan may need

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PreviewTile:
    """One picture of the sheet.

    Args:
        image_hwc: (h, w, 3) uint8 RGB.
        mask_hw: (h, w) uint8, the same size.
        human_share: of the full-size mask's labelled pixels.
    """

    sample_id: str
    image_hwc: npt.NDArray[np.uint8]
    mask_hw: npt.NDArray[np.uint8]
    human_share: float

    @classmethod
    def load(
        cls, sample_id: str, image: Path | None, mask_hw: npt.NDArray[np.uint8]
    ) -> PreviewTile:
        """Read a picture and bring it and its mask to the size of a tile; white without one."""
        height, width = mask_hw.shape
        scale = min(1.0, _TILE_PX / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        shown = np.full((size[1], size[0], 3), 255, np.uint8)
        if image is not None:
            rgb = decode_rgb(image.read_bytes(), min_width_px=size[0])
            shown = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        return cls(
            sample_id=sample_id,
            image_hwc=shown,
            mask_hw=cv2.resize(mask_hw, size, interpolation=cv2.INTER_NEAREST),
            human_share=float(np.mean(mask_hw[mask_hw != IGNORE] == HUMAN)),
        )


def write_preview(samples: Path, root: Path, masks: Path, *, private: bool = False) -> Path | None:
    """Draw ``preview.png`` of a source that was just scanned; None where no mask could be shown.

    Args:
        samples: its ``samples.parquet``.
        root: the folder below which its images lie; one that is gone by now is left out.
        masks: the folder of its pack; receives the picture.
        private: masks are drawn on white, and no photograph is opened.
    """
    shown = choose_samples(samples, limit=PREVIEW_SAMPLES)
    table = pq.read_table(samples, columns=["sample_id", "image_path"])
    table = table.filter(
        pc.is_in(table["sample_id"], value_set=pa.array(sorted(shown), pa.string()))
    )
    pack = MaskPack(masks)
    tiles = []
    for sample_id, image in zip(*(column.to_pylist() for column in table.columns), strict=True):
        try:
            photograph = None if private else root / image
            tiles.append(PreviewTile.load(sample_id, photograph, pack.read(sample_id)))
        except (OSError, SampleFault) as error:
            _log.info("not on the preview, because it changed since it was read: %s", error)
    return draw_preview(tiles, masks / PREVIEW_FILE) if tiles else None


def choose_samples(samples: Path, *, limit: int) -> frozenset[str]:
    """Ids of readable samples, drawn by a hash of the id; about a quarter without humans.

    A rebuild shows the samples that it showed before, for as long as they are there.
    """
    table = pq.read_table(samples, columns=["sample_id", "human_px", "reject_reason"])
    table = table.filter(pc.equal(table["reject_reason"], ""))
    has_human = pc.greater(table["human_px"], 0)
    positive = table.filter(has_human)["sample_id"].to_pylist()
    negative = table.filter(pc.invert(has_human))["sample_id"].to_pylist()
    negatives = min(len(negative), max(limit // _NEGATIVES, limit - len(positive)))
    return frozenset(
        [
            *heapq.nsmallest(negatives, negative, key=_drawn),
            *heapq.nsmallest(limit - negatives, positive, key=_drawn),
        ]
    )


def _drawn(sample_id: str) -> tuple[int, str]:
    return zlib.crc32(sample_id.encode()), sample_id


def draw_preview(tiles: list[PreviewTile], path: Path) -> Path:
    """Write the sheet as a PNG: humans tinted, ignored pixels hatched.

    Pictures stand on the sheet pixel by pixel; only words and the legend are left to matplotlib,
    whose axes take a second and a half for twelve of them.

    Args:
        tiles: at least one.
        path: the PNG to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = -(-len(tiles) // _COLUMNS)
    width, height = _COLUMNS * _TILE_WH[0], _HEAD_PX + rows * _TILE_WH[1] + _FOOT_PX
    sheet = np.full((height, width, 3), 255, np.uint8)
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    FigureCanvasAgg(figure)

    def write(text: str, x: float, y: float, size: int) -> None:
        figure.text(
            x / width,
            1 - y / height,
            text,
            ha="center",
            va="center",
            fontsize=size,
            parse_math=False,  # a file may be named with dollar signs, which begin a formula
        )

    source = tiles[0].sample_id.partition("/")[0]
    title = f"{source}: human masks of {len(tiles)} samples"
    write(title, width / 2, _HEAD_PX / 2, _FONT_PT + 3)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, _COLUMNS)
        left, top = column * _TILE_WH[0], _HEAD_PX + row * _TILE_WH[1]
        name = tile.sample_id.rpartition("/")[2]
        caption = name if len(name) <= _CAPTION else f"…{name[1 - _CAPTION :]}"
        words = f"{caption}\n{tile.human_share:.1%} human"
        write(words, left + _TILE_WH[0] / 2, top + _CAPTION_PX / 2, _FONT_PT)
        _paste(sheet, _tinted(tile), left, top + _CAPTION_PX)
    figure.figimage(sheet)
    _add_legend(figure)
    with warnings.catch_warnings():  # a file may be named in letters that the font does not have
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure.savefig(path, format="png", metadata={"Software": None}, pil_kwargs=_PNG)
    return path


def _add_legend(figure: Figure) -> None:
    from matplotlib.patches import Patch

    figure.legend(
        handles=[
            Patch(facecolor=(*_HUMAN_RGB, _TINT), edgecolor="black", label="human"),
            Patch(facecolor="white", edgecolor="black", hatch="////", label="ignored"),
            Patch(facecolor="white", edgecolor="black", label="clear: not human"),
        ],
        loc="lower center",
        ncols=3,
        fontsize=_FONT_PT,
        columnspacing=1.0,
        handlelength=1.5,
    )


def _paste(sheet: RgbImage, picture: RgbImage, left: int, top: int) -> None:
    """In the middle of its tile's width, scaled down where it is higher than the tile."""
    room_wh = (_TILE_WH[0] - _GAP_PX, _TILE_WH[1] - _CAPTION_PX - _GAP_PX)
    height, width = picture.shape[:2]
    scale = min(1.0, room_wh[0] / width, room_wh[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scale < 1.0:
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    left += (_TILE_WH[0] - size[0]) // 2
    sheet[top : top + size[1], left : left + size[0]] = picture


def _tinted(tile: PreviewTile) -> RgbImage:
    """(h, w, 3): tint where human, black and white stripes where ignored, else the picture."""
    rows, columns = np.indices(tile.mask_hw.shape)
    stripes = 255.0 * np.expand_dims((rows + columns) // _STRIPE_PX % 2, -1)
    over = np.where(tile.mask_hw[..., None] == HUMAN, 255 * np.array(_HUMAN_RGB), stripes)
    opacity = np.where(tile.mask_hw == NOT_HUMAN, 0.0, _TINT)[..., None]
    mixed = (1 - opacity) * tile.image_hwc + opacity * over
    return np.asarray(np.rint(mixed), np.uint8)
