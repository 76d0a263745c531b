"""The queue holds removals to confirm, close calls and a seeded audit, the most urgent first."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from dataset_build.cleaning import clean
from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.decisions import read_decisions
from dataset_build.review import QUEUE, empty_decisions, rank_queue
from tests.dataset_build.factories_ledger import (
    entry,
    negative,
    new_folder,
    reject,
    sample,
    sha,
    write_ledger_file,
)

RULES = CleaningRules(min_luma_mean=20.0, min_sharpness=20.0, min_human_share=0.001)


def queue(tmp_path, rows, *, limit=10, seed=0, name="queue"):
    """Queue rows of a ledger that was cleaned by ``RULES``."""
    merged = write_ledger_file(tmp_path / f"merged-{name}", rows)
    cleaned = new_folder(tmp_path / f"cleaned-{name}")
    clean(merged, cleaned, config=DatasetConfig(cleaning=RULES), decisions=None)
    out = new_folder(tmp_path / name)
    summary = rank_queue(cleaned, out, limit=limit, rules=RULES, seed=seed)
    return pq.read_table(summary.path).to_pylist(), summary


def test_a_removal_asks_for_confirmation_and_says_what_was_measured(tmp_path):
    rows, summary = queue(tmp_path, [sample("a", sharpness=10.0)])
    assert rows[0]["why"] == (
        "removed by image_blurred (sharpness 10 < 20); tag keep if it should stay"
    )
    assert rows[0]["image_sha256"] == sha("voc/a")
    assert (summary.removals, summary.close_calls, summary.audits) == (1, 0, 0)


def test_a_narrow_escape_is_queued_and_an_ordinary_sample_is_an_audit(tmp_path):
    rows, summary = queue(tmp_path, [sample("close", luma_mean=22.0), sample("far")])
    assert [row["sample_id"] for row in rows] == ["voc/close", "voc/far"]
    assert rows[0]["why"] == (
        "close to image_dark: luma_mean 22, limit 20; tag reject if it is bad"
    )
    assert rows[1]["why"] == "drawn at random: is the mask right?"
    assert rows[1]["priority"] == 0
    assert (summary.close_calls, summary.audits) == (1, 1)


def test_the_closer_to_the_limit_the_more_urgent(tmp_path):
    values = {"a": 2.0, "b": 19.0, "c": 21.0, "d": 24.0}
    rows, _ = queue(tmp_path, [sample(name, luma_mean=value) for name, value in values.items()])
    assert [row["sample_id"][-1] for row in rows] == ["c", "b", "d", "a"]
    assert all(0 <= row["priority"] <= 1 for row in rows)


def test_a_tenth_of_the_places_is_left_to_chance(tmp_path):
    rows = [sample(f"close{i:02}", luma_mean=21.0) for i in range(30)]
    rows += [sample(f"far{i:02}") for i in range(30)]
    queued, summary = queue(tmp_path, rows, limit=20)
    assert (len(queued), summary.close_calls, summary.audits) == (20, 18, 2)


def test_another_seed_draws_another_audit_and_the_same_seed_the_same(tmp_path):
    rows = [sample(f"{i:02}") for i in range(40)]
    draws = [
        [row["sample_id"] for row in queue(tmp_path, rows, limit=5, seed=seed, name=name)[0]]
        for seed, name in ((0, "one"), (0, "two"), (1, "three"))
    ]
    assert draws[0] == draws[1]
    assert set(draws[0]) != set(draws[2])


def test_faults_duplicates_and_surplus_are_not_shown(tmp_path):
    gone = {"fate": "removed", "stage": "split", "reason": "negative_surplus", "measured": "x"}
    rows = [reject("a"), sample("b", phash=0), sample("c", phash=0), entry(negative("d"), **gone)]
    queued, _ = queue(tmp_path, rows)
    assert [row["sample_id"] for row in queued] == ["voc/b"]


def test_what_was_kept_against_a_rule_is_settled(tmp_path):
    ledger = write_ledger_file(tmp_path / "ledger", [sample("a", luma_mean=19.9)])
    summary = rank_queue(ledger, new_folder(tmp_path / "queue"), limit=5, rules=RULES)
    assert (summary.close_calls, summary.audits) == (0, 1)


def test_an_empty_scene_is_no_sliver(tmp_path):
    _, summary = queue(tmp_path, [negative("a")])
    assert (summary.removals, summary.close_calls) == (0, 0)


def test_an_empty_ledger_gives_an_empty_queue_of_the_right_shape(tmp_path):
    ledger = write_ledger_file(tmp_path / "ledger", [])
    summary = rank_queue(ledger, new_folder(tmp_path / "queue"), limit=5)
    assert summary.rows == 0
    assert pq.read_schema(summary.path).equals(QUEUE)


def test_a_queue_without_places_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 1 place"):
        rank_queue(tmp_path, tmp_path, limit=0)


def test_before_the_first_review_nothing_is_decided(tmp_path):
    summary = empty_decisions(tmp_path)
    assert summary.rows == 0
    assert read_decisions(summary.path) == {}
