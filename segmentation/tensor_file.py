"""Tensors in a file, as safetensors: a JSON header and raw numbers, nothing that runs.

Written here, because the same tensors must give the same bytes, and because a training machine may
have torch and little else. Any other safetensors reader opens these files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

_DTYPES: Mapping[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
#: The header's length comes first, as a little-endian integer of so many bytes.
_LENGTH_BYTES = 8
#: The format's own limit.
_MAX_HEADER_BYTES = 100_000_000
_ALIGN = 8


class TensorFileError(ValueError):
    """The file is no safetensors file, or a damaged one."""


def write_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors, widest numbers first, then by name; the file appears whole or not at all.

    Raises:
        ValueError: a dtype that the format does not have.
    """
    blobs: list[bytes] = []
    header: dict[str, object] = {}
    offset = 0
    for name in sorted(tensors, key=lambda name: (-tensors[name].element_size(), name)):
        tensor = tensors[name].detach().cpu().contiguous()
        if tensor.dtype not in _NAMES:
            raise ValueError(f"{name}: {tensor.dtype}; expected one of {sorted(_DTYPES)}")
        blob = tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGN)
    aside = path.with_name(path.name + ".partial")
    with aside.open("wb") as file:
        file.write(len(text).to_bytes(_LENGTH_BYTES, "little"))
        file.write(text)
        file.writelines(blobs)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a file, on the CPU.

    Raises:
        TensorFileError: a pickle, another format, or a damaged file.
    """
    data = path.read_bytes()
    require_no_pickle(data[:_LENGTH_BYTES], path)
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    start = _LENGTH_BYTES + length
    if len(data) < _LENGTH_BYTES or length > _MAX_HEADER_BYTES or start > len(data):
        raise TensorFileError(f"{path.name}: no safetensors file; export the weights again")
    try:
        header = json.loads(data[_LENGTH_BYTES:start])
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        return {name: _tensor(data, start, entry) for name, entry in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise TensorFileError(f"{path.name}: damaged safetensors file: {error}") from error


def require_no_pickle(start: bytes, path: Path) -> None:
    """Refuse files that run code when they are opened the usual way.

    Raises:
        TensorFileError: the first bytes are those of a pickle, or of torch's archive of one.
    """
    if start.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        raise TensorFileError(
            f"{path.name} is a pickle: opening it could run anybody's code. Where you trust its"
            " origin, load it in a place of its own with torch.load(path, weights_only=True) and"
            " save the state dict with safetensors.torch.save_file"
        )


def _tensor(data: bytes, start: int, entry: Mapping[str, object]) -> Tensor:
    dtype = _DTYPES[str(entry["dtype"])]
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not isinstance(shape, list) or not isinstance(offsets, list) or len(offsets) != 2:
        raise ValueError(f"entry {entry}")
    first, last = start + int(offsets[0]), start + int(offsets[1])
    if not start <= first <= last <= len(data):
        raise ValueError(f"offsets {offsets} lie outside the file")
    raw = torch.frombuffer(bytearray(data[first:last]), dtype=torch.uint8) if last > first else None
    flat = torch.empty(0, dtype=dtype) if raw is None else raw.view(dtype)
    return flat.reshape([int(size) for size in shape])
