"""FiftyOne's embedded database: joined, started or taken over, whatever a killed process left.

FiftyOne starts ``mongod`` below a service process of its own. Killed processes leave a ``mongod``
that is still shutting down, or one without a service; either holds the folder's lock, a second one
ends at once, and FiftyOne would wait a minute for its port and never try again. So it is given the
port of a database that answers.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: On a busy machine a new database took 140 s; FiftyOne itself gives up after 60 s.
START_S = 300.0
#: So often a database may end by itself while no other one holds its folder.
_STARTS = 3
_LOOK_EVERY_S = 0.1
_ANSWER_MS = 2_000
_SERVICE = "--51-service"  # an argument of the process between FiftyOne and ``mongod``
#: FiftyOne's handle on the service, which ends when nobody holds one any more.
_held: list[Any] = []


def database_port(folder: str) -> int:
    """The port of a database of this folder that answers; started if there is none.

    Args:
        folder: as FiftyOne names it to ``mongod``.

    Raises:
        ConnectionError: it does not start; says where its log is.
    """
    until, ended = time.monotonic() + START_S, 0
    while time.monotonic() < until and ended < _STARTS:
        port = _port_of_orphan(folder) or _port_of_service(until)
        if port and _answers(port):
            return port
        ended += not any(_servers(folder))  # else that one has the lock: wait
        time.sleep(_LOOK_EVERY_S)
    raise ConnectionError(
        f"the embedded database does not start; its log is {Path(folder, 'log', 'mongo.log')}"
    )


def _port_of_orphan(folder: str) -> int | None:
    """Of a ``mongod`` that outlived its service: it keeps the lock, and nobody will end it."""
    orphans = (server for server in _servers(folder) if _is_orphan(server))
    return next(filter(None, map(_listening, orphans)), None)


def _servers(folder: str) -> Iterator[Any]:
    """Processes that run ``mongod`` on the folder."""
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if _SERVICE not in line and ("--dbpath", folder) in itertools.pairwise(line):
            yield process


def _is_orphan(process: Any) -> bool:  # noqa: ANN401 - a process of an untyped module
    import psutil

    try:
        parent = process.parent()
        return parent is None or _SERVICE not in parent.cmdline()
    except psutil.Error:  # one of the two ended meanwhile, or is another user's
        return False


def _port_of_service(until: float) -> int | None:
    """Join the service of the database folder, or start one; None where it ended."""
    from fiftyone.core.service import DatabaseService

    service = DatabaseService()
    while _runs(service.child) and time.monotonic() < until:
        if port := _port_below(service.child):
            _held.append(service)
            return port
        time.sleep(_LOOK_EVERY_S)
    service.stop()
    return None


def _runs(process: Any) -> bool:  # noqa: ANN401 - a process of an untyped module
    import psutil

    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _port_below(process: Any) -> int | None:  # noqa: ANN401 - a process of an untyped module
    import psutil

    try:
        children = process.children(recursive=True)
    except psutil.Error:
        return None
    return next(filter(None, map(_listening, children)), None)


def _listening(process: Any) -> int | None:  # noqa: ANN401 - a process of an untyped module
    import psutil

    try:
        found = process.net_connections(kind="tcp")
    except psutil.Error:
        return None
    return next((int(one.laddr[1]) for one in found if one.status == psutil.CONN_LISTEN), None)


def _answers(port: int) -> bool:
    import pymongo
    from pymongo.errors import PyMongoError

    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        "localhost", port, serverSelectionTimeoutMS=_ANSWER_MS
    )
    with client:
        try:
            client.admin.command("ping")
        except PyMongoError:
            return False
    return True
