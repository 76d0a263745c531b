"""Dagster's SQLite by one engine per database: one for each look compiles its queries anew.

An engine of SQLAlchemy remembers the queries that it compiled. Dagster makes one for every look at
SQLite and forgets it: a fifth of the processor time of a small run. The engines kept here hold no
connection between two looks, so threads, forked processes and replaced files are as safe as before.

While a run lasts, ``held_open`` keeps the connections as well. Without it every event opens one and
closes it, upon which SQLite copies its write-ahead log into the database and deletes it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from dagster._core.events.log import EventLogEntry
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, SqliteStorageConfig
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, NullPool, Pool, QueuePool, create_engine, event

#: Every run has a database of its own; a daemon looks at a few at a time.
KEPT_ENGINES = 64
#: The index, runs, schedules and a run's own are open all the time; each takes three descriptors.
HELD_DATABASES = 16
#: No copy of an empty database takes as long.
ABANDONED_S = 3600.0


class _Held:
    """Engines that keep the connections of the first databases while somebody holds them open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._engines: dict[str, Engine] = {}

    def begin(self) -> None:
        with self._lock:
            self._holders += 1

    def end(self) -> None:
        with self._lock:
            self._holders -= 1
            if not self._holders:
                self._close()
                self._engines.clear()

    def engine_of(self, address: str) -> Engine | None:
        with self._lock:
            room = self._holders and len(self._engines) < HELD_DATABASES
            if room and address not in self._engines:
                self._engines[address] = _new_engine(address, QueuePool)
            return self._engines.get(address)

    def before_fork(self) -> None:
        """SQLite's connections must not be inherited: both processes open their own."""
        self._lock.acquire()
        self._close()

    def after_fork(self) -> None:
        self._lock.release()

    def _close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()


_held = _Held()
os.register_at_fork(
    before=_held.before_fork,
    after_in_parent=_held.after_fork,
    after_in_child=_held.after_fork,
)


@contextmanager
def held_open() -> Iterator[None]:
    """Keep the connections of what is looked at until the end of the block.

    A fork closes those that nobody is using; both processes open them anew. Nobody may replace the
    files meanwhile. A process that is killed leaves what SQLite's next reader recovers.
    """
    _held.begin()
    try:
        yield
    finally:
        _held.end()


def engine_of(address: str) -> Engine:
    """The engine of a database."""
    return _held.engine_of(address) or _engine_of_looks(address)


@lru_cache(maxsize=KEPT_ENGINES)
def _engine_of_looks(address: str) -> Engine:
    """A connection of it lives for one look only."""
    return _new_engine(address, NullPool)


def _new_engine(address: str, pool: type[Pool]) -> Engine:
    waits = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
    engine = create_engine(address, poolclass=pool, connect_args=waits)
    event.listen(engine, "connect", _sync_at_checkpoints)
    return engine


def _sync_at_checkpoints(connection: sqlite3.Connection, _record: object) -> None:
    """A power cut may take back the last writes; a write-ahead log is not damaged by it.

    Dagster asks for one in each database; where SQLite can keep none, as on a network's disk, a
    power cut may damage the database (https://sqlite.org/pragma.html#pragma_synchronous).
    """
    connection.execute("PRAGMA synchronous=NORMAL")


class EventLogStorage(SqliteEventLogStorage):
    """Dagster's event log in SQLite, by kept engines."""

    #: A database without events, once one was needed.
    _empty = b""

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = engine_of(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                if not self._begun_as_a_copy(Path(self.path_for_shard(shard))):
                    self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def store_event(self, event: EventLogEntry) -> None:
        """As Dagster does, and whoever watches the run is told.

        Dagster watches the database; while it is open anywhere, only its write-ahead log changes.
        """
        super().store_event(event)
        with suppress(FileNotFoundError):  # the run was deleted meanwhile
            os.utime(self.path_for_shard(event.run_id))

    def _begun_as_a_copy(self, path: Path) -> bool:
        """Whether a database that is not there was made, whole at once, as a copy of an empty one.

        Every run has its own; making its tables takes as long as writing twenty events.
        """
        if path.exists():
            return False
        EventLogStorage._empty = EventLogStorage._empty or self._made_empty()
        beside = path.parent.parent
        _remove_abandoned(beside)
        with TemporaryDirectory(prefix="new-", dir=beside) as folder:
            whole = Path(folder) / "whole"
            with whole.open("wb") as file:
                file.write(EventLogStorage._empty)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(whole, path)
            except OSError:  # another process was faster, or the disk knows no links
                return False
        return True

    def _made_empty(self) -> bytes:
        """The file of a database as Dagster makes it."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "empty.db"
            self._initdb(_new_engine(f"sqlite:///{path}", NullPool))
            return path.read_bytes()

    def has_table(self, table_name: str) -> bool:
        """Whether the index of events has a table."""
        with engine_of(self.conn_string_for_shard(INDEX_SHARD_NAME)).connect() as connection:
            return bool(connection.dialect.has_table(connection, table_name))


def _remove_abandoned(beside: Path) -> None:
    """Remove the copies of processes that were killed while they made them."""
    for folder in beside.glob("new-*"):
        with suppress(FileNotFoundError):  # another process was faster
            if time.time() - folder.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(folder)


class RunStorage(SqliteRunStorage):
    """Dagster's runs in SQLite, by a kept engine."""

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """One transaction."""
        with engine_of(self._conn_string).begin() as connection:
            yield connection


class ScheduleStorage(SqliteScheduleStorage):
    """Dagster's schedules in SQLite, by a kept engine."""

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """One transaction."""
        with engine_of(self._conn_string).begin() as connection:
            yield connection


class SqliteStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage at its usual place below ``base_dir``, by kept engines.

    Args:
        base_dir: Created if need be; a home that Dagster's own storage filled goes on.
        inst_data: What Dagster rebuilds it from in another process.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        DagsterStorage.__init__(self)
        base = Path(base_dir)
        self.base_dir = base_dir
        self._inst_data = inst_data
        self._run_storage = RunStorage.from_local(str(base / "history"))
        self._event_log_storage = EventLogStorage(str(base / "history" / "runs"))
        self._schedule_storage = ScheduleStorage.from_local(str(base / "schedules"))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: SqliteStorageConfig
    ) -> SqliteStorage:
        """As ``dagster.yaml`` names it."""
        return cls.from_local(inst_data=inst_data, **config_value)
