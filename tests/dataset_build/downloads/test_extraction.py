"""Archives from strangers: nothing outside the folder, nothing endless, no links."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from dataset_build.downloads import extraction
from dataset_build.downloads.extraction import UnsafeArchiveError, extract


def write_zip(path: Path, files: dict[str, bytes], *, link: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            if name == link:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return path


def write_tar(path: Path, files: dict[str, bytes], *, link: str = "") -> Path:
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if name == link:
                info.type, info.linkname, info.size = tarfile.SYMTYPE, data.decode(), 0
            archive.addfile(info, io.BytesIO(data))
    return path


WRITERS = {"a.zip": write_zip, "a.tar": write_tar, "a.tgz": write_tar}


@pytest.fixture(params=WRITERS)
def pack(request: pytest.FixtureRequest, tmp_path: Path):
    """Pack files into an archive of each kind."""
    return lambda files, **options: WRITERS[request.param](
        tmp_path / request.param, files, **options
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "inside" / "source"


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_files_come_out_as_they_went_in(pack, folder: Path):
    files = {"VOC/a.jpg": b"one", "VOC/sub/b.png": b"two", "./VOC/c.txt": b""}
    found = extract(pack(files), folder)
    assert tree(folder) == {"VOC/a.jpg": b"one", "VOC/sub/b.png": b"two", "VOC/c.txt": b""}
    assert (found.written, found.kept) == (3, 0)


def test_an_extraction_that_was_cut_off_goes_on(pack, folder: Path):
    archive = pack({"a": b"one", "b": b"two"})
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(b"one")
    (folder / "b").write_bytes(b"t")  # half of it, from a program that does not rename
    found = extract(archive, folder)
    assert tree(folder) == {"a": b"one", "b": b"two"}
    assert (found.written, found.kept) == (1, 1)


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil", "..\\evil", "C:/evil"])
def test_no_member_leaves_the_folder(pack, folder: Path, name: str):
    with pytest.raises(UnsafeArchiveError, match="outside"):
        extract(pack({name: b"x"}), folder)
    assert tree(folder.parent) == {}


def test_links_are_refused(pack, folder: Path):
    with pytest.raises(UnsafeArchiveError, match="'out' is a link"):
        extract(pack({"out": b"../..", "out/evil": b"x"}, link="out"), folder)
    assert tree(folder.parent) == {}


def test_a_link_that_lies_in_the_folder_leads_nowhere(pack, folder: Path, tmp_path: Path):
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (folder / "images").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeArchiveError, match="outside"):
        extract(pack({"images/a.jpg": b"x"}), folder)
    assert tree(tmp_path / "elsewhere") == {}


def test_an_archive_that_unpacks_without_end_is_stopped(
    pack, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extraction, "_SMALL_BYTES", 1000)
    monkeypatch.setattr(extraction, "MAX_RATIO", 0)
    with pytest.raises(UnsafeArchiveError, match="unpacks to more than 1,000 bytes at 'b'"):
        extract(pack({"a": b"x" * 900, "b": b"y" * 200}), folder)
    assert "b" not in tree(folder)


def test_a_truncated_archive_is_named(pack, folder: Path):
    archive = pack({f"{n}": bytes(range(256)) * 40 for n in range(30)})
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(UnsafeArchiveError, match="damaged"):
        extract(archive, folder)


def test_a_flipped_bit_in_a_zip_leaves_no_file(folder: Path, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("a.jpg", b"pixels")
    archive = tmp_path / "a.zip"
    archive.write_bytes(archive.read_bytes().replace(b"pixels", b"pixelz", 1))
    with pytest.raises(UnsafeArchiveError, match="CRC"):
        extract(archive, folder)
    assert tree(folder) == {}


def test_litter_of_the_finder_is_left_out(folder: Path, tmp_path: Path):
    archive = write_zip(
        tmp_path / "a.zip", {"a": b"1", "__MACOSX/._a": b"2", "sub/.DS_Store": b"3"}
    )
    extract(archive, folder)
    assert tree(folder) == {"a": b"1"}


def test_too_small_a_disk_is_noticed_before_the_first_file(
    pack, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(extraction.shutil, "disk_usage", lambda path: SimpleNamespace(free=1))
    with pytest.raises(OSError, match="free some space"):
        extract(pack({"a": b"x" * 100}), folder)
    assert tree(folder) == {}


def test_what_lies_there_already_wants_no_room(pack, folder: Path, monkeypatch: pytest.MonkeyPatch):
    archive = pack({"a": b"x" * 50_000, "b": b"y" * 100})
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(b"x" * 50_000)
    monkeypatch.setattr(extraction.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    assert extract(archive, folder).kept == 1
    (folder / "b").unlink()
    monkeypatch.setattr(extraction.shutil, "disk_usage", lambda path: SimpleNamespace(free=99))
    with pytest.raises(OSError, match="free some space"):
        extract(archive, folder)
    assert tree(folder).keys() == {"a"}


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_room_for_all_that_is_missing_is_asked_for_before_the_first_file(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    archive = WRITERS[name](tmp_path / name, {"a": b"x" * 60, "b": b"y" * 60})
    monkeypatch.setattr(extraction.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    with pytest.raises(OSError, match="free some space"):
        extract(archive, folder)
    assert tree(folder) == {}


def test_progress_ends_at_all_bytes(folder: Path, tmp_path: Path):
    seen: list[tuple[int, int | None]] = []
    archive = write_zip(tmp_path / "a.zip", {"a": b"123", "b": b"45"})
    extract(archive, folder, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 5), (5, 5)]
