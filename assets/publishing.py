"""Write, audit, publish: the one path from a stage function to a current version.

Dagster runs a separate asset check after the asset has been stored, so bad data would already
have replaced good. Here the audit runs inside the asset's own step, between writing and
publishing: a version that fails a blocking claim is kept aside, no materialization is recorded,
and readers go on seeing the last good version.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg

from assets.checks import audit, compared_with, prepare
from assets.claims import Inputs, Outcome
from assets.partitions import store_partition
from assets.presentation import describe
from assets.resources import UNPARTITIONED, VersionStore
from assets.reuse import RECIPE, Reuse, recipe_of, standing

Event = dg.MaterializeResult[None] | dg.AssetCheckResult
#: Asset -> what Dagster shows of its version.
Metadata = dict[str, dict[str, dg.MetadataValue]]


class _RetryFailures(dg.RetryPolicy):
    """Tries a failed step again, but none that somebody interrupted."""

    def calculate_delay(self, attempt_num: int) -> float:
        """Called while the step's error is handled; an interruption goes on from here."""
        error = sys.exception()
        if isinstance(error, dg.DagsterExecutionInterruptedError | KeyboardInterrupt):
            raise error
        return float(super().calculate_delay(attempt_num))


#: A failed step is tried again: a full disk or an absent server may come back.
RETRY = _RetryFailures(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)


def _no_picture(_: object) -> None:
    """What a stage without pictures, or one that writes them itself, draws beside its audit."""


def publish(
    context: dg.AssetExecutionContext,
    store: VersionStore,
    make: Callable[[Path], object],
    *,
    inputs: Sequence[Any] = (),
    config: object = None,
    draw: Callable[[Path], object] = _no_picture,
    afterwards: Callable[[Path], None] | None = None,
    forget: Callable[[Path], None] | None = None,
    reuse: Reuse | None = None,
) -> Iterator[Event]:
    """Make one asset's version with ``make(folder)``, audit it, publish it.

    Args:
        context: Of the running asset; gives its name, partition and code version.
        store: Where versions live.
        make: Stage function; writes its files into the folder and returns a summary dataclass.
        inputs: Versions that were read.
        config: Dataclass or mapping that shaped the result.
        draw: Called with the version's folder while it is audited; makes pictures of what was
            written, for which a claim would only wait.
        afterwards: Called with the version's folder once it is current and recorded; never for a
            version that failed its audit.
        forget: Called with the folder of a version that failed its audit, before it is kept aside:
            takes out what must not be kept even there.
        reuse: When the current version may stand if inputs, configuration and code are those of
            the last step; None always makes it anew.

    Yields:
        One check result per claim, then the materialization.

    Raises:
        dg.Failure: A blocking claim failed (not tried again), or the input is at fault.
    """
    asset = context.asset_key.path[-1]

    def make_one(folders: Mapping[str, Path]) -> Mapping[str, object]:
        return {asset: make(folders[asset])}

    def draw_one(folders: Mapping[str, Path]) -> None:
        draw(folders[asset])

    yield from publish_together(
        context,
        store,
        make_one,
        inputs=inputs,
        config=config,
        draw=draw_one,
        forget=forget,
        reuse=reuse,
    )
    if afterwards is not None:
        afterwards(store.path(store.require(asset, _partition(context))))


def publish_together(
    context: dg.AssetExecutionContext,
    store: VersionStore,
    make: Callable[[Mapping[str, Path]], Mapping[str, object]],
    *,
    inputs: Sequence[Any] = (),
    config: object = None,
    draw: Callable[[Mapping[str, Path]], object] = _no_picture,
    forget: Callable[[Path], None] | None = None,
    reuse: Reuse | None = None,
) -> Iterator[Event]:
    """Like ``publish`` for assets that come from one pass; one failed claim keeps all aside.

    All are made current, one after the other, before any is recorded. Whoever is killed in between
    leaves some new and some old versions current, each whole, and the step unfinished.
    """
    partition = _partition(context)
    names = _in_order_of_need(context)
    recipes: dict[str, str] = {}
    if reuse is not None:
        recipes = {name: recipe_of(name, partition, inputs, as_json(config)) for name in names}
        with _blamed_on_input():
            stands = standing(context, store, recipes, partition, reuse)
        if stands is not None:
            context.log.info("nothing changed since the last time: the current version stands")
            yield from stands
            return
    for name in names:
        prepare(name)
    sealed: dict[str, Any] = {}
    with ExitStack() as drafts:
        folders = {name: drafts.enter_context(store.draft(name, partition)) for name in names}
        summaries = _made(make, folders)
        outcomes, metadata = _audited(context, store, folders, inputs, draw, summaries)
        if forget is not None and _broken(outcomes):
            for folder in folders.values():
                forget(folder)
        for name, folder in folders.items():
            if name in recipes:
                metadata[name][RECIPE] = dg.MetadataValue.text(recipes[name])
            code_version = context.assets_def.code_versions_by_key[dg.AssetKey(name)]
            sealed[name] = store.seal(
                folder,
                name,
                partition,
                code_version=code_version or "",
                inputs=tuple(inputs),
                config=as_json(config),
            )
    yield from _published(store, sealed, metadata, outcomes)


