"""``learned-normal sources``: which there are, and the download of published ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from tqdm import tqdm

from dataset_build.downloads.source_archives import PUBLISHED, Archive, PublishedSource
from pipelines.cli.home import HOME_OPTION, settings_of

#: Archives are kept in this folder below the source's: a second source finds them there.
ARCHIVES = "archives"
#: An archive and what it unpacks to lie side by side; JSON and masks unpack to more than images.
ROOM_FACTOR = 2.3


@click.group()
def sources() -> None:
    """Datasets that the human dataset is built from."""


@sources.command("list")
@HOME_OPTION
def list_sources(home: Path | None) -> None:
    """Every published source and your own: size, licence, layout, and where it lies here."""
    from dataset_build.sources.sources import SOURCES, source_spec

    settings = settings_of(home)
    for name in (*SOURCES, *sorted(settings.custom_sources)):
        spec = source_spec(name, settings.custom_sources)
        counts = ", ".join(f"{count:,} {split}" for split, count in spec.official_counts.items())
        root = settings.sources.get(name)
        where = f"configured: {root}" if root else "not configured"
        if root and not root.is_dir():
            where += " (no such folder)"
        download = "; can be downloaded" if name in PUBLISHED else ""
        click.echo(f"{name}: {where}{download}")
        click.echo(f"    images: {(counts or 'no official size').replace(' none', '')}")
        click.echo(f"    licence: {spec.licence}")
        click.echo(f"    layout: {spec.layout}")


@sources.command()
@click.argument("name", type=click.Choice(sorted(PUBLISHED)))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--yes", is_flag=True, help="Agree to the terms without being asked.")
def download(name: str, folder: Path, yes: bool) -> None:
    """Download a published source, verify it, and unpack it into a folder.

    What is there already is verified and kept: run the same command again to go on.
    """
    from dataset_build.downloads.extraction import UnsafeArchiveError
    from dataset_build.downloads.remote_file import DownloadError
    from dataset_build.sources.readers import SourceLayoutError

    published = PUBLISHED[name]
    folder = folder.resolve()
    _show(name, published, folder)
    if not yes:
        click.confirm("Do you agree to the terms, and start?", abort=True)
    try:
        _require_room(published, folder)
        for archive in published.archives:
            _fetch(archive, folder)
        for archive in published.archives:
            _unpack(archive, folder)
        found = _look(name, folder)
    except (DownloadError, UnsafeArchiveError, SourceLayoutError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(found)
    click.echo(f"The archives in {folder / ARCHIVES} may be removed. Add to settings.yaml:\n")
    click.echo(f"sources:\n  {name}: {folder}")


def _show(name: str, published: PublishedSource, folder: Path) -> None:
    click.echo(f"{name}: {published.terms}")
    for archive in published.archives:
        there = " (there already)" if (folder / ARCHIVES / archive.name).exists() else ""
        exact = "" if archive.size_exact else "about "
        checked = "md5 is published" if archive.md5 else "no checksum is published"
        size = f"{exact}{archive.about_bytes / 1e6:,.0f} MB"
        click.echo(f"  {archive.url}: {size}, {checked}{there}")
    click.echo(f"  to {folder}")


def _require_room(published: PublishedSource, folder: Path) -> None:
    """Refuse to start what cannot be finished."""
    missing = 0
    for archive in published.archives:
        path = folder / ARCHIVES / archive.name
        if not path.exists():
            part = path.with_name(path.name + ".part")
            missing += archive.about_bytes - (part.stat().st_size if part.exists() else 0)
    folder.mkdir(parents=True, exist_ok=True)
    free, wanted = shutil.disk_usage(folder).free, ROOM_FACTOR * missing
    if free < wanted:
        raise OSError(
            f"{folder}: {free / 1e9:.1f} GB are free, about {wanted / 1e9:.1f} GB are wanted for"
            " the archives and what they unpack to; free some space or choose another folder"
        )


def _fetch(archive: Archive, folder: Path) -> None:
    from dataset_build.downloads.downloads import download as fetch

    path = folder / ARCHIVES / archive.name
    with _bar(archive.name) as progress:
        found = fetch(
            archive.url,
            path,
            size_bytes=archive.about_bytes if archive.size_exact else None,
            md5=archive.md5,
            progress=progress,
        )
    how = {
        "md5": "its md5 is the published one",
        "recorded sha256": "its sha256 is the recorded one",
        "length": "its length is right; no checksum is published, its own is in"
        f" {path.name}.sha256",
        "nothing": "no checksum is published; not verified; its own is in"
        f" {path.name}.sha256 for later",
    }[found.verified_by]
    click.echo(f"{archive.name}: {found.size_bytes:,} bytes, {how}")


def _unpack(archive: Archive, folder: Path) -> None:
    from dataset_build.downloads.extraction import extract

    inside = folder / archive.into
    todo = [(folder / ARCHIVES / archive.name, inside)]
    todo += [(inside / nested, (inside / nested).parent) for nested in archive.nested]
    for path, target in todo:
        with _bar(f"unpacking {path.name}") as progress:
            done = extract(path, target, progress=progress)
        click.echo(f"{path.name}: {done.written:,} files unpacked, {done.kept:,} were there")


def _look(name: str, folder: Path) -> str:
    """What a scan will find, against the published counts; masks are not looked into."""
    from collections import Counter

    from dataset_build.sources.official_counts import official_count_findings
    from dataset_build.sources.sources import SOURCES, open_source

    spec = SOURCES[name]
    pairs = [s for s in open_source(spec, folder).samples if s.image_path and s.mask_path]
    found = Counter(sample.official_split for sample in pairs)
    sizes = official_count_findings(spec, found, None)
    said = "; ".join(finding.seen for finding in sizes)
    fine = all(finding.passed for finding in sizes)
    return f"{name}: {said}" + ("" if fine else " - some files are missing, or too many")


@contextmanager
def _bar(title: str) -> Iterator[Callable[[int, int | None], None]]:
    with tqdm(desc=title, unit="B", unit_scale=True, unit_divisor=1000, dynamic_ncols=True) as bar:

        def progress(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
