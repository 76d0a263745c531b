"""What FiftyOne, the inbox and the last pull say, joined to the decisions that count now.

- A tag decides; of several, ``reject`` wins over ``relabel``, that over ``keep``.
- A decision whose tags did not change keeps its time, its reviewer and its mask.
- Removing the tag withdraws it; a sample that is gone, or was created anew, withdraws nothing.
- A ``relabel`` with an unusable mask is written down as such; what was decided before stays.
- What was handed in from the command line stands until something newer is decided.
- A tag that is nearly a decision, such as ``rejected``, decides nothing and is written down.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dataset_build.ledger.corrections import open_corrections, write_corrections
from dataset_build.ledger.decisions import (
    DECIDED,
    KEEP,
    RELABEL,
    Decision,
    DecisionSummary,
    InvalidRelabel,
    read_decisions,
    write_decisions,
)
from dataset_build.review.relabel_inbox import HandedIn, handed_mask, read_inbox
from dataset_build.sources.mask_pictures import (
    U8,
    MaskPictureError,
    PictureName,
    from_greys,
    mask_digest,
    read_picture,
)

#: A tag ``by:ann`` says who decides, where several review at the same time.
DECIDED_BY = "by:"
#: How like a decision a tag must be to be taken for a slip of the hand: ``kept``, but not ``kids``.
_SLIP = 0.75


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """One sample as FiftyOne holds it.

    Args:
        reviewer: who had the queue open when it was last modified.
        size_hw: of the image in px.
        mask_path: the picture of its mask, maybe painted on.
        mask_greys: a mask that was set in FiftyOne itself; it wins over the picture.
    """

    key: str
    sample_id: str
    tags: tuple[str, ...]
    created_at: datetime
    last_modified_at: datetime
    reviewer: str
    size_hw: tuple[int, int] = (0, 0)
    mask_path: str = ""
    mask_greys: npt.NDArray[np.generic] | None = None

    @property
    def decided(self) -> str:
        """What the tags say; "" where they decide nothing."""
        return next((what for what in DECIDED if what in self.tags), "")

    @property
    def decided_by(self) -> str:
        """Who a tag names, else who had the queue open."""
        named = (tag.removeprefix(DECIDED_BY) for tag in self.tags if tag.startswith(DECIDED_BY))
        return next((name.strip() for name in named if name.strip()), self.reviewer)

    @property
    def slips(self) -> list[tuple[str, str]]:
        """Tags that decide nothing but look as if they were meant to, each with what is meant."""
        meant = [
            (tag, difflib.get_close_matches(tag.strip().lower(), DECIDED, n=1, cutoff=_SLIP))
            for tag in self.tags
            if tag not in DECIDED
        ]
        return [(tag, close[0]) for tag, close in meant if close]


def merge_decisions(
    reviewed: Sequence[Reviewed], out: Path, *, inbox: Path | None, previous: Path | None
) -> DecisionSummary:
    """Write ``decisions.parquet``, the corrected masks, and what could not be used.

    Args:
        reviewed: every sample that FiftyOne holds.
        out: existing folder.
        inbox: masks from the command line.
        previous: the decisions pulled before, or None.
    """
    merged = _Merged(before=read_decisions(previous))
    for sample in reviewed:
        merged.add_reviewed(sample)
    if inbox is not None:
        for entry in read_inbox(inbox):
            merged.add_handed_in(entry, inbox)
    carried = merged.carry()
    write_corrections(merged.masks_that_count(previous), out)
    return write_decisions(
        merged.decisions.values(),
        out,
        invalid=merged.invalid,
        conflicts=sum(len(set(DECIDED) & set(sample.tags)) > 1 for sample in reviewed),
        carried_over=carried,
    )


@dataclass
class _Merged:
    """Decisions as they are joined."""

    before: dict[str, Decision]
    decisions: dict[str, Decision] = field(default_factory=dict)
    masks: dict[str, U8] = field(default_factory=dict)  # by image, decided now
    invalid: list[InvalidRelabel] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)

    def add_reviewed(self, sample: Reviewed) -> None:
        known = self.before.get(sample.key)
        for tag, meant in sample.slips:
            self._refuse(sample.key, sample.sample_id, f"tag {tag!r} is no decision; use {meant}")
        if not sample.decided:
            by_tag = known is not None and bool(set(DECIDED) & set(known.tags))
            if known is not None and by_tag and sample.created_at <= known.decided_at:
                self.withdrawn.add(sample.key)
            return
        if sample.decided == RELABEL:
            decision = self._relabelled(sample, known)
        elif known is not None and known.tags == sample.tags:
            decision = known
        else:
            decision = _decision(sample, sample.decided)
        if decision is not None:
            self.decisions[sample.key] = decision

    def _relabelled(self, sample: Reviewed, known: Decision | None) -> Decision | None:
        """The decision with its new mask; what was known, or a ``keep``, where it is unusable."""
        try:
            mask = _corrected_mask(sample, known)
        except MaskPictureError as error:
            self._refuse(sample.key, sample.sample_id, str(error))
            fallback = _decision(sample, KEEP) if KEEP in sample.tags else None
            return known or fallback
        if mask is None:
            return known
        digest = mask_digest(mask)
        if known is not None and known.mask_correction == digest and known.tags == sample.tags:
            return known
        self.masks[sample.key] = mask
        decided_at = max(sample.last_modified_at, _painted_at(sample))
        return Decision(
            image_sha256=sample.key,
            decision=RELABEL,
            tags=sample.tags,
            decided_by=sample.decided_by,
            decided_at=decided_at,
            mask_correction=digest,
        )

    def add_handed_in(self, entry: HandedIn, inbox: Path) -> None:
        key = entry.image_sha256
        known = self.decisions.get(key) or self.before.get(key)
        if known is not None and known.decided_at >= entry.decided_at:
            return
        if entry.withdrawn:
            self.decisions.pop(key, None)
            self.withdrawn.add(key)
            return
        try:
            mask = handed_mask(inbox, entry)
        except MaskPictureError as error:
            self._refuse(key, entry.sample_id, str(error))
            return
        self.masks[key] = mask
        self.withdrawn.discard(key)
        self.decisions[key] = Decision(
            image_sha256=key,
            decision=RELABEL,
            tags=known.tags if known else (),  # while they stay as they are, this stands
            decided_by=entry.decided_by,
            decided_at=entry.decided_at,
            mask_correction=mask_digest(mask),
        )

    def _refuse(self, image: str, sample_id: str, problem: str) -> None:
        self.invalid.append(
            InvalidRelabel(image_sha256=image, sample_id=sample_id, problem=problem)
        )

    def carry(self) -> int:
        """Take over what is neither decided anew nor withdrawn; returns how many."""
        settled = self.decisions.keys() | self.withdrawn
        carried = {key: row for key, row in self.before.items() if key not in settled}
        self.decisions |= carried
        return len(carried)

    def masks_that_count(self, previous: Path | None) -> dict[str, U8]:
        """Image -> mask of every relabel, from now or from before.

        Raises:
            ValueError: a mask that was pulled before is no longer there.
        """
        pack = open_corrections(previous) if previous else None
        masks = {}
        for key, row in self.decisions.items():
            if row.decision != RELABEL:
                continue
            mask = self.masks.get(key)
            if mask is None or mask_digest(mask) != row.mask_correction:
                if pack is None or key not in pack:
                    raise ValueError(
                        f"the corrected mask of image {key} is not beside the last decisions;"
                        " restore that version of review_decisions"
                    )
                mask = pack.read(key)
            masks[key] = mask
        return masks


def _corrected_mask(sample: Reviewed, known: Decision | None) -> U8 | None:
    """The mask as the reviewer left it; None where it is the one that was shown.

    Raises:
        MaskPictureError: it is no mask of that image, or was not changed at all.
    """
    if sample.mask_greys is not None:
        return from_greys(np.asarray(sample.mask_greys), sample.size_hw)
    path = Path(sample.mask_path)
    if not sample.mask_path or not path.is_file():
        if known is not None and known.decision == RELABEL:
            return None
        raise MaskPictureError(f"its mask picture {path.name!r} is gone; push the queue again")
    mask = read_picture(path.read_bytes(), sample.size_hw)
    shown = PictureName.of(path).mask_sha256
    if mask_digest(mask) != shown:
        return mask
    if known is not None and known.decision == RELABEL:
        return None  # obeyed: what is shown is what was corrected
    raise MaskPictureError("tagged relabel, but its mask is as it was; paint, then pull again")


def _painted_at(sample: Reviewed) -> datetime:
    path = Path(sample.mask_path)
    if sample.mask_greys is not None or not sample.mask_path:
        return sample.last_modified_at
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _decision(sample: Reviewed, what: str) -> Decision:
    return Decision(
        image_sha256=sample.key,
        decision=what,
        tags=sample.tags,
        decided_by=sample.decided_by,
        decided_at=sample.last_modified_at,
    )
