"""Claims about the dataset and its review."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.claims import Claim, Finding
from dataset_build import expectations, ledger, negatives, statistics
from dataset_build.mask_pack import MaskPack

#: Masks that the audit reads back, spread over the pack.
MASKS_READ_BACK = 200


def suite_holds(suite: str, file: str) -> Claim:
    """Great Expectations suite of a stage, shown as a table with failing rows."""

    def look(folder: Path) -> Finding:
        found = expectations.validate(pq.read_table(folder / file), suite)
        failed = [finding for finding in found if not finding.passed]
        return Finding(
            passed=not failed,
            seen=f"{len(found) - len(failed)} of {len(found)} expectations hold",
            metadata={"expectations": dg.MetadataValue.md(expectations.as_markdown(found))},
        )

    return Claim(
        name="expectations_hold", says=f"The Great Expectations suite {suite} holds.", look=look
    )


def some_samples_are_readable(folder: Path) -> Finding:
    """A source whose every image is a reject is a broken download, not a dataset."""
    reasons = pq.read_table(folder / "samples.parquet", columns=["reject_reason"])
    good = pc.sum(pc.equal(reasons["reject_reason"], "")).as_py() or 0
    return Finding(passed=good > 0, seen=f"{good} of {reasons.num_rows} images are readable")


def most_samples_are_readable(folder: Path) -> Finding:
    """More than a tenth of rejects deserves an eye."""
    reasons = pq.read_table(folder / "samples.parquet", columns=["reject_reason"])
    good = pc.sum(pc.equal(reasons["reject_reason"], "")).as_py() or 0
    share = good / max(reasons.num_rows, 1)
    return Finding(passed=share >= 0.9, seen=f"{100 * share:.1f} % of the images are readable")


def masks_come_back(folder: Path) -> Finding:
    """Read a spread of masks back and compare their hashes."""
    index = pq.read_table(folder / "masks.parquet")
    pack = MaskPack(folder)
    step = max(1, index.num_rows // MASKS_READ_BACK)
    rows = index.take(list(range(0, index.num_rows, step))).to_pylist()
    bad = [
        row["sample_id"]
        for row in rows
        if hashlib.sha256(pack.read(row["sample_id"]).tobytes()).hexdigest() != row["sha256"]
    ]
    seen = f"{len(rows) - len(bad)} of {len(rows)} masks read back exactly {bad[:5] or ''}"
    return Finding(passed=not bad, seen=seen)


def ledger_balances(folder: Path) -> Finding:
    """Rows in = kept + removed + moved, for every source and official split."""
    table = pq.read_table(folder / "ledger.parquet")
    uneven = ledger.balance(table)
    return Finding(
        passed=not uneven,
        seen=f"{table.num_rows} images, each with one fate" if not uneven else str(uneven[:5]),
        metadata={"ledger": dg.MetadataValue.md(ledger.as_markdown(table))},
    )


def reviewed_rejects_are_gone(folder: Path) -> Finding:
    """No image that a reviewer rejected is kept."""
    table = pq.read_table(folder / "ledger.parquet")
    gone = set(pq.read_table(folder / "rejected_by_review.parquet")["image_sha256"].to_pylist())
    kept = table.filter(pc.not_equal(table["fate"], "removed"))
    left = sorted(gone & set(kept["image_sha256"].to_pylist()))
    return Finding(passed=not left, seen=f"{len(gone)} rejected by review, {len(left)} still kept")


def negative_share_is_held(folder: Path) -> Finding:
    """Images without people make up the stated share of every split."""
    shares = negatives.negative_shares(pq.read_table(folder / "ledger.parquet"))
    return Finding(
        passed=all(share.within_tolerance for share in shares),
        seen="; ".join(share.sentence() for share in shares),
    )


def duplicate_groups_stay_together(folder: Path) -> Finding:
    """No group of duplicates spans two splits."""
    table = pq.read_table(folder / "ledger.parquet", columns=["duplicate_group", "split"])
    inside = table.filter(pc.not_equal(table["split"], ""))
    splits_of = inside.group_by("duplicate_group").aggregate([("split", "count_distinct")])
    spread = splits_of.filter(pc.greater(splits_of["split_count_distinct"], 1))
    return Finding(
        passed=spread.num_rows == 0,
        seen=f"{splits_of.num_rows} groups, {spread.num_rows} of them in two splits",
    )


def totals_add_up(folder: Path) -> Finding:
    """Sum over sources equals the printed total of every table, split and quantity."""
    uneven = list(statistics.mismatched_totals(pq.read_table(folder / "statistics.parquet")))
    seen = "every total equals its parts" if not uneven else str(uneven)
    return Finding(passed=not uneven, seen=seen)


def queue_says_why(folder: Path) -> Finding:
    """Every queued sample has a reason to be there, once."""
    queue = pq.read_table(folder / "queue.parquet")
    silent = pc.sum(pc.equal(queue["why"], "")).as_py() or 0
    twice = queue.num_rows - len(set(queue["sample_id"].to_pylist()))
    return Finding(
        passed=silent == 0 and twice == 0,
        seen=f"{queue.num_rows} samples, {silent} without a reason, {twice} repeated",
    )


def decisions_are_unique(folder: Path) -> Finding:
    """One decision per image."""
    keys = pq.read_table(folder / "decisions.parquet")["image_sha256"].to_pylist()
    return Finding(
        passed=len(keys) == len(set(keys)),
        seen=f"{len(keys)} decisions on {len(set(keys))} images",
    )


BALANCES = Claim(
    name="ledger_balances",
    says="Every image has one fate: in = kept + removed + moved.",
    look=ledger_balances,
)

CLAIMS: Mapping[str, Sequence[Claim]] = {
    "source_samples": (
        Claim(
            name="some_samples_are_readable",
            says="The source holds at least one readable image with its mask.",
            look=some_samples_are_readable,
        ),
        Claim(
            name="most_samples_are_readable",
            says="At least 90 % of the images are readable.",
            look=most_samples_are_readable,
            blocking=False,
        ),
        suite_holds("source_samples", "samples.parquet"),
    ),
    "human_masks": (
        Claim(
            name="masks_come_back",
            says="Masks read back from the pack are the ones that went in.",
            look=masks_come_back,
        ),
        suite_holds("human_masks", "masks.parquet"),
    ),
    "merged_dataset": (BALANCES, suite_holds("merged_dataset", "ledger.parquet")),
    "cleaned_dataset": (
        BALANCES,
        Claim(
            name="reviewed_rejects_are_gone",
            says="No image that a reviewer rejected is kept.",
            look=reviewed_rejects_are_gone,
        ),
        suite_holds("cleaned_dataset", "ledger.parquet"),
    ),
    "dataset_split": (
        BALANCES,
        Claim(
            name="negative_share_is_held",
            says="Images without people make up the stated share of every split (±0.5 points).",
            look=negative_share_is_held,
        ),
        Claim(
            name="duplicate_groups_stay_together",
            says="No group of duplicates spans two splits.",
            look=duplicate_groups_stay_together,
        ),
        suite_holds("dataset_split", "ledger.parquet"),
    ),
    "dataset_statistics": (
        Claim(name="totals_add_up", says="Every total equals its parts.", look=totals_add_up),
        suite_holds("dataset_statistics", "statistics.parquet"),
    ),
    "review_queue": (
        Claim(
            name="queue_says_why",
            says="Every queued sample is there once and says why.",
            look=queue_says_why,
        ),
    ),
    "review_decisions": (
        Claim(
            name="decisions_are_unique", says="One decision per image.", look=decisions_are_unique
        ),
    ),
}
