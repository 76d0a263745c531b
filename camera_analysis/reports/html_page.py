"""Pages that need nothing but themselves: pictures inlined, text escaped, no scripts."""

from __future__ import annotations

import base64
import functools
import io
import struct
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jinja2

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_SIZE = struct.Struct(">II")  # width and height, right after the IHDR tag
PNG_SIZE_AT = 16
#: Widest thumbnail of an index, in pixels: sharp at 160 CSS pixels on a phone's dense screen.
THUMBNAIL_PX = 320
THUMBNAIL_QUALITY = 78  # a few kilobytes each, so that a thousand cameras stay one page


@dataclass(frozen=True)
class Picture:
    """An inlined picture; width and height reserve its place before it is decoded."""

    uri: str
    width: int
    height: int


def inline_png(path: Path) -> Picture | None:
    """Read a PNG as a data URI; None where the file is absent or is not a PNG."""
    return png_picture(path.read_bytes()) if path.is_file() else None


def png_picture(content: bytes) -> Picture | None:
    """A PNG as a data URI; None where the bytes are none."""
    if not content.startswith(PNG_SIGNATURE) or len(content) < PNG_SIZE_AT + PNG_SIZE.size:
        return None
    width, height = PNG_SIZE.unpack_from(content, PNG_SIZE_AT)
    return Picture(_data_uri("image/png", content), width, height)


def inline_thumbnail(path: Path) -> Picture | None:
    """Read any picture, reduce it to at most 320 pixels wide; None where it is unreadable."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as opened:
            small = opened.convert("RGB")
    except (FileNotFoundError, UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return None
    small.thumbnail((THUMBNAIL_PX, 4 * THUMBNAIL_PX))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=THUMBNAIL_QUALITY)
    return Picture(_data_uri("image/jpeg", buffer.getvalue()), small.width, small.height)


def render(template: str, **content: object) -> str:
    """Fill one of this package's templates; every value is escaped, a missing one is an error."""
    return _environment().get_template(template).render(**content)


@functools.cache
def _environment() -> jinja2.Environment:
    """One for all pages of a process: it keeps the templates that it has compiled."""
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_template_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def write_page(path: Path, page: str) -> None:
    """Write a page with the same bytes on every system."""
    path.write_text(page, encoding="utf-8", newline="\n")


def _template_source(name: str) -> str:
    return resources.files("camera_analysis.reports").joinpath(name).read_text(encoding="utf-8")


def _data_uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
