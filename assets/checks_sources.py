"""A claim about a scanned source: it is whole, as published."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.claims import Finding
from dataset_build.sources.official_counts import official_count_findings
from dataset_build.sources.sources import SOURCES

_COLUMNS = ["source", "official_split", "image_path", "mask_path", "human_px"]


def official_counts_match(folder: Path) -> Finding:
    """Samples and human images of a published source against the published counts."""
    table = pq.read_table(folder / "samples.parquet", columns=_COLUMNS)
    names = table["source"].unique().to_pylist()
    if not names or names[0] not in SOURCES:
        return Finding(passed=True, seen="a source of one's own: no official counts")
    paired = table.filter(
        pc.and_(pc.not_equal(table["image_path"], ""), pc.not_equal(table["mask_path"], ""))
    )
    humans = paired.filter(pc.greater(paired["human_px"], 0))
    found = official_count_findings(SOURCES[names[0]], _by_split(paired), _by_split(humans))
    wrong = [finding.seen for finding in found if not finding.passed]
    return Finding(
        passed=not wrong, seen="; ".join(wrong) or "; ".join(finding.seen for finding in found)
    )


def _by_split(table: pa.Table) -> Mapping[str, int]:
    counted = pc.value_counts(table["official_split"]).to_pylist()
    return {pair["values"]: pair["counts"] for pair in counted}
