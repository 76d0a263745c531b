"""Decisions survive the way to Parquet and back, and nonsense is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from dataset_build.ledger.decisions import (
    Decision,
    InvalidRelabel,
    read_decisions,
    read_invalid,
    write_decisions,
)
from tests.dataset_build.factories_ledger import sample, write_samples

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def decision(image, what="reject", **changes):
    values = {"tags": (what,), "decided_by": "reviewer", "decided_at": NOON} | changes
    return Decision(image_sha256=image, decision=what, **values)


def test_what_is_written_is_read(tmp_path):
    written = [
        decision("b"),
        decision("a", "keep", tags=("keep", "night")),
        decision("c", "relabel", mask_correction="f" * 64),
    ]
    summary = write_decisions(written, tmp_path)
    assert (summary.rows, summary.rejected, summary.kept, summary.relabelled) == (3, 1, 1, 1)
    assert read_decisions(summary.path) == {row.image_sha256: row for row in written}
    assert list(read_decisions(tmp_path)) == ["a", "b", "c"]


@pytest.mark.parametrize(("what", "mask"), [("relabel", ""), ("keep", "f" * 64)])
def test_a_mask_goes_with_relabel_and_with_nothing_else(what, mask):
    with pytest.raises(ValueError, match="relabel needs the mask's sha256, others have none"):
        decision("a", what, mask_correction=mask)


def test_decisions_of_before_masks_could_be_corrected_are_still_read(tmp_path):
    path = write_decisions([decision("a")], tmp_path).path
    pq.write_table(pq.read_table(path).drop_columns(["mask_correction"]), path)
    assert read_decisions(path) == {"a": decision("a")}


def test_a_relabel_that_cannot_be_used_is_written_down_and_decides_nothing(tmp_path):
    refused = InvalidRelabel(image_sha256="a", sample_id="voc/a", problem="3 x 2 px | not 4 x 2")
    summary = write_decisions([], tmp_path, invalid=[refused])
    assert (summary.rows, summary.invalid_relabels) == (0, 1)
    assert read_invalid(tmp_path) == [refused]
    assert "| voc/a | 3 x 2 px / not 4 x 2 |" in (tmp_path / "review.md").read_text()


def test_before_the_first_review_there_are_none():
    assert read_decisions(None) == {}


def test_any_other_decision_is_refused():
    with pytest.raises(ValueError, match="'perhaps'; expected one of reject, relabel, keep"):
        decision("a", "perhaps")


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        decision("a", decided_at=datetime(2026, 3, 1))


def test_another_table_is_refused(tmp_path):
    path = write_samples(tmp_path / "x", [sample("a")])
    with pytest.raises(ValueError, match="lacks decided_at, decided_by, decision, tags"):
        read_decisions(path)
