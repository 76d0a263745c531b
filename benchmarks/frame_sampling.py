"""Sampled frames of 1280 x 720 H.264: ours against what OpenCV and PyAV users write.

Four encodings at one frame per 4.7 s, and with ``--grid`` intervals from 0.2 to 20 s by key frames
every 12 to 250 frames: where seeking pays, and where it decodes everything many times over.
The processor time of reading all frames with OpenCV, divided by that of each method; and the share
of samples that are exactly the frame that was shown at the target time. Every frame of the film
carries its number in blocks of black and white, so that exactness does not rest on any decoder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from measuring import Row, Value, interleave, parser_of, report

from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.video import read_samples
from camera_analysis.footage.video_file import ReadConfig

FPS = 25
INTERVAL_S = 4.7
HEIGHT, WIDTH = 720, 1280
BITS = 12
#: (B-frames, group of pictures) -> goal, times OpenCV's read-all
GOALS = {(2, 250): 2.2, (2, 50): 6.5, (0, 250): 1.5, (0, 50): 5.5}

#: Intervals in seconds and groups of pictures of the grid.
GRID_S = (0.2, 1.0, 4.7, 20.0)
GRID_GROUPS = (12, 50, 250)

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Film:
    """A file, and how far apart samples of it are wanted."""

    path: Path
    seconds: int
    interval_s: float = INTERVAL_S

    @property
    def wanted(self) -> list[int]:
        """Numbers of the frames that a perfect reader gives: the floor of each target."""
        last = self.seconds * FPS - 1
        targets = np.arange(0, self.seconds, self.interval_s)
        return [number for target in targets if (number := int(target * FPS + 1e-6)) <= last]


def frames(seconds: int) -> Iterator[Image]:
    """A still scene with grain, a person-sized box that walks, the frame's number on top."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(40, 200, (9, 16, 3), dtype=np.uint8)
    scene = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    grain = rng.integers(-3, 4, (7, HEIGHT, WIDTH, 3), dtype=np.int16)
    for number in range(seconds * FPS):
        frame = (scene + grain[number % 7]).clip(0, 255).astype(np.uint8)
        x = number * 4 % (WIDTH - 80)
        frame[300:520, x : x + 80] = (40, 60, 160)
        for bit in range(BITS):
            frame[:32, bit * 32 : bit * 32 + 32] = 255 if number >> bit & 1 else 0
        yield frame


def number_of(frame_rgb: Image) -> int:
    """The number that a frame carries."""
    bits = frame_rgb[16, 16 : BITS * 32 : 32].mean(axis=1) > 128
    return int(sum(1 << bit for bit in range(BITS) if bits[bit]))


def encode(path: Path, seconds: int, b_frames: int, group: int) -> Film:
    """Write a film as cameras do."""
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "crf": "24", "bf": str(b_frames), "sc_threshold": "0"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = group
        for number, frame in enumerate(frames(seconds)):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return Film(path, seconds)


def ours(film: Film, config: ReadConfig | None = None) -> list[int]:
    """The product's reader, at full size."""
    samples = read_samples(film.path, film.interval_s, config=config or ReadConfig())
    return [number_of(item.frame_rgb) for item in samples if isinstance(item, SampledFrame)]


def opencv_read_all(film: Film) -> list[int]:
    """Decode and convert every frame, keep those wanted."""
    wanted, found = set(film.wanted), []
    capture = cv2.VideoCapture(str(film.path))
    number = 0
    while True:
        done, frame = capture.read()
        if not done:
            return found
        if number in wanted:
            found.append(number_of(frame))
        number += 1


def opencv_grab(film: Film) -> list[int]:
    """Decode every frame, convert only those wanted."""
    wanted, found = set(film.wanted), []
    capture = cv2.VideoCapture(str(film.path))
    number = 0
    while capture.grab():
        if number in wanted:
            found.append(number_of(capture.retrieve()[1]))
        number += 1
    return found


def pyav_seek(film: Film) -> list[int]:
    """Seek to the key frame before each target, decode up to it."""
    found = []
    with av.open(str(film.path)) as container:
        stream = container.streams.video[0]
        for wanted in film.wanted:
            container.seek(round(wanted / FPS / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                if frame.time is not None and frame.time >= (wanted - 0.5) / FPS:
                    found.append(number_of(frame.to_ndarray(format="rgb24")))
                    break
    return found


def key_frames(film: Film) -> list[int]:
    """The product's reader, told that key frames will do: a stated approximation."""
    return ours(film, ReadConfig(sampling="key_frames"))


METHODS: dict[str, Callable[[Film], list[int]]] = {
    "opencv read-all": opencv_read_all,
    "opencv grab/retrieve": opencv_grab,
    "pyav seek": pyav_seek,
    "read_samples": ours,
    "read_samples, key frames": key_frames,
}


def measure(film: Film, rounds: int) -> dict[str, tuple[float, float]]:
    """Method -> (processor seconds, share of exact samples)."""
    numbers = {name: read(film) for name, read in METHODS.items()}
    costs = interleave(
        {name: (lambda read=read: read(film)) for name, read in METHODS.items()}, rounds
    )
    exact = {
        name: np.mean([a == b for a, b in zip(found, film.wanted, strict=True)])
        if len(found) == len(film.wanted)
        else 0.0
        for name, found in numbers.items()
    }
    return {name: (costs[name].cpu_s, float(exact[name])) for name in METHODS}


def rows_of(film: Film, rounds: int, **about: Value) -> list[Row]:
    """One row per method."""
    costs = measure(film, rounds)
    baseline = costs["opencv read-all"][0]
    return [
        {**about, "method": name, "cpu_s": cpu_s, "ratio": baseline / cpu_s, "exact": exact}
        for name, (cpu_s, exact) in costs.items()
    ]


def four_encodings(work: Path, seconds: int, rounds: int) -> list[Row]:
    """One frame per 4.7 s, with the goal of each encoding."""
    rows: list[Row] = []
    for (b_frames, group), goal in GOALS.items():
        film = encode(work / f"b{b_frames}g{group}.mp4", seconds, b_frames, group)
        found = rows_of(film, rounds, b_frames=b_frames, gop=group)
        rows += [
            {**row, "goal": goal if row["method"] == "read_samples" else None} for row in found
        ]
    return rows


def grid(work: Path, seconds: int, rounds: int) -> list[Row]:
    """Intervals by key-frame spacings, with B-frames."""
    rows: list[Row] = []
    for group in GRID_GROUPS:
        film = encode(work / f"g{group}.mp4", seconds, 2, group)
        for interval_s in GRID_S:
            wider = replace(film, interval_s=interval_s)
            rows += rows_of(wider, rounds, gop=group, interval_s=interval_s)
    return rows


def main() -> None:
    """Four encodings, or the grid."""
    parser = parser_of(__doc__)
    parser.add_argument("--grid", action="store_true", help="intervals by key-frame spacings")
    options = parser.parse_args()
    seconds, rounds = (20, 1) if options.quick else (60, 3)
    with tempfile.TemporaryDirectory() as work:
        make = grid if options.grid else four_encodings
        rows = make(Path(work), seconds, rounds)
    report("frame_sampling_grid" if options.grid else "frame_sampling", rows, options.json)


if __name__ == "__main__":
    main()
