"""What a run has made, told at its end: pages, pictures, figures."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
import pyarrow.parquet as pq

from dataset_build.ledger.splits import SPLITS
from dataset_build.review.review import QUEUE_FILE
from pipelines.footage import camera_folder_of
from pipelines.next_steps import next_step
from pipelines.resources import open_store
from pipelines.settings import Settings
from pipelines.storage.store import Store


def index_page(settings: Settings) -> Path | None:
    """The current index of cameras."""
    store = open_store(settings)
    version = store.current("camera_index")
    return store.path(version) / "index.html" if version else None


def newest_report(settings: Settings, camera: str) -> Path | None:
    """The report of the camera's newest day that has one."""
    store = open_store(settings)
    keys = [key for key in store.partitions("camera_report") if key.startswith(f"{camera}/")]
    if not keys:
        return None
    return store.path(store.require("camera_report", max(keys))) / "report.html"


def why_no_report(settings: Settings, camera: str | None) -> str:
    """Why there is no page of a camera, or of all, and what there is to do."""
    what = f"no report of {f'camera {camera}' if camera else 'any camera'} in {settings.home}"
    if camera:
        try:
            camera_folder_of(settings, camera)
        except ValueError as error:
            return f"{what}: {error}"
    todo = next_step(settings, f"cameras backfill {camera or '<camera>'}")
    return f"{what} yet; {todo}"


def print_outcome(settings: Settings) -> None:
    """Where the report and the pictures are, what was measured, how to open the UI."""
    store = open_store(settings)
    click.echo()
    for line in (*dataset_lines(store), *model_lines(store), *camera_lines(store)):
        click.echo(line)
    click.echo()
    index = index_page(settings)
    if index:
        click.echo(f"index of cameras  {index}")
    pictures = store.current("dataset_statistics")
    if pictures:
        click.echo(f"dataset picture   {store.path(pictures) / 'statistics.png'}")
    click.echo(f"store             {settings.store_url}")
    click.echo(f"Dagster's UI      {next_step(settings, 'dev')}")
    click.echo(f"review            {next_step(settings, 'review open')}")


def print_dataset(settings: Settings) -> None:
    """What a rebuild has made: sizes, removals, where the tables are, what is to be reviewed."""
    store = open_store(settings)
    for line in (*dataset_lines(store), *split_lines(store)):
        click.echo(line)
    statistics = store.current("dataset_statistics")
    if statistics:
        click.echo(f"tables            {store.path(statistics) / 'thesis_tables.md'}")
    queue = store.current("review_queue")
    if queue:
        queued = pq.read_metadata(store.path(queue) / QUEUE_FILE).num_rows
        click.echo(f"review            {queued} queued: {next_step(settings, 'review open')}")


def split_lines(store: Store) -> list[str]:
    """Images per split, and the removed ones by reason, the most frequent first."""
    version = store.current("dataset_split")
    if version is None:
        return []
    ledger = pq.read_table(store.path(version) / "ledger.parquet", columns=["split", "reason"])
    sizes = Counter(split for split in ledger["split"].to_pylist() if split)
    reasons = Counter(reason for reason in ledger["reason"].to_pylist() if reason)
    lines = [f"splits            {', '.join(f'{name} {sizes[name]}' for name in reversed(SPLITS))}"]
    if reasons:
        by_count = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        lines.append(f"removed           {', '.join(f'{name} {n}' for name, n in by_count)}")
    return lines


def dataset_lines(store: Store) -> list[str]:
    """Images in, kept, moved and removed."""
    version = store.current("dataset_split")
    if version is None:
        return []
    fates = pq.read_table(store.path(version) / "ledger.parquet", columns=["fate"])["fate"]
    counts = {item["values"]: item["counts"] for item in fates.value_counts().to_pylist()}
    parts = ", ".join(f"{counts.get(fate, 0)} {fate}" for fate in ("kept", "moved", "removed"))
    return [f"dataset           {len(fates)} images in: {parts}"]


def model_lines(store: Store) -> list[str]:
    """Scores of each evaluated model on all test images."""
    lines = []
    for name in store.partitions("model_evaluation"):
        folder = store.path(store.require("model_evaluation", name))
        rows = pq.read_table(folder / "metrics.parquet").to_pylist()
        for row in rows:
            lines.append(
                f"model {name:12}{row['scope']:16} human IoU {_share(row['iou'])},"
                f" Dice {_share(row['dice'])}, {row['images']} test images"
            )
    return lines


def camera_lines(store: Store) -> list[str]:
    """Events of every camera-day."""
    lines = []
    for key in store.partitions("anomalies"):
        folder = store.path(store.require("anomalies", key))
        events = pq.read_table(folder / "events.parquet").num_rows
        lines.append(f"camera-day        {key}: {events} events")
    return lines


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
