"""Masks that a reviewer corrected: how they travel, and every reader's way to the right mask.

They lie in the folder ``corrections`` inside a version: of the review's decisions by the image's
sha256, of a cleaned or split ledger by sample id. A version without any has no such folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dataset_build.ledger.decisions import RELABEL, Decision
from dataset_build.ledger.ledger import with_columns
from dataset_build.scan.mask_pack import MaskPack, PackedMask, PackWriter
from dataset_build.scan.quality import measure_mask
from dataset_build.sources.mask_pictures import mask_digest

U8 = npt.NDArray[np.uint8]

CORRECTIONS = "corrections"


def write_corrections(masks: Mapping[str, U8], out: Path) -> Path | None:
    """Pack corrected masks in ``out/corrections``, sorted by key; nothing where there are none.

    Args:
        masks: image sha256 or sample id -> (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.
        out: folder of a version.
    """
    if not masks:
        return None
    folder = out / CORRECTIONS
    folder.mkdir()
    write_masks(masks, folder)
    return folder


def write_masks(masks: Mapping[str, U8], folder: Path) -> None:
    """Pack a few masks by key in an existing folder, sorted."""
    with PackWriter(folder) as writer:
        for key, mask in sorted(masks.items()):
            writer.add(key, PackedMask.of(mask))


def open_corrections(version: Path) -> MaskPack | None:
    """The corrected masks of a version, given as its folder or a file in it; None without any."""
    folder = (version if version.is_dir() else version.parent) / CORRECTIONS
    return MaskPack(folder) if folder.is_dir() else None


def carry_corrections(before: Path, out: Path) -> None:
    """Copy the corrected masks of the version that was read to the one that is written."""
    folder = (before if before.is_dir() else before.parent) / CORRECTIONS
    if folder.is_dir():
        shutil.copytree(folder, out / CORRECTIONS)


class SampleMasks:
    """Masks by source and sample id: the reviewer's where there is one, else the source's.

    Args:
        packs: source -> folder of its packed masks.
        ledger: the ledger's file or folder, beside which the corrections lie.
    """

    def __init__(self, packs: Mapping[str, Path], ledger: Path) -> None:
        self._packs = {source: MaskPack(folder) for source, folder in packs.items()}
        self._corrected = open_corrections(ledger)

    def read(self, source: str, sample_id: str) -> U8:
        """(H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.

        Raises:
            KeyError: no such sample.
            MaskPackError: the pack is damaged.
        """
        if self._corrected is not None and sample_id in self._corrected:
            return self._corrected.read(sample_id)
        return self._packs[source].read(sample_id)


def apply_corrections(
    table: pa.Table,
    decided: Mapping[str, Decision],
    decisions: Path | None,
    out: Path,
    *,
    min_region_px: int,
) -> pa.Table:
    """Give every relabelled row its corrected mask, measured anew; what could not be read stays.

    Args:
        table: a ledger; it is not changed.
        decided: image sha256 -> decision.
        decisions: ``decisions.parquet`` or its folder, beside which the masks lie.
        out: folder of the version that is written; receives the masks, by sample id.
        min_region_px: smaller regions are specks.

    Raises:
        ValueError: a mask is missing, is not the decided one, or does not fit its image.
    """
    rows = _relabelled_rows(table, decided)
    if not rows or decisions is None:
        return table
    given = open_corrections(decisions)
    ids, images = table["sample_id"].to_pylist(), table["image_sha256"].to_pylist()
    sizes = list(zip(table["height"].to_pylist(), table["width"].to_pylist(), strict=True))
    masks: dict[str, U8] = {}
    measured: dict[int, dict[str, object]] = {}
    for row in rows:
        decision = decided[images[row]]
        mask = _decided_mask(given, decision, ids[row])
        if mask.shape != sizes[row]:
            raise ValueError(
                f"{ids[row]}: corrected mask {mask.shape}, image {sizes[row]}; relabel it again"
            )
        masks[ids[row]] = mask
        found = asdict(measure_mask(mask, min_region_px=min_region_px))
        measured[row] = {**found, "mask_correction": decision.mask_correction}
    write_corrections(masks, out)
    return _with_values(table, measured)


def _relabelled_rows(table: pa.Table, decided: Mapping[str, Decision]) -> list[int]:
    relabelled = {image for image, row in decided.items() if row.decision == RELABEL}
    images, rejects = table["image_sha256"].to_pylist(), table["reject_reason"].to_pylist()
    return [
        row
        for row, (image, reject) in enumerate(zip(images, rejects, strict=True))
        if image in relabelled and not reject
    ]


def _decided_mask(given: MaskPack | None, decision: Decision, sample_id: str) -> U8:
    if given is None or decision.image_sha256 not in given:
        raise ValueError(
            f"{sample_id}: relabelled, but its corrected mask is not beside the decisions; pull"
            " the review again"
        )
    mask = given.read(decision.image_sha256)
    if mask_digest(mask) != decision.mask_correction:
        raise ValueError(
            f"{sample_id}: the corrected mask is not the one that was decided; pull the review"
            " again"
        )
    return mask


def _with_values(table: pa.Table, values: Mapping[int, Mapping[str, object]]) -> pa.Table:
    """A copy of the table with some cells of some rows replaced."""
    columns: dict[str, list[object]] = {}
    for row, cells in values.items():
        for name, value in cells.items():
            if name not in columns:
                columns[name] = table[name].to_pylist()
            columns[name][row] = value
    return with_columns(table, columns)
