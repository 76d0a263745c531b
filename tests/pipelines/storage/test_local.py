"""A disk that fails, a disk that is full, a writer that is killed: never half a version."""

from __future__ import annotations

import errno
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from pipelines.storage.store import Store, StoreUnavailableError, Version
from tests.pipelines.storage.factories_store import publish, read_tree, seal, write_tree

OLD = {"normal.json": b"old", "maps/mode.png": b"old" * 50_000}
NEW = {"normal.json": b"new", "maps/mode.png": b"new" * 50_000, "more": b""}


class Killed(BaseException):
    """The process is no more: no handler runs, no later call reaches the disk."""


REAL_OPEN = io.open


class HalfWriter:
    """A file with a ``write`` of its own."""

    def __init__(self, file: Any, write: Callable[[bytes], int]) -> None:
        self.file, self.write = file, write

    def __enter__(self) -> HalfWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


class Disk:
    """Counts the calls that write; from the n-th on (or only there) they fail."""

    def __init__(self, fail_at: int, error: BaseException, *, for_good: bool) -> None:
        self.calls, self.fail_at, self.error, self.for_good = 0, fail_at, error, for_good

    def guard(self, function: Callable[..., object]) -> Callable[..., object]:
        def guarded(*args: object, **kwargs: object) -> object:
            self.calls += 1
            if self.calls == self.fail_at or (self.for_good and self.calls > self.fail_at):
                raise self.error
            return function(*args, **kwargs)

        return guarded

    def open(self, *arguments: Any, **options: Any) -> Any:
        """A file whose writes fail like any other call, half done."""
        file = self.guard(REAL_OPEN)(*arguments, **options)
        if file.writable():
            write = file.write

            def half_then_whole(data: bytes) -> int:
                write(data[: len(data) // 2])
                file.flush()
                rest = self.guard(write)(data[len(data) // 2 :])
                return len(data) // 2 + rest

            file = HalfWriter(file, half_then_whole)
        return file

    @contextmanager
    def in_use(self) -> Iterator[None]:
        names = ["fsync", "open", "rename", "replace", "mkdir"]
        names += ["unlink", "rmdir"] if self.for_good else []
        with (
            patch.multiple(os, **{name: self.guard(getattr(os, name)) for name in names}),
            patch.object(io, "open", self.open),
            patch.object(shutil, "copyfile", self.guard(shutil.copyfile)),
        ):
            yield


def require_old_or_new(root: Path) -> Version:
    """A fresh reader sees one whole version, compared with its manifest."""
    reader = Store(root)
    version = reader.require("counts")
    assert read_tree(reader.path(version)) in (OLD, NEW)
    for one in (version, *reader.history("counts")):
        reader.verify(one)
    return version


def reject_old(store: Store) -> None:
    """A whole life: publish, fail an audit, come back, be pruned."""
    publish(store, NEW)
    store.reject(seal(store, OLD), ["worse"])
    seal(store, OLD)
    store.prune(keep=1)


def from_elsewhere(store: Store) -> None:
    made = Path(store.root).parent / "made"
    store.publish(store.seal(made, "counts", code_version="2", inputs=(), config={}))


WORK = {"publish": lambda store: publish(store, NEW), "reject": reject_old, "copy": from_elsewhere}


@pytest.fixture
def quick_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """The power stays on here: fsync is counted, not done."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.mark.usefixtures("quick_fsync")
@pytest.mark.parametrize("work", WORK)
def test_killed_at_any_call_a_reader_sees_old_or_new(tmp_path: Path, work: str) -> None:
    seen = set()
    for n in range(1, 200):
        root = tmp_path / f"{n}/root"
        write_tree(tmp_path / f"{n}/made", NEW)
        publish(Store(root), OLD)
        disk = Disk(n, Killed(), for_good=True)
        killed = False
        try:
            with disk.in_use():
                WORK[work](Store(root))
        except Killed:
            killed = True
        seen.add(require_old_or_new(root))
        WORK[work](Store(root))
        assert read_tree(Store(root).path(require_old_or_new(root))) == NEW
        Store(root, clock=lambda: datetime.now(UTC) + timedelta(days=2)).prune(keep=1)
        assert list((root / ".scratch").iterdir()) == []
        if not killed:
            break
    assert n > 10
    assert len(seen) == 2


@pytest.mark.usefixtures("quick_fsync")
@pytest.mark.parametrize("work", WORK)
def test_a_full_disk_is_named_damages_nothing_and_a_retry_succeeds(
    tmp_path: Path, work: str
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    reasons = set()
    for n in range(1, 200):
        root = tmp_path / f"{n}/root"
        write_tree(tmp_path / f"{n}/made", NEW)
        publish(Store(root), OLD)
        store = Store(root)
        disk = Disk(n, full, for_good=False)
        try:
            with disk.in_use():
                WORK[work](store)
        except StoreUnavailableError as error:
            reasons.add("disk is full" in str(error))
        require_old_or_new(root)
        WORK[work](store)
        assert read_tree(Store(root).path(require_old_or_new(root))) == NEW
        if disk.calls < n:
            break
    assert n > 10
    assert reasons == {True}


@pytest.mark.usefixtures("quick_fsync")
def test_the_same_draft_can_be_sealed_again_after_a_failure(tmp_path: Path) -> None:
    retried = 0
    for n in range(1, 200):
        store = Store(tmp_path / f"root{n}")
        disk = Disk(n, OSError(errno.ENOSPC, "full"), for_good=False)
        with store.draft("counts") as draft:
            write_tree(draft, NEW)
            with suppress(StoreUnavailableError), disk.in_use():
                seal_draft(store, draft)
            if draft.exists():
                retried += 1
                assert read_tree(store.path(seal_draft(store, draft))) == NEW
        if disk.calls < n:
            break
    assert retried > 10


def seal_draft(store: Store, draft: Path) -> Version:
    return store.seal(draft, "counts", code_version="1", inputs=(), config={})


WRITER = """
import sys, time
from pathlib import Path
from pipelines.storage.store import Store
root, trees, pruning = sys.argv[1:]
store, began = Store(root), time.monotonic()
for number in range(10**9):
    made = Path(trees, ("old", "new")[number % 2])
    store.publish(store.seal(made, "counts", code_version="1", inputs=(), config={}))
    if pruning == "prune":
        store.prune(keep=0)
    if number == 1:
        print((time.monotonic() - began) / 2, flush=True)
"""


@pytest.mark.parametrize("pruning", ["keep", "prune"])
def test_writers_killed_at_random_instants_never_leave_half(tmp_path: Path, pruning: str) -> None:
    root, chance, seen = tmp_path / "root", random.Random(0), set()
    write_tree(tmp_path / "trees/old", OLD)
    write_tree(tmp_path / "trees/new", NEW)
    for _ in range(12):
        arguments = [sys.executable, "-c", WRITER, root, tmp_path / "trees", pruning]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            seconds_each = float(writer.stdout.readline())  # a slow disk takes longer
            until = time.monotonic() + chance.uniform(0, max(0.1, 4 * seconds_each))
            try:
                while time.monotonic() < until:
                    if pruning == "keep":  # a pruned version may vanish under its reader
                        seen.add(require_old_or_new(root))
            finally:
                writer.send_signal(signal.SIGKILL)
        seen.add(require_old_or_new(root))
    assert len(seen) == 2
    last = publish(Store(root), NEW)
    Store(root, clock=lambda: datetime.now(UTC) + timedelta(days=2)).prune(keep=0)
    assert list((root / ".scratch").iterdir()) == []
    assert Store(root).history("counts") == (last,)


def test_a_draft_of_the_store_is_moved_not_copied(tmp_path: Path) -> None:
    store = Store(tmp_path / "root")
    with store.draft("counts") as draft:
        write_tree(draft, OLD)
        inode = (draft / "normal.json").stat().st_ino
        version = store.seal(draft, "counts", code_version="1", inputs=(), config={})
        assert not draft.exists()
    assert (store.path(version) / "normal.json").stat().st_ino == inode


def test_reading_writes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "root")
    assert store.current("counts") is None
    assert store.history("counts") == store.partitions("counts") == store.rejections("counts") == ()
    assert not (tmp_path / "root").exists()


def test_a_file_url_is_a_local_folder(tmp_path: Path) -> None:
    version = publish(Store(f"file://{tmp_path}/root"), OLD)
    assert Store(tmp_path / "root").current("counts") == version


def test_what_is_not_the_stores_own_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "root")
    version = publish(store, OLD)
    for stray in (
        "lost+found/x",
        "notes/readme.txt",
        "counts/all/notes.txt",
        "counts/all/My/x.json",
    ):
        write_tree(tmp_path / "root", {stray: b"mine"})
    store.prune(keep=0)
    assert store.partitions("counts") == ("all",)
    assert store.history("counts") == (version,)
    assert (tmp_path / "root/counts/all/My/x.json").read_bytes() == b"mine"


def test_a_root_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file, not a folder")
    with pytest.raises(StoreUnavailableError, match="root"):
        Store(tmp_path / "root").prune(keep=1)
