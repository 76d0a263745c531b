"""Cleaned ledger -> train, validation and test, with a stated share of images without humans.

A sample's split is a hash of its image's bytes, so a rebuild with more data never moves an old
sample across the line. Where the samples left of a duplicate group fall on both sides, the side
that holds most of them stays and the others are removed: nothing moves, and nothing that looks
alike spans two splits.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dataset_build.config import DatasetConfig
from dataset_build.ledger.corrections import carry_corrections
from dataset_build.ledger.fates import KEPT, MOVED, REMOVED, LedgerSummary
from dataset_build.ledger.ledger import (
    Removal,
    present,
    read_ledger,
    remove,
    with_columns,
    write_ledger,
)
from dataset_build.ledger.negatives import choose_negatives, negative_shares, with_target
from dataset_build.ledger.rules import DUPLICATE_NEAR
from dataset_build.ledger.split_sizes import with_shares

#: In the order in which a tie within a duplicate group is decided: the rarer wins.
SPLITS = ("test", "val", "train")
#: Our splits that count as where the source put the sample; "none" is never moved.
_AT_HOME = {"train": ("train",), "val": ("val", "test"), "test": ("test",), "none": SPLITS}

NEGATIVE_SURPLUS = "negative_surplus"


def hash_share(image_sha256: str, seed: int, purpose: str) -> float:
    """A number in [0, 1) that depends on the image's bytes alone, evenly spread.

    Args:
        image_sha256: hex digest of the image file.
        seed: another seed gives another split.
        purpose: keeps independent uses independent.
    """
    digest = hashlib.sha256(f"{purpose}:{seed}:{image_sha256}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def split_of(image_sha256: str, config: DatasetConfig) -> str:
    """The split of an image, whatever else is in the dataset."""
    place = hash_share(image_sha256, config.seed, "split")
    if place < config.test_share:
        return "test"
    return "val" if place < config.test_share + config.val_share else "train"


def split_dataset(ledger: Path, out: Path, *, config: DatasetConfig) -> LedgerSummary:
    """Split what cleaning left, and sample the images without humans to the wanted share.

    Args:
        ledger: cleaned ``ledger.parquet``, or its folder.
        out: existing folder; receives ``ledger.parquet`` and ``ledger.md``.
        config: shares, held-out sources, seed.

    Returns:
        Totals; ``findings`` names every split that lacks images without humans, or is empty.
    """
    table = with_target(read_ledger(ledger), config.negative_share, config.negative_tolerance)
    table = with_shares(table, config)
    carry_corrections(ledger, out)
    table = _assigned(table, config)
    table = remove(table, _straddling(table), config.cleaning.version)
    table = remove(table, _surplus(table, config), config.cleaning.version)
    table = _with_moves(table)
    shares = negative_shares(table)
    findings = [share.finding for share in shares if not share.within_tolerance]
    return write_ledger(table, out, findings=(*_empty_splits(table, config), *findings))


def _assigned(table: pa.Table, config: DatasetConfig) -> pa.Table:
    """Every present sample has a split; some sources are only tested on, or only trained on."""
    splits = [""] * table.num_rows
    sources, images = table["source"].to_pylist(), table["image_sha256"].to_pylist()
    wholly = dict.fromkeys(config.held_out_sources, "test")
    wholly |= dict.fromkeys(config.train_only_sources, "train")
    for row in present(table):
        splits[row] = wholly.get(sources[row]) or split_of(images[row], config)
    return with_columns(table, {"split": splits})


def _straddling(table: pa.Table) -> dict[int, Removal]:
    """Samples on the smaller side of a duplicate group that lies across a line."""
    inside = table.select(["duplicate_group", "split"]).append_column(
        "row", pa.array(np.arange(table.num_rows))
    )
    inside = inside.filter(pc.not_equal(table["fate"], REMOVED))
    spread = inside.group_by("duplicate_group").aggregate([("split", "count_distinct")])
    spread = spread.filter(pc.greater(spread["split_count_distinct"], 1))
    across = pc.is_in(inside["duplicate_group"], value_set=spread["duplicate_group"])
    columns = (column.to_pylist() for column in inside.filter(across).columns)
    splits: dict[int, str] = {}
    members: defaultdict[str, list[int]] = defaultdict(list)
    for group, split, row in zip(*columns, strict=True):
        splits[row] = split
        members[group].append(row)
    removals: dict[int, Removal] = {}
    for group, rows in members.items():
        sizes = Counter(splits[row] for row in rows)
        home = max(SPLITS, key=lambda split: sizes[split])
        why = Removal(
            reason=DUPLICATE_NEAR,
            measured=f"group {group[:12]} spans {len(sizes)} splits; most of it is in {home}",
            stage="split",
        )
        removals |= {row: why for row in rows if splits[row] != home}
    return removals


def _surplus(table: pa.Table, config: DatasetConfig) -> dict[int, Removal]:
    """Images without humans beyond the wanted share of their split."""
    names = ("split", "source", "human_px", "image_sha256")
    columns = {name: table[name].to_pylist() for name in names}
    positives: Counter[tuple[str, str]] = Counter()
    ranked: defaultdict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for row in present(table):
        key = (columns["split"][row], columns["source"][row])
        if columns["human_px"][row]:
            positives[key] += 1
        else:
            rank = hash_share(columns["image_sha256"][row], config.seed, "negative")
            ranked[key].append((rank, row))
    removals: dict[int, Removal] = {}
    for split in SPLITS:
        humans = {source: n for (name, source), n in positives.items() if name == split}
        empty = {source: len(rows) for (name, source), rows in ranked.items() if name == split}
        quota = choose_negatives(humans, empty, config.negative_share)
        measured = f"{split} wants {sum(quota.values())} of {sum(empty.values())} without humans"
        why = Removal(reason=NEGATIVE_SURPLUS, measured=measured, stage="split")
        for source in empty:
            beyond = sorted(ranked[split, source])[quota[source] :]
            removals |= {row: why for _, row in beyond}
    return removals


def _with_moves(table: pa.Table) -> pa.Table:
    columns = (table[name].to_pylist() for name in ("fate", "official_split", "split"))
    fates = [
        REMOVED if fate == REMOVED else KEPT if split in _AT_HOME.get(official, SPLITS) else MOVED
        for fate, official, split in zip(*columns, strict=True)
    ]
    return with_columns(table, {"fate": fates})


def _empty_splits(table: pa.Table, config: DatasetConfig) -> list[str]:
    sizes: Mapping[str, int] = Counter(table["split"].to_pylist())
    wanted = {"train": 1.0, "val": config.val_share, "test": config.test_share}
    if config.held_out_sources:
        wanted["test"] = 1.0
    return [
        f"{split} is empty: {len(present(table))} images are too few for its share; add images"
        f" or raise {split}_share"
        if split != "train"
        else "train is empty: nothing is left to learn from; see the reasons of the ledger"
        for split, share in wanted.items()
        if share > 0 and not sizes[split]
    ]
