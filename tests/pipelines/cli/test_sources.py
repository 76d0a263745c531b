"""``learned-normal sources``: the list, and a download from a server on this machine."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result
from PIL import Image

from dataset_build.downloads import source_archives
from dataset_build.downloads.source_archives import PUBLISHED, Archive, PublishedSource
from dataset_build.sources.sources import SOURCES
from pipelines.cli import sources as cli_sources
from pipelines.cli.command import main
from tests.dataset_build.downloads.factories_server import Site, serve


def call(*words: object, answer: str = "") -> Result:
    return CliRunner().invoke(main, ["sources", *map(str, words)], input=answer)


def penn_fudan() -> bytes:
    """A zip of two samples in the published layout."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a", "b"):
            for path, shape in (
                (f"PNGImages/{name}.png", (8, 9, 3)),
                (f"PedMasks/{name}_mask.png", (8, 9)),
            ):
                picture = io.BytesIO()
                Image.fromarray(np.zeros(shape, np.uint8)).save(picture, "PNG")
                archive.writestr(f"PennFudanPed/{path}", picture.getvalue())
    return packed.getvalue()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch):
    """A server in place of the publisher's."""
    body = penn_fudan()
    with serve(Site(body)) as served:
        archive = Archive(
            url=served.url,
            name="PennFudanPed.zip",
            about_bytes=len(body),
            size_exact=True,
            md5=hashlib.md5(body).hexdigest(),
        )
        published = PublishedSource(terms="for research", archives=(archive,))
        monkeypatch.setattr(cli_sources, "PUBLISHED", {"penn_fudan": published})
        yield served


def test_the_list_names_every_source_with_its_licence(tmp_path: Path):
    own = {"root": str(tmp_path), "human": [1], "licence": "our own"}
    (tmp_path / "settings.yaml").write_text(
        yaml.safe_dump({"sources": {"voc": str(tmp_path / "gone"), "yard": own}})
    )
    said = call("list", "--home", tmp_path).output
    for name, spec in SOURCES.items():
        assert f"\n{name}: " in "\n" + said
        assert spec.licence in said
    assert f"voc: configured: {tmp_path / 'gone'} (no such folder); can be downloaded" in said
    assert f"yard: configured: {tmp_path}\n" in said
    assert "licence: our own" in said
    assert "1,464 train, 1,449 val" in said


def test_terms_files_and_sizes_are_shown_before_anything_is_fetched(site: Site, tmp_path: Path):
    result = call("download", "penn_fudan", tmp_path, answer="n\n")
    assert result.exit_code == 1
    assert "for research" in result.output
    assert f"{site.url}: 0 MB, md5 is published" in result.output
    assert site.requests == []
    assert list(tmp_path.iterdir()) == []


def test_a_download_ends_with_the_line_for_the_settings(site: Site, tmp_path: Path):
    result = call("download", "penn_fudan", tmp_path, "--yes")
    assert result.exit_code == 0, result.output
    assert "its md5 is the published one" in result.output
    assert "penn_fudan: a sample: 2 of 170" in result.output
    lines = yaml.safe_load(result.output[result.output.index("sources:\n") :])
    assert lines == {"sources": {"penn_fudan": str(tmp_path)}}
    assert (tmp_path / "PennFudanPed" / "PedMasks" / "a_mask.png").is_file()
    again = call("download", "penn_fudan", tmp_path, "--yes")
    assert "0 files unpacked, 4 were there" in again.output
    assert len(site.requests) == 1


def test_a_wrong_file_ends_in_one_clear_line(site: Site, tmp_path: Path):
    site.body = site.body[:-1] + b"x"
    result = call("download", "penn_fudan", tmp_path, "--yes")
    assert result.exit_code == 1
    assert "Error: " in result.output
    assert "has the md5" in result.output
    assert not (tmp_path / "PennFudanPed").exists()


def test_a_file_put_there_by_hand_is_not_called_verified(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    archive = Archive(url=site.url, name="PennFudanPed.zip", about_bytes=1)
    published = PublishedSource(terms="for research", archives=(archive,))
    monkeypatch.setattr(cli_sources, "PUBLISHED", {"penn_fudan": published})
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / archive.name).write_bytes(site.body)
    said = call("download", "penn_fudan", tmp_path, "--yes").output
    assert "bytes, no checksum is published; not verified" in said
    assert (tmp_path / "archives" / "PennFudanPed.zip.sha256").is_file()
    again = call("download", "penn_fudan", tmp_path, "--yes").output
    assert "its sha256 is the recorded one" in again
    assert site.requests == []


def test_too_small_a_disk_is_noticed_before_the_first_byte(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cli_sources, "ROOM_FACTOR", 1e15)
    result = call("download", "penn_fudan", tmp_path, "--yes")
    assert result.exit_code == 1
    assert "free some space" in result.output
    assert site.requests == []


def test_what_can_be_downloaded_is_a_source_and_has_its_terms():
    assert PUBLISHED.keys() <= SOURCES.keys()
    for published in PUBLISHED.values():
        assert published.terms
        names = [archive.name for archive in published.archives]
        assert len(names) == len(set(names))
        for archive in published.archives:
            assert archive.url.endswith(archive.name)
            assert len(archive.md5) in (0, 32)
            assert archive.about_bytes > 0


def test_files_that_two_sources_share_are_the_same_entry():
    by_name: dict[str, set[source_archives.Archive]] = {}
    for published in PUBLISHED.values():
        for archive in published.archives:
            by_name.setdefault(archive.name, set()).add(archive)
    assert all(len(entries) == 1 for entries in by_name.values())
