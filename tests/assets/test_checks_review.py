"""Every claim about the review fails on the fault it is there for."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets import checks_review
from dataset_build.ledger.corrections import write_corrections
from dataset_build.ledger.decisions import Decision, InvalidRelabel, write_decisions
from dataset_build.review.review import QUEUE
from dataset_build.sources.mask_pictures import mask_digest
from tests.dataset_build.factories_ledger import entry, sample, write_ledger_file

MASK = np.eye(4, dtype=np.uint8)


def queue(folder, *pairs, kind="audit", why="because"):
    rows = [
        {
            "sample_id": str(i),
            "image_sha256": str(i),
            "source": "voc",
            "kind": kind,
            "pair": pair,
            "why": why,
            "priority": 0.5,
        }
        for i, pair in enumerate(pairs)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=QUEUE), folder / "queue.parquet")
    return folder


@pytest.mark.parametrize(
    ("pairs", "whole"),
    [("aa", True), (["", "a", "a", "b", "b", ""], True), ("a", False), ("aba", False)],
)
def test_a_torn_pair_is_noticed(tmp_path, pairs, whole):
    assert checks_review.pairs_are_whole(queue(tmp_path, *pairs)).passed is whole


@pytest.mark.parametrize(
    ("changes", "said"), [({}, True), ({"why": ""}, False), ({"kind": ""}, False)]
)
def test_a_silent_entry_is_noticed(tmp_path, changes, said):
    assert checks_review.queue_says_why(queue(tmp_path, "", "", **changes)).passed is said


def relabel(folder, mask):
    row = Decision(
        image_sha256="a",
        decision="relabel",
        tags=("relabel",),
        decided_by="ann",
        decided_at=datetime(2026, 3, 1, tzinfo=UTC),
        mask_correction=mask_digest(MASK),
    )
    write_decisions([row], folder)
    if mask is not None:
        write_corrections({"a": mask}, folder)
    return folder


@pytest.mark.parametrize(("mask", "passed"), [(MASK, True), (1 - MASK, False), (None, False)])
def test_a_relabel_without_its_mask_is_noticed(tmp_path, mask, passed):
    assert checks_review.relabels_bring_their_masks(relabel(tmp_path, mask)).passed is passed


@pytest.mark.parametrize(("mask", "passed"), [(MASK, True), (1 - MASK, False), (None, False)])
def test_a_ledger_without_its_corrected_mask_is_noticed(tmp_path, mask, passed):
    rows = [entry(sample("a"), mask_correction=mask_digest(MASK)), sample("b")]
    folder = write_ledger_file(tmp_path / "ledger", rows).parent
    if mask is not None:
        write_corrections({"voc/a": mask}, folder)
    assert checks_review.corrected_masks_are_used(folder).passed is passed


def test_a_refused_mask_is_named(tmp_path):
    write_decisions([], tmp_path)
    assert checks_review.relabels_are_usable(tmp_path).passed
    refused = InvalidRelabel(image_sha256="a", sample_id="voc/a", problem="stained")
    write_decisions([], tmp_path, invalid=[refused])
    found = checks_review.relabels_are_usable(tmp_path)
    assert (found.passed, found.seen) == (False, "voc/a: stained")


@pytest.mark.parametrize(("score", "passed"), [(0.5, True), (1.5, False), (float("nan"), False)])
def test_a_score_that_is_no_share_is_noticed(tmp_path, score, passed):
    table = pa.table({"sample_id": ["a"], "score": [score], "area_share": [0.1]})
    pq.write_table(table, tmp_path / "mistakenness.parquet")
    assert checks_review.scores_are_shares(tmp_path).passed is passed
