"""Class ids of a source -> the three values of a human mask, or why not."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import numpy.typing as npt

from dataset_build.sources.faults import RejectReason, SampleFault
from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN, LabelMap

#: (H, W) class ids as stored in a mask file.
IdArray = npt.NDArray[np.uint8 | np.uint16 | np.int32]

#: This many different illegal ids are no longer a typing error but smeared values.
STAINED_IDS = 5
#: Share of edge pixels that stand alone, above which a mask was compressed with loss. The clean
#: masks of six published sources reach 0.045; JPEG at any quality starts at 0.07 for most.
MAX_ISOLATED_SHARE = 0.07
#: Fewer lone pixels than this prove nothing: thin strokes and tiny masks have some.
MIN_ISOLATED_PX = 32
_DETAIL_IDS = 8


def binarize(ids_hw: IdArray, labels: LabelMap) -> npt.NDArray[np.uint8]:
    """Class ids -> human mask.

    Args:
        ids_hw: (H, W) class ids.
        labels: which ids are legal, human, ignored.

    Returns:
        (H, W) uint8 of NOT_HUMAN, HUMAN and IGNORE.

    Raises:
        SampleFault: ``unknown_class_id``, ``mask_stained`` where illegal ids are scattered over
            many values, ``mask_undecodable`` where colours stand in place of ids.
    """
    ids = _require_legal(ids_hw, labels)
    mask: npt.NDArray[np.uint8] = np.ascontiguousarray(cv2.LUT(ids, _table(labels)))
    return mask


def require_unstained(ids_hw: IdArray) -> None:
    """Refuse a mask whose ids were smeared by lossy compression, though each may be legal.

    JPEG leaves a fringe of single pixels along every edge. Measured is the share of edge pixels
    (those with a different neighbour above, below, left or right) that equal none of the four.

    Args:
        ids_hw: (H, W) class ids.

    Raises:
        SampleFault: ``mask_stained``.
    """
    differing = np.zeros(ids_hw.shape, dtype=np.uint8)
    neighbours = np.zeros(ids_hw.shape, dtype=np.uint8)
    for first, second in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
    ):
        edge = (ids_hw[first] != ids_hw[second]).view(np.uint8)
        for side in (first, second):
            differing[side] += edge
            neighbours[side] += 1
    edge_px = int(np.count_nonzero(differing))
    isolated_px = int(np.count_nonzero((differing == neighbours) & (differing > 0)))
    if isolated_px >= MIN_ISOLATED_PX and isolated_px > MAX_ISOLATED_SHARE * edge_px:
        raise SampleFault(
            RejectReason.MASK_STAINED,
            f"{isolated_px / edge_px:.3f} of {edge_px} edge pixels differ from all their"
            f" neighbours; at most {MAX_ISOLATED_SHARE}",
        )


@functools.lru_cache(maxsize=16)
def _table(labels: LabelMap) -> npt.NDArray[np.uint8]:
    """256 entries: class id -> mask value."""
    table = np.full(256, NOT_HUMAN, dtype=np.uint8)
    table[sorted(labels.human)] = HUMAN
    table[sorted(labels.ignore)] = IGNORE
    table.setflags(write=False)
    return table


def _require_legal(ids_hw: IdArray, labels: LabelMap) -> npt.NDArray[np.uint8]:
    if ids_hw.ndim != 2:
        raise SampleFault(
            RejectReason.MASK_UNDECODABLE,
            f"{ids_hw.shape[-1]} channels; expected one channel of class ids, not colours",
        )
    if ids_hw.dtype == np.uint8:
        present = np.flatnonzero(np.bincount(ids_hw.ravel(), minlength=256))
    else:
        present = np.unique(ids_hw)
    unknown = [int(i) for i in present if int(i) not in labels.legal]
    if unknown:
        raise _unknown_ids(unknown)
    return ids_hw.astype(np.uint8, copy=False)


def _unknown_ids(unknown: list[int]) -> SampleFault:
    listed = ", ".join(str(i) for i in unknown[:_DETAIL_IDS])
    more = ", ..." if len(unknown) > _DETAIL_IDS else ""
    stained = len(unknown) >= STAINED_IDS
    reason = RejectReason.MASK_STAINED if stained else RejectReason.UNKNOWN_CLASS_ID
    return SampleFault(reason, f"{len(unknown)} unknown class ids: {listed}{more}")
