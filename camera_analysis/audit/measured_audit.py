"""The privacy audit that comes with this package: its table, and its verdict on a method."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from math import inf

from camera_analysis.audit.audit_table import (
    AuditLimits,
    AuditRow,
    Verdict,
    read_rows,
    verdict_at,
)
from camera_analysis.privacy.privacy_filters import FILTERS

TABLE = "privacy_audit.json"


@lru_cache(maxsize=1)
def measured() -> tuple[tuple[AuditRow, ...], str]:
    """The rows, and on what they were measured; written by ``benchmarks/privacy_audit.py``."""
    rows, about = read_rows(
        files("camera_analysis.audit").joinpath(TABLE).read_text(encoding="utf-8")
    )
    return tuple(rows), about


def measured_verdict(method: str, strength: float, limits: AuditLimits | None = None) -> Verdict:
    """Whether a method may be relied on at a strength.

    By :func:`camera_analysis.audit.audit_table.verdict_at`.

    Args:
        method: name in the registry of filters.
        strength: side of the finest detail left, as a share of the frame's height; of no account
            for methods that have none.
        limits: what a method may give away of people's looks.
    """
    rows, _ = measured()
    known = FILTERS.get(method)
    if known is None or not known.hides_people:
        return Verdict(passed=False, reasons=(f"{method} hides no people",))
    at = strength if known.strengths else inf
    return verdict_at(rows, method, at, limits or AuditLimits())


def methods_that_pass() -> list[str]:
    """Methods, with the least measured strength at which they pass, in the registry's order."""
    rows, _ = measured()
    passed = []
    for name, known in FILTERS.items():
        strengths = [row.strength for row in rows if row.method == name]
        good = [strength for strength in strengths if measured_verdict(name, strength).passed]
        if good:
            passed.append(f"{name} from {min(good):g}" if known.strengths else name)
    return passed
