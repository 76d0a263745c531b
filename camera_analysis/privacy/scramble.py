"""The people of a frame, encrypted so that whoever has the key sees them again, pixel by pixel.

AES-256-GCM of the ``cryptography`` package (OpenSSL): it hides, and it refuses what was changed. A
cipher of our own, or a shuffle of pixels, does neither. Each video has a key of its own, derived
from the user's by HKDF-SHA256 with a random salt, so that the number of the frame can be the nonce:
no nonce ever serves twice under one key (NIST SP 800-38D, section 8). Which camera, day, video and
frame it is, and the mask, are authenticated too: people put into another frame are refused.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

ImageRgb = npt.NDArray[np.uint8]
BoolImage = npt.NDArray[np.bool_]

KEY_BYTES = SALT_BYTES = 32
_NONCE_BYTES = 12
_PURPOSE = b"learned-normal people 1"


class ScrambleError(ValueError):
    """Encrypted people cannot be shown: another key, or something was changed."""


@dataclass(frozen=True, kw_only=True)
class VideoName:
    """Which video it is: camera, local day, file name, and its size in pixels."""

    camera: str
    day: str
    video: str
    height: int
    width: int

    @property
    def as_bytes(self) -> bytes:
        """The same for the same video, wherever it is read."""
        return json.dumps(asdict(self), sort_keys=True).encode()


@dataclass(frozen=True, kw_only=True)
class EncryptedPeople:
    """The people of one frame.

    Attributes:
        mask_png: where they are; not secret, the private video shows as much.
        sealed: their pixels, encrypted, and 16 bytes by which a change is found.
    """

    mask_png: bytes
    sealed: bytes


class PeopleCipher:
    """Encrypts the people of one video, and shows them again.

    Args:
        key: the user's, 32 bytes.
        salt: 32 random bytes that no other video has.
        name: of the video.

    Raises:
        ScrambleError: the key or the salt is of another length.
    """

    def __init__(self, key: bytes, salt: bytes, name: VideoName) -> None:
        if len(key) != KEY_BYTES or len(salt) != SALT_BYTES:
            raise ScrambleError(f"a key has {KEY_BYTES} bytes and a salt as many; got {len(key)}")
        self._key = key
        self._salt = salt
        self._name = name

    def encrypt(self, number: int, frame_rgb: ImageRgb, mask_hw: BoolImage) -> EncryptedPeople:
        """Encrypt what a frame shows where its mask is set.

        Args:
            number: of the frame in the video; each once.
            frame_rgb: (H, W, 3) uint8.
            mask_hw: (H, W), at least one pixel.
        """
        mask_png = _png(mask_hw.view(np.uint8) * np.uint8(255))
        x, y, width, height = cv2.boundingRect(mask_hw.view(np.uint8))
        crop = np.s_[y : y + height, x : x + width]
        people = np.where(mask_hw[crop][:, :, None], frame_rgb[crop], np.uint8(0))
        return EncryptedPeople(mask_png=mask_png, sealed=self._seal(number, mask_png, _png(people)))

    def decrypt(self, number: int, people: EncryptedPeople) -> tuple[BoolImage, ImageRgb]:
        """(H, W) mask, and the (N, 3) pixels in it, row by row.

        Raises:
            ScrambleError: another key, another frame, or something was changed.
        """
        png = self._open(number, people.mask_png, people.sealed, f"frame {number}")
        mask_hw = _decoded(people.mask_png, cv2.IMREAD_GRAYSCALE) > 0
        x, y, width, height = cv2.boundingRect(mask_hw.view(np.uint8))
        inside = mask_hw[y : y + height, x : x + width]
        return mask_hw, np.asarray(_decoded(png, cv2.IMREAD_COLOR)[inside], np.uint8)

    def seal_end(self, number: int, says: bytes) -> bytes:
        """What proves that ``says`` was written by who has the key, after all frames."""
        return self._seal(number, says, b"")

    def check_end(self, number: int, says: bytes, sealed: bytes) -> None:
        """Refuse an end that was not written by who has the key.

        Raises:
            ScrambleError: see there.
        """
        self._open(number, says, sealed, "the end of the file")

    def _seal(self, number: int, bound: bytes, plain: bytes) -> bytes:
        return self._encrypt(number.to_bytes(_NONCE_BYTES), plain, self._associated(number, bound))

    def _open(self, number: int, bound: bytes, sealed: bytes, what: str) -> bytes:
        from cryptography.exceptions import InvalidTag

        associated = self._associated(number, bound)
        try:
            return self._decrypt(number.to_bytes(_NONCE_BYTES), sealed, associated)
        except InvalidTag:
            raise ScrambleError(
                f"{self._name.video}: {what} is refused: the key is another one, or the frame, "
                "its mask or its place in the video was changed"
            ) from None

    def _associated(self, number: int, bound: bytes) -> bytes:
        """What is authenticated beside the pixels: video, frame number, digest of the mask."""
        name = self._name.as_bytes
        digest = hashlib.sha256(bound).digest()
        return _PURPOSE + len(name).to_bytes(4) + name + number.to_bytes(8) + digest

    @property
    def _encrypt(self) -> Callable[[bytes, bytes, bytes | None], bytes]:
        return self._aead[0]

    @property
    def _decrypt(self) -> Callable[[bytes, bytes, bytes | None], bytes]:
        return self._aead[1]

    @cached_property
    def _aead(
        self,
    ) -> tuple[
        Callable[[bytes, bytes, bytes | None], bytes], Callable[[bytes, bytes, bytes | None], bytes]
    ]:
        # Only who encrypts needs the package: a machine that just hides people does without it.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derive = HKDF(SHA256(), KEY_BYTES, self._salt, _PURPOSE)
        cipher = AESGCM(derive.derive(self._key))
        return cipher.encrypt, cipher.decrypt


def new_key() -> bytes:
    """32 random bytes from the operating system."""
    return secrets.token_bytes(KEY_BYTES)


def key_id(key: bytes) -> str:
    """By what a key is recognised, which says nothing of it: 16 hexadecimal digits."""
    return hashlib.sha256(b"learned-normal key id\0" + key).hexdigest()[:16]


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    done, encoded = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} cannot be encoded as PNG")
    return encoded.tobytes()


def _decoded(png: bytes, kind: int) -> npt.NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), kind)
    if picture is None:
        raise ScrambleError("a picture of people is damaged")
    return np.asarray(picture, np.uint8)