def _in_order_of_need(context: dg.AssetExecutionContext) -> list[str]:
    """Names of the step's assets, each after those of them that it depends on."""
    needs = {spec.key: {dep.asset_key for dep in spec.deps} for spec in context.assets_def.specs}
    sorter = TopologicalSorter(
        {key: needs[key] & context.selected_asset_keys for key in context.selected_asset_keys}
    )
    sorter.prepare()
    names: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        names += [key.path[-1] for key in ready]
        sorter.done(*ready)
    return names


def _partition(context: dg.AssetExecutionContext) -> str:
    return store_partition(context.partition_key) if context.has_partition_key else UNPARTITIONED


def _folders(store: VersionStore, versions: Sequence[Any], wanted: set[str]) -> dict[str, Inputs]:
    """Asset -> partition -> local folder of the wanted inputs."""
    return {
        asset: {one.partition: store.path(one) for one in versions if one.asset == asset}
        for asset in wanted
    }


def _audited(
    context: dg.AssetExecutionContext,
    store: VersionStore,
    folders: Mapping[str, Path],
    inputs: Sequence[Any],
    draw: Callable[[Mapping[str, Path]], object],
    summaries: Mapping[str, object],
) -> tuple[dict[str, list[Outcome]], Metadata]:
    """What the audits of all that was written say; and its metadata, made meanwhile.

    All begin at once, as each waits for a process more than it works. A picture that cannot be
    drawn is an error, but of a version that is refused its findings say more.
    """
    metadata: Metadata = {name: {} for name in folders}
    undrawn: Exception | None = None
    against = {name: _folders(store, inputs, compared_with(name)) for name in folders}
    with ThreadPoolExecutor(max_workers=len(folders)) as beside:
        found = {
            name: beside.submit(audit, name, folder, against[name])
            for name, folder in folders.items()
        }
        try:
            draw(folders)
            metadata = {name: describe(folder, summaries[name]) for name, folder in folders.items()}
        except Exception as error:  # noqa: BLE001 - whatever it is, the audits speak first
            undrawn = error
        outcomes = {name: one.result() for name, one in found.items()}
    if undrawn is not None:
        if not _broken(outcomes):
            raise undrawn
        context.log.warning(f"pictures of what was refused could not be made: {undrawn!r}")
    return outcomes, metadata


def _made(
    make: Callable[[Mapping[str, Path]], Mapping[str, object]], folders: Mapping[str, Path]
) -> Mapping[str, object]:
    """Run the stage."""
    with _blamed_on_input():
        return make(folders)


@contextmanager
def _blamed_on_input() -> Iterator[None]:
    """Wrong input is a failure that trying again does not mend."""
    try:
        yield
    except (ValueError, FileNotFoundError, NotADirectoryError) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error


def _published(
    store: VersionStore,
    sealed: Mapping[str, Any],
    metadata: Mapping[str, dict[str, dg.MetadataValue]],
    outcomes: Mapping[str, Sequence[Outcome]],
) -> Iterator[Event]:
    """Record every outcome, then publish all versions or reject all of them."""
    for name, found in outcomes.items():
        for outcome in found:
            yield outcome.as_check_result(name)
    broken = _broken(outcomes)
    if broken:
        for version in sealed.values():
            store.reject(version, broken)
        raise dg.Failure(
            description="Not published; the last good version stays current. " + " ".join(broken),
            allow_retries=False,
        )
    for version in sealed.values():
        store.publish(version)
    for name, version in sealed.items():
        yield dg.MaterializeResult(
            asset_key=name,
            metadata={**metadata[name], "version": version.digest, "files": store.url(version)},
            data_version=dg.DataVersion(version.digest),
        )


def _broken(outcomes: Mapping[str, Sequence[Outcome]]) -> list[str]:
    """Blocking claims that do not hold, in words."""
    return [
        f"{name}: {outcome.claim} does not hold: {outcome.finding}"
        for name, found in outcomes.items()
        for outcome in found
        if outcome.blocking and not outcome.passed
    ]


def as_json(config: object) -> dict[str, Any]:
    """Configuration as plain JSON types, for the provenance file."""
    if config is None:
        return {}
    plain = _plain(config)
    return plain if isinstance(plain, dict) else {"value": plain}


def _plain(value: object) -> Any:  # noqa: ANN401
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return str(value)


def need(store: VersionStore, asset: str, partition: str = UNPARTITIONED) -> Any:  # noqa: ANN401
    """Current version of an input; where there is none, a failure that says what to materialize."""
    try:
        return store.require(asset, partition)
    except LookupError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
