"""The review queue in FiftyOne, and the reviewer's tags back from it.

FiftyOne is imported inside functions: it starts a database and takes ten seconds. The key of a
sample there is the image's sha256, so tags belong to an image whatever is rebuilt around it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dataset_build.decisions import (
    KEEP,
    REJECT,
    Decision,
    DecisionSummary,
    read_decisions,
    write_decisions,
)
from dataset_build.review_database import ReviewUnavailableError, database, with_timeout
from dataset_build.review_samples import HUMAN_GREY, IGNORE_GREY, QueuedSample, queued_samples

#: Of the regions in FiftyOne.
_COLOURS = {HUMAN_GREY: "#D55E00", IGNORE_GREY: "#56B4E9"}
_PLAIN_FIELDS = ("sample_id", "source", "why")


@dataclass(frozen=True, kw_only=True)
class _Reviewed:
    """One sample as FiftyOne holds it."""

    key: str
    tags: tuple[str, ...]
    created_at: datetime
    last_modified_at: datetime


def configure_fiftyone(database_dir: Path, *, uri: str | None) -> None:
    """Point this process at a database; call it before FiftyOne is first imported.

    Args:
        database_dir: where the embedded database keeps its files; created if absent.
        uri: of a MongoDB service; None starts the embedded one.

    Raises:
        RuntimeError: FiftyOne is imported already, with another database.
    """
    wanted = {
        "FIFTYONE_DATABASE_DIR": str(database_dir / "mongo"),
        "FIFTYONE_DEFAULT_DATASET_DIR": str(database_dir / "datasets"),
        "FIFTYONE_DO_NOT_TRACK": "true",
        "FIFTYONE_SHOW_PROGRESS_BARS": "false",
        "FIFTYONE_DATABASE_VALIDATION": "false",  # else prints a notice about its own server
    }
    if uri:
        wanted["FIFTYONE_DATABASE_URI"] = with_timeout(uri)
    changed = [name for name, value in wanted.items() if os.environ.get(name) != value]
    if changed and "fiftyone" in sys.modules:
        raise RuntimeError(
            f"FiftyOne is imported already with another {changed[0]}; start a new process"
        )
    for folder in (database_dir / "mongo", database_dir / "datasets"):
        folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(wanted)


def push_queue(
    queue: Path,
    ledger: Path,
    source_roots: Mapping[str, Path],
    packs: Mapping[str, Path],
    *,
    dataset_name: str,
    mask_dir: Path,
) -> int:
    """Show the queue in a persistent FiftyOne dataset, masks visible without a click.

    A sample that is there already is updated in place; its tags and whatever else the reviewer
    edited stay. One that left the queue stays too, at priority 0.

    Args:
        queue: ``queue.parquet``.
        ledger: ``ledger.parquet`` with the paths of the images.
        source_roots: source -> folder that image paths are relative to.
        packs: source -> folder of its packed masks.
        dataset_name: in FiftyOne.
        mask_dir: receives one PNG per sample: 255 human, 128 ignored.

    Returns:
        Samples in the queue.

    Raises:
        ReviewUnavailableError: the database does not answer.
        ValueError: a source without root or pack, or a sample that the ledger does not know.
    """
    samples = list(queued_samples(queue, ledger, source_roots, packs, mask_dir))
    with database() as fiftyone:
        dataset = _dataset(fiftyone, dataset_name)
        known = set(dataset.values("key"))
        _update(dataset, [sample for sample in samples if sample.key in known])
        gone = known - {sample.key for sample in samples}
        _set(dataset, "priority", dict.fromkeys(gone, 0.0))
        new = [sample for sample in samples if sample.key not in known]
        dataset.add_samples([_as_sample(fiftyone, sample) for sample in new], dynamic=False)
        order = dataset.sort_by("priority", reverse=True)
        dataset.save_view("queue", order, description="Most urgent first", overwrite=True)
    return len(samples)


def pull_decisions(
    dataset_name: str, out: Path, *, previous: Path | None, decided_by: str = "reviewer"
) -> DecisionSummary:
    """Read the tags ``reject`` and ``keep`` back; decisions outlive the database.

    An image tagged both ways is rejected. A decision is withdrawn by removing its tag; a decision
    whose sample is gone, or was created anew after it, survives.

    Args:
        dataset_name: in FiftyOne; a dataset that is not there holds no samples.
        out: existing folder; receives ``decisions.parquet``.
        previous: the decisions pulled before.
        decided_by: name of the reviewer, for new decisions.

    Raises:
        ReviewUnavailableError: the database does not answer.
    """
    with database() as fiftyone:
        reviewed = _reviewed(fiftyone, dataset_name)
    before = read_decisions(previous)
    tagged = {sample.key: sample for sample in reviewed if {KEEP, REJECT} & set(sample.tags)}
    decisions = {key: _decision(sample, before, decided_by) for key, sample in tagged.items()}
    withdrawn = {
        sample.key
        for sample in reviewed
        if sample.key in before and sample.created_at <= before[sample.key].decided_at
    }
    carried = {key: row for key, row in before.items() if key not in decisions.keys() | withdrawn}
    return write_decisions(
        [*decisions.values(), *carried.values()],
        out,
        conflicts=sum({KEEP, REJECT} <= set(sample.tags) for sample in tagged.values()),
        carried_over=len(carried),
    )


def open_app(dataset_name: str, *, port: int) -> Any:  # noqa: ANN401 - a FiftyOne session
    """Serve the queue at a local port without opening a browser; returns FiftyOne's session.

    Raises:
        ReviewUnavailableError: the database does not answer, or nothing was queued yet.
    """
    with database() as fiftyone:
        if not fiftyone.dataset_exists(dataset_name):
            raise ReviewUnavailableError(
                f"FiftyOne holds no dataset {dataset_name}; materialize review_queue first"
            )
        dataset = fiftyone.load_dataset(dataset_name)
        return fiftyone.launch_app(
            dataset.load_saved_view("queue"), port=port, address="127.0.0.1", remote=True
        )


def _dataset(fiftyone: Any, name: str) -> Any:  # noqa: ANN401 - untyped library
    if fiftyone.dataset_exists(name):
        return fiftyone.load_dataset(name)
    dataset = fiftyone.Dataset(name, persistent=True)
    for field in ("key", *_PLAIN_FIELDS):
        dataset.add_sample_field(field, fiftyone.StringField)
    dataset.add_sample_field("priority", fiftyone.FloatField)
    dataset.add_sample_field(
        "ground_truth",
        fiftyone.EmbeddedDocumentField,
        embedded_doc_type=fiftyone.Segmentation,
    )
    dataset.create_index("key", unique=True)
    dataset.mask_targets = {"ground_truth": {HUMAN_GREY: "human", IGNORE_GREY: "ignored"}}
    config = dataset.app_config
    config.active_fields = fiftyone.core.odm.dataset.ActiveFields(
        paths=["ground_truth", "tags", "why"]  # masks on disk are hidden otherwise
    )
    colours = [{"intTarget": grey, "color": colour} for grey, colour in _COLOURS.items()]
    config.color_scheme = fiftyone.ColorScheme(
        color_by="value",  # else human and ignored share the field's one colour
        fields=[{"path": "ground_truth", "maskTargetsColors": colours}],
    )
    dataset.save()
    return dataset


def _as_sample(fiftyone: Any, sample: QueuedSample) -> object:  # noqa: ANN401 - untyped library
    return fiftyone.Sample(
        filepath=sample.filepath,
        key=sample.key,
        sample_id=sample.sample_id,
        source=sample.source,
        why=sample.why,
        priority=sample.priority,
        ground_truth=fiftyone.Segmentation(mask_path=sample.mask_path),
    )


def _update(dataset: Any, samples: Sequence[QueuedSample]) -> None:  # noqa: ANN401 - untyped library
    """Write what changed, and only that: a write counts as the sample's last modification."""
    values: dict[str, Callable[[QueuedSample], object]] = {
        "filepath": lambda sample: sample.filepath,
        "sample_id": lambda sample: sample.sample_id,
        "source": lambda sample: sample.source,
        "why": lambda sample: sample.why,
        "priority": lambda sample: sample.priority,
        "ground_truth.mask_path": lambda sample: sample.mask_path,
    }
    for field, value_of in values.items():
        _set(dataset, field, {sample.key: value_of(sample) for sample in samples})


