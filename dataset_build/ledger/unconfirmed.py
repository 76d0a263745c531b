"""Masks that nobody has confirmed, such as a model's: their samples stay out of the dataset."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pyarrow as pa

from dataset_build.ledger.ledger import Removal, present
from dataset_build.sources.custom_sources import CustomSource
from dataset_build.sources.path_patterns import matches

#: Reason code of a sample whose only mask is a draft.
UNCONFIRMED = "mask_unconfirmed"


def unconfirmed_removals(
    table: pa.Table, custom: Mapping[str, CustomSource], protected: Collection[int]
) -> dict[int, Removal]:
    """Rows in the dataset whose mask is a draft that no reviewer has kept or corrected.

    Args:
        table: a ledger.
        custom: source -> its description; those without ``drafts`` have none.
        protected: rows whose mask a reviewer has confirmed or replaced.
    """
    sources, masks = table["source"].to_pylist(), table["mask_path"].to_pylist()
    drafts = {name: own.drafts for name, own in custom.items() if own.drafts}
    why = Removal(
        reason=UNCONFIRMED,
        measured="its mask is a draft that nobody has looked at; tag it keep or relabel in the"
        " review, or import a mask",
        stage="review",
    )
    return {
        row: why
        for row in present(table)
        if row not in protected
        and sources[row] in drafts
        and matches(masks[row], drafts[sources[row]])
    }


def alike_by_nature(table: pa.Table, custom: Mapping[str, CustomSource]) -> set[int]:
    """Rows of sources that show one view only: that they look alike says nothing against them."""
    views = {name for name, own in custom.items() if own.fixed_camera}
    if not views:
        return set()
    return {row for row, source in enumerate(table["source"].to_pylist()) if source in views}
