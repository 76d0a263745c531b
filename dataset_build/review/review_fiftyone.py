"""The review queue in FiftyOne, and the reviewer's tags and masks back from it.

FiftyOne is imported inside functions: it starts a database and takes ten seconds. The key of a
sample there is the image's sha256, so tags belong to an image whatever is rebuilt around it.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partialmethod
from pathlib import Path
from typing import Any

from dataset_build.ledger.decisions import RELABEL, DecisionSummary
from dataset_build.review.review_database import ReviewUnavailableError, database, with_timeout
from dataset_build.review.review_leftovers import (
    UNUSED_FOR,
    remove_pictures,
    remove_settled,
    shown_pictures,
)
from dataset_build.review.review_mongod import START_S
from dataset_build.review.review_pull import Reviewed, merge_decisions
from dataset_build.review.review_samples import QueuedSample, QueueFiles, queued_samples
from dataset_build.review.review_views import QUEUE_VIEW, open_dataset, save_views
from dataset_build.sources.mask_pictures import (
    MaskPictureError,
    PictureName,
    mask_digest,
    read_picture,
)

#: Who decides where nobody said who opened the queue.
UNKNOWN_REVIEWER = "reviewer"
_HERE = "127.0.0.1"
_REVIEWERS = "reviewers"  # in the dataset's info: who opened it, and when


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


def push_queue(files: QueueFiles, *, dataset_name: str, mask_dir: Path) -> int:
    """Show the queue in a persistent FiftyOne dataset, masks visible without a click.

    A sample that is there already is updated in place; its tags and whatever else the reviewer
    edited stay, a painted mask included. One that left the queue stays too, without a kind.

    Args:
        files: the queue and what it shows.
        dataset_name: in FiftyOne.
        mask_dir: receives one PNG per sample: 255 human, 128 ignored.

    Returns:
        Samples in the queue.

    Raises:
        ReviewUnavailableError: the database does not answer.
        ValueError: a source without root or pack, or a sample that the ledger does not know.
    """
    samples = list(queued_samples(files, mask_dir))
    before = datetime.now(UTC) - UNUSED_FOR
    with database() as fiftyone:
        dataset = open_dataset(fiftyone, dataset_name)
        known = set(dataset.values("key"))
        _update(fiftyone, dataset, [sample for sample in samples if sample.key in known])
        gone = known - {sample.key for sample in samples}
        set_field(dataset, "priority", dict.fromkeys(gone, 0.0))
        set_field(dataset, "kind", dict.fromkeys(gone, ""))
        new = [sample for sample in samples if sample.key not in known]
        dataset.add_samples([as_sample(fiftyone, sample) for sample in new], dynamic=False)
        remove_settled(fiftyone, dataset, before)
        save_views(fiftyone, dataset)
        remove_pictures(mask_dir, shown=shown_pictures(dataset), before=before)
    return len(samples)


def pull_decisions(
    dataset_name: str, out: Path, *, previous: Path | None, inbox: Path | None = None
) -> DecisionSummary:
    """Read the reviewer's tags and masks back; decisions outlive the database.

    Args:
        dataset_name: in FiftyOne; a dataset that is not there holds no samples.
        out: existing folder; receives ``decisions.parquet`` and the corrected masks.
        previous: the decisions pulled before.
        inbox: masks handed in from the command line.

    Raises:
        ReviewUnavailableError: the database does not answer.
    """
    with database() as fiftyone:
        reviewed = _reviewed(fiftyone, dataset_name)
    return merge_decisions(reviewed, out, inbox=inbox, previous=previous)


def open_app(dataset_name: str, *, port: int, reviewer: str = UNKNOWN_REVIEWER) -> Any:  # noqa: ANN401 - a FiftyOne session
    """Serve the queue at a local port without opening a browser; returns FiftyOne's session.

    Args:
        dataset_name: in FiftyOne.
        port: on this machine.
        reviewer: what is decided from now on is decided by this one.

    Raises:
        ReviewUnavailableError: the port is taken, the database or the App does not answer, or
            nothing was queued yet.
    """
    if _is_taken(port):  # FiftyOne would join it, whatever database it shows
        raise ReviewUnavailableError(
            f"something listens at port {port} already, maybe another review; end it, or give"
            " another --port"
        )
    with database() as fiftyone:
        if not fiftyone.dataset_exists(dataset_name):
            raise ReviewUnavailableError(
                f"FiftyOne holds no dataset {dataset_name}; run `learned-normal rebuild` first"
            )
        dataset = fiftyone.load_dataset(dataset_name)
        opened = {"name": reviewer, "at": datetime.now(UTC).isoformat()}
        dataset.info[_REVIEWERS] = [*dataset.info.get(_REVIEWERS, []), opened]
        dataset.save()
        return _launched(fiftyone, dataset.load_saved_view(QUEUE_VIEW), port)


def _is_taken(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex((_HERE, port)) == 0


def _launched(fiftyone: Any, view: Any, port: int) -> Any:  # noqa: ANN401 - untyped library
    """The App, waited for longer than the minute that FiftyOne gives it."""
    from fiftyone.core.service import ServerService, ServiceException

    patient = partialmethod(ServerService._wait_for_child_port, timeout=START_S)
    ServerService._wait_for_child_port = patient
    try:
        return fiftyone.launch_app(view, port=port, address=_HERE, remote=True)
    except ServiceException as error:
        raise ReviewUnavailableError(
            f"FiftyOne's App does not start at port {port}: {error}; retry, or give another --port"
        ) from error


def as_sample(fiftyone: Any, sample: QueuedSample) -> object:  # noqa: ANN401 - untyped library
    """What FiftyOne is given to show, not yet in any dataset."""
    return fiftyone.Sample(
        filepath=sample.filepath,
        key=sample.key,
        sample_id=sample.sample_id,
        source=sample.source,
        kind=sample.kind,
        pair=sample.pair,
        why=sample.why,
        priority=sample.priority,
        place=sample.place,
        metadata=fiftyone.ImageMetadata(width=sample.width, height=sample.height),
        ground_truth=fiftyone.Segmentation(mask_path=sample.mask_path),
        prediction=segmentation(fiftyone, sample.prediction_path),
    )


def segmentation(fiftyone: Any, mask_path: str) -> object:  # noqa: ANN401 - untyped library
    """A mask picture on disk; None for no path."""
    return fiftyone.Segmentation(mask_path=mask_path) if mask_path else None


def _update(fiftyone: Any, dataset: Any, samples: Sequence[QueuedSample]) -> None:  # noqa: ANN401
    """Write what changed, and only that: a write counts as the sample's last modification."""
    values: dict[str, Callable[[QueuedSample], object]] = {
        "filepath": lambda sample: sample.filepath,
        "sample_id": lambda sample: sample.sample_id,
        "source": lambda sample: sample.source,
        "kind": lambda sample: sample.kind,
        "pair": lambda sample: sample.pair,
        "why": lambda sample: sample.why,
        "priority": lambda sample: sample.priority,
        "place": lambda sample: sample.place,
    }
    for field, value_of in values.items():
        set_field(dataset, field, {sample.key: value_of(sample) for sample in samples})
    being_painted = _being_painted(dataset, samples)
    masks = {s.key: s.mask_path for s in samples if s.key not in being_painted}
    set_field(dataset, "ground_truth.mask_path", masks)
    held = dict(zip(*dataset.values(["key", "prediction.mask_path"]), strict=True))
    changed = {
        s.key: s.prediction_path for s in samples if (held[s.key] or "") != s.prediction_path
    }
    if changed:
        seen = {key: segmentation(fiftyone, path) for key, path in changed.items()}
        dataset.set_values("prediction", seen, key_field="key")


