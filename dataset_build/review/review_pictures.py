"""Pictures in FiftyOne that are tagged, and the tags back: the review of what is no dataset sample.

What a picture is about travels with it as text, so that tags can be read back by whoever wrote it.
FiftyOne is imported inside functions, as in ``review_fiftyone``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dataset_build.review.review_database import database
from dataset_build.review.review_fiftyone import reviewers_of, set_field, utc_of
from dataset_build.review.review_leftovers import UNUSED_FOR
from dataset_build.review.review_views import QUEUE_VIEW

_TEXTS = ("key", "about", "why", "topic")
_SHOWN = ["tags", "why", "topic", "priority"]


@dataclass(frozen=True, kw_only=True)
class ShownPicture:
    """A picture as FiftyOne shall show it.

    Args:
        key: names it, whatever happens to the file.
        topic: a word to filter by.
        about: anything, as text; comes back with the tags.
        place: 1 is the most urgent.
    """

    key: str
    filepath: Path
    size_hw: tuple[int, int]
    why: str
    topic: str
    about: str
    priority: float
    place: int


@dataclass(frozen=True, kw_only=True)
class TaggedPicture:
    """A picture as FiftyOne holds it; ``reviewer`` had it open when it was last modified."""

    key: str
    about: str
    tags: tuple[str, ...]
    created_at: datetime
    last_modified_at: datetime
    reviewer: str


def push_pictures(pictures: Sequence[ShownPicture], *, dataset_name: str, picture_dir: Path) -> int:
    """Show pictures in a persistent FiftyOne dataset, in their order.

    One that is there already keeps its tags. One that left the queue untagged goes, with its file,
    once nobody touched it for 30 days.

    Args:
        pictures: those in the queue.
        dataset_name: in FiftyOne; made where there is none.
        picture_dir: where the files of pictures lie.

    Raises:
        ReviewUnavailableError: the database does not answer.
    """
    with database() as fiftyone:
        dataset = _open(fiftyone, dataset_name)
        known = set(dataset.values("key"))
        _update(dataset, [one for one in pictures if one.key in known])
        gone = known - {one.key for one in pictures}
        set_field(dataset, "place", dict.fromkeys(gone, 0))
        new = [one for one in pictures if one.key not in known]
        dataset.add_samples([_as_sample(fiftyone, one) for one in new], dynamic=False)
        _remove_untouched(fiftyone, dataset, picture_dir)
        queue = dataset.match(fiftyone.ViewField("place") > 0).sort_by("place")
        dataset.save_view(QUEUE_VIEW, queue, description="Most urgent first", overwrite=True)
    return len(pictures)


def pull_tags(dataset_name: str) -> list[TaggedPicture]:
    """Every picture that FiftyOne holds, with its tags; none where there is no such dataset.

    Raises:
        ReviewUnavailableError: the database does not answer.
    """
    with database() as fiftyone:
        if not fiftyone.dataset_exists(dataset_name):
            return []
        dataset = fiftyone.load_dataset(dataset_name)
        reviewer_at = reviewers_of(dataset)
        names = ["key", "about", "tags", "created_at", "last_modified_at"]
        return [
            TaggedPicture(
                key=key,
                about=about,
                tags=tuple(sorted(tags or ())),
                created_at=utc_of(created),
                last_modified_at=utc_of(modified),
                reviewer=reviewer_at(utc_of(modified)),
            )
            for key, about, tags, created, modified in zip(*dataset.values(names), strict=True)
        ]


def _open(fiftyone: Any, name: str) -> Any:  # noqa: ANN401 - untyped library
    there = fiftyone.dataset_exists(name)
    dataset = fiftyone.load_dataset(name) if there else fiftyone.Dataset(name, persistent=True)
    if not there:
        for text in _TEXTS:
            dataset.add_sample_field(text, fiftyone.StringField)
        dataset.add_sample_field("priority", fiftyone.FloatField)
        dataset.add_sample_field("place", fiftyone.IntField)
        dataset.create_index("key", unique=True)
        dataset.app_config.active_fields = fiftyone.core.odm.dataset.ActiveFields(paths=_SHOWN)
        dataset.save()
    return dataset


def _as_sample(fiftyone: Any, one: ShownPicture) -> object:  # noqa: ANN401 - untyped library
    height, width = one.size_hw
    return fiftyone.Sample(
        filepath=str(one.filepath.resolve()),
        key=one.key,
        about=one.about,
        why=one.why,
        topic=one.topic,
        priority=one.priority,
        place=one.place,
        metadata=fiftyone.ImageMetadata(width=width, height=height),
    )


def _update(dataset: Any, pictures: Sequence[ShownPicture]) -> None:  # noqa: ANN401
    """Write what changed, and only that: a write counts as the sample's last modification."""
    values: Mapping[str, Callable[[ShownPicture], object]] = {
        "filepath": lambda one: str(one.filepath.resolve()),
        "why": lambda one: one.why,
        "priority": lambda one: one.priority,
        "place": lambda one: one.place,
    }
    for field, value_of in values.items():
        set_field(dataset, field, {one.key: value_of(one) for one in pictures})


def _remove_untouched(fiftyone: Any, dataset: Any, picture_dir: Path) -> None:  # noqa: ANN401
    place, modified = fiftyone.ViewField("place"), fiftyone.ViewField("last_modified_at")
    before = (datetime.now(UTC) - UNUSED_FOR).replace(tzinfo=None)
    left = dataset.match((place == 0) & (fiftyone.ViewField("tags").length() == 0))
    left = left.match(modified < before)
    for path in left.values("filepath"):
        if Path(path).parent == picture_dir.resolve():
            Path(path).unlink(missing_ok=True)
    dataset.delete_samples(left)
