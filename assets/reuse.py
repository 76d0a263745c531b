"""A step whose input, configuration and code are those of its last one leaves its version as it is.

What the last step recorded in Dagster's event log is the memory: a *recipe* among the metadata of
its materialization, and the outcome of every check. Where either is missing (another instance, a
deleted run) the step is done again: that costs time, nothing else.
"""

import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

import assets
import dataset_build
from assets.resources import VersionStore
from dataset_build.digests import sha256_of_code

#: Metadata entry of a materialization: digest of everything that decided it.
RECIPE = "recipe"
#: Metadata entry of a materialization that left the version of an earlier one as it was.
UNCHANGED = "unchanged"
#: Libraries that shape what the dataset stages write.
LIBRARIES = (
    "great-expectations",
    "matplotlib",
    "numpy",
    "opencv-python-headless",
    "pandas",
    "pillow",
    "pyarrow",
    "scipy",
)


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """When a step may leave its versions as they are.

    Args:
        holds: asked once inputs, configuration and code are known to be the same; whether
            everything else that the step reads is the same too.
        metadata: what a step that did nothing has to say in place of the last one's entries.
    """

    holds: Callable[[], bool] = lambda: True
    metadata: Mapping[str, Any] = field(default_factory=dict)


def recipe_of(asset: str, partition: str, inputs: Sequence[Any], config: Mapping[str, Any]) -> str:
    """Digest of everything but the files a step reads itself: code, inputs, configuration."""
    named = [f"{one.asset}/{one.partition}/{one.digest}" for one in inputs]
    parts = [asset, partition, code_fingerprint(), named, config]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@functools.cache
def code_fingerprint() -> str:
    """Digest of the code of the dataset stages and their audits, and of the libraries' versions."""
    digest = hashlib.sha256()
    for package in (assets, dataset_build):
        digest.update(sha256_of_code(Path(str(package.__file__)).parent).encode())
    for name in LIBRARIES:
        digest.update(f"{name} {_version(name)}".encode())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def standing(
    context: dg.AssetExecutionContext,
    store: VersionStore,
    recipes: Mapping[str, str],
    partition: str,
    reuse: Reuse,
) -> list[dg.MaterializeResult[None] | dg.AssetCheckResult] | None:
    """What a step has to record if all its current versions stand; None if it has work to do.

    Args:
        context: Of the running step.
        store: Where the versions are.
        recipes: Asset of the step -> its recipe now.
        partition: Of the store.
        reuse: What else must hold.
    """
    events: list[dg.MaterializeResult[None] | dg.AssetCheckResult] = []
    results: list[dg.MaterializeResult[None] | dg.AssetCheckResult] = []
    for asset, recipe in recipes.items():
        record = _last(context, asset)
        version = store.current(asset, partition)
        if record is None or version is None:
            return None
        metadata = record.asset_materialization.metadata
        if (_text(metadata, RECIPE), _text(metadata, "version")) != (recipe, version.digest):
            return None
        if not _is_whole(store, version):
            return None
        checks = _checks(context, asset, record.run_id)
        if {check.check_name for check in checks} != _expected(context, asset):
            return None
        events += checks
        results.append(
            dg.MaterializeResult(
                asset_key=asset,
                metadata={**metadata, **reuse.metadata, UNCHANGED: True},
                data_version=dg.DataVersion(version.digest),
            )
        )
    return [*events, *results] if reuse.holds() else None


def _last(context: dg.AssetExecutionContext, asset: str) -> Any:  # noqa: ANN401
    """The newest materialization of the running partition of an asset."""
    partitions = [context.partition_key] if context.has_partition_key else None
    found = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=partitions), limit=1
    )
    return found.records[0] if found.records else None


def _is_whole(store: VersionStore, version: Any) -> bool:  # noqa: ANN401
    """Whether the version's files are as they were written; a damaged one is made anew."""
    try:
        store.path(version)
    except (LookupError, ValueError):
        return False
    return True


def _checks(
    context: dg.AssetExecutionContext, asset: str, run_id: str
) -> list[dg.AssetCheckResult]:
    """What the checks of an asset found in a run; of a step that was retried, the last time."""
    found_by_name: dict[str, dg.AssetCheckResult] = {}
    logged = context.instance.all_logs(run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    for entry in logged:
        if entry.dagster_event is None:
            continue
        found = entry.dagster_event.asset_check_evaluation_data
        if found.asset_key == dg.AssetKey(asset):
            found_by_name[found.check_name] = dg.AssetCheckResult(
                asset_key=found.asset_key,
                check_name=found.check_name,
                passed=found.passed,
                severity=found.severity,
                description=found.description,
                metadata=dict(found.metadata),
            )
    return list(found_by_name.values())


def _expected(context: dg.AssetExecutionContext, asset: str) -> set[str]:
    keys = context.assets_def.check_keys
    return {key.name for key in keys if key.asset_key == dg.AssetKey(asset)}


def _text(metadata: Mapping[str, Any], name: str) -> str:
    return str(metadata[name].value) if name in metadata else ""
