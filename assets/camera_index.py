"""The index of all cameras: one page over the reports of every camera-day."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from assets.cameras import CAMERAS, STORE, camera_report
from assets.checks import specs
from assets.publishing import RETRY, Event, publish
from assets.resources import VersionStore
from camera_analysis.reports import report_index
from camera_analysis.reports.report_index import IndexEntry, camera_cards, index_entry, read_entries

#: Not every camera has a report for every day since the first: missing ones hold nothing up.
WHEN_A_REPORT_CHANGES = dg.AutomationCondition.eager().without(
    ~dg.AutomationCondition.any_deps_missing()
)


@dg.asset(
    group_name="cameras",
    deps=[camera_report],
    check_specs=specs("camera_index"),
    code_version="5",
    retry_policy=RETRY,
    automation_condition=WHEN_A_REPORT_CHANGES,
    kinds={"python", "html"},
)
def camera_index(
    context: dg.AssetExecutionContext, store: STORE, camera_setup: CAMERAS
) -> Iterator[Event]:
    """All camera-days of present cameras that have a report, by what needs attention first."""
    registered = context.instance.get_dynamic_partitions("camera")
    listed = {row["camera_id"] for row in _present_entries(store)}
    cameras = present_cameras(camera_setup.footage_root, registered, listed)
    reports = reports_of(cameras, store.currents("camera_report"))
    entries = with_pictures(store, current_entries(store, reports), reports)
    yield from publish(
        context,
        store,
        lambda out: report_index.write_index(entries, out),
        inputs=list(reports.values()),
    )


def present_cameras(
    footage_root: Path, registered: Collection[str], listed: Collection[str] = ()
) -> Collection[str] | None:
    """Ids of what is a camera still; None where nobody can tell, so that every one is.

    A camera is a folder below the footage root, or a link to one. Where the root is missing, or
    holds no camera at all, as a drive that is away leaves it, nothing is taken for removed but what
    a person removed.

    Args:
        footage_root: the folder of all cameras.
        registered: cameras that Dagster knows; ``cameras remove`` takes them from there.
        listed: cameras of the present index.
    """
    if not footage_root.is_dir():
        return {*registered, *listed} or None
    there = {path.name for path in footage_root.iterdir() if path.is_dir() or path.is_symlink()}
    return {name for name in there if not name.startswith(".")} or registered


def reports_of(cameras: Collection[str] | None, reports: Mapping[str, Any]) -> dict[str, Any]:
    """Reports of some cameras, or of all for None; those of others stay in the store."""
    return {
        key: version
        for key, version in reports.items()
        if cameras is None or key.split("/")[0] in cameras
    }


def current_entries(store: VersionStore, reports: Mapping[str, Any]) -> list[IndexEntry]:
    """One entry for each report; those that the present index knows are not read again.

    Args:
        store: holds reports and the index.
        reports: camera-day -> version of its report.
    """
    rows = _present_entries(store)
    known = {(f"{row['camera_id']}/{row['day']}", row["version"]): row for row in rows}
    entries = []
    for key, version in reports.items():
        href = f"../../../camera_report/{key}/{version.digest}/report.html"
        row = known.get((key, version.digest))
        if row is None:
            found = index_entry(store.path(version), href=href, version=version.digest)
            entries.append(replace(found, thumbnail=None))
        else:
            entries.append(IndexEntry(**row, href=href))
    return entries


def _present_entries(store: VersionStore) -> list[dict[str, Any]]:
    present = store.current("camera_index")
    if present is None:
        return []
    try:
        return read_entries(store.path(present))
    except (LookupError, ValueError):
        return []  # damaged or pruned: this step makes it anew


def with_pictures(
    store: VersionStore, entries: list[IndexEntry], reports: Mapping[str, Any]
) -> list[IndexEntry]:
    """The same entries; those whose picture the page shows say where it is."""
    shown = {card.latest for card in camera_cards(entries)[: report_index.CARDS]}
    return [
        replace(
            entry,
            thumbnail=store.path(reports[f"{entry.camera_id}/{entry.day}"])
            / report_index.THUMBNAIL_FILE,
        )
        if entry in shown
        else entry
        for entry in entries
    ]
