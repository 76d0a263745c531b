"""A person's choice of champion: promote one through the graph, or go back to the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from assets.champion_history import (
    ASSET,
    ROLLED_BACK,
    ChampionHistory,
    Choice,
    aligned,
    read_history,
    record_choice,
    version_of,
)
from assets.champions import BY_TAG, PROMOTE_TAG, WHY_TAG
from pipelines.instance import open_instance
from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.shell.runs import Planned, Runner
from pipelines.storage.store import MissingVersionError

#: Metadata of Dagster by which assets that come after know that their input changed.
_DATA_VERSION = "dagster/data_version"


class NoEarlierChampionError(LookupError):
    """There is nothing to go back to."""


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """From which champion to which."""

    left: Choice
    back_to: Choice


def promote(settings: Settings, name: str, *, by: str, force: str | None) -> Choice:
    """Let a model contest the champion now, or put it there by force.

    Args:
        settings: of the home.
        name: architecture of an evaluated model.
        by: who wishes it.
        force: the reason to overrule the rule; None lets the rule decide.

    Returns:
        What was recorded.

    Raises:
        RunFailedError: refused; says why, and the present champion stays.
    """
    tags = {PROMOTE_TAG: name, BY_TAG: by, **({WHY_TAG: force} if force is not None else {})}
    Runner(settings).run(Planned(job="champion_job", tags=tags))
    return read_history(open_store(settings)).choices[-1]


def roll_back(
    settings: Settings,
    *,
    by: str,
    why: str,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Rollback:
    """Make the champion before the present one current again; its version is still in the store.

    The weights that are left are not promoted again by the rule; newly trained ones may be.

    Args:
        settings: of the home.
        by: who goes back.
        why: recorded.
        clock: tells the time, with a time zone.

    Raises:
        NoEarlierChampionError: there was none, or it is no longer in the store.
    """
    store = open_store(settings)
    history = aligned(store, read_history(store))
    target, left = history.previous, history.line[-1] if history.line else None
    if target is None or left is None:
        raise NoEarlierChampionError(
            f"no earlier champion is recorded in {settings.store_url}; promote another model"
            " instead"
        )
    version = version_of(store, target)
    try:
        store.publish(version)
    except MissingVersionError as error:
        raise NoEarlierChampionError(str(error)) from error
    record_choice(store, _back(target, left, by, why), history, now=clock())
    _tell_dagster(settings, target, by, why)
    return Rollback(left=left, back_to=target)


def _back(target: Choice, left: Choice, by: str, why: str) -> Choice:
    return Choice(
        action=ROLLED_BACK,
        by=by,
        why=why,
        architecture=target.architecture,
        weights=target.weights,
        version=target.version,
        overruled=(left.weights,),
    )


def _tell_dagster(settings: Settings, target: Choice, by: str, why: str) -> None:
    """The champion's new data version, so that what was made by the other shows as out of date."""
    instance = open_instance(settings)
    event = dg.AssetMaterialization(
        ASSET,
        description=f"rolled back by {by}: {why}",
        metadata={"architecture": target.architecture, "version": target.version},
        tags={_DATA_VERSION: target.version},
    )
    try:
        instance.report_runless_asset_event(event)
    finally:
        instance.dispose()


def log_lines(history: ChampionHistory) -> list[str]:
    """The log in words, the newest first."""
    return [
        f"{one.at}  {one.action:11} {one.architecture:24} by {one.by}: {one.why}"
        for one in reversed(history.choices)
    ]
