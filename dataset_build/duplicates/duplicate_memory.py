"""Duplicates searched for only where something changed since the last time.

Who stays in a group of duplicates depends on its own members alone. Where none of them changed,
came or went, and nothing new is near one of them, what was found the last time holds. The memory
lies outside the versions and may be lost at any time: that costs a whole search, nothing else.
"""

from __future__ import annotations

import hashlib
import logging
import os
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.digests import sha256_of_code
from dataset_build.duplicates.duplicates import (
    BoolArray,
    Candidates,
    Duplicate,
    DuplicateReport,
    find_duplicates,
)
from dataset_build.duplicates.near_hashes import IntArray, UInt64Array

#: Of a candidate; what was found holds while all of it is unchanged.
_DECIDES = ("phash", "thumbnail_crc", "human", "area_px", "source_rank", "preferred")
#: What is kept of a duplicate, and what stands there for an image that is none.
_FOUND = {"kept": -1, "distance": 0, "correlation": 0.0, "exact": False}
_RULES = b"rules"
#: Pairs of hashes above which looking through all of them costs more than a whole search.
_MOST_PAIRS = 1 << 30
#: Hashes that are compared with all at once: 10 MB for 157,000.
_AT_ONCE = 8

_log = logging.getLogger(__name__)


def find_changed_duplicates(
    candidates: Candidates, radius: int, min_correlation: float, memory: Path | None
) -> DuplicateReport:
    """What ``find_duplicates`` finds, by what was found the last time wherever that still holds.

    Args:
        candidates: as for ``find_duplicates``.
        radius: as for ``find_duplicates``.
        min_correlation: as for ``find_duplicates``.
        memory: the file of the last search, which this one replaces; None searches all.

    Raises:
        ValueError: as ``find_duplicates``.
    """
    if memory is None:
        return find_duplicates(candidates, radius, min_correlation)
    rules = _rules(radius, min_correlation)
    now, earlier = _columns(candidates), _recall(memory, rules)
    rows = _unchanged(now, earlier)
    searched = _to_search(candidates, now, earlier, rows, radius)
    part = find_duplicates(_some(candidates, searched), radius, min_correlation)
    report = _joined(earlier, rows, searched, part)
    _save(memory, now, report, rules)
    return report


def _rules(radius: int, min_correlation: float) -> str:
    """Digest of limits and code."""
    code = sha256_of_code(Path(__file__).parent)
    rules = f"{radius} {min_correlation!r} {np.__version__} {code}"
    return hashlib.sha256(rules.encode()).hexdigest()


def _columns(candidates: Candidates) -> pa.Table:
    return pa.table(
        {
            "sample_id": pa.array(candidates.sample_ids, pa.string()),
            "image_sha256": pa.array(candidates.image_sha256, pa.string()),
            "phash": candidates.phash,
            "thumbnail_crc": pa.array(map(zlib.crc32, candidates.thumbnails), pa.uint32()),
            "human": candidates.human,
            "area_px": candidates.area_px,
            "source_rank": candidates.source_rank,
            "preferred": candidates.preferred,
        }
    )


def _recall(memory: Path, rules: str) -> pa.Table | None:
    """The last search; None where it cannot be used."""
    try:
        table = pq.read_table(memory)
    except (OSError, pa.ArrowException) as error:
        _log.info("all duplicates are searched for: no memory of the last search (%s)", error)
        return None
    if (table.schema.metadata or {}).get(_RULES) != rules.encode():
        _log.info("all duplicates are searched for: code or limits changed since the last search")
        return None
    return table if table.num_rows else None


def _unchanged(now: pa.Table, earlier: pa.Table | None) -> IntArray:
    """(N,) row of the last search that each candidate still is, -1 for new and changed ones."""
    if earlier is None:
        return np.full(now.num_rows, -1, np.int64)
    found = pc.index_in(now["sample_id"], value_set=earlier["sample_id"])
    rows: IntArray = found.fill_null(-1).to_numpy().astype(np.int64)
    place = np.maximum(rows, 0)
    same = rows >= 0
    same &= pc.equal(now["image_sha256"], earlier["image_sha256"].take(pa.array(place))).to_numpy()
    for name in _DECIDES:
        same &= now[name].to_numpy() == earlier[name].to_numpy()[place]
    rows[~same] = -1
    return rows


