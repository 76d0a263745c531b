"""Which samples deserve an eye, and why: one list per kind, the most urgent first."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.config import CleaningRules
from dataset_build.ledger.fates import REMOVED
from dataset_build.ledger.rules import (
    DUPLICATE_EXACT,
    DUPLICATE_NEAR,
    Rule,
    first_breaches,
    measurements,
    threshold_rules,
)
from dataset_build.ledger.splits import hash_share
from dataset_build.ledger.unconfirmed import UNCONFIRMED

#: Its mask is a draft that nobody has confirmed.
UNCONFIRMED_MASK = "unconfirmed"
#: Mask and model disagree about a region.
MISTAKEN = "mistaken"
#: Removed because it looks like another one; both are shown, side by side.
PAIR = "near_duplicate"
#: Removed by a rule.
FAULT = "fault"
#: Kept by a narrow margin.
CLOSE_CALL = "close_call"
#: Drawn at random.
AUDIT = "audit"
KINDS = (UNCONFIRMED_MASK, MISTAKEN, PAIR, FAULT, CLOSE_CALL, AUDIT)

MISTAKENNESS_FILE = "mistakenness.parquet"
#: A kept value within this factor of a limit is a close call.
BORDERLINE_FACTOR = 1.25
#: Below it, the model is as unsure of most masks.
MIN_MISTAKENNESS = 0.5
#: Members of one duplicate group that are shown; a film of a hundred frames says no more.
MAX_GROUP = 4
_PAIR_DIGITS = 12  # of a group's sha256, which name it on screen
_UNKNOWN_CLOSENESS = 0.5  # of a removal whose rule is no longer enabled


@dataclass(frozen=True, kw_only=True)
class QueueEntry:
    """One sample to look at.

    Args:
        kind: one of ``KINDS``.
        pair: what samples that are to be compared have in common; "" for a single one.
        why: a sentence for the reviewer.
        priority: in [0, 1]; 1 is most urgent, 0 was drawn at random.
    """

    sample_id: str
    image_sha256: str
    source: str
    kind: str
    pair: str
    why: str
    priority: float


#: Entries that are shown together or not at all.
Unit = tuple[QueueEntry, ...]


def unconfirmed(table: pa.Table) -> list[Unit]:
    """Samples that wait for a mask: each teaches nothing until somebody has looked at it."""
    why = (
        "nobody has seen this mask, it is a draft; tag relabel with a corrected mask, keep if it"
        " is right, or reject"
    )
    reasons = table["reason"].to_pylist()
    rows = [row for row, reason in enumerate(reasons) if reason == UNCONFIRMED]
    return ranked([(_entry(table, row, UNCONFIRMED_MASK, why, 1.0),) for row in rows])


def mistaken(table: pa.Table, mistakenness: Path | None) -> list[Unit]:
    """Samples of the dataset in whose mask the model sees a fault.

    A score belongs to the bytes that were judged: it follows them to another name, and counts for
    no other image and no newer mask under the old one.

    Args:
        table: a split ledger.
        mistakenness: ``mistakenness.parquet`` or its folder; None before there is a model.
    """
    if mistakenness is None:
        return []
    path = mistakenness / MISTAKENNESS_FILE if mistakenness.is_dir() else mistakenness
    judged = pq.read_table(path).filter(pc.field("score") >= MIN_MISTAKENNESS).to_pylist()
    verdict_of = {(row["image_sha256"], row["mask_sha256"]): row for row in judged}
    return ranked(
        (
            _entry(
                table,
                row,
                MISTAKEN,
                f"model and mask disagree: {verdict['kind']}, {100 * verdict['area_share']:.2g} %"
                " of the frame; tag relabel with a corrected mask, reject, or keep",
                verdict["score"],
            ),
        )
        for row, seen in _masks_in_dataset(table)
        if (verdict := verdict_of.get(seen)) is not None
    )


def _masks_in_dataset(table: pa.Table) -> Iterator[tuple[int, tuple[str, str]]]:
    """Rows with the sha256 of their image and of their correction, else of their mask file."""
    names = ("image_sha256", "mask_correction", "mask_sha256", "fate")
    columns = (table[name].to_pylist() for name in names)
    for row, (image, corrected, original, fate) in enumerate(zip(*columns, strict=True)):
        if fate != REMOVED:
            yield row, (image, corrected or original)


def near_duplicates(table: pa.Table, radius: int) -> list[Unit]:
    """What was removed as a near duplicate, beside what stayed in its place.

    The farther apart, the more urgent.
    """
    reasons = table["reason"].to_pylist()
    groups = table["duplicate_group"].to_pylist()
    gone: defaultdict[str, list[int]] = defaultdict(list)
    for row, reason in enumerate(reasons):
        if reason == DUPLICATE_NEAR:
            gone[groups[row]].append(row)
    fates, hashes = table["fate"].to_pylist(), table["phash"].to_pylist()
    others: defaultdict[str, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        if group in gone and reasons[row] not in (DUPLICATE_NEAR, DUPLICATE_EXACT):
            others[group].append(row)
    units = []
    for group, rows in gone.items():
        kept = min(others[group], key=lambda row: (fates[row] == REMOVED, row), default=None)
        if kept is not None:
            far = max(_distance(hashes[row], hashes[kept]) for row in rows)
            units.append(_pair_unit(table, kept, rows, priority=min(1.0, far / max(radius, 1))))
    return ranked(units)


def _pair_unit(table: pa.Table, kept: int, gone: Sequence[int], *, priority: float) -> Unit:
    group = table["duplicate_group"][kept].as_py()[:_PAIR_DIGITS]
    shown = gone[: MAX_GROUP - 1]
    more = f" and {len(gone) - 1} more were" if len(gone) > 1 else " was"
    first_id = table["sample_id"][gone[0]].as_py()
    stays = f"stays; {first_id}{more} removed as its near duplicate"
    entries = [_entry(table, kept, PAIR, stays, priority, pair=group)]
    for row in shown:
        why = (
            f"removed by {DUPLICATE_NEAR} ({table['measured'][row].as_py()}); tag keep if it shows"
            " something else"
        )
        entries.append(_entry(table, row, PAIR, why, priority, pair=group))
    return tuple(entries)


def _distance(one: int | None, other: int | None) -> int:
    """Bits in which two hashes differ; 0 where one is unknown."""
    if one is None or other is None:
        return 0
    return ((one ^ other) & (2**64 - 1)).bit_count()


def faults(table: pa.Table, rules: CleaningRules) -> list[Unit]:
    """Samples that a rule removed, the closest to its limit first in line."""
    limits = threshold_rules(rules)
    values = measurements(table)
    reasons = table["reason"].to_pylist()
    stages, measured = table["stage"].to_pylist(), table["measured"].to_pylist()
    units = []
    for row, reason in enumerate(reasons):
        if stages[row] != "clean" or reason in (DUPLICATE_EXACT, DUPLICATE_NEAR):
            continue
        near = [
            _closeness(float(values[rule.quantity][row]), rule)
            for rule in limits
            if rule.code == reason
        ]
        why = f"removed by {reason} ({measured[row]}); tag keep if it should stay"
        priority = max(near, default=_UNKNOWN_CLOSENESS)
        units.append((_entry(table, row, FAULT, why, priority),))
    return ranked(units)


def close_calls(table: pa.Table, rules: CleaningRules) -> list[Unit]:
    """Samples that stay by a narrow margin; what a reviewer kept against a rule is settled."""
    limits = threshold_rules(rules)
    values = measurements(table)
    settled = first_breaches(table, rules)
    near_enough = 1.0 / (1.0 + math.log(BORDERLINE_FACTOR))
    units = []
    for row, fate in enumerate(table["fate"].to_pylist()):
        if fate == REMOVED or row in settled:
            continue
        closeness, rule = _nearest({name: float(v[row]) for name, v in values.items()}, limits)
        if rule is not None and closeness >= near_enough:
            value = float(values[rule.quantity][row])
            why = (
                f"close to {rule.code}: {rule.quantity} {value:.4g}, limit {rule.limit:g};"
                " tag reject if it is bad"
            )
            units.append((_entry(table, row, CLOSE_CALL, why, closeness),))
    return ranked(units)


def _nearest(sample: Mapping[str, float], limits: Sequence[Rule]) -> tuple[float, Rule | None]:
    """The rule whose limit is closest, of those that judge such a sample."""
    human = sample["human_px"] > 0
    best: tuple[float, Rule | None] = (0.0, None)
    for rule in limits:
        closeness = _closeness(sample[rule.quantity], rule)
        if (human or not rule.humans_only) and closeness > best[0]:
            best = (closeness, rule)
    return best


def _closeness(value: float, rule: Rule) -> float:
    """1 on the limit, falling with the factor between value and limit; 0 where there is none."""
    if not value > 0 or rule.limit <= 0:
        return 0.0
    return 1.0 / (1.0 + abs(math.log(value / rule.limit)))


def audits(table: pa.Table, seed: int) -> Iterator[Unit]:
    """Everything in the dataset in an order that only the bytes and the seed decide."""
    images, fates = table["image_sha256"].to_pylist(), table["fate"].to_pylist()
    rows = [row for row, fate in enumerate(fates) if fate != REMOVED]
    rows.sort(key=lambda row: (hash_share(images[row], seed, "audit"), row))
    why = "drawn at random: is the mask right?"
    for row in rows:
        yield (_entry(table, row, AUDIT, why, 0.0),)


def _entry(
    table: pa.Table, row: int, kind: str, why: str, priority: float, *, pair: str = ""
) -> QueueEntry:
    sample_id, image, source = (
        table[name][row].as_py() for name in ("sample_id", "image_sha256", "source")
    )
    return QueueEntry(
        sample_id=sample_id,
        image_sha256=image,
        source=source,
        kind=kind,
        pair=pair,
        why=why,
        priority=priority,
    )


def ranked(units: Iterable[Unit]) -> list[Unit]:
    """The most urgent first; sample ids decide between equals."""
    return sorted(units, key=lambda unit: (-unit[0].priority, unit[0].sample_id))
