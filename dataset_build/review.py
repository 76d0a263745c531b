"""What a person should look at first: removals to confirm, close calls, and a random audit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.config import CleaningRules
from dataset_build.decisions import DecisionSummary, write_decisions
from dataset_build.fates import REMOVED
from dataset_build.ledger import read_ledger
from dataset_build.rules import (
    DUPLICATE_EXACT,
    DUPLICATE_NEAR,
    Rule,
    first_breaches,
    measurements,
    threshold_rules,
)
from dataset_build.splits import hash_share

#: One row per image to look at, the most urgent first.
QUEUE = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
        pa.field("priority", pa.float64(), nullable=False),
    ]
)
#: A kept value within this factor of a limit is a close call.
BORDERLINE_FACTOR = 1.25
_AUDIT_EVERY = 10  # at least one in ten places goes to samples that no rule points at


@dataclass(frozen=True, kw_only=True)
class QueueEntry:
    """One sample to look at.

    Args:
        why: a sentence for the reviewer.
        priority: in [0, 1]; 1 is exactly on a limit, 0 was drawn at random.
    """

    sample_id: str
    image_sha256: str
    source: str
    why: str
    priority: float


@dataclass(frozen=True, kw_only=True)
class QueueSummary:
    """What is queued: removals to confirm, close calls among what stays, random picks."""

    path: Path
    rows: int
    removals: int
    close_calls: int
    audits: int


def empty_decisions(out: Path) -> DecisionSummary:
    """The decisions before the first review: none."""
    return write_decisions([], out)


def rank_queue(
    ledger: Path, out: Path, *, limit: int, rules: CleaningRules | None = None, seed: int = 0
) -> QueueSummary:
    """Choose at most ``limit`` images for review; pure, the same ledger gives the same queue.

    A tenth of the places, and all that would stay empty, go to samples drawn at random.

    Args:
        ledger: split ``ledger.parquet``, or its folder.
        out: existing folder; receives ``queue.parquet``, the most urgent first.
        limit: places.
        rules: the limits that count as close; the defaults if not given.
        seed: another one draws another audit.

    Raises:
        ValueError: no places.
    """
    if limit < 1:
        raise ValueError(f"limit = {limit}; a queue needs at least 1 place")
    table = read_ledger(ledger)
    rules = rules or CleaningRules()
    removals = list(_removals(table, rules))
    close = list(_close_calls(table, rules))
    ranked = _once_per_image([*removals, *close])[: limit - math.ceil(limit / _AUDIT_EVERY)]
    queued = {entry.image_sha256 for entry in ranked}
    audits = [entry for entry in _audit(table, seed) if entry.image_sha256 not in queued]
    entries = _once_per_image([*ranked, *audits[: limit - len(ranked)]])
    path = out / "queue.parquet"
    rows = pa.Table.from_pylist([asdict(entry) for entry in entries], schema=QUEUE)
    pq.write_table(rows, path, compression="zstd")
    return QueueSummary(
        path=path,
        rows=len(entries),
        removals=len(set(removals) & set(ranked)),
        close_calls=len(set(close) & set(ranked)),
        audits=len(entries) - len(ranked),
    )


def _removals(table: pa.Table, rules: CleaningRules) -> Iterator[QueueEntry]:
    """Samples that a threshold removed, the closest to its limit first in line."""
    limits = threshold_rules(rules)
    values = measurements(table)
    reasons = table["reason"].to_pylist()
    stages, measured = table["stage"].to_pylist(), table["measured"].to_pylist()
    for row, reason in enumerate(reasons):
        if stages[row] != "clean" or reason in (DUPLICATE_EXACT, DUPLICATE_NEAR):
            continue
        near = [
            _closeness(float(values[rule.quantity][row]), rule)
            for rule in limits
            if rule.code == reason
        ]
        why = f"removed by {reason} ({measured[row]}); tag keep if it should stay"
        yield _entry(table, row, why, max(near, default=0.5))


def _close_calls(table: pa.Table, rules: CleaningRules) -> Iterator[QueueEntry]:
    """Samples that stay by a narrow margin; what a reviewer kept against a rule is settled."""
    limits = threshold_rules(rules)
    values = measurements(table)
    settled = first_breaches(table, rules)
    fates = table["fate"].to_pylist()
    near_enough = 1.0 / (1.0 + math.log(BORDERLINE_FACTOR))
    for row, fate in enumerate(fates):
        if fate == REMOVED or row in settled:
            continue
        human = values["human_px"][row] > 0
        nearest = max(
            (
                (_closeness(float(values[rule.quantity][row]), rule), index)
                for index, rule in enumerate(limits)
                if human or not rule.humans_only
            ),
            default=(0.0, 0),
        )
        if nearest[0] >= near_enough:
            rule = limits[nearest[1]]
            value = float(values[rule.quantity][row])
            why = (
                f"close to {rule.code}: {rule.quantity} {value:.4g}, limit {rule.limit:g};"
                " tag reject if it is bad"
            )
            yield _entry(table, row, why, nearest[0])


def _closeness(value: float, rule: Rule) -> float:
    """1 on the limit, falling with the factor between value and limit; 0 where there is none."""
    if value <= 0 or rule.limit <= 0:
        return 0.0
    return 1.0 / (1.0 + abs(math.log(value / rule.limit)))


def _audit(table: pa.Table, seed: int) -> list[QueueEntry]:
    """Everything in the dataset in an order that only the bytes and the seed decide."""
    images, fates = table["image_sha256"].to_pylist(), table["fate"].to_pylist()
    rows = [row for row, fate in enumerate(fates) if fate != REMOVED]
    rows.sort(key=lambda row: (hash_share(images[row], seed, "audit"), row))
    why = "drawn at random: is the mask right?"
    return [_entry(table, row, why, 0.0) for row in rows]


def _entry(table: pa.Table, row: int, why: str, priority: float) -> QueueEntry:
    sample_id, image, source = (
        table[name][row].as_py() for name in ("sample_id", "image_sha256", "source")
    )
    return QueueEntry(
        sample_id=sample_id, image_sha256=image, source=source, why=why, priority=priority
    )


def _once_per_image(entries: list[QueueEntry]) -> list[QueueEntry]:
    """Most urgent first, and only the most urgent entry of each image."""
    first: dict[str, QueueEntry] = {}
    for entry in sorted(entries, key=lambda entry: (-entry.priority, entry.sample_id)):
        first.setdefault(entry.image_sha256, entry)
    return list(first.values())
