"""An object store that fails or is gone, and the local cache of what is read from it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.storage.store import CorruptVersionError, Store, StoreUnavailableError, Version
from tests.pipelines.storage.factories_store import (
    new_bucket,
    object_store,
    publish,
    read_tree,
    s3_options,
    seal,
    write_tree,
)

OLD = {"normal.json": b"old", "maps/mode.png": b"old" * 1000}
NEW = {"normal.json": b"new", "maps/mode.png": b"new" * 1000, "more": b""}


class Killed(BaseException):
    """The process is no more."""


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, Any]]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with object_store() as options:
        yield options


class Place:
    """One root, opened again and again as by new processes on new machines."""

    def __init__(self, folder: Path, root: str, options: dict[str, Any]) -> None:
        self.folder, self.root, self.options, self.machines = folder, root, options, 0

    def open(self, after: timedelta = timedelta(0)) -> Store:
        self.machines += 1
        return Store(
            self.root,
            clock=lambda: datetime.now(UTC) + after,
            cache_dir=self.folder / f"machine{self.machines}",
            storage_options=self.options,
        )

    def require_old_or_new(self) -> Version:
        reader = self.open()
        version = reader.require("counts")
        assert read_tree(reader.path(version)) in (OLD, NEW)
        for one in (version, *reader.history("counts")):
            reader.verify(one)
        return version


@pytest.fixture
def place(tmp_path: Path, s3: dict[str, Any]) -> Place:
    return Place(tmp_path, new_bucket(s3), s3)


@pytest.fixture
def in_memory(tmp_path: Path) -> Place:
    """The same code without a server, where every request in turn is to fail."""
    return Place(tmp_path, f"memory://{tmp_path.name}", {})


def break_requests(
    store: Store, monkeypatch: pytest.MonkeyPatch, fail_at: int, error: BaseException
) -> None:
    """From the n-th changing request on, nothing reaches the server."""
    calls = 0

    def guard(function: Callable[..., object]) -> Callable[..., object]:
        def guarded(*args: object, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            if calls >= fail_at:
                raise error
            return function(*args, **kwargs)

        return guarded

    system = store._files._fs
    for name in ("put_file", "pipe_file", "cp_file", "rm"):
        monkeypatch.setattr(system, name, guard(getattr(system, name)))


def life(store: Store) -> None:
    """Publish, fail an audit, come back, be pruned."""
    publish(store, NEW)
    store.reject(seal(store, OLD), ["worse"])
    seal(store, OLD)
    store.prune(keep=0)


def publish_new(store: Store) -> None:
    publish(store, NEW)


@pytest.mark.parametrize("error", [Killed(), ConnectionResetError("gone")], ids=["killed", "reset"])
def test_broken_off_at_any_request_a_reader_sees_old_or_new(
    in_memory: Place, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()
    for n in range(1, 60):
        publish(in_memory.open(), OLD)
        broke = False
        with monkeypatch.context() as patch:
            store = in_memory.open()
            break_requests(store, patch, n, error)
            try:
                life(store)
            except (Killed, StoreUnavailableError):
                broke = True
        seen.add(in_memory.require_old_or_new())
        if not broke:
            break
    assert n > 15
    assert len(seen) == 2


def test_a_writer_that_dies_on_an_object_store_leaves_nothing_for_long(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in (2, 4, 9):
        publish(place.open(), OLD)
        with monkeypatch.context() as patch:
            store = place.open()
            break_requests(store, patch, n, Killed())
            with pytest.raises(Killed):
                life(store)
        place.require_old_or_new()
    life(place.open())
    place.open(after=timedelta(days=2)).prune(keep=0)
    digest = place.require_old_or_new().digest
    names = {"provenance.json", *NEW}
    left = set(place.open()._files.sizes("counts"))
    assert left == {f"all/{digest}/{name}" for name in names} | {"all/current.json"}


def test_two_writers_of_the_same_content_do_not_hurt_each_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = place.open(), place.open()
    put_file = slow._files._fs.put_file

    def overtaken(*args: str) -> None:
        monkeypatch.setattr(slow._files._fs, "put_file", put_file)
        publish(quick, OLD)  # while the slow one, too, found nothing there
        raise Killed

    monkeypatch.setattr(slow._files._fs, "put_file", overtaken)
    with pytest.raises(Killed):
        seal(slow, OLD)
    place.require_old_or_new()


def test_an_unfinished_upload_is_no_version_and_is_swept_after_a_day(place: Place) -> None:
    version = publish(place.open(), OLD)
    files = place.open()._files
    unfinished = "0" * 32
    files.put(f"counts/all/{unfinished}/maps/mode.png", b"half")
    files.put("counts/all/notes.txt", b"mine")
    assert place.open().history("counts") == (version,)
    place.open().prune(keep=0)
    assert files.read(f"counts/all/{unfinished}/maps/mode.png") == b"half"
    place.open(after=timedelta(days=2)).prune(keep=0)
    assert files.read(f"counts/all/{unfinished}/maps/mode.png") is None
    assert files.read("counts/all/notes.txt") == b"mine"
    assert read_tree(place.open().path(version)) == OLD


def test_a_version_is_downloaded_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = publish(place.open(), OLD)
    reader = place.open()
    folder = reader.path(version)
    monkeypatch.setattr(reader._files._fs, "get_file", None)
    assert reader.path(version) == folder
    assert not any((folder.parents[2] / ".scratch").iterdir())


def test_a_cached_copy_that_was_changed_is_downloaded_again(place: Place) -> None:
    version = publish(place.open(), OLD)
    reader = place.open()
    for change in (
        lambda folder: (folder / "normal.json").write_bytes(b"0LD"),
        lambda folder: (folder / "normal.json").unlink(),
        shutil.rmtree,
    ):
        change(reader.path(version))
        next_process = Store(
            place.root, cache_dir=reader._files._cache._root, storage_options=place.options
        )
        assert read_tree(next_process.path(version)) == OLD


def test_a_damaged_object_is_never_handed_out(place: Place) -> None:
    version = publish(place.open(), OLD)
    place.open()._files.put(f"{version.folder}/normal.json", b"0LD")
    reader = place.open()
    with pytest.raises(CorruptVersionError, match=r"normal\.json"):
        reader.path(version)
    assert list(reader._files._cache._root.rglob("normal.json")) == []


def test_pruned_versions_leave_the_cache_too(place: Place) -> None:
    store = place.open()
    old, new = publish(store, OLD), seal(store, NEW)
    folders = [store.path(old), store.path(new)]
    store.publish(new)
    assert store.prune(keep=0) == (old,)
    assert [folder.exists() for folder in folders] == [False, True]


def test_an_endpoint_that_does_not_answer_is_named(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"  # the discard port: nothing listens
    store = Store("s3://bucket/x", cache_dir=tmp_path, storage_options=s3_options(nobody))
    write_tree(tmp_path / "made", OLD)
    version = Version("counts", "all", "0" * 32)
    for attempt in (
        lambda: store.current("counts"),
        lambda: store.path(version),
        lambda: store.publish(version),
        lambda: store.partitions("counts"),
        lambda: store.prune(keep=1),
        lambda: store.seal(tmp_path / "made", "counts", code_version="", inputs=(), config={}),
    ):
        with pytest.raises(StoreUnavailableError, match=nobody):
            attempt()


def test_a_retry_succeeds_once_the_endpoint_is_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(place.open(), OLD)
    store = place.open()
    with store.draft("counts") as draft:
        write_tree(draft, NEW)
        with monkeypatch.context() as patch:
            break_requests(store, patch, 2, TimeoutError("no answer"))
            with pytest.raises(StoreUnavailableError, match="no answer"):
                store.seal(draft, "counts", code_version="1", inputs=(), config={})
        version = store.seal(draft, "counts", code_version="1", inputs=(), config={})
    store.publish(version)
    assert read_tree(place.open().path(version)) == NEW


def test_a_bucket_that_does_not_exist_is_named(tmp_path: Path, s3: dict[str, Any]) -> None:
    store = Store("s3://no-such-bucket", cache_dir=tmp_path, storage_options=s3)
    assert store.current("counts") is None
    with pytest.raises(StoreUnavailableError, match="bucket"):
        seal(store, OLD)


def test_any_fsspec_file_system_will_do(tmp_path: Path) -> None:
    store = Store("memory://learned-normal-test", cache_dir=tmp_path / "cache")
    version = publish(store, OLD, partition="room/2020-11-10")
    publish(store, NEW, partition="room/2020-11-10")
    assert read_tree(store.path(version)) == OLD
    assert store.partitions("counts") == ("room/2020-11-10",)
    assert store.prune(keep=1) == (version,)