def _being_painted(dataset: Any, samples: Sequence[QueuedSample]) -> set[str]:  # noqa: ANN401
    """Samples whose corrected mask the dataset does not know yet; they keep their picture."""
    new = {sample.key: sample for sample in samples}
    view = dataset.match_tags(RELABEL)
    held = zip(*view.values(["key", "ground_truth.mask_path"]), strict=True)
    return {
        key
        for key, path in held
        if key in new and path and _is_unknown(Path(path), Path(new[key].mask_path), new[key])
    }


def _is_unknown(held: Path, given: Path, sample: QueuedSample) -> bool:
    """Whether a picture shows anything but the mask it was written with or the current one."""
    if not held.is_file():
        return False
    try:
        digest = mask_digest(read_picture(held.read_bytes(), (sample.height, sample.width)))
    except MaskPictureError:
        return True  # half painted, maybe; the next pull says so
    return digest not in (PictureName.of(held).mask_sha256, PictureName.of(given).mask_sha256)


def set_field(dataset: Any, field: str, values: Mapping[str, object]) -> None:  # noqa: ANN401
    """Write the values by key that differ from those there; the others stay unmodified."""
    keys, current = dataset.values(["key", field])
    held = dict(zip(keys, current, strict=True))
    changed = {key: value for key, value in values.items() if held[key] != value}
    if changed:
        dataset.set_values(field, changed, key_field="key")


def _reviewed(fiftyone: Any, dataset_name: str) -> list[Reviewed]:  # noqa: ANN401
    if not fiftyone.dataset_exists(dataset_name):
        return []
    dataset = fiftyone.load_dataset(dataset_name)
    names = ["key", "sample_id", "tags", "created_at", "last_modified_at"]
    names += ["metadata.width", "metadata.height", "ground_truth.mask_path"]
    masks = _edited_masks(dataset)
    reviewer_at = reviewers_of(dataset)
    return [
        Reviewed(
            key=key,
            sample_id=sample_id or key,
            tags=tuple(sorted(tags or ())),
            created_at=utc_of(created),
            last_modified_at=utc_of(modified),
            reviewer=reviewer_at(utc_of(modified)),
            size_hw=(height or 0, width or 0),
            mask_path=mask_path or "",
            mask_greys=masks.get(key),
        )
        for key, sample_id, tags, created, modified, width, height, mask_path in zip(
            *dataset.values(names), strict=True
        )
    ]


def _edited_masks(dataset: Any) -> dict[str, Any]:  # noqa: ANN401 - untyped library
    """Key -> mask array, of relabelled samples whose mask was set in FiftyOne itself."""
    found = {}
    for sample in dataset.match_tags(RELABEL).select_fields("ground_truth"):
        if sample.ground_truth is not None and sample.ground_truth.mask is not None:
            found[sample.id] = sample.ground_truth.mask
    keys = dict(zip(*dataset.values(["id", "key"]), strict=True))
    return {keys[sample_id]: mask for sample_id, mask in found.items()}


def reviewers_of(dataset: Any) -> Callable[[datetime], str]:  # noqa: ANN401 - untyped library
    """Who had the queue open at a moment: the last who opened it, the first one before that."""
    opened = [
        (datetime.fromisoformat(one["at"]), one["name"]) for one in dataset.info.get(_REVIEWERS, [])
    ]

    def reviewer_at(moment: datetime) -> str:
        names: list[str] = [name for at, name in opened if at <= moment]
        if names:
            return names[-1]
        return str(opened[0][1]) if opened else UNKNOWN_REVIEWER

    return reviewer_at


def utc_of(moment: datetime) -> datetime:
    """FiftyOne gives UTC without saying so, unless a time zone is configured."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