def _to_search(
    candidates: Candidates, now: pa.Table, earlier: pa.Table | None, rows: IntArray, radius: int
) -> BoolArray:
    """(N,) whose group may have changed; whole groups, as they were and as they are."""
    fresh: BoolArray = rows < 0
    if earlier is None:
        return np.ones(len(rows), np.bool_)
    left = np.ones(earlier.num_rows, np.bool_)
    left[rows[~fresh]] = False
    # of equal bytes the best row speaks for all, by its own hash: perhaps another one than before
    changed = pa.chunked_array(
        [
            *now["image_sha256"].filter(pa.array(fresh)).chunks,
            *earlier["image_sha256"].filter(pa.array(left)).chunks,
        ],
        pa.string(),
    ).combine_chunks()
    asks = fresh | pc.is_in(now["image_sha256"], value_set=changed).to_numpy()
    if np.count_nonzero(asks) * len(rows) > _MOST_PAIRS:
        return np.ones(len(rows), np.bool_)
    near = _near_any(candidates.phash.view(np.uint64), asks, radius)
    left[rows[near & ~fresh]] = True
    group = earlier["group"]
    touched = pc.is_in(group, value_set=group.filter(pa.array(left)).combine_chunks()).to_numpy()
    searched: BoolArray = fresh | touched[np.maximum(rows, 0)]
    return searched


def _near_any(hashes: UInt64Array, asks: BoolArray, radius: int) -> BoolArray:
    """(N,) whether a hash is near one that asks; alike or not, thumbnails are not looked at."""
    near = np.zeros(len(hashes), np.bool_)
    some = hashes[asks]
    for start in range(0, len(some), _AT_ONCE):
        differ = np.bitwise_count(hashes ^ some[start : start + _AT_ONCE, None])
        near |= differ.min(axis=0) <= radius
    return near


def _some(candidates: Candidates, chosen: BoolArray) -> Candidates:
    if chosen.all():
        return candidates
    rows = np.flatnonzero(chosen)
    return replace(
        candidates,
        sample_ids=[candidates.sample_ids[row] for row in rows.tolist()],
        image_sha256=[candidates.image_sha256[row] for row in rows.tolist()],
        phash=candidates.phash[rows],
        thumbnails=candidates.thumbnails[rows],
        human=candidates.human[rows],
        area_px=candidates.area_px[rows],
        source_rank=candidates.source_rank[rows],
        preferred=candidates.preferred[rows],
    )


def _joined(
    earlier: pa.Table | None, rows: IntArray, searched: BoolArray, part: DuplicateReport
) -> DuplicateReport:
    """What was found among those searched, and for the others what was found the last time."""
    if earlier is None or searched.all():
        return part
    places, others = np.flatnonzero(searched), np.flatnonzero(~searched)
    groups = earlier["group"].take(pa.array(np.maximum(rows, 0))).to_pylist()
    for place, group in zip(places.tolist(), part.groups, strict=True):
        groups[place] = group
    found = [
        replace(one, row=int(places[one.row]), kept=int(places[one.kept]))
        for one in part.duplicates
    ]
    row_now = np.full(earlier.num_rows, -1, np.int64)
    row_now[rows[others]] = others
    still = (row_now >= 0) & (earlier["kept"].to_numpy() >= 0)
    before = earlier.select([*_FOUND]).filter(pa.array(still)).to_pylist()
    for row, one in zip(row_now[still].tolist(), before, strict=True):
        found.append(Duplicate(row=row, **{**one, "kept": int(row_now[one["kept"]])}))
    found.sort(key=lambda duplicate: duplicate.row)
    return DuplicateReport(groups=tuple(groups), duplicates=tuple(found))


def _save(memory: Path, now: pa.Table, report: DuplicateReport, rules: str) -> None:
    """Write the memory, whole or not at all; without it the next search is a whole one."""
    found = {name: np.full(now.num_rows, none) for name, none in _FOUND.items()}
    rows = [duplicate.row for duplicate in report.duplicates]
    for name, values in found.items():
        values[rows] = [getattr(duplicate, name) for duplicate in report.duplicates]
    table = pa.table(
        {
            **dict(zip(now.column_names, now.columns, strict=True)),
            "group": pa.array(report.groups, pa.string()),
            **found,
        }
    ).replace_schema_metadata({_RULES: rules})
    aside = memory.with_name(f"{memory.name}.{os.getpid()}.part")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, aside, compression="lz4", use_dictionary=False)
        aside.replace(memory)
    except OSError as error:
        _log.warning("the next search looks at every image: %s is not written: %s", memory, error)
