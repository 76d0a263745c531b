"""COCO's instances JSON: read in pieces, kept as the outlines of persons, drawn as class ids.

The JSON of the training images has 448 MB and 860,001 objects, of which 262,465 are persons. It is
never held as a whole: one object at a time is parsed, and persons are packed into bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

_PIECE_CHARS = 1 << 22
_LARGEST_OBJECT_CHARS = 1 << 26  # longer, and it is no list of annotations
_HEAD = struct.Struct("<HH")  # height, width
_RECORD = struct.Struct("<BBI")  # crowd, kind, count of numbers
_POLYGON, _RUNS = 0, 1
_FINE = 5  # grid lines a pixel, as in COCO's tools
_FEWEST_NUMBERS = 6  # of a polygon: three corners
_LONGEST_SIDE_PX = 65_535
# of a letter of compressed runs
_FIRST_LETTER, _GOES_ON, _NEGATIVE = ord("0"), 0x20, 0x10
#: Class ids that ``draw`` gives: nothing, a person, a crowd that is not drawn person by person.
NOTHING, PERSON, CROWD = 0, 1, 255
#: COCO's category of persons.
PERSON_CATEGORY = 1


class OutlineError(ValueError):
    """An annotation that is no outline, or a file that is no instances JSON."""


@dataclass(frozen=True, kw_only=True)
class CocoImage:
    """An image of the JSON: its file name, and the packed outlines of the persons in it."""

    file_name: str
    outlines: bytes


def read_instances(table: Path) -> list[CocoImage]:
    """Every image of an instances JSON with its persons, by image id.

    Raises:
        OutlineError: not such a JSON.
        OSError: the file cannot be read.
    """
    images: dict[int, tuple[str, bytes]] = {}
    persons: dict[int, list[tuple[int, bytes]]] = {}
    try:
        with table.open(encoding="utf-8") as file:
            for section, found in _entries(file):
                if section == "images":
                    images[int(found["id"])] = (str(found["file_name"]), _head(found))
                elif section == "annotations" and found["category_id"] == PERSON_CATEGORY:
                    number = int(found["id"])
                    persons.setdefault(int(found["image_id"]), []).append((number, _record(found)))
    except (ValueError, TypeError, LookupError, OverflowError, struct.error) as error:
        words = f"not a COCO instances JSON ({type(error).__name__}: {error})"
        raise OutlineError(words) from error
    unknown = sorted(persons.keys() - images.keys())
    if unknown:
        raise OutlineError(f"annotates images that it does not list: {unknown[:5]}")
    return [
        CocoImage(
            file_name=name,
            outlines=head + b"".join(record for _, record in sorted(persons.get(number, []))),
        )
        for number, (name, head) in sorted(images.items())
    ]


def outline_size(outlines: bytes) -> tuple[int, int]:
    """(height, width) in px of the image that the outlines are drawn on."""
    height, width = _HEAD.unpack_from(outlines)
    return height, width


def draw(outlines: bytes) -> npt.NDArray[np.uint8]:
    """Outlines -> class ids; a person drawn for himself is no part of a crowd.

    Polygons are filled as COCO's tools fill them, so that areas agree with its annotations.

    Returns:
        (H, W) uint8 of NOTHING, PERSON and CROWD.

    Raises:
        OutlineError: an outline that cannot be drawn, such as two corners or runs of another size.
    """
    height, width = outline_size(outlines)
    ids = np.zeros((height, width), np.uint8)
    for crowd, kind, numbers in _records(outlines):
        shape = _filled if kind == _POLYGON else _unrolled
        inside = shape(numbers, height, width)
        if crowd:
            ids[inside & (ids != PERSON)] = CROWD
        else:
            ids[inside] = PERSON
    return ids


def _records(outlines: bytes) -> Iterator[tuple[bool, int, npt.NDArray[np.float64]]]:
    at = _HEAD.size
    while at < len(outlines):
        crowd, kind, count = _RECORD.unpack_from(outlines, at)
        at += _RECORD.size
        yield bool(crowd), kind, np.frombuffer(outlines, "<f8", count, at)
        at += 8 * count


def _filled(numbers: npt.NDArray[np.float64], height: int, width: int) -> npt.NDArray[np.bool_]:
    """The inside of a polygon, to the pixel as COCO's own tools fill it.

    Edges are walked on a grid ``_FINE`` times as fine. Where an edge crosses the middle of a column
    of pixels, the column changes between outside and inside.
    """
    if len(numbers) < _FEWEST_NUMBERS or len(numbers) % 2:
        raise OutlineError(f"a polygon of {len(numbers)} numbers; expected x, y of 3 corners")
    corners = numbers.reshape(-1, 2).clip((0, 0), (width, height))
    fine = np.floor(_FINE * corners + 0.5).astype(np.int64)
    walks = [_walk(*edge) for edge in zip(fine, np.roll(fine, -1, axis=0), strict=True)]
    u, v = np.concatenate(walks, axis=1)
    steps = np.flatnonzero(np.diff(u))
    x = (np.minimum(u[steps], u[steps + 1]) + 0.5) / _FINE - 0.5
    y = np.ceil(((np.minimum(v[steps], v[steps + 1]) + 0.5) / _FINE - 0.5).clip(0, height))
    middle = (x == np.floor(x)) & (x >= 0) & (x < width)
    turns = x[middle].astype(np.int64) * height + y[middle].astype(np.int64)
    inside = np.bincount(turns, minlength=height * width + 1).cumsum()[: height * width] % 2 == 1
    filled: npt.NDArray[np.bool_] = inside.reshape(width, height).T
    return filled


def _walk(start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(2, n) points of the fine grid from one corner to the next, both included."""
    along = 0 if abs(end[0] - start[0]) >= abs(end[1] - start[1]) else 1
    low, high = (start, end) if start[along] <= end[along] else (end, start)
    steps = np.arange(high[along] - low[along] + 1)
    slope = (high[1 - along] - low[1 - along]) / max(len(steps) - 1, 1)
    points = np.empty((2, len(steps)), np.int64)
    points[along] = low[along] + steps
    points[1 - along] = np.floor(low[1 - along] + slope * steps + 0.5)
    return points if low is start else points[:, ::-1]


