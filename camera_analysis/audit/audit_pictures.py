"""The plot of a privacy audit: what each method gives away against what it leaves to be counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from camera_analysis.audit.audit_table import AuditLimits, AuditRow, control_of, verdict_at
from camera_analysis.canvas import FONT_POINTS, figure, save, unit
from camera_analysis.privacy.privacy_filters import FILTERS

_PASS_RGB, _FAIL_RGB = (0, 114, 178), (213, 94, 0)
_ROW_INCHES, _MARGIN_INCHES = 0.3, 1.9


def save_audit(rows: Sequence[AuditRow], limits: AuditLimits, path: Path) -> None:
    """Draw bars of what is linked and restored for each method and strength, marked pass or fail.

    A diamond says what who knows the seed restores.

    Args:
        rows: of one audit, with that of a solid mask.
        limits: what a method may give away beyond it.
        path: of the PNG.

    Raises:
        ValueError: no row is of a solid mask.
    """
    from matplotlib.patches import Patch

    control = control_of(rows)
    ordered = sorted(rows, key=lambda row: row.similarity)
    passed = [verdict_at(rows, row.method, row.strength, limits).passed for row in ordered]
    colours = [unit(_PASS_RGB if good else _FAIL_RGB) for good in passed]
    sheet = figure(_MARGIN_INCHES + _ROW_INCHES * len(ordered))
    linked_axes, restored_axes = sheet.subplots(1, 2, sharey=True)
    places = range(len(ordered))
    linked = [100 * row.linked / max(row.probes, 1) for row in ordered]
    linked_axes.barh(places, linked, color=colours)
    by_outline = [100 * row.linked_control / max(row.probes, 1) for row in ordered]
    linked_axes.plot(by_outline, places, "k|", markersize=12)
    linked_axes.set_ylim(-1, len(ordered))
    linked_axes.axvline(100 * control.linked_clear / max(control.probes, 1), color="black", ls=":")
    linked_axes.set_xlabel("people linked, %\ntick: by outline\ndotted: not hidden")
    linked_axes.set_xlim(0, 100)
    linked_axes.set_yticks(places, [name_of(row) for row in ordered])
    restored_axes.barh(places, [row.similarity for row in ordered], color=colours)
    restored_axes.axvline(control.similarity + limits.similarity, color="black", ls=":")
    by_seed = [
        (row.seed_similarity, place)
        for place, row in enumerate(ordered)
        if row.seed_similarity is not None
    ]
    restored_axes.plot(*np.array(by_seed).reshape(-1, 2).T, "kD", markersize=6)
    restored_axes.set_xlabel("restored, SSIM\ndotted: limit\ndiamond: seed known")
    restored_axes.set_xlim(0, 1.05)
    entries = [
        Patch(color=unit(_PASS_RGB), label="pass"),
        Patch(color=unit(_FAIL_RGB), label="fail"),
    ]
    sheet.legend(
        handles=entries,
        loc="outside upper center",
        ncols=2,
        frameon=False,
        fontsize=FONT_POINTS,
        title="What a filter still gives away of people",
        title_fontsize=FONT_POINTS,
    )
    save(sheet, path)


def name_of(row: AuditRow) -> str:
    """Method and, where it has one, strength, as on an axis."""
    strength = f" {100 * row.strength:g} %" if FILTERS[row.method].strengths else ""
    return row.method.replace("_", " ") + strength
