"""Image files of unknown origin: size before pixels, bounded memory, faults instead of crashes.

Pixels are read as stored: an EXIF orientation is *not* applied, because the masks of every source
were drawn on the stored pixels. Whoever opens these images elsewhere must do the same
(``cv2.imread`` applies it unless told ``cv2.IMREAD_IGNORE_ORIENTATION``).
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from dataset_build.sources.faults import SampleFault, Side, missing, too_large, undecodable

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
JPEG_MAGIC = b"\xff\xd8\xff"
#: A raw picture of the most pixels allowed has this many bytes per pixel; no file needs more.
MAX_BYTES_PER_PX = 4

_PNG_MAX_SIDE = 2**31 - 1
_JPEG_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE_MARKERS = frozenset(range(0xD0, 0xD8)) | {0x01}
_JPEG_SCAN = 0xDA
_JPEG_END = b"\xff\xd9"
_QUARTER_TURNS = (5, 6, 7, 8)  # of EXIF's eight orientations
#: What Pillow raises on damaged files, one class per way of breaking them.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True, kw_only=True)
class ImageHeader:
    """What a file says of itself before any pixel is decoded."""

    format: Literal["JPEG", "PNG"]
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class LoadedFile:
    """A file's bytes and digest; ``data`` is absent where ``fault`` says why.

    Args:
        settled: reading it again would find the same; False where the file system failed.
    """

    size_bytes: int
    sha256: str
    data: bytes | None
    fault: SampleFault | None
    settled: bool = True

    def require(self) -> bytes:
        """The bytes.

        Raises:
            SampleFault: the file is missing, unreadable or larger than allowed.
        """
        if self.fault is not None:
            raise self.fault
        return self.data or b""


def held_data(data: bytes) -> LoadedFile:
    """Bytes that were read before, as from a file of their own."""
    digest = hashlib.sha256(data).hexdigest()
    return LoadedFile(size_bytes=len(data), sha256=digest, data=data, fault=None)


def load_file(path: Path | None, side: Side, *, max_px: int, absent: str) -> LoadedFile:
    """Read and digest a file; one beyond the limit is digested in pieces and not kept.

    Args:
        path: the file, or None where the source has none.
        side: which file of the sample it is.
        absent: the detail to state where ``path`` is None.
        max_px: pixels allowed; bounds the bytes kept to ``MAX_BYTES_PER_PX`` times as many.
    """
    if path is None:
        return LoadedFile(size_bytes=0, sha256="", data=None, fault=missing(side, absent))
    limit = max_px * MAX_BYTES_PER_PX
    try:
        with path.open("rb") as file:
            # No more than the file claims to hold: a large request would reserve its memory.
            data = file.read(min(limit, os.fstat(file.fileno()).st_size) + 1)
            if len(data) <= limit:
                digest = hashlib.sha256(data).hexdigest()
                return LoadedFile(size_bytes=len(data), sha256=digest, data=data, fault=None)
            del data
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except FileNotFoundError:
        fault = missing(side, f"{path.name} vanished after it was listed")
        return LoadedFile(size_bytes=0, sha256="", data=None, fault=fault, settled=False)
    except OSError as error:
        fault = undecodable(side, f"{path.name}: {error.strerror}")
        return LoadedFile(size_bytes=0, sha256="", data=None, fault=fault, settled=False)
    fault = too_large(side, f"file of {size} bytes; at most {limit}")
    return LoadedFile(size_bytes=size, sha256=digest, data=None, fault=fault)


def read_header(data: bytes, side: Side) -> ImageHeader:
    """Format and size of a JPEG or PNG file, and whether the file is whole.

    Every PNG chunk's CRC and the end marks of both formats are verified; no pixel is decoded.

    Raises:
        SampleFault: neither format, truncated, or a wrong CRC.
    """
    if data.startswith(PNG_MAGIC):
        return _png_header(data, side)
    if data.startswith(JPEG_MAGIC):
        return _jpeg_header(data, side)
    start = data[:8].hex(" ") or "nothing"
    raise undecodable(side, f"neither JPEG nor PNG; the file begins with {start}")


def require_size(width: int, height: int, side: Side, *, max_px: int) -> None:
    """Refuse a picture before it is decoded.

    Raises:
        SampleFault: no pixels, or more than ``max_px``.
    """
    if width < 1 or height < 1:
        raise undecodable(side, f"{width} x {height} px in the header")
    if width * height > max_px:
        raise too_large(side, f"{width} x {height} px in the header; at most {max_px} px")


def decode_luma(data: bytes, side: Side, *, min_width_px: int) -> npt.NDArray[np.uint8]:
    """Luma of a picture, decoded at a reduced scale where the format allows it.

    Args:
        data: a whole JPEG or PNG file whose header was checked.
        side: which file of the sample it is.
        min_width_px: a JPEG is decoded at 1/2, 1/4 or 1/8 as long as it stays this wide.

    Returns:
        (h, w) uint8, in stored orientation.

    Raises:
        SampleFault: the pixels cannot be decoded to the end.
    """
    return _decode(data, side, mode="L", min_width_px=min_width_px)


def decode_rgb(
    data: bytes, side: Side = "image", *, min_width_px: int | None = None
) -> npt.NDArray[np.uint8]:
    """Colours of a picture in stored orientation.

    Args:
        data: a whole JPEG or PNG file whose header was checked.
        side: which file of the sample it is.
        min_width_px: as in :func:`decode_luma`; None for full size.

    Returns:
        (h, w, 3) uint8 RGB.

    Raises:
        SampleFault: the pixels cannot be decoded to the end.
    """
    return _decode(data, side, mode="RGB", min_width_px=min_width_px)


def is_turned_on_screen(data: bytes) -> bool:
    """Whether an EXIF note asks viewers to turn the picture by a quarter."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            return picture.getexif().get(ExifTags.Base.Orientation) in _QUARTER_TURNS
    except _DECODER_ERRORS:
        return False


