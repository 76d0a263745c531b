"""The matrices of a MATLAB 5 cell array, one at a time.

A benchmark's masks are a cell array of thousands of planes: hundreds of megabytes unpacked. This
reader inflates the file as it goes and holds one plane, and it checks every length, because
``scipy.io.loadmat`` crashes the interpreter on some damaged files.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

_ORDERS = {b"IM": "<", b"MI": ">"}
_MATRIX, _COMPRESSED, _CELL_CLASS = 14, 15, 1
_DTYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
_HEADER_BYTES = 128  # the last two of them tell the order of bytes
_HDF5_HEADERS = (b"MATLAB 7.3", b"\x89HDF")
_CHUNK_BYTES = 1 << 16
#: A plane of 8-bit numbers of 8192 x 8192 pixels; more is a damaged length.
_MOST_BYTES = 1 << 26


class MatlabCellsError(ValueError):
    """Not a MATLAB 5 file, damaged, or without the cell array asked for."""


class _Bytes(Protocol):
    def take(self, count: int) -> bytes:
        """Exactly so many bytes."""
        ...


class _Plain:
    """Bytes as they lie in the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def take(self, count: int) -> bytes:
        data = self._file.read(_checked(count))
        if len(data) != count:
            raise MatlabCellsError("the file ends early")
        return data


class _Inflated:
    """Bytes of a compressed element, inflated as they are asked for."""

    def __init__(self, file: BinaryIO, stored: int) -> None:
        self._file, self._stored = file, stored
        self._inflater = zlib.decompressobj()
        self._ready = bytearray()

    def take(self, count: int) -> bytes:
        _checked(count)
        while len(self._ready) < count:
            chunk = self._inflater.unconsumed_tail or self._next_chunk()
            try:
                self._ready += self._inflater.decompress(chunk, count - len(self._ready))
            except zlib.error as error:
                raise MatlabCellsError(f"damaged compression: {error}") from error
        data = bytes(self._ready[:count])
        del self._ready[:count]
        return data

    def _next_chunk(self) -> bytes:
        chunk = self._file.read(min(_CHUNK_BYTES, self._stored))
        self._stored -= len(chunk)
        if not chunk:
            raise MatlabCellsError("the compressed cells end early")
        return chunk


def iterate_cells(path: Path, name: str) -> Iterator[npt.NDArray[np.generic]]:
    """Planes of a cell array, in MATLAB's order.

    Args:
        path: a MATLAB 5 file, compressed or not.
        name: of the cell array.

    Yields:
        (height, width) arrays of the type they are stored in.

    Raises:
        MatlabCellsError: as the class says.
    """
    with path.open("rb") as file:
        source, order, count = _found(file, name)
        yield from _cells(source, order, count)


def count_cells(path: Path, name: str) -> int:
    """How many planes :func:`iterate_cells` gives; no plane is read.

    Raises:
        MatlabCellsError: as the class says, as far as heads and lengths tell.
    """
    with path.open("rb") as file:
        return _found(file, name)[2]


def _found(file: BinaryIO, name: str) -> tuple[_Bytes, str, int]:
    """Where the cells of an array begin, the order of bytes, and how many there are."""
    size, _ = file.seek(0, os.SEEK_END), file.seek(0)
    order = _order(file.read(_HEADER_BYTES))
    names = []
    while len(tag := file.read(8)) == 8:
        kind, length = struct.unpack(f"{order}II", tag)
        following = file.tell() + length
        if following > size:
            raise MatlabCellsError(f"the file ends early, after {size} bytes; copy it again")
        source: _Bytes | None = None
        if kind == _COMPRESSED:
            source = _Inflated(file, length)
            kind = struct.unpack(f"{order}II", source.take(8))[0]
        elif kind == _MATRIX:
            source = _Plain(file)
        if source is not None and kind == _MATRIX:
            array_class, shape, found = _head(source, order)
            if found == name and array_class == _CELL_CLASS:
                return source, order, int(np.prod(shape))
            names.append(found)
        file.seek(following)
    raise MatlabCellsError(f"no cell array {name!r}; the file holds {names}")


def _order(header: bytes) -> str:
    if header.startswith(_HDF5_HEADERS):
        raise MatlabCellsError("saved as v7.3 (HDF5); save it with -v7")
    order = _ORDERS.get(header[126:])
    if order is None:
        raise MatlabCellsError(f"not a MATLAB 5 file; it begins with {header[:8].hex(' ')}")
    return order


def _cells(source: _Bytes, order: str, count: int) -> Iterator[npt.NDArray[np.generic]]:
    for number in range(count):
        kind, _ = struct.unpack(f"{order}II", source.take(8))
        if kind != _MATRIX:
            raise MatlabCellsError(f"cell {number} holds no matrix")
        _, shape, _ = _head(source, order)
        if len(shape) != 2:
            raise MatlabCellsError(f"cell {number} has {len(shape)} dimensions, expected 2")
        value_kind, data = _element(source, order)
        if value_kind not in _DTYPES:
            raise MatlabCellsError(f"cell {number}: numbers of unknown type {value_kind}")
        dtype = np.dtype(order + _DTYPES[value_kind])
        if len(data) != dtype.itemsize * shape[0] * shape[1]:
            raise MatlabCellsError(f"cell {number}: its numbers do not fill {shape}")
        plane = np.frombuffer(data, dtype).reshape(shape[1], shape[0]).T
        yield np.ascontiguousarray(plane, dtype.newbyteorder("="))


def _head(source: _Bytes, order: str) -> tuple[int, tuple[int, ...], str]:
    """Array class, dimensions and name of a matrix."""
    _, flags = _element(source, order)
    _, dimensions = _element(source, order)
    _, name = _element(source, order)
    if len(flags) < 4 or len(dimensions) % 4:
        raise MatlabCellsError("damaged head of a matrix")
    array_class = struct.unpack_from(f"{order}I", flags)[0] & 0xFF
    shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    if min(shape, default=0) < 0:
        raise MatlabCellsError(f"damaged dimensions {shape}")
    return array_class, shape, name.decode("ascii", "backslashreplace")


def _element(source: _Bytes, order: str) -> tuple[int, bytes]:
    """Type and bytes of the next element; up to four bytes sit inside the tag."""
    tag = source.take(8)
    kind, length = struct.unpack(f"{order}II", tag)
    if kind >> 16:
        kind, length = kind & 0xFFFF, kind >> 16
        if length > 4:
            raise MatlabCellsError("damaged tag")
        return kind, tag[4 : 4 + length]
    data = source.take(length)
    source.take(-length % 8)
    return kind, data


def _checked(count: int) -> int:
    if count > _MOST_BYTES:
        raise MatlabCellsError(f"an element of {count} bytes; the length is damaged")
    return count
