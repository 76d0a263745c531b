"""Faulty files for the synthetic datasets: one of every kind in every source, each with its code.

Each kind is a function that spoils one freshly drawn sample. The table `KINDS` says what a
dataset builder should answer.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipelines.synthetic.figures import ImageArray
from pipelines.synthetic.layouts import (
    JPEG_QUALITY,
    PERSON_ID,
    Layout,
    class_ids,
    split_of,
    write_jpeg,
    write_mask,
)
from pipelines.synthetic.samples import draw_sample

#: Ids that no source knows.
UNKNOWN_ID = {"voc": 77, "coco_stuff": 200, "ade20k": 200}
#: Id of a pixel without a label.
VOID_ID = {"voc": 255, "coco_stuff": 255, "ade20k": 0}
#: Id of some background.
PLAIN_ID = {"voc": 0, "coco_stuff": 148, "ade20k": 7}
#: Sides of a picture that nobody should decode.
BOMB_SIDE_PX = 60_000


@dataclass(frozen=True)
class Fault:
    """A file made wrong on purpose and the reason code it should earn."""

    sample_id: str
    source: str
    kind: str
    expected_code: str
    stage: str
    detail: str = ""


@dataclass
class Case:
    """A sample about to be spoilt."""

    name: str
    image_path: Path
    mask_path: Path
    rgb: ImageArray
    ids: ImageArray

    def write(self) -> None:
        """Write image and mask as they stand."""
        write_jpeg(self.image_path, self.rgb)
        write_mask(self.name, self.mask_path, self.ids)


def _undecodable(case: Case) -> None:
    case.write()
    case.image_path.write_bytes(b"\xff\xd8\xff\xe0 this is no picture " * 40)


def _truncated(case: Case) -> None:
    case.write()
    whole = case.image_path.read_bytes()
    case.image_path.write_bytes(whole[: len(whole) // 3])


def _image_missing(case: Case) -> None:
    case.write()
    case.image_path.unlink()


def _mask_missing(case: Case) -> None:
    case.write()
    case.mask_path.unlink()


def _mask_undecodable(case: Case) -> None:
    case.write()
    case.mask_path.write_bytes(case.mask_path.read_bytes()[:60])


def _other_size(case: Case) -> None:
    case.ids = np.ascontiguousarray(case.ids[: case.ids.shape[0] - 17, : case.ids.shape[1] // 2])
    case.write()


def _unknown_id(case: Case) -> None:
    case.ids[20:60, 30:90] = UNKNOWN_ID[case.name]
    case.write()


def _stained(case: Case) -> None:
    """A mask that was once saved as JPEG: its ids bleed into one another."""
    case.ids[:, ::24] = 255  # edges for the compression to smear into ids that do not exist
    case.write()
    lossy = cv2.imencode(".jpg", case.ids, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    if case.name == "ade20k":  # nearly every grey is a legal id there: keep the lossy file itself
        case.mask_path.write_bytes(lossy.tobytes())
        return
    write_mask(case.name, case.mask_path, cv2.imdecode(lossy, cv2.IMREAD_GRAYSCALE))


def _all_void(case: Case) -> None:
    case.ids[:] = VOID_ID[case.name]
    case.write()


def _near_dark(case: Case) -> None:
    case.rgb = (case.rgb * 0.035).astype(np.uint8)
    case.write()


def _odd_aspect(case: Case) -> None:
    case.rgb = cv2.resize(case.rgb, (840, 84), interpolation=cv2.INTER_AREA)
    case.ids = cv2.resize(case.ids, (840, 84), interpolation=cv2.INTER_NEAREST)
    case.write()


def _sliver(case: Case) -> None:
    """The only human pixels are a line one pixel wide."""
    case.ids[:] = PLAIN_ID[case.name]
    case.ids[40:75, 100] = PERSON_ID[case.name]
    case.write()


def _image_bomb(case: Case) -> None:
    case.write()
    case.image_path.write_bytes(bomb_png())


def _mask_bomb(case: Case) -> None:
    case.write()
    case.mask_path.write_bytes(bomb_png())


def bomb_png() -> bytes:
    """A valid PNG header that declares 60,000 x 60,000 pixels, and next to no data behind it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", BOMB_SIDE_PX, BOMB_SIDE_PX, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(BOMB_SIDE_PX), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@dataclass(frozen=True)
