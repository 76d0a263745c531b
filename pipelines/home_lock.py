"""One daemon over one home: two would fire each schedule twice."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import psutil

LOCK_FILE = "dev.lock"
#: How Dagster's daemon is started: by ``dagster dev``, or as a service.
_DAEMONS = ("dagster._daemon", "dagster-daemon")


class HomeInUseError(RuntimeError):
    """Another process holds the home."""


def hold_home(home: Path, instance_home: Path) -> None:
    """Hold a home until this process ends, also as another program (``exec``).

    The lock is the kernel's (flock): nothing is left of it after a kill or a loss of power. What
    this process starts does not inherit it; so a daemon is looked for, too, which is a service, or
    was left when only the process that started it was killed.

    Args:
        home: existing folder.
        instance_home: ``DAGSTER_HOME`` of its daemon.

    Raises:
        HomeInUseError: another process holds it, or a daemon of this machine runs over it.
    """
    daemon = _daemon_over(instance_home)
    path = home / LOCK_FILE
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(handle, 100).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise HomeInUseError(
            f"Dagster is running over {home} already (process {holder}); use its page, stop it "
            "first, or give another --home"
        ) from error
    if daemon is not None:
        os.close(handle)
        raise HomeInUseError(
            f"a daemon of Dagster runs over {home} already (process {daemon}): a service, or left "
            f"by a `learned-normal dev` that was killed; end it with kill {daemon}, or give "
            "another --home"
        )
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    os.set_inheritable(handle, True)  # kept by exec; subprocess closes it in children


def _daemon_over(instance_home: Path) -> int | None:
    """The number of a daemon's process; those of other users cannot be looked into."""
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if any(Path(word).name in _DAEMONS for word in words) and (
                process.environ().get("DAGSTER_HOME") == str(instance_home)
            ):
                return int(process.pid)
        except psutil.Error:  # it ended meanwhile, or is another user's
            continue
    return None
