"""What a person should look at, and what was decided."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.checks import specs
from assets.dataset import dataset_split, human_masks
from assets.publishing import RETRY, Event, need, publish
from assets.resources import ReviewSetup, VersionStore
from dataset_build import review, review_fiftyone
from dataset_build.config import DatasetConfig

STORE = dg.ResourceParam[VersionStore]


@dg.asset(
    group_name="review",
    deps=[dataset_split, human_masks],
    check_specs=specs("review_queue"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "fiftyone"},
)
def review_queue(
    context: dg.AssetExecutionContext,
    store: STORE,
    dataset_config: dg.ResourceParam[DatasetConfig],
    review_setup: dg.ResourceParam[ReviewSetup],
) -> Iterator[Event]:
    """The samples that most need an eye, with the reason, shown in FiftyOne with their masks."""
    split = need(store, "dataset_split")
    packs = {name: need(store, "human_masks", name) for name in dataset_config.source_roots}
    ledger = store.path(split) / "ledger.parquet"

    def show(queue: Path) -> None:
        connect(review_setup)
        review_fiftyone.push_queue(
            queue / "queue.parquet",
            ledger,
            dataset_config.source_roots,
            {name: store.path(version) for name, version in packs.items()},
            dataset_name=review_setup.dataset_name,
            mask_dir=review_setup.mask_dir,
        )

    limit, rules = review_setup.queue_limit, dataset_config.cleaning
    yield from publish(
        context,
        store,
        lambda out: review.rank_queue(ledger, out, limit=limit, rules=rules),
        inputs=[split, *packs.values()],
        config={"limit": limit, "rules": rules},
        afterwards=show,  # a queue that failed its audit is never on screen
    )


@dg.asset(
    group_name="review",
    check_specs=specs("review_decisions"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "fiftyone"},
)
def review_decisions(
    context: dg.AssetExecutionContext,
    store: STORE,
    review_setup: dg.ResourceParam[ReviewSetup],
) -> Iterator[Event]:
    """Tags ``reject`` and ``keep`` read back from FiftyOne, keyed by the image's sha256.

    A person stands between ``review_queue`` and this asset, so no arrow does: the next rebuild
    starts here and obeys what was decided, and the graph has no cycle.
    """
    before = store.current("review_decisions")
    previous = store.path(before) / "decisions.parquet" if before else None

    def make(out: Path) -> object:
        if store.current("review_queue") is None:
            return review.empty_decisions(out)
        connect(review_setup)
        return review_fiftyone.pull_decisions(review_setup.dataset_name, out, previous=previous)

    yield from publish(context, store, make, inputs=[before] if before else [])


def connect(setup: ReviewSetup) -> None:
    """Point this process at the configured FiftyOne database."""
    review_fiftyone.configure_fiftyone(setup.database_dir, uri=setup.uri)
