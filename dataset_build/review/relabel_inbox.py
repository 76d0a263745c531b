"""Corrected masks handed in from the command line, where the next pull finds them.

Two files per image: ``<sha256>.json`` says who, when and for which sample, ``<sha256>.png`` is the
mask. Nothing is removed by a pull: to hand in another mask, or to withdraw it, replaces the entry.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from dataset_build.sources.mask_pictures import U8, MaskPictureError, read_picture

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    """An entry of the inbox.

    Args:
        image_sha256: names the entry's files: 64 hex digits, never a path.
        withdrawn: takes back what was decided before, and brings no mask.
        height, width: of the image in px.
    """

    image_sha256: str
    sample_id: str
    decided_by: str
    decided_at: datetime
    height: int
    width: int
    withdrawn: bool = False

    def __post_init__(self) -> None:
        """Refuse a name that could be a path, and a moment that none could be compared with."""
        if not _SHA256.fullmatch(self.image_sha256):
            raise ValueError(
                f"{self.sample_id}: image_sha256 is {self.image_sha256!r}, expected 64 hex digits"
                " in lower case; hand the mask in again"
            )
        if self.decided_at.tzinfo is None:
            raise ValueError(f"{self.sample_id}: decided_at has no time zone; give UTC")


def hand_in(inbox: Path, entry: HandedIn, png: bytes) -> None:
    """Put a corrected mask, or a withdrawal, into the inbox.

    Args:
        inbox: created if absent.
        entry: whose mask it is, and who corrected it.
        png: the file as painted; empty for a withdrawal.

    Raises:
        MaskPictureError: it is no mask of that image.
    """
    if not entry.withdrawn:
        read_picture(png, (entry.height, entry.width))
    inbox.mkdir(parents=True, exist_ok=True)
    values = {**asdict(entry), "decided_at": entry.decided_at.isoformat()}
    # The mask first: an entry is there once its JSON is.
    if not entry.withdrawn:
        _replace(inbox / f"{entry.image_sha256}.png", png)
    text = json.dumps(values, indent=1, sort_keys=True)
    _replace(inbox / f"{entry.image_sha256}.json", f"{text}\n".encode())


def read_inbox(inbox: Path) -> list[HandedIn]:
    """All entries, by image; none where nothing was ever handed in.

    Raises:
        ValueError: a file that is no entry.
    """
    entries = []
    for path in sorted(inbox.glob("*.json")):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            moment = datetime.fromisoformat(values.pop("decided_at"))
            entries.append(HandedIn(**values, decided_at=moment))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: no entry of a relabel ({error}); remove it") from error
    return entries


def handed_mask(inbox: Path, entry: HandedIn) -> U8:
    """The mask of an entry.

    Raises:
        MaskPictureError: it is gone, or no longer a mask of that image.
    """
    path = inbox / f"{entry.image_sha256}.png"
    if not path.is_file():
        raise MaskPictureError(f"{path.name} is gone from the inbox; hand it in again")
    return read_picture(path.read_bytes(), (entry.height, entry.width))


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(data)
    draft.replace(path)