def decode_stored(data: bytes, side: Side) -> npt.NDArray[np.uint8 | np.uint16 | np.int32]:
    """The stored numbers of a PNG: palette indices, grey values or channels, never colours.

    Returns:
        (h, w) or (h, w, channels), as stored.

    Raises:
        SampleFault: the pixels cannot be decoded to the end.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            stored = np.array(picture)
    except _DECODER_ERRORS as error:
        raise undecodable(side, _without_addresses(error)) from error
    return stored.astype(np.uint8) if stored.dtype == np.bool_ else stored


def _decode(
    data: bytes, side: Side, *, mode: Literal["L", "RGB"], min_width_px: int | None
) -> npt.NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            if min_width_px is not None:
                # Pillow keeps both sides at least as large as asked for.
                picture.draft(mode, (min_width_px, 1))
            return np.array(picture.convert(mode))
    except _DECODER_ERRORS as error:
        raise undecodable(side, _without_addresses(error)) from error


def _without_addresses(error: BaseException) -> str:
    """The message without ``<_io.BytesIO object at 0x...>``, which differs from run to run."""
    return re.sub(r"<[^<>]* at 0x[0-9a-f]+>", "the file", str(error)) or type(error).__name__


def _png_header(data: bytes, side: Side) -> ImageHeader:
    view = memoryview(data)
    position = len(PNG_MAGIC)
    size: tuple[int, int] | None = None
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        name = kind.decode("latin-1")
        if end > len(data):
            raise undecodable(side, f"truncated PNG: chunk {name!r} ends after the file")
        (stated,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(view[position + 4 : end - 4]) != stated:
            raise undecodable(side, f"wrong CRC in PNG chunk {name!r} at byte {position}")
        if size is None:
            size = _png_size(data, kind, length, side)
        if kind == b"IEND":
            return ImageHeader(format="PNG", width=size[0], height=size[1])
        position = end
    raise undecodable(side, "truncated PNG: no IEND chunk")


def _png_size(data: bytes, kind: bytes, length: int, side: Side) -> tuple[int, int]:
    if kind != b"IHDR" or length != 13:
        raise undecodable(side, "PNG does not begin with its header chunk")
    width, height = struct.unpack_from(">II", data, len(PNG_MAGIC) + 8)
    if max(width, height) > _PNG_MAX_SIDE:
        raise undecodable(side, f"{width} x {height} px in the header; PNG ends at 2^31 - 1")
    return int(width), int(height)


def _jpeg_header(data: bytes, side: Side) -> ImageHeader:
    position = 2
    size: tuple[int, int] | None = None
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise undecodable(side, f"JPEG marker expected at byte {position}")
        marker = data[position + 1]
        if marker == 0xFF or marker in _JPEG_BARE_MARKERS:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _JPEG_SIZE_MARKERS and position + 9 <= len(data) and size is None:
            height, width = struct.unpack_from(">HH", data, position + 5)
            size = (width, height)
        if marker == _JPEG_SCAN:
            return _whole_jpeg(data, position, size, side)
        position += 2 + max(2, int.from_bytes(data[position + 2 : position + 4], "big"))
    raise undecodable(side, "truncated JPEG: no picture data")


def _whole_jpeg(data: bytes, scan_at: int, size: tuple[int, int] | None, side: Side) -> ImageHeader:
    if size is None:
        raise undecodable(side, "JPEG without a frame header")
    if data.rfind(_JPEG_END, scan_at) < 0:
        raise undecodable(side, "truncated JPEG: no end-of-image mark")
    return ImageHeader(format="JPEG", width=size[0], height=size[1])
