"""What every store promises, wherever it lies: one suite, on a disk and on an object store."""

from __future__ import annotations

import json
import logging
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pipelines.storage.store import (
    CorruptVersionError,
    InvalidNameError,
    MissingVersionError,
    RefusedDraftError,
    Store,
    Version,
)
from tests.pipelines.storage.factories_store import (
    TickingClock,
    Tree,
    new_bucket,
    object_store,
    publish,
    read_tree,
    seal,
    trees,
    write_tree,
)

OLD = {"normal.json": b"old", "maps/mode.png": b"\x89PNG old"}
NEW = {"normal.json": b"new!", "maps/mode.png": b"\x89PNG new"}
OpenStore = Callable[[], Store]


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, Any]]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with object_store() as options:
        yield options


@pytest.fixture(params=["local", "s3"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Opens a store on a fresh root at each call."""
    numbers = count()
    if request.param == "local":
        return lambda: Store(tmp_path / f"root{next(numbers)}", clock=TickingClock())
    options = request.getfixturevalue("s3")
    return lambda: Store(
        new_bucket(options),
        clock=TickingClock(),
        cache_dir=tmp_path / f"cache{next(numbers)}",
        storage_options=options,
    )


@pytest.fixture
def store(new_store: OpenStore) -> Store:
    return new_store()


def other_reader(store: Store, tmp_path: Path) -> Store:
    """As another process would see it: nothing in memory, nothing cached."""
    options = getattr(store._files, "_options", None)
    return Store(store.root, cache_dir=tmp_path / "other cache", storage_options=options)


def test_nothing_is_current_before_it_is_published(store: Store) -> None:
    assert store.current("counts") is None
    version = seal(store, OLD)
    assert store.current("counts") is None
    store.publish(version)
    assert store.current("counts") == version


def test_another_process_reads_the_same_bytes(store: Store, tmp_path: Path) -> None:
    version = publish(store, OLD)
    reader = other_reader(store, tmp_path)
    assert read_tree(reader.path(reader.require("counts"))) == OLD
    assert reader.provenance(version) == store.provenance(version)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tree=trees)
def test_any_tree_comes_back_byte_for_byte(new_store: OpenStore, tree: Tree) -> None:
    store = new_store()
    version = publish(store, tree)
    assert read_tree(store.path(version)) == tree
    store.verify(version)


def test_sealing_the_same_content_again_is_the_same_version(store: Store) -> None:
    first = seal(store, OLD)
    assert seal(store, OLD) == first
    assert store.history("counts") == (first,)
    assert read_tree(store.path(first)) == OLD


def test_sealing_again_renews_provenance_and_nothing_else(store: Store) -> None:
    source = publish(store, NEW, "labels")
    first = publish(store, OLD)
    made_at = store.provenance(first).created_at
    assert seal(store, OLD, inputs=[source]) == first
    assert store.provenance(first).inputs == (source,)
    assert store.provenance(first).created_at > made_at
    assert store.current("counts") == first


def test_provenance_says_how_it_was_made(store: Store, tmp_path: Path) -> None:
    source = publish(store, NEW, "labels", "room/2020-11-10")
    write_tree(tmp_path / "made", OLD)
    version = store.seal(
        tmp_path / "made",
        "counts",
        "room/2020-11-10",
        code_version="7",
        inputs=(source,),
        config={"window_days": 7, "rois": ["door"], "lens": None},
    )
    provenance = store.provenance(version)
    assert provenance.code_version == "7"
    assert provenance.inputs == (source,)
    assert provenance.config == {"window_days": 7, "rois": ["door"], "lens": None}
    assert provenance.created_at.endswith("+00:00")


def test_a_draft_from_elsewhere_is_copied_and_stays(store: Store, tmp_path: Path) -> None:
    write_tree(tmp_path / "made", OLD)
    version = store.seal(tmp_path / "made", "counts", code_version="1", inputs=(), config={})
    assert read_tree(store.path(version)) == OLD
    assert read_tree(tmp_path / "made") == OLD


def test_a_draft_is_removed_when_its_writer_fails(store: Store) -> None:
    with pytest.raises(KeyError), store.draft("counts") as draft:
        write_tree(draft, OLD)
        raise KeyError
    assert not draft.exists()
    assert not any(draft.parent.iterdir())


def test_a_rejected_version_is_kept_aside_and_the_last_good_one_stays(store: Store) -> None:
    good = publish(store, OLD)
    bad = seal(store, NEW)
    store.reject(bad, ["negatives: 31 %, expected 20 %"])
    assert store.current("counts") == good
    assert store.history("counts") == (good,)
    [rejection] = store.rejections("counts")
    assert rejection.version == bad
    assert rejection.findings == ("negatives: 31 %, expected 20 %",)
    assert read_tree(store.path(bad)) == NEW
    with pytest.raises(MissingVersionError, match="rejected"):
        store.publish(bad)
    assert store.current("counts") == good


def test_rejected_content_may_pass_a_later_audit(store: Store) -> None:
    version = seal(store, NEW)
    store.reject(version, ["threshold too strict"])
    store.reject(version, ["said twice"])
    assert publish(store, NEW) == version
    assert store.current("counts") == version
    assert read_tree(store.path(version)) == NEW


def test_rejecting_what_is_current_does_not_take_it_from_readers(store: Store) -> None:
    version = publish(store, OLD)
    store.reject(version, ["a new rule"])
    assert store.current("counts") == version
    assert read_tree(store.path(version)) == OLD
    assert store.history("counts") == (version,)
    assert [r.findings for r in store.rejections("counts")] == [("a new rule",)]


def test_history_is_newest_first_and_partitions_are_apart(store: Store) -> None:
    one = publish(store, OLD, partition="room/2020-11-10")
    two = publish(store, NEW, partition="room/2020-11-10")
    publish(store, NEW, partition="room/2020-11-11")
    seal(store, NEW, partition="yard/2020-11-11")
    publish(store, NEW, asset="labels")
    assert store.history("counts", "room/2020-11-10") == (two, one)
    assert store.partitions("counts") == ("room/2020-11-10", "room/2020-11-11")
    assert store.partitions("labels") == ("all",)
    assert store.partitions("unheard-of") == ()


def test_what_is_missing_says_what_to_materialize(store: Store) -> None:
    with pytest.raises(MissingVersionError, match=r"learned_normal.*room/2020.*materialize"):
        store.require("learned_normal", "room/2020-11-10")
    with pytest.raises(MissingVersionError, match="materialize counts"):
        store.path(Version("counts", "all", "0" * 32))


@pytest.mark.parametrize(
    "name",
    [
        *("../../etc", "a/../b", "..", ".a", "/a", "a/", "a//b", ""),
        *("a b", "A", "kamera-ü", "a\n", "x" * 129),
        *("rejected", "current.json", "0" * 32),
    ],
)
def test_names_that_could_escape_are_refused(store: Store, name: str) -> None:
    with pytest.raises(InvalidNameError):
        store.draft("counts", name)
    with pytest.raises(InvalidNameError):
        store.current("counts", name)
    with pytest.raises(InvalidNameError):
        store.history(name)
    with pytest.raises(InvalidNameError):
        Version("counts", name, "0" * 32)
    with pytest.raises(InvalidNameError):
        Version("counts", "all", name + "/..")


def test_symbolic_links_and_empty_drafts_are_refused(store: Store, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("outside")
    with store.draft("counts") as draft:
        with pytest.raises(RefusedDraftError, match="no files"):
            store.seal(draft, "counts", code_version="1", inputs=(), config={})
        write_tree(draft, OLD)
        (draft / "maps/link").symlink_to(secret)
        with pytest.raises(RefusedDraftError, match=r"maps/link.*symbolic"):
            store.seal(draft, "counts", code_version="1", inputs=(), config={})
    (tmp_path / "linked draft").symlink_to(tmp_path)
    with pytest.raises(RefusedDraftError, match="a folder was expected"):
        store.seal(tmp_path / "linked draft", "counts", code_version="1", inputs=(), config={})
    assert store.history("counts") == ()


def test_a_version_with_a_missing_file_is_corrupt_and_heals(store: Store) -> None:
    version = publish(store, OLD)
    store._files.delete(f"{version.folder}/normal.json")
    with pytest.raises(CorruptVersionError, match="materialize"):
        store.path(version)
    with pytest.raises(CorruptVersionError):
        store.publish(version)
    assert seal(store, OLD) == version
    assert read_tree(store.path(version)) == OLD


def test_changed_bytes_are_found(store: Store, tmp_path: Path) -> None:
    version = publish(store, OLD)
    store._files.put(f"{version.folder}/normal.json", b"0LD")
    with pytest.raises(CorruptVersionError, match=r"normal\.json"):
        other_reader(store, tmp_path).verify(version)


def test_a_pointer_that_does_not_parse_is_named(store: Store) -> None:
    version = publish(store, OLD)
    for broken in (b"{", b"[]", b'{"format": 1, "digest": "../.."}', b'{"format": 9}'):
        store._files.put(version.pointer_key, broken)
        with pytest.raises(CorruptVersionError, match=r"current\.json"):
            store.current("counts")


def test_prune_keeps_the_newest_and_the_current(store: Store) -> None:
    versions = [publish(store, {"n": bytes([n])}) for n in range(4)]
    store.publish(versions[0])  # an operator goes back
    removed = store.prune(keep=1)
    assert set(removed) == {versions[1], versions[2]}
    assert store.history("counts") == (versions[3], versions[0])
    assert store.current("counts") == versions[0]
    with pytest.raises(MissingVersionError):
        store.publish(versions[1])
    assert store.prune(keep=1) == ()


def test_prune_keeps_what_current_versions_came_from(store: Store) -> None:
    root = publish(store, {"n": b"0"}, "labels")
    middle = publish(store, {"n": b"1"}, "counts", inputs=[root])
    leaf = publish(store, {"n": b"2"}, "normal", inputs=[middle])
    for n in b"345":
        publish(store, {"n": bytes([n])}, "labels")
        publish(store, {"n": bytes([n])}, "counts")
    store.prune(keep=0)
    assert store.history("normal") == (leaf,)
    assert middle in store.history("counts")
    assert root in store.history("labels")
    assert len(store.history("counts")) == len(store.history("labels")) == 2


def test_prune_bounds_rejected_versions_too(store: Store) -> None:
    good = publish(store, OLD)
    failed = [seal(store, {"n": bytes([n])}) for n in range(3)]
    for version in failed:
        store.reject(version, ["no"])
    assert set(store.prune(keep=1)) == set(failed[:2])
    assert [r.version for r in store.rejections("counts")] == [failed[2]]
    assert store.current("counts") == good


def test_prune_removes_nothing_when_it_cannot_know(store: Store) -> None:
    versions = [publish(store, {"n": bytes([n])}) for n in range(3)]
    store._files.put(f"{versions[2].folder}/provenance.json", b"{}")
    with pytest.raises(CorruptVersionError):
        store.prune(keep=0)
    assert read_tree(store.path(versions[0])) == {"n": b"\0"}


def test_prune_sweeps_scratch_of_dead_writers_only(store: Store) -> None:
    scratch = store._files.scratch.folder
    with store.draft("living") as living:
        write_tree(living, OLD)
        write_tree(scratch / "dead-1-ff", OLD)
        (scratch / "put-1-ff").write_bytes(b"half")
        store.prune(keep=1)
        assert (scratch / "dead-1-ff").exists()
        store._clock.now += timedelta(days=2)
        store.prune(keep=1)
        assert {p.name for p in scratch.iterdir()} == {living.name, living.name + ".lock"}


def test_of_concurrent_publishers_one_wins_whole(store: Store, tmp_path: Path) -> None:
    contents = [{"n": bytes([n]) * 1000, "same": b"same"} for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        published = set(pool.map(lambda tree: publish(store, tree), contents * 2))
    reader = other_reader(store, tmp_path)
    assert len(published) == 4
    assert reader.current("counts") in published
    for version in published:
        reader.verify(version)


def test_a_store_travels_to_another_process(store: Store) -> None:
    version = publish(store, OLD)
    assert pickle.loads(pickle.dumps(store)).current("counts") == version


def test_settings_that_make_no_sense_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="keep"):
        store.prune(keep=-1)
    with store.draft("counts") as draft:
        write_tree(draft, OLD)
        with pytest.raises(ValueError, match="JSON"):
            store.seal(draft, "counts", code_version="1", inputs=(), config={"x": float("nan")})
    store._clock = datetime.now
    with pytest.raises(ValueError, match="time zone"):
        seal(store, OLD)
    with pytest.raises(ValueError, match="time zone"):
        store.prune(keep=1)


def test_it_opens_without_us(tmp_path: Path) -> None:
    version = publish(Store(tmp_path / "root"), OLD)
    folder = tmp_path / "root/counts/all" / version.digest
    assert (folder / "maps/mode.png").read_bytes() == OLD["maps/mode.png"]
    assert json.loads((tmp_path / "root/counts/all/current.json").read_text())["digest"] == (
        version.digest
    )
    record = json.loads((folder / "provenance.json").read_text())
    names = " ".join(entry["name"] for entry in record["files"])
    shell = f"cd {folder} && sha256sum {names} | sha256sum | head -c 32"
    assert subprocess.check_output(["sh", "-c", shell], text=True) == version.digest


def test_local_use_imports_neither_fsspec_nor_dagster() -> None:
    code = (
        "import sys, pipelines.storage.store; "
        "print({'fsspec', 's3fs', 'botocore', 'dagster'} & {m.split('.')[0] for m in sys.modules})"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
