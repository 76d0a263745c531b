"""The files of a benchmark: its folder found, its images and videos listed and read.

Videos are opened with PyAV, which is imported where a video is met: most layouts are images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

ImageRgb = npt.NDArray[np.uint8]
Wanted = Callable[[int], bool]

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff")
VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm")
#: What macOS packs beside the files of an archive: the same names again, with nothing to see.
MACOS_FOLDER = "__MACOSX"


class LayoutError(ValueError):
    """A folder is not laid out as the benchmark is published; says what was expected and found."""


def find_root(folder: Path, needed: tuple[str, ...], layout: str, *, prefer: str = "") -> Path:
    """The folder that holds all needed entries: the given one, or the only one within two levels.

    Args:
        folder: what the user named.
        needed: names of entries.
        layout: for the error.
        prefer: of several, the one whose name contains this.

    Raises:
        LayoutError: none or several; lists what is there.
    """
    if not folder.is_dir():
        raise LayoutError(f"{folder}: no such folder; expected the {layout} layout there")
    below = [path for path in visible(folder, folder.glob("*")) if path.is_dir()]
    deeper = [path for path in visible(folder, folder.glob("*/*")) if path.is_dir()]
    for level in ([folder], below, deeper):
        found = [path for path in level if all((path / name).exists() for name in needed)]
        chosen = [path for path in found if prefer in path.name.lower()] or found
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            names = ", ".join(path.name for path in chosen)
            raise LayoutError(
                f"{folder}: several folders of the {layout} layout: {names}; name one"
            )
    raise LayoutError(
        f"{folder}: not the {layout} layout: expected {', '.join(needed)}; found {_names(folder)}"
    )


def visible(folder: Path, paths: Iterable[Path]) -> list[Path]:
    """Paths below a folder, sorted, without hidden names and ``__MACOSX`` on the way to them."""
    return [
        path
        for path in sorted(paths)
        if not any(
            name.startswith(".") or name == MACOS_FOLDER for name in path.relative_to(folder).parts
        )
    ]


def image_files(folder: Path) -> tuple[Path, ...]:
    """Images of a folder in the order of their numbers; hidden files are left out."""
    files = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    ]
    return tuple(sorted(files, key=lambda path: (_number(path.stem), path.name)))


def footage_files(folder: Path) -> tuple[Path, ...]:
    """Videos, or folders of images, directly in a folder; in the order of their names."""
    return tuple(
        path
        for path in visible(folder, folder.iterdir())
        if path.suffix.lower() in VIDEO_SUFFIXES or (path.is_dir() and image_files(path))
    )


def read_image(path: Path) -> ImageRgb:
    """(H, W, 3) uint8 RGB of an image file.

    Raises:
        LayoutError: it cannot be read.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise LayoutError(f"{path}: not an image that can be read")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def read_mask(path: Path) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 codes of a mask file.

    Raises:
        LayoutError: it cannot be read.
    """
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise LayoutError(f"{path}: not a mask that can be read")
    return np.asarray(mask, np.uint8)


def picked_images(files: tuple[Path, ...], wanted: Wanted) -> Iterator[tuple[int, ImageRgb]]:
    """Images whose number is wanted.

    Raises:
        LayoutError: one cannot be read, or has another size than the first.
    """
    shape = None
    for number, file in enumerate(files):
        if wanted(number):
            image = read_image(file)
            shape = shape or image.shape
            if image.shape != shape:
                raise LayoutError(
                    f"{file}: {image.shape[1]} x {image.shape[0]} pixels; the images before it "
                    f"have {shape[1]} x {shape[0]}"
                )
            yield number, image


def picked_frames(path: Path, wanted: Wanted) -> Iterator[tuple[int, ImageRgb]]:
    """Frames of a video whose number is wanted.

    Raises:
        LayoutError: it is no video, or breaks midway.
    """
    import av

    from camera_analysis.footage.video_file import ReadConfig, VideoError, open_video

    try:
        container, stream = open_video(path, ReadConfig())
        with container:
            for number, frame in enumerate(container.decode(stream)):
                if wanted(number):
                    yield number, np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    except (VideoError, av.FFmpegError) as error:
        raise LayoutError(f"{path}: cannot be read to its end: {error}") from error


def video_fps(path: Path) -> float:
    """Frames a second that a video's header says.

    Raises:
        LayoutError: it is no video, or does not say.
    """
    container, stream = _opened(path)
    with container:
        if not stream.average_rate:
            raise LayoutError(f"{path}: does not say how many frames a second it has")
        return float(stream.average_rate)


def header_frames(path: Path) -> int | None:
    """Frames that a video's header promises; None where it does not say.

    Raises:
        LayoutError: it is no video.
    """
    from camera_analysis.footage.video_file import header_duration_s

    container, stream = _opened(path)
    with container:
        if stream.frames:
            return int(stream.frames)
        seconds = header_duration_s(container, stream)
        rate = stream.average_rate
        return round(seconds * float(rate)) if seconds and rate else None


def _opened(path: Path) -> tuple[InputContainer, VideoStream]:
    from camera_analysis.footage.video_file import ReadConfig, VideoError, open_video

    try:
        return open_video(path, ReadConfig())
    except VideoError as error:
        raise LayoutError(f"{path}: not a video that can be read: {error}") from error


def _number(stem: str) -> int:
    """The last number in a name; -1 without one: frame_10 comes after frame_9."""
    digits = ""
    for character in reversed(stem):
        if character.isdigit():
            digits = character + digits
        elif digits:
            break
    return int(digits) if digits else -1


def _names(folder: Path, most: int = 8) -> str:
    names = sorted(path.name for path in folder.iterdir())
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) + rest) or "nothing"
