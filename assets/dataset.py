"""Archives to one cleaned, binarized, merged, split and measured dataset."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.checks import specs
from assets.partitions import SOURCE
from assets.progress import log_progress
from assets.publishing import RETRY, Event, need, publish
from assets.resources import VersionStore
from dataset_build import cleaning, ledger, mask_pack, scan, splits, statistics
from dataset_build.config import DatasetConfig

STORE = dg.ResourceParam[VersionStore]
CONFIG = dg.ResourceParam[DatasetConfig]


@dg.asset(
    group_name="dataset",
    partitions_def=SOURCE,
    check_specs=specs("source_samples"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def source_samples(
    context: dg.AssetExecutionContext, store: STORE, dataset_config: CONFIG
) -> Iterator[Event]:
    """One row per image of a source: paths, hashes, human share, quality, or a reject reason."""
    source = context.partition_key
    root = root_of(dataset_config, source)
    yield from publish(
        context,
        store,
        lambda out: scan.scan_source(
            source, root, out, config=dataset_config, progress=log_progress(context)
        ),
        config=dataset_config,
    )


@dg.asset(
    group_name="dataset",
    partitions_def=SOURCE,
    deps=[source_samples],
    check_specs=specs("human_masks"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def human_masks(
    context: dg.AssetExecutionContext, store: STORE, dataset_config: CONFIG
) -> Iterator[Event]:
    """Human masks (0, 1, 255 ignore) of a source in one packed, memory-mapped file."""
    source = context.partition_key
    samples = need(store, "source_samples", source)
    yield from publish(
        context,
        store,
        lambda out: mask_pack.pack_masks(
            store.path(samples) / "samples.parquet",
            root_of(dataset_config, source),
            out,
            progress=log_progress(context),
        ),
        inputs=[samples],
        config={"source": source},
    )


@dg.asset(
    group_name="dataset",
    deps=[source_samples, human_masks],
    check_specs=specs("merged_dataset"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def merged_dataset(
    context: dg.AssetExecutionContext, store: STORE, dataset_config: CONFIG
) -> Iterator[Event]:
    """The ledger of all configured sources: every image once, readable or with a reason."""
    scans = {name: need(store, "source_samples", name) for name in dataset_config.source_roots}
    tables = {name: store.path(version) / "samples.parquet" for name, version in scans.items()}
    yield from publish(
        context,
        store,
        lambda out: ledger.merge_sources(tables, out),
        inputs=list(scans.values()),
    )


@dg.asset(
    group_name="dataset",
    deps=[merged_dataset, "review_decisions"],
    check_specs=specs("cleaned_dataset"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def cleaned_dataset(
    context: dg.AssetExecutionContext, store: STORE, dataset_config: CONFIG
) -> Iterator[Event]:
    """The ledger after the named rules, duplicates and the reviewer's decisions."""
    merged = need(store, "merged_dataset")
    decided = store.current("review_decisions")
    decisions = store.path(decided) / "decisions.parquet" if decided else None
    yield from publish(
        context,
        store,
        lambda out: cleaning.clean(
            store.path(merged) / "ledger.parquet", out, config=dataset_config, decisions=decisions
        ),
        inputs=[merged, *([decided] if decided else [])],
        config=dataset_config,
    )


@dg.asset(
    group_name="dataset",
    deps=[cleaned_dataset],
    check_specs=specs("dataset_split"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def dataset_split(
    context: dg.AssetExecutionContext, store: STORE, dataset_config: CONFIG
) -> Iterator[Event]:
    """Train, validation and test by duplicate group, with a stated share of negatives."""
    cleaned = need(store, "cleaned_dataset")
    yield from publish(
        context,
        store,
        lambda out: splits.split_dataset(
            store.path(cleaned) / "ledger.parquet", out, config=dataset_config
        ),
        inputs=[cleaned],
        config=dataset_config,
    )


@dg.asset(
    group_name="dataset",
    deps=[dataset_split],
    check_specs=specs("dataset_statistics"),
    code_version="1",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def dataset_statistics(context: dg.AssetExecutionContext, store: STORE) -> Iterator[Event]:
    """Sizes and human shares by source and split, before and after; totals that add up."""
    split = need(store, "dataset_split")
    yield from publish(
        context,
        store,
        lambda out: statistics.dataset_statistics(store.path(split) / "ledger.parquet", out),
        inputs=[split],
    )


def root_of(config: DatasetConfig, source: str) -> Path:
    """Folder of a configured source."""
    if source not in config.source_roots:
        configured = ", ".join(sorted(config.source_roots)) or "none"
        raise dg.Failure(
            description=f"source {source} is not configured (configured: {configured}); name its"
            " folder under `sources` in settings.yaml",
            allow_retries=False,
        )
    return config.source_roots[source]
