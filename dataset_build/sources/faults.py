"""Why a sample cannot be read: the reason codes of the scan."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

#: Which file of a sample a fault lies in.
Side = Literal["image", "mask"]


class RejectReason(StrEnum):
    """Reason codes that a scan writes; the measured value stands beside them in each row."""

    IMAGE_MISSING = "image_missing"
    MASK_MISSING = "mask_missing"
    IMAGE_UNDECODABLE = "image_undecodable"
    MASK_UNDECODABLE = "mask_undecodable"
    IMAGE_TOO_LARGE = "image_too_large"
    MASK_TOO_LARGE = "mask_too_large"
    SIZE_MISMATCH = "size_mismatch"
    UNKNOWN_CLASS_ID = "unknown_class_id"
    MASK_STAINED = "mask_stained"
    MASK_ALL_IGNORE = "mask_all_ignore"


class SampleFault(ValueError):
    """One sample cannot be used; the scan turns it into a row, the rest goes on.

    Args:
        reason: the code of the row.
        detail: what was measured or found; names no absolute path and no memory address.
    """

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def undecodable(side: Side, detail: str) -> SampleFault:
    """The file exists and is not what it should be."""
    return SampleFault(RejectReason(f"{side}_undecodable"), detail)


def too_large(side: Side, detail: str) -> SampleFault:
    """The file, or the picture its header announces, exceeds the limit; it was not decoded."""
    return SampleFault(RejectReason(f"{side}_too_large"), detail)


def missing(side: Side, detail: str) -> SampleFault:
    """The other half of the pair has no partner."""
    return SampleFault(RejectReason(f"{side}_missing"), detail)
