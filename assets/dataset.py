"""Archives to one cleaned, binarized, merged, split and measured dataset."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from assets.checks import specs
from assets.partitions import SOURCE
from assets.progress import log_progress
from assets.publishing import RETRY, Event, need, publish, publish_together
from assets.resources import VersionStore
from assets.reuse import Reuse
from dataset_build.config import DatasetConfig
from dataset_build.ledger import cleaning, merging, splits
from dataset_build.scan import scan
from dataset_build.scan.sample_rows import SAMPLES_FILE
from dataset_build.scan.scan_memory import PreviousScan
from dataset_build.statistics import statistics

STORE = dg.ResourceParam[VersionStore]
CONFIG = dg.ResourceParam[DatasetConfig]
#: Tag of a run that reads every file and compares every image, whatever is remembered.
FULL_SCAN = "learned-normal/full-scan"
#: Made by ``source_pass``; named here for those that depend on it.
human_masks = dg.AssetKey("human_masks")


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            name,
            group_name="dataset",
            partitions_def=SOURCE,
            deps=deps,
            code_version="2",
            description=description,
            kinds={"python", "parquet"},
        )
        for name, deps, description in (
            (
                "source_samples",
                [],
                "One row per image of a source: paths, hashes, human share, quality, or a reject"
                " reason.",
            ),
            (
                "human_masks",
                ["source_samples"],
                "Human masks (0, 1, 255 ignore) of a source in one packed, memory-mapped file.",
            ),
        )
    ],
    check_specs=[*specs("source_samples"), *specs("human_masks")],
    retry_policy=RETRY,
)
def source_pass(
    context: dg.AssetExecutionContext,
    store: STORE,
    dataset_config: CONFIG,
    scan_memory: dg.ResourceParam[Path],
) -> Iterator[Event]:
    """Read every image and mask of a source once; files that did not change are not read again."""
    source = context.partition_key
    root = root_of(dataset_config, source)
    memory = scan_memory / f"{source}.parquet"
    previous = None if FULL_SCAN in context.run.tags else _previous(context, store, source, memory)
    done: list[scan.ScanSummary] = []

    @functools.cache
    def plan() -> scan.ScanPlan:
        return scan.plan_scan(source, root, config=dataset_config, previous=previous)

    def make(folders: Mapping[str, Path]) -> Mapping[str, object]:
        done[:] = [
            plan().carry_out(
                folders["source_samples"],
                folders["human_masks"],
                workers=dataset_config.workers,
                progress=log_progress(context),
            )
        ]
        context.log.info(f"{done[0].files_read} of {done[0].samples} samples of {source} were read")
        return {"source_samples": done[0], "human_masks": done[0].masks}

    def draw(folders: Mapping[str, Path]) -> None:
        plan().draw(folders["source_samples"], folders["human_masks"])

    untouched = Reuse(holds=lambda: plan().untouched, metadata={"files_read": 0})
    yield from publish_together(
        context, store, make, config=dataset_config, draw=draw, reuse=untouched
    )
    if not done:
        return
    try:
        done[0].memory.save(memory)
    except OSError as error:
        context.log.warning(f"the next scan will read every file: {memory} is not written: {error}")


def _previous(
    context: dg.AssetExecutionContext, store: VersionStore, source: str, memory: Path
) -> PreviousScan | None:
    """The current scan of a source; None where there is none, or where it is damaged."""
    try:
        found = [store.current(name, source) for name in ("source_samples", "human_masks")]
        if None in found:
            context.log.info(f"every file is read: no scan of {source} is in the store")
            return None
        samples, masks = (store.path(version) for version in found)
    except (LookupError, ValueError) as error:
        context.log.info(f"every file is read: {error}")
        return None
    return PreviousScan(samples=samples / SAMPLES_FILE, masks=masks, memory=memory)


@dg.asset(
    group_name="dataset",
    deps=["source_samples", human_masks],
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
        lambda out: merging.merge_sources(tables, out),
        inputs=list(scans.values()),
        reuse=Reuse(),
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
    context: dg.AssetExecutionContext,
    store: STORE,
    dataset_config: CONFIG,
    duplicate_memory: dg.ResourceParam[Path],
) -> Iterator[Event]:
    """The ledger after the named rules, duplicates and the reviewer's decisions."""
    merged = need(store, "merged_dataset")
    decided = store.current("review_decisions")
    decisions = store.path(decided) / "decisions.parquet" if decided else None
    is_full = FULL_SCAN in context.run.tags
    if is_full:
        duplicate_memory.unlink(missing_ok=True)
    yield from publish(
        context,
        store,
        lambda out: cleaning.clean(
            store.path(merged) / "ledger.parquet",
            out,
            config=dataset_config,
            decisions=decisions,
            memory=duplicate_memory,
        ),
        inputs=[merged, *([decided] if decided else [])],
        config=dataset_config,
        draw=cleaning.draw_removed,
        reuse=Reuse(holds=lambda: not is_full),
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
        reuse=Reuse(),
    )


@dg.asset(
    group_name="dataset",
    deps=[merged_dataset, cleaned_dataset, dataset_split],
    check_specs=specs("dataset_statistics"),
    code_version="2",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def dataset_statistics(context: dg.AssetExecutionContext, store: STORE) -> Iterator[Event]:
    """Sizes and human shares before and after, and the thesis talk's tables; totals add up."""
    split = need(store, "dataset_split")
    cleaned = made_from(store, split, "cleaned_dataset")
    merged = made_from(store, cleaned, "merged_dataset")
    ledgers = [store.path(version) / "ledger.parquet" for version in (merged, cleaned, split)]
    yield from publish(
        context,
        store,
        lambda out: statistics.dataset_statistics(*ledgers, out),
        inputs=[merged, cleaned, split],
        reuse=Reuse(),
    )


def made_from(store: VersionStore, version: Any, asset: str) -> Any:  # noqa: ANN401
    """The version of an asset that another was made from, whether it is still current or not."""
    read = [one for one in store.provenance(version).inputs if one.asset == asset]
    if len(read) != 1:
        raise dg.Failure(
            description=f"{version.asset} names {len(read)} versions of {asset} it was made from,"
            f" expected 1; materialize {version.asset} again",
            allow_retries=False,
        )
    return read[0]


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
