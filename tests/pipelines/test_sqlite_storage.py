"""Engines of SQLite are kept; what Dagster's own storage wrote, and what moved, is read on."""

import multiprocessing
import os
import queue
import shutil
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import NullPool, QueuePool

from pipelines.instance import open_instance
from pipelines.settings import Settings
from pipelines.sqlite_storage import ABANDONED_S, HELD_DATABASES, engine_of, held_open


@dg.op
def speak():
    """Says nothing; the events around it are enough."""


@dg.job
def speaking():
    """One op."""
    speak()


def ran(home: Path) -> str:
    """A run in the home; its id."""
    with open_instance(Settings(home=home)) as instance:
        return speaking.execute_in_process(instance=instance).run_id


def known_runs(home: Path) -> list[str]:
    """What the home knows of its runs, and that each of them can be read."""
    with open_instance(Settings(home=home)) as instance:
        runs = [run.run_id for run in instance.get_runs()]
        assert all(instance.all_logs(run, of_type=dg.DagsterEventType.RUN_SUCCESS) for run in runs)
    return runs


def test_a_run_makes_no_engine_but_those_that_are_kept(tmp_path, monkeypatch):
    ran(tmp_path / "home")  # made its databases
    made: list[str] = []
    for module in (sqlite_event_log, sqlite_run_storage):
        create = module.create_engine

        def noted(address, *args, create=create, **options):
            made.append(address)
            return create(address, *args, **options)

        monkeypatch.setattr(module, "create_engine", noted)
    with open_instance(Settings(home=tmp_path / "home")) as instance:
        made.clear()  # opening looks at the version of each database
        speaking.execute_in_process(instance=instance)
    assert made == []
    kept = engine_of(f"sqlite:///{tmp_path / 'home' / 'dagster' / 'history' / 'runs.db'}")
    assert isinstance(kept.pool, NullPool)


def logs_of(home: Path) -> list[str]:
    """Databases whose write-ahead log was not yet copied into them."""
    return sorted(path.stem for path in (home / "dagster").rglob("*.db-wal"))


def test_databases_are_held_open_until_the_last_block_ends(tmp_path):
    with held_open():
        with held_open():
            run = ran(tmp_path)
        assert set(logs_of(tmp_path)) >= {run, "index", "runs"}
        assert known_runs(tmp_path) == [run]
    assert logs_of(tmp_path) == []
    assert known_runs(tmp_path) == [run]


def test_another_process_writes_while_databases_are_held_open(tmp_path):
    writes = """import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("INSERT INTO kvs (key, value) VALUES ('from', 'elsewhere')")
database.commit()"""
    path = tmp_path / "dagster" / "history" / "runs.db"
    with held_open():
        run = ran(tmp_path)
        subprocess.run([sys.executable, "-c", writes, str(path)], check=True, timeout=60)
        with open_instance(Settings(home=tmp_path)) as instance:
            assert instance.run_storage.get_cursor_values({"from"}) == {"from": "elsewhere"}
        assert known_runs(tmp_path) == [run]
    assert known_runs(tmp_path) == [run]


def test_a_watcher_is_told_of_events_while_databases_are_held_open(tmp_path):
    told: queue.Queue[str] = queue.Queue()
    with open_instance(Settings(home=tmp_path)) as instance, held_open():
        run = instance.create_run_for_job(speaking)
        instance.report_engine_event("before", run)
        instance.watch_event_logs(run.run_id, None, lambda entry, _: told.put(entry.message))
        instance.report_engine_event("meanwhile", run)
        assert [told.get(timeout=60) for _ in range(2)] == ["before", "meanwhile"]


def test_only_the_first_databases_are_held_open(tmp_path):
    with held_open():
        pools = [type(engine_of(f"sqlite:///{tmp_path}/{number}.db").pool) for number in range(20)]
    assert pools == [QueuePool] * HELD_DATABASES + [NullPool] * (20 - HELD_DATABASES)


