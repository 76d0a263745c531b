r"""The file of encrypted people beside a private video.

``LNPEOPLE1\n``, the length of a header (4 bytes), the header as JSON (camera, day, video, height,
width, salt, id of the key); then for each frame with people its number (8 bytes), the lengths of
mask and pixels (4 bytes each), the mask as PNG and the encrypted pixels; at last, under the number
2^64 - 1, JSON that counts frames and records and holds digests of all records and of the private
video, and the tag that proves it. Numbers are big-endian. Without the end nothing is shown.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from camera_analysis.privacy.scramble import (
    SALT_BYTES,
    BoolImage,
    EncryptedPeople,
    ImageRgb,
    PeopleCipher,
    ScrambleError,
    VideoName,
    key_id,
)

#: Encrypted people of a video, beside it.
SCRAMBLED_SUFFIX = ".people"
_MAGIC = b"LNPEOPLE1\n"
_RECORD = struct.Struct(">QII")
_END = 2**64 - 1
#: More in one record is no frame: a damaged length must not fill the memory.
_LONGEST = 1 << 30


class ScrambleWriter:
    """Writes the people of a video, encrypted; a context manager.

    A file that is written again has another salt, and so other bytes.

    Args:
        path: the file.
        key: the user's, 32 bytes.
        name: of the video.
    """

    def __init__(self, path: Path, key: bytes, name: VideoName) -> None:
        salt = secrets.token_bytes(SALT_BYTES)
        self._cipher = PeopleCipher(key, salt, name)
        self._digest = hashlib.sha256()
        self._frames = self._records = 0
        self._file = path.open("wb")
        header = {**asdict(name), "salt": salt.hex(), "key_id": key_id(key)}
        text = json.dumps(header, sort_keys=True).encode()
        self._file.write(_MAGIC + struct.pack(">I", len(text)) + text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, number: int, frame_rgb: ImageRgb, mask_hw: BoolImage) -> None:
        """Encrypt what frame ``number`` shows where its mask is set; numbers increase by one.

        Raises:
            ValueError: a number out of turn: a nonce must not serve twice.
        """
        if number != self._frames:
            raise ValueError(f"frame {number} comes where frame {self._frames} is expected")
        self._frames += 1
        if mask_hw.any():
            people = self._cipher.encrypt(number, frame_rgb, mask_hw)
            self._write(number, people.mask_png, people.sealed)
            self._records += 1

    def finish(self, private_video: Path) -> None:
        """Write the end, which binds all records and the finished private video."""
        says = json.dumps(
            {
                "frames": self._frames,
                "records": self._records,
                "records_sha256": self._digest.hexdigest(),
                "video_sha256": _sha256(private_video),
            },
            sort_keys=True,
        ).encode()
        self._write(_END, says, self._cipher.seal_end(_END, says))

    def _write(self, number: int, clear: bytes, sealed: bytes) -> None:
        head = _RECORD.pack(number, len(clear), len(sealed))
        for part in (head, clear, sealed):
            self._file.write(part)
            self._digest.update(part)


def people_beside(
    video: Path, key: bytes | None, *, camera: str, day: str, size_wh: tuple[int, int]
) -> AbstractContextManager[ScrambleWriter | None]:
    """Writes the people of a private video beside it; nothing without a key.

    Args:
        video: ends in ``.mp4``.
        key: the user's, or None where people are not to be shown again.
        camera: the id, which is authenticated with the rest.
        day: "YYYY-MM-DD".
        size_wh: width and height of the video.
    """
    if key is None:
        return nullcontext()
    width, height = size_wh
    name = VideoName(camera=camera, day=day, video=video.name, height=height, width=width)
    return ScrambleWriter(video.with_suffix(SCRAMBLED_SUFFIX), key, name)


@dataclass(frozen=True, kw_only=True)
class People:
    """The people of one frame, as they were filmed: (H, W) mask, (N, 3) pixels in it."""

    number: int
    mask_hw: BoolImage
    pixels_rgb: ImageRgb


class ScrambleReader:
    """Reads encrypted people, after all of the file and the private video were found unchanged.

    Args:
        path: the file of encrypted people.
        key: the user's.
        private_video: beside which it was written.

    Raises:
        ScrambleError: another key, another video, or anything was changed, cut or swapped.
    """

    def __init__(self, path: Path, key: bytes, private_video: Path) -> None:
        self._path = path
        self.name, header = _read_header(path)
        if header["key_id"] != key_id(key):
            raise ScrambleError(
                f"{path.name}: encrypted under the key {header['key_id']}; this one is "
                f"{key_id(key)}"
            )
        self._cipher = PeopleCipher(key, bytes.fromhex(str(header["salt"])), self.name)
        end = self._checked_end()
        self.frames = int(end["frames"])
        if end["video_sha256"] != _sha256(private_video):
            raise ScrambleError(
                f"{private_video.name}: not the video that {path.name} was written beside, or it "
                "was changed since"
            )

    def people(self) -> Iterator[People]:
        """Those of each frame that shows any, in order.

        Raises:
            ScrambleError: something was changed.
        """
        with self._path.open("rb") as file:
            for number, clear, sealed in _records(file, self._path.name):
                if number != _END:
                    found = EncryptedPeople(mask_png=clear, sealed=sealed)
                    mask_hw, pixels = self._cipher.decrypt(number, found)
                    yield People(number=number, mask_hw=mask_hw, pixels_rgb=pixels)

    def _checked_end(self) -> dict[str, Any]:
        digest, records, last = hashlib.sha256(), 0, -1
        with self._path.open("rb") as file:
            for number, clear, sealed in _records(file, self._path.name):
                if number == _END:
                    self._cipher.check_end(_END, clear, sealed)
                    end: dict[str, Any] = json.loads(clear)
                    same = end["records"] == records
                    if not same or end["records_sha256"] != digest.hexdigest() or file.read(1):
                        raise ScrambleError(f"{self._path.name}: frames were changed or removed")
                    return end
                if number <= last:
                    raise ScrambleError(f"{self._path.name}: frame {number} is out of its place")
                last, records = number, records + 1
                for part in (_RECORD.pack(number, len(clear), len(sealed)), clear, sealed):
                    digest.update(part)
        raise ScrambleError(f"{self._path.name}: it has no end: writing was interrupted, or cut")


def _read_header(path: Path) -> tuple[VideoName, dict[str, Any]]:
    with path.open("rb") as file:
        header = _header(file, path.name)
    try:
        name = VideoName(
            camera=str(header["camera"]),
            day=str(header["day"]),
            video=str(header["video"]),
            height=int(header["height"]),
            width=int(header["width"]),
        )
        bytes.fromhex(str(header["salt"])), str(header["key_id"])
    except (KeyError, ValueError, TypeError) as error:
        raise ScrambleError(f"{path.name}: its header is damaged") from error
    return name, header


def _header(file: BinaryIO, name: str) -> dict[str, Any]:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise ScrambleError(f"{name}: no file of encrypted people")
    (length,) = struct.unpack(">I", _exactly(file, 4, name))
    try:
        header: dict[str, Any] = json.loads(_exactly(file, min(length, _LONGEST), name))
    except ValueError as error:
        raise ScrambleError(f"{name}: its header is damaged") from error
    return header


def _records(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, clear and encrypted part of each record; ends after the last or at the file's end."""
    _header(file, name)
    while head := file.read(_RECORD.size):
        if len(head) < _RECORD.size:
            raise ScrambleError(f"{name}: cut off")
        number, clear, sealed = _RECORD.unpack(head)
        if clear + sealed > _LONGEST:
            raise ScrambleError(f"{name}: a length in it is damaged")
        yield number, _exactly(file, clear, name), _exactly(file, sealed, name)


def _exactly(file: BinaryIO, length: int, name: str) -> bytes:
    found = file.read(length)
    if len(found) < length:
        raise ScrambleError(f"{name}: cut off")
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