class Kind:
    """A fault: how it is made, the reason code it should earn and at which stage."""

    name: str
    code: str
    stage: str
    spoil: Callable[[Case], None]


KINDS: tuple[Kind, ...] = (
    Kind("undecodable_image", "image_undecodable", "scan", _undecodable),
    Kind("truncated_image", "image_undecodable", "scan", _truncated),
    Kind("missing_mask", "mask_missing", "scan", _mask_missing),
    Kind("undecodable_mask", "mask_undecodable", "scan", _mask_undecodable),
    Kind("mask_of_another_size", "size_mismatch", "scan", _other_size),
    Kind("unknown_class_id", "unknown_class_id", "scan", _unknown_id),
    Kind("stained_mask", "mask_stained", "scan", _stained),
    Kind("mask_without_labels", "mask_all_ignore", "scan", _all_void),
    Kind("image_bomb", "image_too_large", "scan", _image_bomb),
    Kind("mask_bomb", "mask_too_large", "scan", _mask_bomb),
    Kind("near_dark_image", "image_dark", "clean", _near_dark),
    Kind("odd_aspect", "image_odd_aspect", "clean", _odd_aspect),
    Kind("sliver_mask", "mask_sliver", "clean", _sliver),
)
#: Only VOC lists its samples, so only there can an image be missing.
LISTED_KINDS: tuple[Kind, ...] = (Kind("missing_image", "image_missing", "scan", _image_missing),)
#: Shown by every source together: one group of each kind.
DUPLICATES = (("exact_duplicate", "duplicate_exact"), ("near_duplicate", "duplicate_near"))


def _kinds(name: str) -> tuple[Kind, ...]:
    return KINDS + (LISTED_KINDS if name == "voc" else ())


def planted_in(name: str) -> int:
    """Faulty samples of a source: every kind that it can show, and the two duplicates."""
    return len(_kinds(name)) + 2


def plant_faults(layouts: Sequence[Layout], *, seed: int, first_index: int) -> list[Fault]:
    """Add the faulty samples after the good ones; returns what was planted and what to expect."""
    faults = []
    for number, layout in enumerate(layouts):
        for offset, kind in enumerate(_kinds(layout.name)):
            rng = np.random.default_rng([seed, 100 + number, offset])
            case = _case(layout, rng, first_index + offset)
            kind.spoil(case)
            sample_id = layout.add(first_index + offset, split_of(first_index + offset))
            faults.append(Fault(sample_id, layout.name, kind.name, kind.code, kind.stage))
    after = first_index + len(KINDS) + len(LISTED_KINDS)
    for index, (kind_name, code) in enumerate(DUPLICATES, start=after):
        faults += _duplicate(layouts, seed, index, kind_name, code)
    return faults


def _case(layout: Layout, rng: np.random.Generator, index: int) -> Case:
    split = split_of(index)
    drawn = draw_sample(rng, with_people=True)
    ids = class_ids(layout.name, drawn, rng)
    return Case(
        layout.name, layout.image_path(index, split), layout.mask_path(index, split), drawn.rgb, ids
    )


def _duplicate(
    layouts: Sequence[Layout], seed: int, index: int, kind: str, code: str
) -> list[Fault]:
    """One picture in every source: byte for byte, or re-encoded and resized in the later ones.

    Which of a group is kept is the builder's choice, so every member carries the code; all of
    the group but one should be removed.
    """
    drawn = draw_sample(np.random.default_rng([seed, 200, index]), with_people=True)
    split, faults = split_of(index), []
    for number, layout in enumerate(layouts):
        ids = class_ids(layout.name, drawn, np.random.default_rng([seed, 201, number]))
        rgb, quality = drawn.rgb, JPEG_QUALITY
        if kind == "near_duplicate" and number > 0:
            scale = 1 - 0.1 * number
            size = (round(ids.shape[1] * scale), round(ids.shape[0] * scale))
            rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
            ids = cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST)
            quality -= 10 * number
        write_jpeg(layout.image_path(index, split), rgb, quality)
        write_mask(layout.name, layout.mask_path(index, split), ids)
        sample_id = layout.add(index, split)
        faults.append(
            Fault(sample_id, layout.name, kind, code, "clean", f"one group of {len(layouts)}")
        )
    return faults
