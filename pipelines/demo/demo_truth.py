"""What the demo planted, and what of it was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.storage.store import Store

#: Kinds that show in the quality of frames, not in events.
OF_THE_CAMERA = {"camera_knock", "camera_moved"}


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One known incident."""

    camera: str
    kind: str
    start_utc: datetime
    end_utc: datetime
    found: bool


def compare_with_truth(settings: Settings) -> list[Planted]:
    """Every planted incident, and whether an event, or frames marked as moved, overlap its time."""
    store = open_store(settings)
    planted = []
    for path in sorted(settings.footage.glob("*/truth.parquet")):
        for row in pq.read_table(path).to_pylist():
            planted.append(_judged(store, path, row))
    return planted


def _judged(store: Store, truth: Path, row: dict[str, Any]) -> Planted:
    camera, day = truth.parent.name, row["file"][:10]
    asset, file = ("anomalies", "events.parquet")
    if row["kind"] in OF_THE_CAMERA:
        asset, file = ("frame_index", "frames.parquet")
    version = store.current(asset, f"{camera}/{day}")
    rows = pq.read_table(store.path(version) / file).to_pylist() if version else []
    spans = [
        (entry.get("start_utc") or entry["time_utc"], entry.get("end_utc") or entry["time_utc"])
        for entry in rows
        if row["kind"] not in OF_THE_CAMERA or entry["reason"] == "moved"
    ]
    return Planted(
        camera=camera,
        kind=row["kind"],
        start_utc=row["start_utc"],
        end_utc=row["end_utc"],
        found=any(start <= row["end_utc"] and end >= row["start_utc"] for start, end in spans),
    )


def truth_lines(planted: list[Planted]) -> list[str]:
    """One line per planted incident, for the end of the demo."""
    found = sum(incident.found for incident in planted)
    lines = [
        f"planted           {incident.camera} {incident.start_utc:%H:%M:%S} UTC {incident.kind}:"
        f" {'found' if incident.found else 'missed'}"
        for incident in planted
    ]
    return [*lines, f"planted           {found} of {len(planted)} found"]
