"""What a frame shows at each place, as codes: speed, direction, size, stiffness, and tone.

Frames are reduced to a working size; optical flow between neighbours says what moves. Everything is
then read off a grid, and each value becomes a small whole number, so that learning is counting and
counts add up (:mod:`camera_analysis.channels.channel_counts`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.channels.path_readings import Reading, widened
from camera_analysis.channels.path_speed import PathSpeed
from camera_analysis.channels.stiffness import StiffnessMeter
from camera_analysis.channels.tone_light import light_of, tone_picture

ImageRgb = npt.NDArray[np.uint8]
GreyImage = npt.NDArray[np.uint8]
CodeMap = npt.NDArray[np.uint8]
FloatImage = npt.NDArray[np.float32]
BoolImage = npt.NDArray[np.bool_]

SPEED, DIRECTION, SIZE, TONE, STAY = "speed", "direction", "size", "tone", "stay"
STIFF = "stiff"
#: Read off consecutive frames. A camera-day is sampled in pairs of frames, which do not show a
#: stride, so that stiffness is not read there; its ``stay`` is read off label maps, and its tones,
#: a small picture of whoever is in view, only where its camera asks for them.
CHANNELS = (SPEED, DIRECTION, SIZE, STIFF, TONE)
MOTION = (SPEED, DIRECTION, SIZE)
#: Codes of each channel.
BINS = {SPEED: 48, DIRECTION: 8, SIZE: 36, STIFF: 36, TONE: 64, STAY: 36}
#: Codes per doubling, where a code is a step of more and more: steps of 12 and 41 %.
PER_OCTAVE = {SPEED: 6, SIZE: 6, STIFF: 6, STAY: 2}
#: The place shows nothing that the channel could be read from.
ABSENT = 255
#: Seconds in which speeds of pairs of frames are counted: least_speed is then 3 pixels a second.
SPEED_S = 0.1


@dataclass(frozen=True, kw_only=True)
class CodeConfig:
    """How frames become codes. Lengths are working pixels; the same for every camera."""

    # A walker in a wide view is then still 15 pixels tall; flow costs 20 ms at 360 x 240.
    longest_side: int = 360
    # A quarter of a small person's width.
    grid_px: int = 4
    # Tone is kept finer than motion where frames are small: about 180 places along the width.
    tone_places: int = 180
    # Pixels per frame (per SPEED_S where pairs of frames are read): less is the flow's own noise.
    least_speed: float = 0.3
    # Grey levels, and multiples of the frame's median change: less is the sensor's noise.
    least_change: float = 2.0
    change_ratio: float = 3.0
    # Share of a grid cell that must move.
    least_cover: float = 0.25
    # The same unit; from which the direction of a movement can be told.
    least_direction_speed: float = 0.6
    # Pixels: the smallest side of a moving thing that has a size.
    least_side: float = 2.0
    # Stiffness of code 0: less in common with the picture before than any other place has.
    least_stiffness: float = 0.5


@dataclass(frozen=True)
class FrameCodes:
    """One frame against the one before it.

    Attributes:
        codes: channel -> (h, w) uint8 codes; ABSENT where there is nothing to read.
        moving_hw: (H, W) at working size; what moves.
        stiffness: of each thing in this frame alone, on the grid of motion.
        place_px: pixels of the frame, as it came, per place of that grid, along x and y.
    """

    codes: dict[str, CodeMap]
    moving_hw: BoolImage
    stiffness: Reading
    place_px: tuple[float, float]


@dataclass(frozen=True)
class _Motion:
    """Between two frames: codes of direction and size, what moves, and (H, W, 2) the flow.

    On the grid: (h, w) speed, 0 where nothing moves, and (h, w, 2) mean flow of what does.
    """

    codes: dict[str, CodeMap]
    moving_hw: BoolImage
    flow: FloatImage
    speed_on_grid: FloatImage
    flow_on_grid: FloatImage


class CodeReader:
    """Reads the frames of one clip in the order of time.

    Args:
        height: of the frames.
        width: of the frames.
        config: see there.
        usual: (h, w) grey levels of the view on the grid of tones, of :meth:`picture`; tones are
            then freed from changes of light. None leaves them as they are.
        fps: frames per second; 0 where they are not evenly spaced: speeds are then of single
            frames, and how stiffly things travel is not read.
    """

    def __init__(
        self,
        height: int,
        width: int,
        config: CodeConfig,
        usual: FloatImage | None = None,
        fps: float = 0.0,
    ) -> None:
        self._config = config
        self._native = (height, width)
        scale = min(1.0, config.longest_side / max(height, width))
        self.height, self.width = max(1, round(height * scale)), max(1, round(width * scale))
        self.grids = grids_of(self.height, self.width, config)
        place = config.grid_px
        self._place_px = place * width / self.width, place * height / self.height
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._usual = usual
        self._path = PathSpeed(fps, config.grid_px)
        self._meter = StiffnessMeter(fps)
        self._before: GreyImage | None = None

    def read(self, frame_rgb: ImageRgb) -> FrameCodes:
        """Codes of the next frame; of the clip's first one only the tone is known.

        No single frame says how stiff a thing is: that takes
        :func:`camera_analysis.channels.read_codes.read_codes`.

        Raises:
            ValueError: another size than the clip's.
        """
        if frame_rgb.shape[:2] != self._native:
            raise ValueError(
                f"a frame of {frame_rgb.shape[1]} x {frame_rgb.shape[0]} pixels in a clip of "
                f"{self._native[1]} x {self._native[0]}"
            )
        grey = self._grey(frame_rgb)
        before, self._before = self._before, grey
        moved = self._nothing() if before is None else self._moved(before, grey, 1.0)
        codes = {
            SPEED: self._speed_code(self._path.mean(moved.speed_on_grid, moved.flow_on_grid)),
            **moved.codes,
            STIFF: np.full(self.grids[STIFF], ABSENT, np.uint8),
            TONE: self._tone(grey, self._usual),
        }
        stiffness = self._stiffness(grey, moved)
        return FrameCodes(codes, moved.moving_hw, stiffness, self._place_px)

    def stiff_code(self, stiffness: FloatImage) -> CodeMap:
        """Of (h, w) stiffness; nothing to read where it is 0."""
        return _coded(_log_bin(stiffness, self._config.least_stiffness, STIFF), stiffness > 0)

    def read_pair(self, grey: GreyImage, later: GreyImage, after_s: float) -> dict[str, CodeMap]:
        """Speed, direction and size of what moves from one frame to another, at the first.

        Speeds count in working pixels per ``SPEED_S``, whatever lies between the two frames, so
        that counts of footage of different frame rates add up.

        Args:
            grey: (H, W) uint8 brightness.
            later: the same view a moment later.
            after_s: seconds from one to the other.

        Raises:
            ValueError: another size than the clip's.
        """
        for picture in (grey, later):
            if picture.shape != self._native:
                raise ValueError(f"a frame of {picture.shape} pixels in a clip of {self._native}")
        pace = SPEED_S / after_s
        moved = self._moved(self._reduced(grey), self._reduced(later), pace)
        return {SPEED: self._speed_code(moved.speed_on_grid), **moved.codes}

    def read_tone(self, grey: GreyImage, usual: FloatImage, level: float) -> CodeMap:
        """Tones of a frame.

        Args:
            grey: (H, W) uint8 brightness, of any size.
            usual: (h, w) grey levels of the view on the grid of tones, whose light tones are
                brought to.
            level: what they are multiplied by then.
        """
        return self._tone(self._reduced(grey), usual, level)

    def picture(self, frame_rgb: ImageRgb) -> FloatImage:
        """(h, w) grey levels of a frame on the grid of tones."""
        return tone_picture(self._grey(frame_rgb), self.grids[TONE])

    def _grey(self, frame_rgb: ImageRgb) -> GreyImage:
        return self._reduced(np.asarray(cv2.cvtColor(frame_rgb, cv2.COLOR_RGB2GRAY), np.uint8))

    def _reduced(self, grey: GreyImage) -> GreyImage:
        if grey.shape == (self.height, self.width):
            return grey
        size = (self.width, self.height)
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)

    def _nothing(self) -> _Motion:
        codes = {c: np.full(self.grids[c], ABSENT, np.uint8) for c in (DIRECTION, SIZE)}
        still = np.zeros((self.height, self.width, 2), np.float32)
        on_grid = np.zeros((*self.grids[SPEED], 2), np.float32)
        return _Motion(codes, np.zeros(still.shape[:2], bool), still, on_grid[..., 0], on_grid)

    def _moved(self, before: GreyImage, grey: GreyImage, pace: float) -> _Motion:
        """Motion between two frames, its length multiplied by ``pace``."""
        changed = self._changed(before, grey)
        if not changed.any():
            return self._nothing()
        flow = np.asarray(self._flow.calc(before, grey, None), np.float32)
        if pace != 1.0:
            flow = flow * np.float32(pace)
        moving = self._moving(changed, flow)
        return self._on_the_grid(moving, flow)

    def _changed(self, before: GreyImage, grey: GreyImage) -> BoolImage:
        change = cv2.blur(cv2.absdiff(before, grey).astype(np.float32), (5, 5))
        limit = max(self._config.least_change, self._config.change_ratio * float(np.median(change)))
        return np.asarray(change > limit, bool)

    def _moving(self, changed: BoolImage, flow: FloatImage) -> BoolImage:
        near = cv2.dilate(changed.view(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        speed = cv2.magnitude(flow[..., 0], flow[..., 1])
        mask = (near & (speed > self._config.least_speed)).view(np.uint8)
        opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        return np.asarray(opened, bool)

    def _on_the_grid(self, moving: BoolImage, flow: FloatImage) -> _Motion:
        config, shape = self._config, self.grids[SPEED]
        size = (shape[1], shape[0])
        weight = moving.astype(np.float32)
        speed = cv2.magnitude(flow[..., 0], flow[..., 1])
        layers = np.dstack([weight, speed * weight, flow * weight[..., None]])
        cover, mean_speed, dx, dy = cv2.split(
            cv2.resize(layers, size, interpolation=cv2.INTER_AREA)
        )
        there = cover >= config.least_cover
        cover = np.maximum(cover, 1e-6)
        speed_on_grid = np.where(there, mean_speed / cover, np.float32(0))
        flow_on_grid = np.dstack([dx, dy]) / cover[..., None]
        sector = np.arctan2(dy, dx) * (BINS[DIRECTION] / (2 * np.pi)) + 0.5
        direction = np.floor(sector).astype(np.int64) % BINS[DIRECTION]
        directed = there & (np.hypot(dx, dy) / cover >= config.least_direction_speed)
        side = self._side_of_thing(moving)
        codes = {
            DIRECTION: _coded(direction, directed),
            SIZE: _coded(_log_bin(side, config.least_side, SIZE), there & (side > 0)),
        }
        return _Motion(codes, moving, flow, speed_on_grid, flow_on_grid)

    def _speed_code(self, speed: FloatImage) -> CodeMap:
        """Of (h, w) speeds; nothing to read where they are 0."""
        return _coded(_log_bin(speed, self._config.least_speed, SPEED), speed > 0)

    def _stiffness(self, grey: GreyImage, moved: _Motion) -> Reading:
        """How stiffly each moving thing travels, on the grid; things that it knows to move."""
        parts, stiffness = self._meter.measure(grey, moved.moving_hw, moved.flow)
        step = moved.flow_on_grid / np.float32(self._config.grid_px)
        there = np.where(moved.speed_on_grid > 0, self._on_grid(parts), 0)
        value = np.asarray(stiffness[there], np.float32)
        return Reading(there.astype(np.int32), value, widened(step))

    def _side_of_thing(self, moving: BoolImage) -> FloatImage:
        """Square root of the area of the moving thing at each grid point; 0 for none."""
        _, parts, stats, _ = cv2.connectedComponentsWithStats(moving.view(np.uint8), connectivity=8)
        side = np.sqrt(stats[:, cv2.CC_STAT_AREA].astype(np.float32))
        side[0] = 0.0
        return np.asarray(side[self._on_grid(parts)], np.float32)

    def _on_grid(self, parts: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """(h, w) what lies at the middle of each place of the grid of motion."""
        shape = self.grids[SIZE]
        half = self._config.grid_px // 2
        rows = np.minimum(np.arange(shape[0]) * self._config.grid_px + half, self.height - 1)
        columns = np.minimum(np.arange(shape[1]) * self._config.grid_px + half, self.width - 1)
        return np.asarray(parts[np.ix_(rows, columns)], np.int32)

    def _tone(self, grey: GreyImage, usual: FloatImage | None, level: float = 1.0) -> CodeMap:
        picture = tone_picture(grey, self.grids[TONE])
        if usual is not None:
            light = np.float32(light_of(picture, usual) / level)
            picture = np.minimum(picture / light, 255.0)
        return np.asarray(picture.astype(np.uint8) // (256 // BINS[TONE]), np.uint8)


def grids_of(height: int, width: int, config: CodeConfig) -> dict[str, tuple[int, int]]:
    """(h, w) of each channel's map for frames of a working size."""
    motion = (-(-height // config.grid_px), -(-width // config.grid_px))
    step = max(1, round(max(height, width) / config.tone_places))
    tone = (-(-height // step), -(-width // step))
    return dict.fromkeys((*MOTION, STIFF), motion) | {TONE: tone}


def _log_bin(values: FloatImage, least: float, channel: str) -> npt.NDArray[np.int64]:
    octaves = np.log2(np.maximum(values, least) / least)
    bins = np.floor(octaves * PER_OCTAVE[channel]).astype(np.int64)
    return np.asarray(np.minimum(bins, BINS[channel] - 1), np.int64)


def _coded(values: npt.NDArray[np.int64], there: BoolImage) -> CodeMap:
    return np.where(there, values, ABSENT).astype(np.uint8)
