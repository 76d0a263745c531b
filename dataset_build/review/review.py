"""What a person should look at first: mistaken masks, doubtful removals, and a random audit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.ledger.decisions import read_decisions
from dataset_build.ledger.ledger import read_ledger
from dataset_build.review import review_candidates as candidates
from dataset_build.review.review_candidates import (
    AUDIT,
    CLOSE_CALL,
    FAULT,
    KINDS,
    MISTAKEN,
    PAIR,
    UNCONFIRMED_MASK,
    QueueEntry,
    Unit,
)

#: One row per image to look at, the most urgent first; members of a pair follow each other.
QUEUE = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("pair", pa.string(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
        pa.field("priority", pa.float64(), nullable=False),
    ]
)
QUEUE_FILE = "queue.parquet"
#: Of the places; what a kind leaves empty goes to the most urgent of the others. Mistaken masks
#: have the most: they teach the model wrongly, and no rule finds them. Unconfirmed ones come first,
#: because somebody chose them for this, and take places from whoever comes last.
_SHARES: Mapping[str, float] = {
    UNCONFIRMED_MASK: 0.4,
    MISTAKEN: 0.4,
    PAIR: 0.2,
    FAULT: 0.15,
    CLOSE_CALL: 0.15,
}
_AUDIT_SHARE = 0.1  # at least one in ten places goes to samples that nothing points at


@dataclass(frozen=True, kw_only=True)
class QueueInputs:
    """What beside the ledger says where to look.

    Args:
        rules: the limits that count as close.
        radius: of near duplicates, in bits.
        mistakenness: ``mistakenness.parquet`` or its folder; None before there is a model.
        decisions: ``decisions.parquet`` or its folder; what was decided is not asked again.
        seed: another one draws another audit.
    """

    rules: CleaningRules = field(default_factory=CleaningRules)
    radius: int = DatasetConfig().near_duplicate_radius
    mistakenness: Path | None = None
    decisions: Path | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class QueueSummary:
    """What is queued: samples by kind, in the order of ``KINDS``."""

    path: Path
    rows: int
    kinds: Mapping[str, int]


def rank_queue(
    ledger: Path, out: Path, *, limit: int, inputs: QueueInputs | None = None
) -> QueueSummary:
    """Choose at most ``limit`` images for review; pure, the same ledger gives the same queue.

    A tenth of the places, and all that would stay empty, go to samples drawn at random.

    Args:
        ledger: split ``ledger.parquet``, or its folder.
        out: existing folder; receives ``queue.parquet``, the most urgent first.
        limit: places.
        inputs: what else says where to look; nothing but the default rules if not given.

    Raises:
        ValueError: no places.
    """
    if limit < 1:
        raise ValueError(f"limit = {limit}; a queue needs at least 1 place")
    inputs = inputs or QueueInputs()
    table = read_ledger(ledger)
    places = _Places(limit, decided=read_decisions(inputs.decisions).keys())
    left = limit - math.ceil(limit * _AUDIT_SHARE)
    waiting: list[Unit] = []
    for kind, units in _by_kind(table, inputs).items():
        share = min(round(limit * _SHARES[kind]), left - len(places.taken))
        waiting += places.fill(units, share)
    places.fill(candidates.ranked(waiting), left - len(places.taken))
    places.fill(candidates.audits(table, inputs.seed), limit - len(places.taken))
    # Stable: equals keep the order in which they were taken, and a pair its own.
    entries = sorted(places.taken, key=lambda entry: (-entry.priority, entry.pair))
    path = out / QUEUE_FILE
    rows = [asdict(entry) for entry in entries]
    pq.write_table(pa.Table.from_pylist(rows, schema=QUEUE), path, compression="zstd")
    kinds = Counter(entry.kind for entry in entries)
    return QueueSummary(
        path=path, rows=len(entries), kinds={kind: kinds[kind] for kind in KINDS if kinds[kind]}
    )


def _by_kind(table: pa.Table, inputs: QueueInputs) -> dict[str, list[Unit]]:
    """Candidates of each kind, pairs early: a sample that is queued alone would break its pair."""
    return {
        UNCONFIRMED_MASK: candidates.unconfirmed(table),
        PAIR: candidates.near_duplicates(table, inputs.radius),
        MISTAKEN: candidates.mistaken(table, inputs.mistakenness),
        FAULT: candidates.faults(table, inputs.rules),
        CLOSE_CALL: candidates.close_calls(table, inputs.rules),
    }


class _Places:
    """The places of a queue; each image has at most one."""

    def __init__(self, limit: int, *, decided: Iterable[str]) -> None:
        self._limit = limit
        self._settled = set(decided)
        self.taken: list[QueueEntry] = []

    def fill(self, units: Iterable[Unit], places: int) -> list[Unit]:
        """Give at most so many places to the first units that fit; returns those left over."""
        end = min(self._limit, len(self.taken) + places)
        over: list[Unit] = []
        for unit in units:
            images = {entry.image_sha256 for entry in unit}
            if images & self._settled:
                continue
            if len(self.taken) + len(unit) > end:
                over.append(unit)
                if unit[0].kind == AUDIT:
                    break  # everything there is would follow
                continue
            self._settled |= images
            self.taken += unit
        return over
