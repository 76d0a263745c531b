"""Which events of cameras a person should look at, and what was said of them."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import dagster as dg

from assets.checks import specs
from assets.publishing import RETRY, Event, publish
from assets.resources import ReviewSetup, VersionStore
from assets.review import connect
from camera_analysis.events import event_marking, event_queue
from camera_analysis.events.event_marks import read_marks
from dataset_build.review import review_pictures

STORE = dg.ResourceParam[VersionStore]
REVIEW = dg.ResourceParam[ReviewSetup]
#: Days of each camera whose events are queued; of older ones nobody remembers what happened.
RECENT_DAYS = 14


@dg.asset(
    name="event_queue",
    group_name="review",
    deps=["anomalies"],
    check_specs=specs("event_queue"),
    code_version="3",
    retry_policy=RETRY,
    kinds={"python", "fiftyone"},
)
def queue_of_events(
    context: dg.AssetExecutionContext, store: STORE, review_setup: REVIEW
) -> Iterator[Event]:
    """Events that nobody marked, the highest score first, shown without a pixel of the footage."""
    days = {key: store.require("anomalies", key) for key in recent_days(store)}
    said = store.current("event_marks")
    limit = review_setup.queue_limit
    queue = event_queue.rank_events(
        [_files_of(key, store.path(version)) for key, version in days.items()],
        list(read_marks(store.path(said) if said else None).values()),
        limit=limit,
    )
    yield from publish(
        context,
        store,
        lambda out: event_queue.write_queue(queue, out),
        inputs=[*days.values(), *filter(None, [said])],
        config={"limit": limit, "recent_days": RECENT_DAYS},
        # never one that failed its audit
        afterwards=lambda _: show_events(queue.events, review_setup),
    )


@dg.asset(
    group_name="review",
    check_specs=specs("event_marks"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "fiftyone"},
)
def event_marks(
    context: dg.AssetExecutionContext, store: STORE, review_setup: REVIEW
) -> Iterator[Event]:
    """Tags ``expected`` and ``alarm``, by camera, day and the event's own times and box.

    A person stands between ``event_queue`` and this asset, so no arrow does: the next camera-day
    that is judged obeys, and the graph has no cycle.
    """
    before = store.current("event_marks")

    def make(out: Path) -> object:
        return event_marking.merge_marks(
            # before anything was on screen, there is no database to ask
            tagged_events(review_setup) if store.current("event_queue") else [],
            out,
            inbox=review_setup.event_inbox,
            previous=store.path(before) if before else None,
        )

    yield from publish(context, store, make, inputs=[before] if before else [])


def recent_days(store: VersionStore) -> list[str]:
    """Camera-days ``camera/day`` that were judged, the last ones of each camera."""
    keys = sorted(store.partitions("anomalies"))
    by_camera = groupby(keys, key=lambda key: key.split("/")[0])
    return [key for _, found in by_camera for key in list(found)[-RECENT_DAYS:]]


def show_events(queued: Sequence[event_queue.QueuedEvent], setup: ReviewSetup) -> None:
    """Put the events into FiftyOne, each as marked picture and delta map side by side."""
    connect(setup)
    pictures = []
    for place, one in enumerate(queued, start=1):
        path = setup.event_pictures / f"{one.event.key}.png"
        pictures.append(
            review_pictures.ShownPicture(
                key=one.event.key,
                filepath=path,
                size_hw=event_queue.write_picture(one, path),
                why=one.why,
                topic=one.event.camera,
                about=json.dumps(event_marking.event_values(one.event), sort_keys=True),
                priority=one.score_bits,
                place=place,
            )
        )
    review_pictures.push_pictures(
        pictures, dataset_name=setup.events_dataset, picture_dir=setup.event_pictures
    )


def tagged_events(setup: ReviewSetup) -> list[event_marking.TaggedEvent]:
    """Every event that FiftyOne holds, with its tags."""
    connect(setup)
    return [
        event_marking.TaggedEvent(
            event=event_marking.event_of(json.loads(one.about)),
            tags=one.tags,
            created_at=one.created_at,
            last_modified_at=one.last_modified_at,
            reviewer=one.reviewer,
        )
        for one in review_pictures.pull_tags(setup.events_dataset)
    ]


def _files_of(key: str, anomalies: Path) -> event_queue.JudgedDayFiles:
    camera, day = key.split("/")
    return event_queue.JudgedDayFiles(camera=camera, day=day, anomalies=anomalies)
