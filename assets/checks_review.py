"""Claims about the review: what is queued, what was decided, and what the rebuild made of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.claims import Claim, Finding
from dataset_build.ledger import decisions
from dataset_build.ledger.corrections import open_corrections
from dataset_build.ledger.fates import REMOVED
from dataset_build.sources.mask_pictures import mask_digest


def queue_says_why(folder: Path) -> Finding:
    """Every queued sample is there once, with a kind and a reason."""
    table = pq.read_table(folder / "queue.parquet")
    keys = table["image_sha256"].to_pylist()
    silent = [
        key
        for key, kind, why in zip(
            keys, table["kind"].to_pylist(), table["why"].to_pylist(), strict=True
        )
        if not (kind and why)
    ]
    return Finding(
        passed=not silent and len(keys) == len(set(keys)),
        seen=f"{len(keys)} queued, {len(set(keys))} distinct, {len(silent)} without a reason",
    )


def pairs_are_whole(folder: Path) -> Finding:
    """Whoever is to be compared stands beside its partner, in one run of rows."""
    pairs = pq.read_table(folder / "queue.parquet")["pair"].to_pylist()
    runs: list[tuple[str, int]] = []
    for pair in pairs:
        if runs and runs[-1][0] == pair:
            runs[-1] = (pair, runs[-1][1] + 1)
        else:
            runs.append((pair, 1))
    named = [(pair, length) for pair, length in runs if pair]
    torn = sorted({pair for pair, length in named if length < 2})
    return Finding(
        passed=not torn and len(named) == len({pair for pair, _ in named}),
        seen=f"{len(named)} pairs side by side, torn: {torn}",
    )


def decisions_are_unique(folder: Path) -> Finding:
    """One decision per image."""
    keys = pq.read_table(folder / "decisions.parquet")["image_sha256"].to_pylist()
    return Finding(
        passed=len(keys) == len(set(keys)),
        seen=f"{len(keys)} decisions on {len(set(keys))} images",
    )


def relabels_bring_their_masks(folder: Path) -> Finding:
    """Beside every relabel lies the corrected mask, and it is the decided one."""
    relabelled = {
        image: row.mask_correction
        for image, row in decisions.read_decisions(folder).items()
        if row.decision == decisions.RELABEL
    }
    wrong = _wrong_masks(folder, relabelled)
    return Finding(
        passed=not wrong, seen=f"{len(relabelled)} corrected masks, missing or changed: {wrong}"
    )


def relabels_are_usable(folder: Path) -> Finding:
    """No mask that a reviewer corrected, and no tag, had to be refused."""
    refused = decisions.read_invalid(folder)
    lines = [f"{one.sample_id}: {one.problem}" for one in refused]
    return Finding(
        passed=not refused,
        seen="; ".join(lines) or "every corrected mask and every tag can be used",
        metadata={"refused": dg.MetadataValue.md("\n".join(f"- {line}" for line in lines))},
    )


def corrected_masks_are_used(folder: Path) -> Finding:
    """Each row that a reviewer relabelled names a mask that lies beside the ledger."""
    table = pq.read_table(
        folder / "ledger.parquet", columns=["sample_id", "mask_correction", "fate"]
    )
    rows = table.filter(
        pc.and_(pc.not_equal(table["mask_correction"], ""), pc.not_equal(table["fate"], REMOVED))
    )
    wanted = dict(
        zip(rows["sample_id"].to_pylist(), rows["mask_correction"].to_pylist(), strict=True)
    )
    wrong = _wrong_masks(folder, wanted)
    return Finding(
        passed=not wrong, seen=f"{len(wanted)} rows relabelled, missing or changed: {wrong}"
    )


def _wrong_masks(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Keys whose mask is not beside the version's tables, or is another one."""
    pack = open_corrections(folder)
    return [
        key
        for key, digest in sorted(wanted.items())
        if pack is None or key not in pack or mask_digest(pack.read(key)) != digest
    ]


def scores_are_shares(folder: Path) -> Finding:
    """Scores and area shares lie in [0, 1], each sample once."""
    table = pq.read_table(folder / "mistakenness.parquet")
    ids = table["sample_id"].to_pylist()
    outside = [
        sample_id
        for sample_id, score, share in zip(
            ids, table["score"].to_pylist(), table["area_share"].to_pylist(), strict=True
        )
        if not (0.0 <= score <= 1.0 and 0.0 <= share <= 1.0)
    ]
    return Finding(
        passed=not outside and len(ids) == len(set(ids)),
        seen=f"{len(ids)} samples judged, out of range: {outside[:5]}",
    )


#: Of both ledgers that a rebuild makes; their other claims stand in ``checks_dataset``.
CORRECTED_MASKS = Claim(
    name="corrected_masks_are_used",
    says="Every relabelled row has its corrected mask beside the ledger.",
    look=corrected_masks_are_used,
)

CLAIMS: Mapping[str, Sequence[Claim]] = {
    "review_queue": (
        Claim(
            name="queue_says_why",
            says="Every queued sample is there once and says why.",
            look=queue_says_why,
        ),
        Claim(
            name="pairs_are_whole",
            says="Samples that are to be compared stand side by side.",
            look=pairs_are_whole,
        ),
    ),
    "review_decisions": (
        Claim(
            name="decisions_are_unique", says="One decision per image.", look=decisions_are_unique
        ),
        Claim(
            name="relabels_bring_their_masks",
            says="Every relabel comes with its corrected mask.",
            look=relabels_bring_their_masks,
        ),
        Claim(
            name="relabels_are_usable",
            says="No corrected mask and no misspelt tag had to be refused.",
            look=relabels_are_usable,
            blocking=False,
        ),
    ),
    "mask_mistakenness": (
        Claim(
            name="scores_are_shares",
            says="Every judged sample is there once, with a score in [0, 1].",
            look=scores_are_shares,
        ),
    ),
}
