"""Where a review stands, from the store alone: no database needs to run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataset_build.ledger.decisions import (
    DECIDED,
    Decision,
    InvalidRelabel,
    as_markdown,
    read_decisions,
    read_invalid,
)
from dataset_build.ledger.ledger import read_ledger
from dataset_build.review.review import QUEUE_FILE
from dataset_build.review.review_candidates import KINDS
from pipelines.storage.store import Store


@dataclass(frozen=True, kw_only=True)
class ReviewStatus:
    """What is queued and what was decided.

    Args:
        queued: kind -> samples queued.
        decided: kind -> of these, decided by now.
        decisions: table of reviewers and decisions.
        pulled_at: of the last pull; None before the first.
        invalid: relabels and tags that cannot be used.
        disputed: a sentence for every image with the tags of several decisions.
    """

    queued: dict[str, int]
    decided: dict[str, int]
    decisions: str
    pulled_at: datetime | None
    invalid: list[InvalidRelabel]
    disputed: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For a terminal."""
        found = [f"{'kind':<16}{'queued':>8}{'decided':>9}{'open':>6}"]
        for kind in [kind for kind in KINDS if self.queued.get(kind)]:
            queued, done = self.queued[kind], self.decided.get(kind, 0)
            found.append(f"{kind:<16}{queued:>8}{done:>9}{queued - done:>6}")
        if len(found) == 1:
            found = ["nothing is queued; run `learned-normal rebuild`"]
        when = f"{self.pulled_at:%Y-%m-%d %H:%M} UTC" if self.pulled_at else "never"
        found += ["", f"last pull: {when}", "", self.decisions.rstrip()]
        found += [f"disputed: {one}" for one in self.disputed]
        found += [f"cannot be used: {one.sample_id}: {one.problem}" for one in self.invalid]
        return found


@dataclass(frozen=True, kw_only=True)
class ReviewedImage:
    """The image that a name stands for.

    Args:
        height, width: in px.
        reject: why its files cannot be used; "" where they can.
    """

    sample_id: str
    image_sha256: str
    height: int
    width: int
    reject: str


def review_status(store: Store) -> ReviewStatus:
    """The current queue beside the decisions of the last pull."""
    queue, pull = store.current("review_queue"), store.current("review_decisions")
    folder = store.path(pull) if pull else None
    decided = read_decisions(folder)
    rows = pq.read_table(store.path(queue) / QUEUE_FILE).to_pylist() if queue else []
    return ReviewStatus(
        queued=dict(Counter(row["kind"] for row in rows)),
        decided=dict(Counter(row["kind"] for row in rows if row["image_sha256"] in decided)),
        decisions=as_markdown(list(decided.values())),
        pulled_at=_published_at(store, pull) if pull else None,
        invalid=read_invalid(folder) if folder else [],
        disputed=_disputed(decided.values(), {r["image_sha256"]: r["sample_id"] for r in rows}),
    )


def _disputed(decisions: Iterable[Decision], names: Mapping[str, str]) -> list[str]:
    """What counts where a sample bears several decisions' tags."""
    found = []
    for row in decisions:
        tags = [tag for tag in DECIDED if tag in row.tags]
        if len(tags) > 1:
            name = names.get(row.image_sha256, f"image {row.image_sha256[:12]}")
            found.append(
                f"{name} is tagged {' and '.join(tags)}: {row.decision} counts"
                f" ({row.decided_by}, {row.decided_at:%Y-%m-%d %H:%M} UTC)"
            )
    return sorted(found)


def _published_at(store: Store, version: object) -> datetime:
    moment = store.provenance(version).created_at  # type: ignore[arg-type]
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def find_image(ledger: Path, name: str) -> ReviewedImage:
    """The image with this sample id, or with this sha256 or the beginning of it.

    Args:
        ledger: ``ledger.parquet`` of any stage, or its folder.
        name: sample id, or at least 8 digits of the image's sha256.

    Raises:
        ValueError: none, or several different ones.
    """
    table = read_ledger(ledger)
    found = table.filter(pc.equal(table["sample_id"], name))
    if not found.num_rows and len(name) >= 8:
        found = table.filter(pc.starts_with(table["image_sha256"], name))
    images = sorted(set(found["image_sha256"].to_pylist()))
    if len(images) != 1:
        what = f"{len(images)} images begin so" if images else "no such image in the ledger"
        raise ValueError(f"{name}: {what}; give a sample id, or the image's sha256")
    row = found.slice(0, 1).to_pylist()[0]
    return ReviewedImage(
        sample_id=row["sample_id"],
        image_sha256=row["image_sha256"],
        height=row["height"],
        width=row["width"],
        reject=row["reject_reason"],
    )
