"""Splits are as large as chance lets them be, whatever grows, and each shortage is said."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.config import DatasetConfig
from dataset_build.ledger.ledger import read_ledger
from dataset_build.ledger.negatives import negative_shares
from dataset_build.ledger.split_sizes import split_sizes, with_shares
from dataset_build.ledger.splits import split_dataset
from tests.dataset_build.factories_ledger import (
    by_id,
    entry,
    ledger_table,
    negative,
    new_folder,
    sample,
    sha,
    write_ledger_file,
)

CONFIG = DatasetConfig(val_share=0.25, test_share=0.25)


def sizes_of(rows, config=CONFIG):
    return {size.split: size for size in split_sizes(with_shares(ledger_table(rows), config))}


def placed(prefix: str, split: str, count: int, **changes):
    return [entry(sample(f"{prefix}{i}"), split=split, **changes) for i in range(count)]


def test_images_with_humans_are_counted_against_their_share():
    rows = placed("a", "train", 50) + placed("b", "val", 25) + placed("c", "test", 25)
    rows += [entry(negative("n"), split="train"), *placed("gone", "", 5, fate="removed")]
    sizes = sizes_of(rows)
    assert {split: size.images for split, size in sizes.items()} == {
        "train": 50,
        "val": 25,
        "test": 25,
    }
    assert sizes["val"].of == 100
    assert sizes["train"].deviation == pytest.approx(5.0)  # sqrt(100 / 4)
    assert all(size.holds for size in sizes.values())


def test_a_split_beyond_chance_does_not_hold_and_says_what_was_expected():
    sizes = sizes_of(placed("a", "train", 71) + placed("b", "val", 29))
    assert [split for split, size in sizes.items() if not size.holds] == ["train", "test"]
    assert sizes["train"].sentence() == (
        "train: 71 of 100 images with humans; expected 50 ± 20 (50.0%)"
    )
    assert sizes_of(placed("a", "train", 70) + placed("b", "val", 30))["train"].holds


def test_a_group_of_duplicates_is_one_draw():
    groups = [
        row | {"duplicate_group": sha(f"group {i // 10}")}
        for i, row in enumerate(placed("a", "train", 70) + placed("b", "val", 30))
    ]
    assert sizes_of(groups)["train"].deviation == pytest.approx(5.0 * 10**0.5)


def test_held_out_sources_are_no_draw():
    config = replace(CONFIG, held_out_sources=("room",))
    room = [entry(sample(f"r{i}", source="room"), split="test") for i in range(500)]
    sizes = sizes_of(placed("a", "train", 4) + room, config)
    assert (sizes["train"].images, sizes["test"].images, sizes["test"].of) == (4, 0, 4)


def test_no_images_at_all_hold():
    assert all(size.holds for size in sizes_of([]).values())


def test_a_ledger_without_shares_is_refused():
    with pytest.raises(ValueError, match="names no split shares; split the dataset again"):
        split_sizes(ledger_table([]))


def split(folder: Path, rows, config):
    path = write_ledger_file(folder / "cleaned", rows)
    summary = split_dataset(path, new_folder(folder / "out"), config=config)
    return read_ledger(folder / "out"), summary


@pytest.mark.parametrize("seed", range(12))
def test_real_splits_lie_within_binomial_bounds_and_reach_all_of_them(seed, tmp_path):
    config = DatasetConfig(val_share=0.1, test_share=0.2, seed=seed)
    rows = [sample(f"p{i}") for i in range(400)] + [negative(f"n{i}") for i in range(200)]
    table, summary = split(tmp_path, rows, config)
    sizes = split_sizes(table)
    assert [size.split for size in sizes if not size.holds] == []
    assert sum(size.images for size in sizes) == 400
    assert summary.findings == ()
    for share in negative_shares(table):
        assert abs(share.share - 0.2) <= 0.005 or share.negatives == share.wanted


#: (human, duplicate group or none of its own, source)
SPECS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 12), st.sampled_from(["voc", "ade20k", "room"])),
    max_size=40,
)
CONFIGS = st.builds(
    DatasetConfig,
    val_share=st.sampled_from([0.0, 0.1, 0.3]),
    test_share=st.sampled_from([0.0, 0.1, 0.3]),
    negative_share=st.sampled_from([0.0, 0.2, 0.5]),
    held_out_sources=st.sampled_from([(), ("room",)]),
    seed=st.integers(0, 3),
)


def drawn(prefix: str, specs):
    """Groups below four hold several images, across batches too; the others are images alone."""
    rows = []
    for i, (human, group, source) in enumerate(specs):
        row = entry((sample if human else negative)(f"{prefix}{i}", source=source))
        rows.append(row | ({"duplicate_group": f"g{group}"} if group < 4 else {}))
    return rows


@settings(max_examples=40, deadline=None)
@given(st.lists(SPECS, min_size=2, max_size=4), CONFIGS)
def test_growth_after_growth_moves_no_old_sample(batches, config):
    rows, homes = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for number, specs in enumerate(batches):
            rows += drawn(f"{number}_", specs)
            table, _ = split(Path(folder, str(number)), rows, config)
            for name, row in by_id(table).items():
                if row["split"]:
                    assert homes.setdefault(name, row["split"]) == row["split"]


@settings(max_examples=60, deadline=None)
@given(SPECS, CONFIGS)
def test_every_split_holds_its_negatives_or_a_finding_names_it(specs, config):
    with tempfile.TemporaryDirectory() as folder:
        table, summary = split(Path(folder), drawn("s", specs), config)
    for share in negative_shares(table):
        near = abs(share.share - config.negative_share) <= config.negative_tolerance
        rounded = share.negatives == share.wanted
        said = any(text.startswith(f"{share.split}: ") for text in summary.findings)
        assert near or rounded or said
        assert said <= (not (near or rounded))
    groups = {(row["duplicate_group"], row["split"]) for row in table.to_pylist() if row["split"]}
    assert len(groups) == len({group for group, _ in groups})
