"""Claims about the dataset."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.checks_review import CORRECTED_MASKS
from assets.checks_sources import official_counts_match
from assets.claims import Claim, Finding, Inputs
from dataset_build.expectations import expectations
from dataset_build.expectations.expectations_process import PROCESS
from dataset_build.ledger import ledger, negatives, split_sizes
from dataset_build.scan.mask_pack import MaskPack
from dataset_build.sources.faults import RejectReason
from dataset_build.statistics import statistics, thesis_tables

#: Masks that the audit reads back, spread over the pack.
MASKS_READ_BACK = 200


#: Columns that say which image has which fate, and why.
_BALANCED = [*ledger.KEY, "fate", "stage", "reason"]
#: Rows and expectations that a failed check names in its sentence; its table names more.
NAMED = 3
#: ``official_split`` of a sample that its source puts in none.
NO_SPLIT = "none"


def suite_holds(suite: str, file: str, *, name: str = "expectations_hold") -> Claim:
    """Great Expectations suite of a stage, shown as a table with failing rows.

    Args:
        suite: One of ``expectation_suites.SUITES``.
        file: With the table that the suite is about.
        name: Of the claim; an asset with two tables has two.
    """

    def look(folder: Path) -> Finding:
        found = PROCESS.validate(folder / file, suite)
        failed = [finding for finding in found if not finding.passed]
        held = f"{len(found) - len(failed)} of {len(found)} expectations hold"
        return Finding(
            passed=not failed,
            seen="; ".join([held, *map(_named, failed[:NAMED])]),
            metadata={"expectations": dg.MetadataValue.md(expectations.as_markdown(found))},
        )

    says = f"The Great Expectations suite {suite} holds."
    return Claim(name=name, says=says, look=look, apart=PROCESS.start)


def _named(broken: expectations.Finding) -> str:
    """What does not hold, and the first rows it does not hold for."""
    rows = f" ({', '.join(broken.failing_sample_ids[:NAMED])})" if broken.failing_sample_ids else ""
    return f"{broken.column or broken.expectation}: {broken.observed}{rows}"


def some_samples_are_readable(folder: Path) -> Finding:
    """A source whose every image is a reject is a broken download, not a dataset."""
    reasons = pq.read_table(folder / "samples.parquet", columns=["reject_reason"])
    good = pc.sum(pc.equal(reasons["reject_reason"], "")).as_py() or 0
    return Finding(passed=good > 0, seen=f"{good} of {reasons.num_rows} images are readable")


def most_samples_are_readable(folder: Path) -> Finding:
    """More than a tenth of rejects deserves an eye.

    A devkit such as VOC's holds thousands of photographs that nobody segmented: they are in none
    of its official splits. Where a source has no splits at all, a missing mask does count.
    """
    columns = ["reject_reason", "official_split"]
    table = pq.read_table(folder / "samples.parquet", columns=columns)
    unsplit = pc.equal(table["official_split"], NO_SPLIT)
    maskless = pc.and_(unsplit, pc.equal(table["reject_reason"], str(RejectReason.MASK_MISSING)))
    left_out = 0 if pc.all(unsplit).as_py() else pc.sum(maskless).as_py() or 0
    good = pc.sum(pc.equal(table["reject_reason"], "")).as_py() or 0
    share = good / max(table.num_rows - left_out, 1)
    seen = f"{100 * share:.1f} % of the images are readable"
    if left_out:
        seen += f"; {left_out:,} in no official split have no mask and are left out"
    return Finding(passed=share >= 0.9, seen=seen)


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


def ledger_balances(file: str, before: str) -> Claim:
    """What the stage read = kept + removed + moved, for every source and official split.

    Args:
        file: With the rows that went in.
        before: The asset that holds it, in one partition or several.
    """

    def look(folder: Path, inputs: Inputs) -> Finding:
        table = pq.read_table(folder / "ledger.parquet", columns=_BALANCED)
        read = [pq.read_table(one / file, columns=list(ledger.KEY)) for one in inputs.values()]
        uneven = ledger.balance(table, pa.concat_tables(read) if read else table.slice(0, 0))
        balanced = f"{table.num_rows} images went in, each has one fate"
        return Finding(
            passed=not uneven,
            seen=str(uneven[:5]) if uneven else balanced,
            metadata={"ledger": dg.MetadataValue.md(ledger.as_markdown(table))},
        )

    return Claim(
        name="ledger_balances",
        says=f"Every image of {before} has one fate: in = kept + removed + moved.",
        look=look,
        against=(before,),
    )


def reviewed_rejects_are_gone(folder: Path) -> Finding:
    """No image that a reviewer rejected is kept."""
    table = pq.read_table(folder / "ledger.parquet", columns=["fate", "image_sha256"])
    gone = set(pq.read_table(folder / "rejected_by_review.parquet")["image_sha256"].to_pylist())
    kept = table.filter(pc.not_equal(table["fate"], "removed"))
    left = sorted(gone & set(kept["image_sha256"].to_pylist()))
    return Finding(passed=not left, seen=f"{len(gone)} rejected by review, {len(left)} still kept")


def negative_share_is_held(folder: Path) -> Finding:
    """Images without people make up the stated share of every split."""
    columns = ["fate", "split", "human_px"]
    shares = negatives.negative_shares(pq.read_table(folder / "ledger.parquet", columns=columns))
    return Finding(
        passed=all(share.within_tolerance for share in shares),
        seen="; ".join(share.finding or share.sentence() for share in shares),
    )


def split_sizes_hold(folder: Path) -> Finding:
    """Every split is as large as its share, as far as chance lets it."""
    columns = ["source", "fate", "split", "human_px", "duplicate_group"]
    sizes = split_sizes.split_sizes(pq.read_table(folder / "ledger.parquet", columns=columns))
    return Finding(
        passed=all(size.holds for size in sizes),
        seen="; ".join(size.sentence() for size in sizes),
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


def thesis_tables_balance(folder: Path, merged: Inputs, cleaned: Inputs, split: Inputs) -> Finding:
    """The talk's tables add up, and start and end with as many images as the ledgers hold."""
    table = pq.read_table(folder / "thesis_tables.parquet")
    wrong = list(thesis_tables.uneven_tables(table))
    shown = thesis_tables.totals(table)
    for (name, stage), ledgers in (
        ((thesis_tables.SIZES, thesis_tables.ORIGINAL), merged),
        ((thesis_tables.CLEANING, thesis_tables.NEW), cleaned),
        ((thesis_tables.SPLIT_AND_MERGE, thesis_tables.RESULT), split),
    ):
        fates = [
            pq.read_table(one / "ledger.parquet", columns=["fate"]) for one in ledgers.values()
        ]
        images = sum(_images_in(fate["fate"], stage) for fate in fates)
        if shown.get((name, stage), 0) != images:
            wrong.append(
                f"{name}: {stage} is {shown.get((name, stage), 0)}, the ledger has {images}"
            )
    counts = ", ".join(f"{name} {stage} {images}" for (name, stage), images in shown.items())
    return Finding(passed=not wrong, seen=str(wrong[:5]) if wrong else counts)


