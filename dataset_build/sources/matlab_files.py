"""One numeric matrix out of a MATLAB 5 file of unknown origin.

``scipy.io.loadmat`` crashes the interpreter on some damaged files, and a crash cannot become a
row; this reader checks every length against the bytes there are. It knows what label files use:
plain two-dimensional numeric matrices, compressed or not, in either byte order, and those that are
a field of a structure of one element: ``GTcls.Segmentation`` is field Segmentation of GTcls.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

_HEADER_BYTES = 128
_VERSION = 0x0100
_ORDERS: dict[bytes, Literal["<", ">"]] = {b"IM": "<", b"MI": ">"}
_MATRIX = 14  # element types
_COMPRESSED = 15
_NUMERIC_CLASSES = range(6, 16)  # array classes: double, single, then the integers
_DTYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_WIDEST_BYTES = 8  # of one number
_STRUCTURE = 2  # array class
_MOST_STRUCTURE_BYTES = 1 << 26  # of a structure, unpacked; those of label files have 1 MB
_PREFIX_BYTES = 512  # flags, dimensions and name of a matrix lie within


class MatlabFileError(ValueError):
    """Not a MATLAB 5 file, damaged, or without the matrix asked for."""


@dataclass(frozen=True, kw_only=True)
class _Element:
    """A tagged piece of data: its type, and where its bytes lie."""

    kind: int
    start: int
    stop: int
    next: int


@dataclass(frozen=True, kw_only=True)
class _Matrix:
    """The head of a matrix, and the bytes that hold the rest of it."""

    name: str
    height: int
    width: int
    numeric: bool
    structure: bool
    values_at: int
    order: Literal["<", ">"]
    stored: bytes
    compressed: bool


def matrix_size(data: bytes, name: str) -> tuple[int, int]:
    """(height, width) of a matrix; its numbers are not decompressed.

    Raises:
        MatlabFileError: as the class says.
    """
    matrix = _find(data, name)
    return matrix.height, matrix.width


def read_matrix(data: bytes, name: str) -> npt.NDArray[np.generic]:
    """The numbers of a matrix. Check its size first, with :func:`matrix_size`.

    Returns:
        (height, width), of the type they are stored in.

    Raises:
        MatlabFileError: as the class says.
    """
    matrix = _find(data, name)
    if not matrix.numeric:
        raise MatlabFileError(f"{name!r} holds no numbers")
    count = matrix.height * matrix.width
    body = matrix.stored
    if matrix.compressed:
        body = _inflate(body, matrix.values_at + 16 + count * _WIDEST_BYTES)
    values = _element(body, matrix.values_at, matrix.order)
    if values.kind not in _DTYPES:
        raise MatlabFileError(f"{name!r}: numbers of unknown type {values.kind}")
    dtype = np.dtype(matrix.order + _DTYPES[values.kind])
    if values.stop - values.start != count * dtype.itemsize or values.stop > len(body):
        raise MatlabFileError(f"{name!r}: numbers do not fill {matrix.height} x {matrix.width}")
    flat = np.frombuffer(body, dtype, count, values.start)
    return flat.reshape(matrix.width, matrix.height).T.astype(dtype.newbyteorder("="))


def _find(data: bytes, name: str) -> _Matrix:
    outer, _, inner = name.partition(".")
    found = []
    for matrix in _matrices(data):
        if matrix.name == outer:
            return _field(matrix, inner) if inner else matrix
        found.append(matrix.name)
    raise MatlabFileError(f"no matrix {outer!r}; the file holds {found}")


def _field(matrix: _Matrix, name: str) -> _Matrix:
    """The matrix in a field of a structure of one element."""
    if not matrix.structure:
        raise MatlabFileError(f"{matrix.name!r} is no structure of one element")
    order, body = matrix.order, matrix.stored
    if matrix.compressed:
        body = _inflate(body, _MOST_STRUCTURE_BYTES)
    width = _element(body, matrix.values_at, order)
    names = _element(body, width.next, order)
    if names.stop > len(body) or width.stop - width.start != 4:
        raise MatlabFileError(f"damaged structure {matrix.name!r}")
    (step,) = struct.unpack_from(f"{order}i", body, width.start)
    if step < 1:
        raise MatlabFileError(f"damaged structure {matrix.name!r}")
    fields = [
        body[at : at + step].split(b"\0")[0].decode("ascii", "backslashreplace")
        for at in range(names.start, names.stop, step)
    ]
    at = names.next
    for field in fields:
        element = _element(body, at, order)
        if element.kind != _MATRIX or element.stop > len(body):
            raise MatlabFileError(f"{matrix.name}.{field} is damaged or ends after the file")
        if field == name:
            inside = body[element.start : element.stop]
            return _matrix(inside, 0, order, inside, compressed=False)
        at = element.next
    raise MatlabFileError(f"no field {name!r} in {matrix.name!r}; it holds {fields}")


def _matrices(data: bytes) -> Iterator[_Matrix]:
    order = _ORDERS.get(data[126:_HEADER_BYTES])
    if order is None or struct.unpack_from(f"{order}H", data, 124) != (_VERSION,):
        raise MatlabFileError(f"not a MATLAB 5 file; it begins with {data[:8].hex(' ')}")
    position = _HEADER_BYTES
    while position + 8 <= len(data):
        kind, length = struct.unpack_from(f"{order}II", data, position)
        stored = data[position + 8 : position + 8 + length]
        if len(stored) != length:
            raise MatlabFileError(f"truncated: the element at byte {position} ends after the file")
        if kind == _COMPRESSED:
            prefix = _inflate(stored, _PREFIX_BYTES)
            if len(prefix) >= 8 and struct.unpack_from(f"{order}I", prefix) == (_MATRIX,):
                yield _matrix(prefix, 8, order, stored, compressed=True)
        elif kind == _MATRIX:
            yield _matrix(stored, 0, order, stored, compressed=False)
        position += 8 + length


def _matrix(
    prefix: bytes, at: int, order: Literal["<", ">"], stored: bytes, *, compressed: bool
) -> _Matrix:
    flags = _element(prefix, at, order)
    dimensions = _element(prefix, flags.next, order)
    name = _element(prefix, dimensions.next, order)
    if flags.stop - flags.start < 4 or name.stop > len(prefix):
        raise MatlabFileError("damaged head of a matrix")
    (array_class,) = struct.unpack_from(f"{order}I", prefix, flags.start)
    sizes: tuple[int, ...] = ()
    if dimensions.stop - dimensions.start == 8:  # two int32; more are no plane
        sizes = struct.unpack_from(f"{order}ii", prefix, dimensions.start)
    plane = bool(sizes) and min(sizes) >= 0
    return _Matrix(
        name=prefix[name.start : name.stop].decode("ascii", "backslashreplace"),
        height=sizes[0] if plane else 0,
        width=sizes[1] if plane else 0,
        numeric=plane and array_class & 0xFF in _NUMERIC_CLASSES,
        structure=sizes == (1, 1) and array_class & 0xFF == _STRUCTURE,
        values_at=name.next,
        order=order,
        stored=stored,
        compressed=compressed,
    )


def _element(data: bytes, at: int, order: Literal["<", ">"]) -> _Element:
    """The element whose tag lies at byte ``at``; up to four bytes of data sit inside the tag."""
    if at + 8 > len(data):
        raise MatlabFileError("truncated: a matrix ends before its numbers")
    kind, length = struct.unpack_from(f"{order}II", data, at)
    if kind >> 16:
        kind, length = kind & 0xFFFF, kind >> 16
        if length > 4:
            raise MatlabFileError(f"damaged tag at byte {at}")
        return _Element(kind=kind, start=at + 4, stop=at + 4 + length, next=at + 8)
    start = at + 8
    following = start + 8 * math.ceil(length / 8)
    return _Element(kind=kind, start=start, stop=start + length, next=following)


def _inflate(stored: bytes, most: int) -> bytes:
    """The first ``most`` bytes of a compressed element."""
    try:
        return zlib.decompressobj().decompress(stored, most)
    except zlib.error as error:
        raise MatlabFileError(f"damaged compression: {error}") from error
