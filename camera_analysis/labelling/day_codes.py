"""What moves and what stays in each frame of a camera-day, written as the pass goes along."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_codes import (
    ABSENT,
    PER_OCTAVE,
    SPEED,
    SPEED_S,
    STAY,
    TONE,
    CodeConfig,
    CodeMap,
    CodeReader,
    GreyImage,
)
from camera_analysis.channels.tone_light import level_of, tone_picture
from camera_analysis.footage.day_footage import DaySample
from camera_analysis.label_classes import STATIC
from camera_analysis.labelling.code_tables import (
    CodedFrame,
    CodesMeta,
    CodeWriter,
    motionless,
    write_codes_meta,
)
from camera_analysis.labelling.plates import View, to_grey
from camera_analysis.labelling.stay import LEAST_STAY_S, LabelArray, StayClock

FloatImage = npt.NDArray[np.float32]


class DayCoder:
    """Writes ``codes.parquet`` and, once it knows the size of the frames, ``codes.json``.

    Args:
        folder: existing directory.
        interval_s: between samples.
        config: how frames become codes.
        tones: whether tones are kept, too.
    """

    def __init__(
        self, folder: Path, interval_s: float, config: CodeConfig, *, tones: bool = False
    ) -> None:
        self._folder = folder
        self._interval_s = interval_s
        self._config = config
        self._tones = tones
        self._writer = CodeWriter(folder, tones=tones)
        self._reader: CodeReader | None = None
        self._usual: tuple[View, FloatImage] | None = None  # of the file that is being read
        self._clock: StayClock | None = None
        self._meta: CodesMeta | None = None

    def __enter__(self) -> Self:
        self._writer.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    @property
    def meta(self) -> CodesMeta:
        """How the codes are to be read; known from the first frame on."""
        if self._meta is None:
            raise ValueError("no frame was read yet")
        return self._meta

    def add(self, frame_id: int, sample: DaySample, labels_hw: LabelArray) -> CodedFrame:
        """Read one usable frame, in the order of time; gives what was written of it."""
        if self._reader is None or self._clock is None:
            height, width = labels_hw.shape
            self._reader = CodeReader(height, width, self._config)
            self._meta = _meta_of(self._reader, (height, width), self._config, tones=self._tones)
            self._clock = StayClock(self._meta.grid, self._interval_s)
            write_codes_meta(self._meta, self._folder)
        later, grey = sample.later, to_grey(sample.frame_rgb)
        paired = later is not None and later.grey.shape == labels_hw.shape
        motion = (
            self._reader.read_pair(grey, later.grey, later.after_s)
            if later is not None and paired
            else motionless(self._reader.grids[SPEED])
        )
        far = ~_near_movers(labels_hw, self._reader.grids[SPEED])
        for code in motion.values():
            code[far] = ABSENT  # flow on an even wall is noise
        codes = motion | {STAY: self._clock.read(labels_hw, sample.time_utc.timestamp())}
        if self._tones:
            codes[TONE] = self._tone(self._reader, grey, sample.view)
        frame = CodedFrame(frame_id, paired, codes)
        self._writer.add(frame)
        return frame

    def _tone(self, reader: CodeReader, grey: GreyImage, view: View) -> CodeMap:
        """Tones in the light of the file's plate, which is brought to that of all days."""
        if self._usual is None or self._usual[0] is not view:
            self._usual = view, tone_picture(view.grey, reader.grids[TONE])
        plate = self._usual[1]
        return reader.read_tone(grey, plate, level_of(plate))


def _near_movers(labels_hw: LabelArray, grid: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """(h, w) places that show a mover, or have a neighbour that does."""
    moving = (labels_hw != STATIC).astype(np.float32)
    cover = cv2.resize(moving, (grid[1], grid[0]), interpolation=cv2.INTER_AREA)
    near = cv2.dilate((cover > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(near, bool)


def _meta_of(
    reader: CodeReader, size: tuple[int, int], config: CodeConfig, *, tones: bool
) -> CodesMeta:
    """How the codes of label maps of a size are to be read."""
    scale_x, scale_y = size[1] / reader.width, size[0] / reader.height  # label-map pixels
    return CodesMeta(
        grid=reader.grids[SPEED],
        cell_px=(config.grid_px * scale_x, config.grid_px * scale_y),
        speed_px=config.least_speed / SPEED_S * scale_x,
        size_px=config.least_side * scale_x,
        stay_s=LEAST_STAY_S,
        per_octave=dict(PER_OCTAVE),
        tone_grid=reader.grids[TONE] if tones else None,
    )
