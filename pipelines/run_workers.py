"""Whether the process that a run was given to is still there, of the daemon's runs and the shell's.

Dagster's server of code notices when a run's process dies beside it. When both die at once, as when
power is lost, nobody is left to notice: the run stays started, its camera and its slot of the pool
``gpu`` taken. So Dagster's monitoring asks here, and the shell asks before it waits for a slot.
"""

from __future__ import annotations

import json
import os
import socket
from functools import lru_cache

import dagster as dg
import psutil
from dagster._core.launcher import (
    CheckRunHealthResult,
    DefaultRunLauncher,
    LaunchRunContext,
    WorkerStatus,
)
from dagster._core.storage.tags import GRPC_INFO_TAG

#: Which process of the shell runs it.
PROCESS_TAG = "learned-normal/process"
#: Which machine's daemon gave it to a server of code.
HOST_TAG = "learned-normal/host"
#: A server that is alive takes a connection at once, however busy it is.
CONNECT_S = 5.0
#: The system tells a process's start to the second.
START_S = 2.0
#: The process says its number when it begins.
FIRST_EVENTS = 20


class WatchedRunLauncher(DefaultRunLauncher):
    """Gives runs to the server of code, as Dagster does, and says whether they are still there.

    Only the daemon asks, and it starts the servers itself, on its own machine.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Dagster's monitoring asks for every run that is started."""
        return True

    def launch_run(self, context: LaunchRunContext) -> None:
        """As Dagster does; the run remembers the machine."""
        self._instance.add_run_tags(context.dagster_run.run_id, {HOST_TAG: socket.gethostname()})
        super().launch_run(context)

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """A run is there as long as nothing says that it is not."""
        if is_gone(self._instance, run):
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the process that ran it has ended")
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def is_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process of a started run has surely ended, and nobody else is left to say so.

    A run of the daemon is gone when neither its server answers nor its process is there: a server
    that lives notices the death itself, a process without its server goes on to the end of the run.
    A run of the shell is its process. What another machine runs cannot be known here.
    """
    if GRPC_INFO_TAG in run.tags:
        return not _server_answers(run) and not _worker_is_there(instance, run)
    host, _, process = run.tags.get(PROCESS_TAG, "").partition(":")
    if host != socket.gethostname():
        return False
    pid, _, born_s = process.partition(":")
    return not _is_there(int(pid), float(born_s) if born_s else None)


def is_of_this_machine(run: dg.DagsterRun) -> bool:
    """Whether ``is_gone`` can be asked of a run by others than the daemon that launched it."""
    host, _, _ = run.tags.get(PROCESS_TAG, "").partition(":")
    return socket.gethostname() == run.tags.get(HOST_TAG, host)


def this_process() -> str:
    """Host, process id and when the process began, as runs from the shell are tagged."""
    return _process_tag(os.getpid())


@lru_cache(maxsize=1)
def _process_tag(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{_born_s(psutil.Process(pid)):.0f}"


def _born_s(process: psutil.Process) -> float:
    """Seconds from the machine's start to that of a process: no change of the clock moves them."""
    return float(process.create_time() - psutil.boot_time())


def _is_there(pid: int, born_s: float | None) -> bool:
    """Whether a process lives; another one that was given its number later is not it."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return born_s is None or abs(_born_s(process) - born_s) <= START_S
    except psutil.NoSuchProcess:
        return False


def _worker_is_there(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process lives of which the run's log says that it was started for it."""
    for record in instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT, limit=FIRST_EVENTS
    ).records:
        event = record.event_log_entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event else None
        if pid is not None:
            return _was_there(int(str(pid.value)), record.event_log_entry.timestamp)
    return False


def _was_there(pid: int, at_s: float) -> bool:
    """Whether a process lives that was there at a time already."""
    try:
        process = psutil.Process(pid)
        is_older = process.create_time() <= at_s + START_S
        return is_older and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _server_answers(run: dg.DagsterRun) -> bool:
    """Whether somebody listens where the server of code was, on this machine.

    A server at a port may be another machine's, and is believed to be there.
    """
    path = json.loads(run.tags[GRPC_INFO_TAG]).get("socket")
    if not path:
        return True
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(CONNECT_S)
        try:
            asked.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # too busy to take it: there
            return True
    return True
