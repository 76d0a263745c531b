"""The table of a privacy audit: a row per method and strength, its limits, and its verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

#: What the best attack restores of a solid mask is the outline: others are measured by it.
CONTROL = "mask"
#: Strengths that differ by less are one.
_SAME = 1e-9


@dataclass(frozen=True, kw_only=True)
class AuditLimits:
    """What a method may give away of people's looks; set before anything was measured."""

    faces: float = 0.02  # of the faces found in clear pictures, beyond those found in noise
    linked: float = 0.10  # of the people linked, beyond those linked by outline and place
    similarity: float = 0.10  # of the best restoration, beyond that of a solid mask


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """What one method at one strength gives away, and what it leaves.

    Attributes:
        method: name in the registry of filters.
        strength: side of the finest detail left, as a share of the frame's height.
        people: hidden people that were looked at.
        persons_clear: found by the person detector in clear pictures.
        persons_found: found in hidden ones.
        faces_clear: people whose face was found in clear pictures.
        faces_found: faces found in hidden ones.
        faces_control: found where everybody looks like a blotch of noise, hidden alike.
        probes: people whom the matcher tried to link.
        gallery: identities to choose from.
        linked_clear: linked rightly where nothing was hidden.
        linked: linked rightly by the better of both attacks.
        linked_control: the same where everybody looks like a blotch of noise: by outline and place.
        attack: that restored most.
        psnr_db: after it, on person pixels; mean over people.
        similarity: structural similarity after it; mean over people.
        similarity_left: without any attack.
        utility_people: people whom somebody with the hidden video alone might see.
        seen: share of them that are seen; None where no empty view is known.
        foot_error: median distance of the foot point, as a share of the person's height.
        share_error: median relative error of the human pixels.
        walks: walks that truth knows; 0 where no consecutive frames were looked at.
        walks_clear: of them, found again where nothing was hidden.
        walks_found: found again in hidden frames.
        walk_error_clear_px: median distance of the foot points, where nothing was hidden.
        walk_error_px: in hidden frames; None where no track lies on anybody.
        segmenter_clear: people whom our segmenter finds in clear pictures: half of their pixels or
            more; None where it was not run.
        segmenter_found: whom it finds in hidden ones.
        seed_similarity: structural similarity after the best attack by somebody who knows the
            seed; None of methods whose seed tells nothing of a look.
        seed_linked: linked rightly by such an attacker.
    """

    method: str
    strength: float
    people: int
    persons_clear: int
    persons_found: int
    faces_clear: int
    faces_found: int
    faces_control: int
    probes: int
    gallery: int
    linked_clear: int
    linked: int
    linked_control: int
    attack: str
    psnr_db: float
    similarity: float
    similarity_left: float
    utility_people: int
    seen: float | None
    foot_error: float | None
    share_error: float | None
    walks: int = 0
    walks_clear: int = 0
    walks_found: int = 0
    walk_error_clear_px: float | None = None
    walk_error_px: float | None = None
    segmenter_clear: int | None = None
    segmenter_found: int | None = None
    seed_similarity: float | None = None
    seed_linked: int | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a method may be relied on, and what speaks against it."""

    passed: bool
    reasons: tuple[str, ...] = ()


def verdict_of(row: AuditRow, control: AuditRow, limits: AuditLimits) -> Verdict:
    """Judge a method by what it gives away beyond outlines and places.

    Where a seed says where pixels went, who knows it counts too: a filter that holds only as long
    as its seed is secret does not pass.

    Args:
        row: of the method.
        control: of a solid mask on the same people.
        limits: what is too much.
    """
    faces = (row.faces_found - row.faces_control) / max(row.faces_clear, 1)
    linked = (row.linked - row.linked_control) / max(row.probes, 1)
    similarity = row.similarity - control.similarity
    reasons = []
    if faces > limits.faces:
        reasons.append(
            f"a detector finds {row.faces_found} of {row.faces_clear} faces "
            f"(in noise: {row.faces_control})"
        )
    if linked > limits.linked:
        reasons.append(
            f"a matcher links {row.linked} of {row.probes} people among {row.gallery} "
            f"(by outline and place: {row.linked_control})"
        )
    if similarity > limits.similarity:
        reasons.append(
            f"{row.attack} restores a structural similarity of {row.similarity:.2f} "
            f"(a solid mask: {control.similarity:.2f})"
        )
    by_seed = _reasons_by_seed(row, control, limits)
    return Verdict(passed=not (reasons or by_seed), reasons=(*reasons, *by_seed))


def _reasons_by_seed(row: AuditRow, control: AuditRow, limits: AuditLimits) -> list[str]:
    if row.seed_similarity is None or row.seed_linked is None:
        return []
    reasons = []
    if (row.seed_linked - row.linked_control) / max(row.probes, 1) > limits.linked:
        reasons.append(f"who knows the seed links {row.seed_linked} of {row.probes} people")
    if row.seed_similarity - control.similarity > limits.similarity:
        reasons.append(
            f"who knows the seed restores a structural similarity of {row.seed_similarity:.2f}"
        )
    return reasons


def verdict_at(
    rows: Sequence[AuditRow], method: str, strength: float, limits: AuditLimits
) -> Verdict:
    """Judge a method at any strength.

    A stronger filter hides more: what was measured at the next lesser strength decides, and at all
    greater ones; a pass between failures is chance.

    Args:
        rows: of one audit, with that of a solid mask.
        method: name in the registry of filters.
        strength: side of the finest detail left, as a share of the frame's height; infinite for
            methods that have none.
        limits: what is too much.
    """
    of_method = [row for row in rows if row.method == method]
    lesser = [row.strength for row in of_method if row.strength <= strength + _SAME]
    if not lesser:
        told = f"{method} was not measured at a strength of {strength:g} or less"
        return Verdict(passed=False, reasons=(told,))
    control = control_of(rows)
    deciding = [row for row in of_method if row.strength >= max(lesser)]
    verdicts = [verdict_of(row, control, limits) for row in deciding]
    return next((one for one in verdicts if not one.passed), verdicts[0])


def control_of(rows: Sequence[AuditRow]) -> AuditRow:
    """The row of a solid mask.

    Raises:
        ValueError: there is none.
    """
    for row in rows:
        if row.method == CONTROL:
            return row
    raise ValueError(f"the audit has no row of {CONTROL!r}, by which the others are measured")


def write_rows(rows: Sequence[AuditRow], path: Path, *, about: str) -> None:
    """Write a table as JSON, with what was looked at."""
    document = {"about": about, "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def read_rows(text: str) -> tuple[list[AuditRow], str]:
    """A table and what was looked at, from what :func:`write_rows` wrote.

    Raises:
        ValueError: it is no such table.
    """
    try:
        document: Any = json.loads(text)
        rows = [AuditRow(**row) for row in document["rows"]]
        return rows, str(document["about"])
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        names = ", ".join(field.name for field in fields(AuditRow))
        raise ValueError(f"no table of a privacy audit; expected rows of {names}") from error