def _run_in_child_that_inherits_nothing(home: Path) -> None:
    runs = engine_of(f"sqlite:///{home / 'dagster' / 'history' / 'runs.db'}").pool
    assert isinstance(runs, QueuePool)
    assert runs.checkedin() == 0
    ran(home)


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_process_is_forked_while_databases_are_held_open(tmp_path):
    with held_open():
        first = ran(tmp_path)
        child = multiprocessing.get_context("fork").Process(
            target=_run_in_child_that_inherits_nothing, args=(tmp_path,)
        )
        child.start()
        second = ran(tmp_path)
        child.join(60)
        assert child.exitcode == 0
    runs = known_runs(tmp_path)
    assert len(runs) == 3
    assert {first, second} <= set(runs)


def tables_of(home: Path, run: str) -> set[tuple[object, ...]]:
    """Tables and indices of a run's database, and the version that Dagster gave it."""
    (path,) = (home / "dagster").rglob(f"{run}.db")
    with closing(sqlite3.connect(path)) as database:
        made = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        return {*made, *database.execute("SELECT version_num FROM alembic_version").fetchall()}


def test_a_runs_database_is_the_one_that_dagster_makes(tmp_path):
    own = tmp_path / "own"
    (own / "dagster").mkdir(parents=True)
    with dg.DagsterInstance.from_config(str(own / "dagster")) as instance:
        wanted = tables_of(own, speaking.execute_in_process(instance=instance).run_id)
    home = tmp_path / "home"
    first, second = ran(home), ran(home)
    assert tables_of(home, first) == tables_of(home, second) == wanted
    assert list((home / "dagster").rglob("new-*")) == []


def test_what_a_killed_process_left_of_a_copy_is_removed(tmp_path):
    ran(tmp_path)
    history = tmp_path / "dagster" / "history"
    for name in ("new-abandoned", "new-busy"):
        (history / name).mkdir()
        (history / name / "whole").touch()
    os.utime(history / "new-abandoned", (0, time.time() - ABANDONED_S - 60))
    ran(tmp_path)
    assert [path.name for path in history.glob("new-*")] == ["new-busy"]


def test_a_database_that_cannot_be_copied_is_made(tmp_path, monkeypatch):
    def refuse(source: Path, target: Path) -> None:
        raise OSError("no links on this disk")

    monkeypatch.setattr(os, "link", refuse)
    run = ran(tmp_path)
    assert known_runs(tmp_path) == [run]


def test_a_home_that_dagsters_own_storage_filled_goes_on(tmp_path):
    home = tmp_path / "home"
    (home / "dagster").mkdir(parents=True)
    with dg.DagsterInstance.from_config(str(home / "dagster")) as own:
        before = speaking.execute_in_process(instance=own).run_id
    after = ran(home)
    assert set(known_runs(home)) == {before, after}
    (home / "dagster" / "dagster.yaml").unlink()
    with dg.DagsterInstance.from_config(str(home / "dagster")) as own:  # and back again
        assert {run.run_id for run in own.get_runs()} == {before, after}


def test_a_home_that_moved_takes_its_runs_along(tmp_path):
    first = ran(tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert known_runs(tmp_path / "there") == [first]
    second = ran(tmp_path / "there")
    third = ran(tmp_path / "here")  # a new home at the old address, whose engine is kept
    assert set(known_runs(tmp_path / "there")) == {first, second}
    assert known_runs(tmp_path / "here") == [third]


def _run_in_child(home: Path) -> None:
    ran(home)


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(("start", "others"), [("fork", 2), ("spawn", 1)])
def test_processes_share_a_home(tmp_path, start, others):
    context = multiprocessing.get_context(start)
    first = ran(tmp_path)
    children = [context.Process(target=_run_in_child, args=(tmp_path,)) for _ in range(others)]
    for child in children:
        child.start()
    second = ran(tmp_path)
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * others
    runs = known_runs(tmp_path)
    assert len(runs) == others + 2
    assert {first, second} <= set(runs)


def test_threads_share_an_instance(tmp_path):
    with open_instance(Settings(home=tmp_path)) as instance:

        def add(number: int) -> None:
            instance.add_dynamic_partitions("camera", [f"door-{number}"])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(add, range(20)))
        assert len(instance.get_dynamic_partitions("camera")) == 20