def _unrolled(numbers: npt.NDArray[np.float64], height: int, width: int) -> npt.NDArray[np.bool_]:
    """Run lengths, column by column, beginning with the outside."""
    if numbers.sum() != height * width or (len(numbers) and numbers.min() < 0):
        raise OutlineError(f"runs of {numbers.sum():.0f} px for an image of {height * width} px")
    values = np.arange(len(numbers)) % 2 == 1
    return np.repeat(values, numbers.astype(np.int64)).reshape(width, height).T


def _head(image: Mapping[str, Any]) -> bytes:
    sides = (int(image["height"]), int(image["width"]))
    if not all(0 < side <= _LONGEST_SIDE_PX for side in sides):
        raise OutlineError(f"image {image['id']} of {sides[1]} x {sides[0]} px")
    return _HEAD.pack(*sides)


def _record(found: Mapping[str, Any]) -> bytes:
    """All shapes of one annotation: polygons, or run lengths, as a list or compressed."""
    crowd = bool(found.get("iscrowd", 0))
    shape = found["segmentation"]
    if isinstance(shape, dict):
        counts = shape["counts"]
        return _pack(crowd, _RUNS, _inflated(counts) if isinstance(counts, str) else counts)
    return b"".join(_pack(crowd, _POLYGON, polygon) for polygon in shape)


def _inflated(text: str) -> list[float]:
    """Run lengths from the text in which COCO's tools compress them.

    Five bits a letter, the lowest first; a sixth says that the number goes on. From the fourth on
    each number is the difference to the one before the last.
    """
    numbers: list[float] = []
    number = shift = 0
    for letter in text.encode("ascii"):
        bits = letter - _FIRST_LETTER
        number |= (bits & 0x1F) << shift
        shift += 5
        if bits & _GOES_ON:
            continue
        if bits & _NEGATIVE:
            number -= 1 << shift
        numbers.append(number + numbers[-2] if len(numbers) > 2 else number)
        number = shift = 0
    if shift:
        raise OutlineError("compressed runs that end midway; download the file again")
    return numbers


def _pack(crowd: bool, kind: int, numbers: list[float]) -> bytes:
    values = np.asarray(numbers, "<f8")
    if values.ndim != 1 or not np.isfinite(values).all():
        raise OutlineError("an outline that is no list of numbers")
    return _RECORD.pack(crowd, kind, len(values)) + values.tobytes()


def _entries(file: TextIO) -> Iterator[tuple[str, Any]]:
    """(section, entry) of the lists in the JSON's outermost object, one at a time."""
    text = _Pieces(file)
    text.expect("{")
    while text.peek() != "}":
        section = text.value()
        text.expect(":")
        if text.peek() == "[":
            text.expect("[")
            while text.peek() != "]":
                yield section, text.value()
                text.skip(",")
            text.expect("]")
        else:
            text.value()
        text.skip(",")


class _Pieces:
    """JSON text read in pieces; ``value`` parses what begins here."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """The next character that is not a space."""
        while True:
            while self._at < len(self._text) and self._text[self._at].isspace():
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise OutlineError("the file ends midway; download it again")

    def expect(self, character: str) -> None:
        """Step over a character that has to be there."""
        found = self.peek()
        if found != character:
            raise OutlineError(f"{found!r} where {character!r} was expected")
        self._at += 1

    def skip(self, character: str) -> None:
        """Step over a character if it is there."""
        if self.peek() == character:
            self._at += 1

    def value(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Parse the value that begins here, reading on until it is whole."""
        self.peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except ValueError:
                found, end = None, len(self._text)
            if end < len(self._text):  # a number may go on in the next piece
                self._at = end
                return found
            if len(self._text) - self._at > _LARGEST_OBJECT_CHARS or not self._more():
                raise OutlineError("no JSON value, or the file ends midway; download it again")

    def _more(self) -> bool:
        piece = self._file.read(_PIECE_CHARS)
        self._text = self._text[self._at :] + piece
        self._at = 0
        return bool(piece)