def _set(dataset: Any, field: str, values: Mapping[str, object]) -> None:  # noqa: ANN401
    keys, current = dataset.values(["key", field])
    held = dict(zip(keys, current, strict=True))
    changed = {key: value for key, value in values.items() if held[key] != value}
    if changed:
        dataset.set_values(field, changed, key_field="key")


def _reviewed(fiftyone: Any, dataset_name: str) -> list[_Reviewed]:  # noqa: ANN401
    if not fiftyone.dataset_exists(dataset_name):
        return []
    dataset = fiftyone.load_dataset(dataset_name)
    columns = dataset.values(["key", "tags", "created_at", "last_modified_at"])
    return [
        _Reviewed(
            key=key,
            tags=tuple(sorted(tags or ())),
            created_at=_utc(created),
            last_modified_at=_utc(modified),
        )
        for key, tags, created, modified in zip(*columns, strict=True)
    ]


def _utc(moment: datetime) -> datetime:
    """FiftyOne gives UTC without saying so, unless a time zone is configured."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _decision(sample: _Reviewed, before: Mapping[str, Decision], decided_by: str) -> Decision:
    """The tags as a decision; one that did not change keeps its time and its reviewer."""
    what = REJECT if REJECT in sample.tags else KEEP
    known = before.get(sample.key)
    if known is not None and known.decision == what and known.tags == sample.tags:
        return known
    return Decision(
        image_sha256=sample.key,
        decision=what,
        tags=sample.tags,
        decided_by=decided_by,
        decided_at=sample.last_modified_at,
    )
