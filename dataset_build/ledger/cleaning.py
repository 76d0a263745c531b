"""Merged ledger -> cleaned ledger: decisions, drafts, named rules, duplicates, in this order.

A reviewer's ``reject`` wins over everything but an unreadable file. A ``keep`` protects an image
from every rule that is a matter of judgement: thresholds, surveillance-likeness and near
duplicates. It cannot bring back what the scan could not read, nor keep the same bytes twice. A
``relabel`` protects as a ``keep`` does, and the corrected mask is measured in place of the old.
Either confirms a mask that is a draft; a draft without it stays out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build import charts
from dataset_build.config import DatasetConfig
from dataset_build.duplicates.duplicate_memory import find_changed_duplicates
from dataset_build.duplicates.duplicates import Candidates, Duplicate
from dataset_build.duplicates.look_alikes import stacked
from dataset_build.duplicates.near_hashes import HASH_BITS
from dataset_build.ledger.corrections import apply_corrections
from dataset_build.ledger.decisions import KEEP, REJECT, RELABEL, Decision, read_decisions
from dataset_build.ledger.fates import REMOVED, LedgerSummary, reason_counts
from dataset_build.ledger.ledger import (
    Removal,
    present,
    read_ledger,
    remove,
    with_columns,
    write_ledger,
)
from dataset_build.ledger.rules import DUPLICATE_EXACT, DUPLICATE_NEAR, first_breaches
from dataset_build.ledger.unconfirmed import alike_by_nature, unconfirmed_removals
from dataset_build.markdown import cell
from dataset_build.sources.sources import source_rank

REVIEW_REJECT = "review_reject"
_EXAMPLES = 5  # per reason in rejects.md


def clean(
    ledger: Path,
    out: Path,
    *,
    config: DatasetConfig,
    decisions: Path | None,
    memory: Path | None = None,
) -> LedgerSummary:
    """Remove what the reviewer rejected, what breaks a rule, and what is there twice.

    Args:
        ledger: merged ``ledger.parquet``, or its folder.
        out: existing folder; receives ``ledger.parquet``, ``ledger.md``, ``rejects.md``,
            ``rejected_by_review.parquet`` (image_sha256), for the audit, and ``corrections`` with
            the masks that a reviewer corrected, where there are any. ``draw_removed`` adds
            ``removed.png``.
        config: rules, their version and the radius of near duplicates.
        decisions: ``decisions.parquet``, its folder, or None before the first review.
        memory: file of the last search for duplicates; with it, only what changed is compared.
            The result is the same.
    """
    table = read_ledger(ledger)
    decided = read_decisions(decisions)
    version = config.cleaning.version
    table = apply_corrections(table, decided, decisions, out, min_region_px=config.min_region_px)
    protected = _rows_decided(table, decided, KEEP) | _rows_decided(table, decided, RELABEL)
    table = remove(table, _review_removals(table, decided), version)
    table = remove(table, unconfirmed_removals(table, config.custom_sources, protected), version)
    table = remove(table, _rule_removals(table, config, protected), version)
    table = _without_duplicates(table, config, protected, memory)
    table = _stamped(table, version)
    _write_review_rejects(decided, out / "rejected_by_review.parquet")
    (out / "rejects.md").write_text(_rejects_markdown(table), encoding="utf-8")
    return write_ledger(table, out, findings=_findings(table))


def _write_review_rejects(decided: Mapping[str, Decision], path: Path) -> None:
    images = sorted(image for image, row in decided.items() if row.decision == REJECT)
    table = pa.table({"image_sha256": pa.array(images, pa.string())})
    pq.write_table(table, path, compression="zstd")


def _rows_decided(table: pa.Table, decided: Mapping[str, Decision], decision: str) -> set[int]:
    images = table["image_sha256"].to_pylist()
    return {
        row
        for row, image in enumerate(images)
        if image in decided and decided[image].decision == decision
    }


def _review_removals(table: pa.Table, decided: Mapping[str, Decision]) -> dict[int, Removal]:
    images = table["image_sha256"].to_pylist()
    return {
        row: Removal(
            reason=REVIEW_REJECT,
            measured=f"rejected by {decided[images[row]].decided_by}"
            f" on {decided[images[row]].decided_at:%Y-%m-%d}",
            stage="review",
        )
        for row in sorted(_rows_decided(table, decided, REJECT))
    }


def _rule_removals(
    table: pa.Table, config: DatasetConfig, protected: set[int]
) -> dict[int, Removal]:
    return {
        row: Removal(reason=breach.code, measured=breach.measured, stage="clean")
        for row, breach in first_breaches(table, config.cleaning).items()
        if row not in protected
    }


def _without_duplicates(
    table: pa.Table, config: DatasetConfig, protected: set[int], memory: Path | None
) -> pa.Table:
    rows = present(table)
    candidates = _candidates(table, rows, protected)
    report = find_changed_duplicates(
        candidates, config.near_duplicate_radius, config.min_duplicate_correlation, memory
    )
    groups = table["image_sha256"].to_pylist()  # everything else is a group of its own
    for row, group in zip(rows, report.groups, strict=True):
        groups[row] = group
    removals = {}
    spared_rows = protected | alike_by_nature(table, config.custom_sources)
    for duplicate in report.duplicates:
        row = rows[duplicate.row]
        removal = _duplicate_removal(duplicate, candidates.sample_ids[duplicate.kept])
        spared = row in spared_rows and not duplicate.exact
        if not spared and removal.reason not in config.cleaning.disabled:
            removals[row] = removal
    table = with_columns(table, {"duplicate_group": groups})
    return remove(table, removals, config.cleaning.version)


def _candidates(table: pa.Table, rows: list[int], protected: set[int]) -> Candidates:
    columns = table.select(
        ["sample_id", "source", "image_sha256", "phash", "thumbnail", "human_px", "width", "height"]
    ).take(pa.array(rows, pa.int64()))
    sources = columns["source"].combine_chunks().dictionary_encode()
    ranks = np.array([source_rank(source) for source in sources.dictionary.to_pylist()], np.int64)
    area = pc.multiply(*(columns[name].cast(pa.int64()) for name in ("width", "height")))
    return Candidates(
        sample_ids=columns["sample_id"].to_pylist(),
        image_sha256=columns["image_sha256"].to_pylist(),
        phash=columns["phash"].to_numpy(),
        thumbnails=stacked(columns["thumbnail"].to_pylist()),
        human=pc.greater(columns["human_px"], 0).to_numpy(),
        area_px=area.to_numpy(),
        source_rank=ranks[sources.indices.to_numpy()],
        preferred=np.isin(rows, sorted(protected)),
    )


def _duplicate_removal(duplicate: Duplicate, kept_id: str) -> Removal:
    if duplicate.exact:
        return Removal(reason=DUPLICATE_EXACT, measured=f"same bytes as {kept_id}", stage="clean")
    return Removal(
        reason=DUPLICATE_NEAR,
        measured=f"thumbnails correlate by {duplicate.correlation:.3f},"
        f" hash {duplicate.distance} of {HASH_BITS} bits from {kept_id}",
        stage="clean",
    )


def _stamped(table: pa.Table, version: int) -> pa.Table:
    """Every row that the rules have seen carries their version; rejects of the scan do not."""
    stages = table["stage"].to_pylist()
    return with_columns(
        table, {"rule_version": [0 if stage == "scan" else version for stage in stages]}
    )


def _findings(table: pa.Table) -> tuple[str, ...]:
    if present(table):
        return ()
    reasons = sorted(reason_counts(table), key=lambda row: -row.images)
    worst = f"mostly {reasons[0].reason} ({reasons[0].images})" if reasons else "it was empty"
    return (f"no image of {table.num_rows} is left after cleaning, {worst}; see rejects.md",)


def _rejects_markdown(table: pa.Table) -> str:
    """Counts by source, stage and reason, then a few examples with what was measured."""
    counts = reason_counts(table)
    lines = ["| source | stage | reason | images |", "|---|---|---|--:|"]
    lines += [f"| {row.source} | {row.stage} | {row.reason} | {row.images} |" for row in counts]
    lines += [f"| all | | | {sum(row.images for row in counts)} |", ""]
    lines += [f"First {_EXAMPLES} of each reason:", ""]
    lines += ["| sample | reason | measured |", "|---|---|---|"]
    names = ("sample_id", "reason", "measured", "fate")
    shown: defaultdict[str, int] = defaultdict(int)
    for sample_id, reason, measured, fate in zip(
        *(table[name].to_pylist() for name in names), strict=True
    ):
        shown[reason] += 1
        if fate == REMOVED and shown[reason] <= _EXAMPLES:
            lines.append(f"| {cell(sample_id)} | {reason} | {cell(measured)} |")
    return "\n".join(lines) + "\n"


def draw_removed(cleaned: Path) -> Path:
    """Draw removed images per reason, stacked by source, most frequent on top.

    Args:
        cleaned: the folder that ``clean`` wrote; receives ``removed.png``.

    Returns:
        The picture.
    """
    counts = reason_counts(
        pq.read_table(cleaned / "ledger.parquet", columns=["source", "stage", "reason", "fate"])
    )
    by_source: defaultdict[str, Counter[str]] = defaultdict(Counter)
    totals: Counter[str] = Counter()
    for row in counts:
        totals[row.reason] += row.images
        by_source[row.source][row.reason] += row.images
    reasons = sorted(totals, key=lambda reason: (totals[reason], reason))
    series = {
        source: [by_source[source][reason] for reason in reasons] for source in sorted(by_source)
    }
    inches = 0.5 + 0.4 * max(len(reasons), 1)
    figure = charts.new_figure(inches + 1.6)
    axes = figure.add_subplot()
    charts.stacked_bars(axes, reasons, series)
    charts.label(axes, title=f"Removed images by reason, n = {totals.total()}", x="images")
    charts.legend(axes, inches=inches)
    return charts.save(figure, cleaned / "removed.png")
