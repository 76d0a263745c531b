"""What a person should look at, and what was decided."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.checks import specs
from assets.dataset import dataset_split, human_masks
from assets.models import RAY_GPU_STEP
from assets.progress import log_progress
from assets.publishing import RETRY, Event, need, publish
from assets.resources import GpuGuard, ReviewSetup, VersionStore
from dataset_build.config import DatasetConfig
from dataset_build.review import review, review_fiftyone, review_pull, review_worst
from dataset_build.review.review_samples import QueueFiles

STORE = dg.ResourceParam[VersionStore]
CONFIG = dg.ResourceParam[DatasetConfig]
REVIEW = dg.ResourceParam[ReviewSetup]


@dg.asset(
    group_name="review",
    deps=["champion_model", dataset_split, human_masks],
    check_specs=specs("mask_mistakenness"),
    code_version="3",
    pool="gpu",
    op_tags=RAY_GPU_STEP,
    retry_policy=RETRY,
    kinds={"python", "pytorch"},
)
def mask_mistakenness(
    context: dg.AssetExecutionContext,
    store: STORE,
    dataset_config: CONFIG,
    review_setup: REVIEW,
    gpu: dg.ResourceParam[GpuGuard],
) -> Iterator[Event]:
    """Masks in which the champion sees a fault, the worst first, with the region and its kind."""
    from segmentation.evaluation import mistakenness

    model, split = need(store, "champion_model"), need(store, "dataset_split")
    packs = _packs(store, dataset_config)
    config = mistakenness.MistakennessConfig(
        max_samples=review_setup.mistakenness_limit, device=gpu.device
    )
    data = mistakenness.LedgerData(
        ledger=store.path(split) / "ledger.parquet",
        packs={name: store.path(version) for name, version in packs.items()},
        roots=dataset_config.source_roots,
    )
    with gpu.slot():
        yield from publish(
            context,
            store,
            lambda out: mistakenness.find_mistaken(
                store.path(model), data, out, config=config, progress=log_progress(context)
            ),
            inputs=[model, split, *packs.values()],
            config=config,
        )


@dg.asset(
    group_name="review",
    deps=[dataset_split, human_masks, mask_mistakenness],
    check_specs=specs("review_queue"),
    code_version="2",
    retry_policy=RETRY,
    kinds={"python", "fiftyone"},
)
def review_queue(
    context: dg.AssetExecutionContext, store: STORE, dataset_config: CONFIG, review_setup: REVIEW
) -> Iterator[Event]:
    """The samples that most need an eye, with the reason, shown in FiftyOne with their masks."""
    split, packs = need(store, "dataset_split"), _packs(store, dataset_config)
    judged, decided = (store.current(name) for name in ("mask_mistakenness", "review_decisions"))
    champion = store.current("champion_model")
    inputs = review.QueueInputs(
        rules=dataset_config.cleaning,
        radius=dataset_config.near_duplicate_radius,
        mistakenness=store.path(judged) if judged else None,
        decisions=store.path(decided) if decided else None,
    )
    limit = review_setup.queue_limit
    ledger = store.path(split) / "ledger.parquet"

    def show(queue: Path) -> None:
        connect(review_setup)
        files = QueueFiles(
            queue=queue / review.QUEUE_FILE,
            ledger=ledger,
            source_roots=dataset_config.source_roots,
            packs={name: store.path(version) for name, version in packs.items()},
            predictions=store.path(judged) / "predictions" if judged else None,
        )
        review_fiftyone.push_queue(
            files, dataset_name=review_setup.dataset_name, mask_dir=review_setup.mask_dir
        )
        if champion and (worst := worst_files(store.path(champion), files)):
            review_worst.push_worst(
                worst, dataset_name=review_setup.dataset_name, mask_dir=review_setup.mask_dir
            )

    yield from publish(
        context,
        store,
        lambda out: review.rank_queue(ledger, out, limit=limit, inputs=inputs),
        inputs=[split, *packs.values(), *filter(None, (judged, decided))],
        config={"limit": limit, "rules": inputs.rules, "radius": inputs.radius},
        afterwards=show,  # a queue that failed its audit is never on screen
    )


@dg.asset(
    group_name="review",
    check_specs=specs("review_decisions"),
    code_version="2",
    retry_policy=RETRY,
    kinds={"python", "fiftyone"},
)
def review_decisions(
    context: dg.AssetExecutionContext, store: STORE, review_setup: REVIEW
) -> Iterator[Event]:
    """Tags ``reject``, ``relabel`` and ``keep`` with corrected masks, by the image's sha256.

    A person stands between ``review_queue`` and this asset, so no arrow does: the next rebuild
    starts here and obeys what was decided, and the graph has no cycle.
    """
    before = store.current("review_decisions")
    previous = store.path(before) / "decisions.parquet" if before else None
    inbox = review_setup.inbox

    def make(out: Path) -> object:
        if store.current("review_queue") is None:  # nothing was ever on screen
            return review_pull.merge_decisions([], out, inbox=inbox, previous=previous)
        connect(review_setup)
        return review_fiftyone.pull_decisions(
            review_setup.dataset_name, out, previous=previous, inbox=inbox
        )

    yield from publish(context, store, make, inputs=[before] if before else [])


def worst_files(champion: Path, shown: QueueFiles) -> review_worst.WorstFiles | None:
    """What the champion did worst when it was evaluated; None where that was not kept."""
    if not (champion / "worst.parquet").is_file():
        return None
    card = json.loads((champion / "champion.json").read_text(encoding="utf-8"))
    judged = json.loads((champion / "evaluation.json").read_text(encoding="utf-8"))
    return review_worst.WorstFiles(
        worst=champion / "worst.parquet",
        predictions=champion / "predictions",
        champion=f"{card['architecture']} {judged['model_version'][:12]}",
        ledger=shown.ledger,
        source_roots=shown.source_roots,
        packs=shown.packs,
    )


def connect(setup: ReviewSetup) -> None:
    """Point this process at the configured FiftyOne database."""
    review_fiftyone.configure_fiftyone(setup.database_dir, uri=setup.uri)


def _packs(store: VersionStore, config: DatasetConfig) -> dict[str, object]:
    """Source -> current version of its masks."""
    return {name: need(store, "human_masks", name) for name in config.source_roots}