def _images_in(fates: pa.ChunkedArray, stage: str) -> int:
    """All images of a ledger for the original sizes, else those that are not removed."""
    if stage == thesis_tables.ORIGINAL:
        return len(fates)
    return pc.sum(pc.not_equal(fates, "removed")).as_py() or 0


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
        Claim(
            name="official_counts_match",
            says="A full source has the samples that are published; a small sample says so.",
            look=official_counts_match,
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
    "merged_dataset": (
        ledger_balances("samples.parquet", before="source_samples"),
        suite_holds("merged_dataset", "ledger.parquet"),
    ),
    "cleaned_dataset": (
        ledger_balances("ledger.parquet", before="merged_dataset"),
        Claim(
            name="reviewed_rejects_are_gone",
            says="No image that a reviewer rejected is kept.",
            look=reviewed_rejects_are_gone,
        ),
        CORRECTED_MASKS,
        suite_holds("cleaned_dataset", "ledger.parquet"),
    ),
    "dataset_split": (
        ledger_balances("ledger.parquet", before="cleaned_dataset"),
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
        CORRECTED_MASKS,
        Claim(
            name="split_sizes_hold",
            says="Every split holds its share of the images with humans, within chance.",
            look=split_sizes_hold,
            blocking=False,
        ),
        suite_holds("dataset_split", "ledger.parquet"),
    ),
    "dataset_statistics": (
        Claim(name="totals_add_up", says="Every total equals its parts.", look=totals_add_up),
        Claim(
            name="thesis_tables_balance",
            says="In the talk's tables start - removed - left + joined = end, as in the ledgers.",
            look=thesis_tables_balance,
            against=("merged_dataset", "cleaned_dataset", "dataset_split"),
        ),
        suite_holds("dataset_statistics", "statistics.parquet"),
        suite_holds("thesis_tables", "thesis_tables.parquet", name="thesis_expectations_hold"),
    ),
}
