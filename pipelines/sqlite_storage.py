"""Dagster's SQLite by one engine per database: one for each look compiles its queries anew.

An engine of SQLAlchemy remembers the queries that it compiled. Dagster makes one for every look at
SQLite and forgets it: a fifth of the processor time of a small run. The engines kept here hold no
connection between two looks, so threads, forked processes and replaced files are as safe as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, SqliteStorageConfig
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, NullPool, create_engine

#: Every run has a database of its own; a daemon looks at a few at a time.
KEPT_ENGINES = 64


@lru_cache(maxsize=KEPT_ENGINES)
def engine_of(address: str) -> Engine:
    """The engine of a database; a connection of it lives for one look only."""
    waits = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
    return create_engine(address, poolclass=NullPool, connect_args=waits)


class EventLogStorage(SqliteEventLogStorage):
    """Dagster's event log in SQLite, by kept engines."""

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = engine_of(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection


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
