"""One daemon over one home: two would fire each schedule twice."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

LOCK_FILE = "dev.lock"


class HomeInUseError(RuntimeError):
    """Another process holds the home."""


def hold_home(home: Path) -> None:
    """Hold a home until this process ends, also as another program (``exec``).

    The lock is the kernel's (flock): nothing is left of it after a kill or a loss of power. What
    this process starts does not inherit it.

    Args:
        home: existing folder.

    Raises:
        HomeInUseError: another process holds it.
    """
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
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    os.set_inheritable(handle, True)  # kept by exec; subprocess closes it in children
