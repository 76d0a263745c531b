"""What a draft may hold, and how scratch is swept."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.storage.drafts import Scratch, draft_names, manifest
from pipelines.storage.errors import RefusedDraftError
from tests.pipelines.storage.factories_store import write_tree

LATER = datetime.now(UTC) + timedelta(days=2)


def test_names_are_sorted_and_empty_folders_do_not_count(tmp_path: Path) -> None:
    write_tree(tmp_path, {"b": b"", "a/c": b"", "a.txt": b""})
    (tmp_path / "empty").mkdir()
    assert draft_names(tmp_path) == ("a.txt", "a/c", "b")


def test_pipes_and_links_to_folders_are_refused(tmp_path: Path) -> None:
    write_tree(tmp_path / "one", {"a": b""})
    os.mkfifo(tmp_path / "one/pipe")
    with pytest.raises(RefusedDraftError, match="'pipe'"):
        draft_names(tmp_path / "one")
    write_tree(tmp_path / "two", {"a": b""})
    (tmp_path / "two/up").symlink_to(tmp_path)
    with pytest.raises(RefusedDraftError, match="'up'"):
        draft_names(tmp_path / "two")


def test_a_file_that_becomes_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="symbolic links"):
        manifest(tmp_path, ("a",))


def test_a_reserved_name_is_refused(tmp_path: Path) -> None:
    write_tree(tmp_path, {"provenance.json": b"{}"})
    with pytest.raises(RefusedDraftError, match="provenance"):
        draft_names(tmp_path)


def test_memory_does_not_grow_with_file_size(tmp_path: Path) -> None:
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(64 << 20)
    tracemalloc.start()
    [entry] = manifest(tmp_path, ("large.bin",))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert entry.bytes == 64 << 20
    assert peak < 2 << 20


def test_a_writer_in_another_process_keeps_its_draft_until_it_dies(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipelines.storage.drafts import Scratch\n"
        "with Scratch(Path(sys.argv[1])).draft('slow') as draft:\n"
        "    (draft / 'half').write_text('x'); print('ready', flush=True); sys.stdin.read()"
    )
    scratch = Scratch(tmp_path / "scratch")
    with subprocess.Popen(
        [sys.executable, "-c", code, scratch.folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        scratch.sweep(LATER)
        assert len(list(scratch.folder.rglob("half"))) == 1
        writer.kill()
    scratch.sweep(datetime.now(UTC))
    assert len(list(scratch.folder.rglob("half"))) == 1
    scratch.sweep(LATER)
    assert list(scratch.folder.iterdir()) == []
