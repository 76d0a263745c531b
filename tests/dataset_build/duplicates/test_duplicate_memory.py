"""What is remembered of duplicates changes the cost of a search, never its result."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.duplicates import duplicate_memory
from dataset_build.duplicates.duplicate_memory import find_changed_duplicates
from dataset_build.duplicates.duplicates import find_duplicates
from tests.dataset_build.review.factories_candidates import MIRRORED, columns, image, images


def found(some, memory):
    return find_changed_duplicates(columns(some), 6, 0.9, memory)


def searched(some, memory):
    """Ids of those that the search looked at."""
    with patch.object(duplicate_memory, "find_duplicates", wraps=find_duplicates) as search:
        found(some, memory)
    return list(search.call_args.args[0].sample_ids)


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "duplicates.parquet"


@settings(deadline=None)
@given(st.lists(images(), min_size=2, max_size=4), st.data())
def test_a_search_that_remembers_finds_what_a_whole_one_does(states, data):
    """Each state keeps some rows of the one before, changes some, drops some and adds some."""
    with TemporaryDirectory() as folder:
        memory, before = Path(folder) / "memory.parquet", {}
        for state in states:
            rows = {one.sample_id: one for one in state}
            kept = data.draw(st.sets(st.sampled_from(sorted(before)))) if before else set()
            rows |= {name: before[name] for name in kept}
            report = found(list(rows.values()), memory)
            assert report == find_duplicates(columns(list(rows.values())), 6, 0.9)
            before = rows


FAR = 0x0F0F_0F0F_0F0F_0F0F
#: Two twins, two other twins, and one alone; all far from each other.
FIVE = [image("a", 0), image("b", 1), image("c", FAR), image("d", FAR ^ 1), image("e", ~FAR >> 1)]


def test_only_groups_that_something_came_to_left_or_changed_in_are_searched(memory):
    assert searched(FIVE, memory) == ["a", "b", "c", "d", "e"]
    assert searched(FIVE, memory) == []
    assert searched([*FIVE, image("f", FAR ^ 2)], memory) == ["c", "d", "f"]
    assert searched(FIVE[1:], memory) == ["b", "c", "d"]  # without a and f
    changed = [image("b", 1), image("c", FAR), image("d", FAR ^ 1), image("e", 3)]
    assert searched(changed, memory) == ["b", "e"]


@pytest.mark.parametrize(
    "other",
    [
        {"human": False},
        {"area_px": 50},
        {"rank": 3},
        {"preferred": True},
        {"thumbnail": MIRRORED},
        {"sha": "other bytes"},
    ],
)
def test_whatever_decides_who_stays_is_looked_at_again(memory, other):
    found(FIVE, memory)
    assert searched([image("a", 0, **other), *FIVE[1:]], memory) == ["a", "b"]


def test_what_shares_the_bytes_of_a_newcomer_is_searched_wherever_its_hash_lies(memory):
    found(FIVE, memory)
    assert searched([*FIVE, image("f", 0x00FF_00FF_00FF_00FF, sha="sha-d")], memory) == [
        "c",
        "d",
        "f",
    ]


def test_who_speaks_for_the_same_bytes_after_a_better_one_left_is_compared_with_all(memory):
    spoke = image("s", 0x00FF_00FF_00FF_00FF, sha="sha-d", rank=-1)
    found([*FIVE, spoke], memory)
    assert searched(FIVE, memory) == ["c", "d"]


def test_a_memory_that_is_damaged_or_of_other_limits_searches_all(memory, caplog):
    caplog.set_level("INFO")
    found(FIVE, memory)
    assert len(find_changed_duplicates(columns(FIVE), 0, 0.9, memory).duplicates) == 0
    assert "code or limits changed" in caplog.text
    memory.write_bytes(b"half a file")
    assert searched(FIVE, memory) == ["a", "b", "c", "d", "e"]
    assert "no memory of the last search" in caplog.text
    assert searched(FIVE, memory) == []


def test_very_many_new_images_search_all(memory, monkeypatch):
    found(FIVE, memory)
    monkeypatch.setattr(duplicate_memory, "_MOST_PAIRS", 6)
    assert len(searched([*FIVE, image("f", 5)], memory)) == 3  # six pairs: f, and its twins
    assert len(searched([*FIVE, image("g", 5), image("h", 9)], memory)) == 7


def test_a_memory_that_cannot_be_written_costs_no_result(tmp_path, caplog):
    (tmp_path / "cache").write_text("a file where the folder would be")
    report = found(FIVE, tmp_path / "cache" / "duplicates.parquet")
    assert [FIVE[one.row].sample_id for one in report.duplicates] == ["b", "d"]
    assert "is not written" in caplog.text


def test_new_hashes_are_compared_in_pieces_with_all(monkeypatch):
    monkeypatch.setattr(duplicate_memory, "_AT_ONCE", 2)
    hashes = np.array([0, 1, 1 << 20, FAR, FAR ^ 3], np.uint64)
    fresh = np.array([1, 0, 0, 1, 0], np.bool_)
    near = duplicate_memory._near_any(hashes, fresh, 1)
    assert near.tolist() == [True, True, True, True, False]
