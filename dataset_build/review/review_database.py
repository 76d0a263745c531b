"""FiftyOne with a database that answers, or an error within seconds that says what to do."""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dataset_build.review.review_mongod import database_port

#: How long an unreachable database is waited for before anything is read or written.
TIMEOUT_MS = 5_000
#: Where FiftyOne notes the port of its embedded database, for itself and its children.
_PORT = "FIFTYONE_PRIVATE_DATABASE_PORT"
_URI = "FIFTYONE_DATABASE_URI"


class ReviewUnavailableError(RuntimeError):
    """FiftyOne's database does not answer, or holds no queue; says what to do."""


def with_timeout(uri: str) -> str:
    """The URI with a short wait for a server, unless it names one itself."""
    if "serverselectiontimeoutms" in uri.lower():
        return uri
    base, _, options = uri.partition("?")
    if base.count("/") < 3:  # mongodb://host without the slash that options need
        base += "/"
    options = f"{options}&" if options else ""
    return f"{base}?{options}serverSelectionTimeoutMS={TIMEOUT_MS}"


@contextmanager
def database() -> Iterator[Any]:
    """FiftyOne with a database that answers; what goes wrong later is named as well."""
    from pymongo.errors import ConnectionFailure

    try:
        yield _connected()
    except (ConnectionFailure, ConnectionError) as error:
        # What the driver says takes a screen; what we say ourselves names a log.
        why = str(error) if isinstance(error, ConnectionError) else type(error).__name__
        raise ReviewUnavailableError(
            f"FiftyOne's database at {_address()} does not answer ({why}). Nothing that was pulled"
            " before is lost. Start a new process, which starts the embedded database again, or see"
            " that the service of review_uri runs; then retry."
        ) from error


def _connected() -> Any:  # noqa: ANN401 - an untyped module
    _require_answer()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies; nothing a reviewer can act on
        import fiftyone
        from fiftyone.core.service import DatabaseService, ServiceException

        DatabaseService.service_name = _service_name()
        try:
            if not {_URI, _PORT} & os.environ.keys():
                port = database_port(str(fiftyone.config.database_dir))
                os.environ[_PORT] = str(port)  # for this process and its children
            fiftyone.list_datasets()  # connects
        except ServiceException as error:
            raise ConnectionError(f"the embedded database does not start: {error}") from error
    return fiftyone


def _service_name() -> str:
    """Name of the embedded database's process: one per database folder.

    FiftyOne joins any database of this user whose process bears the name, whatever its folder;
    two homes on one machine would share, and mix, what was decided.
    """
    folder = os.environ.get("FIFTYONE_DATABASE_DIR", "")
    return f"db-{hashlib.sha256(folder.encode()).hexdigest()[:12]}" if folder else "db"


def _require_answer() -> None:
    """Ask a server that should be there already; FiftyOne itself would wait 30 s per call."""
    from pymongo.errors import ConnectionFailure

    if _URI not in os.environ and _PORT not in os.environ:
        return  # the embedded one is yet to be started
    try:
        _ping()
    except ConnectionFailure:
        if _URI in os.environ or "fiftyone" in sys.modules:
            raise
        del os.environ[_PORT]  # a parent's database that is gone; start our own


def _address() -> str:
    """Where the database listens; a password in a URI is not repeated."""
    uri = os.environ.get(_URI, "")
    if uri:
        return uri.partition("?")[0].rpartition("@")[2].removeprefix("mongodb://")
    return f"localhost:{os.environ.get(_PORT, '?')}"


def _ping() -> None:
    """Ask the server once, with short patience."""
    import pymongo

    uri = os.environ.get(_URI)
    port = int(os.environ.get(_PORT, "27017"))
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        uri or "localhost", None if uri else port, serverSelectionTimeoutMS=TIMEOUT_MS
    )
    with client:
        client.admin.command("ping")
