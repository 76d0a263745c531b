"""Decisions survive the way to Parquet and back, and nonsense is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dataset_build.decisions import Decision, read_decisions, write_decisions
from tests.dataset_build.factories_ledger import sample, write_samples

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def decision(image, what="reject", **changes):
    values = {"tags": (what,), "decided_by": "reviewer", "decided_at": NOON} | changes
    return Decision(image_sha256=image, decision=what, **values)


def test_what_is_written_is_read(tmp_path):
    written = [decision("b"), decision("a", "keep", tags=("keep", "night"))]
    summary = write_decisions(written, tmp_path)
    assert (summary.rows, summary.rejected, summary.kept) == (2, 1, 1)
    assert read_decisions(summary.path) == {row.image_sha256: row for row in written}
    assert list(read_decisions(tmp_path)) == ["a", "b"]


def test_before_the_first_review_there_are_none():
    assert read_decisions(None) == {}


def test_any_other_decision_is_refused():
    with pytest.raises(ValueError, match="'perhaps'; expected reject or keep"):
        decision("a", "perhaps")


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        decision("a", decided_at=datetime(2026, 3, 1))


def test_another_table_is_refused(tmp_path):
    path = write_samples(tmp_path / "x", [sample("a")])
    with pytest.raises(ValueError, match="lacks decided_at, decided_by, decision, tags"):
        read_decisions(path)
