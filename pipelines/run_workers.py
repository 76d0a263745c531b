"""Whether the process that a run was given to is still there, of the daemon's runs and the shell's.

Dagster's server of code notices when a run's process dies beside it. When both die at once, as when
power is lost, nobody is left to notice: the run stays started, its camera and its slot of the pool
``gpu`` taken. So Dagster's monitoring asks here, and the shell asks before it waits for a slot.

Both fail what is surely gone: what this place or an earlier start of this machine began (see
``run_places``). What another container began, the daemon alone fails, and only its own kind: when
the run's server does not answer and the run has logged nothing for half an hour of the daemon's own
watch. There is one daemon per storage, as Dagster wants it, so that container was stopped, or its
server has lost its daemon and ends with its last run. What another machine began, nobody fails.
"""

from __future__ import annotations

import json
import os
import re
import socket
from functools import lru_cache
from time import monotonic

import dagster as dg
import psutil
from dagster._core.launcher import (
    CheckRunHealthResult,
    DefaultRunLauncher,
    LaunchRunContext,
    WorkerStatus,
)
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._serdes import ConfigurableClassData

from pipelines.run_places import Place, Seen, this_place

#: Which process of the shell runs it: place, id, and its start in seconds after the machine's.
PROCESS_TAG = "learned-normal/process"
#: Whose daemon gave it to a server of code: place, and when the machine started by its clock.
HOST_TAG = "learned-normal/host"
#: A server that is alive takes a connection at once, however busy it is.
CONNECT_S = 5.0
#: The system tells a process's start to the second.
START_S = 2.0
#: The process says its number when it begins.
FIRST_EVENTS = 20
#: So long does the daemon watch a run of another container that says nothing.
SILENT_S = 1800.0


class WatchedRunLauncher(DefaultRunLauncher):
    """Gives runs to the server of code, as Dagster does, and says whether they are still there.

    Only the daemon asks, and it starts the servers itself, on its own machine.
    """

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._silent_since: dict[str, tuple[int, float]] = {}  # run -> its last record, since when

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Dagster's monitoring asks for every run that is started."""
        return True

    def launch_run(self, context: LaunchRunContext) -> None:
        """As Dagster does; the run remembers the machine."""
        self._instance.add_run_tags(context.dagster_run.run_id, {HOST_TAG: this_launch()})
        super().launch_run(context)

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """A run is there as long as nothing says that it is not."""
        if is_gone(self._instance, run):
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the process that ran it has ended")
        if _is_of_another_container(run) and not _server_answers(run) and self._is_silent(run):
            return CheckRunHealthResult(
                WorkerStatus.NOT_FOUND, "its container is gone, and it says nothing any more"
            )
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _is_silent(self, run: dg.DagsterRun) -> bool:
        """Whether a run's log is what it was half an hour ago, by a clock that nobody sets."""
        last = self._instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
        said = last[0].storage_id if last else 0
        before, since = self._silent_since.get(run.run_id, (said, monotonic()))
        if before != said:
            since = monotonic()
        self._silent_since[run.run_id] = (said, since)
        return monotonic() - since >= SILENT_S


def is_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the process of a started run has surely ended, and nobody else is left to say so.

    A run of the daemon is gone when neither its server answers nor its process is there: a server
    that lives notices the death itself, a process without its server goes on to the end of the run.
    A run of the shell is its process. What another place runs cannot be known here.
    """
    if not _is_launched(run):
        return _is_shells_gone(run.tags.get(PROCESS_TAG, ""))
    place, began_s = _launch_of(run)
    seen = place.seen_from(this_place())
    if seen not in (Seen.HERE, Seen.RESTARTED) or GRPC_INFO_TAG not in run.tags:
        return False
    told = _told_process(instance, run)
    if told is None and run.status != dg.DagsterRunStatus.STARTED:
        return False  # its tags may still be those of the run that it repeats; Dagster ends it
    if _is_at_a_port(run) or (seen is Seen.HERE and _server_answers(run)):
        return False
    return seen is Seen.RESTARTED or told is None or not _was_there(told[0], told[1] - began_s)


def this_process() -> str:
    """Place, process id and when the process began, as runs from the shell are tagged."""
    return _process_tag(os.getpid())


def this_launch() -> str:
    """Place, and when its machine started by the clock of now, as runs of the daemon are tagged."""
    return f"{this_place()}:{psutil.boot_time():.0f}"


@lru_cache(maxsize=1)
def _process_tag(pid: int) -> str:
    return f"{this_place()}:{pid}:{_born_s(psutil.Process(pid)):.0f}"


def _is_launched(run: dg.DagsterRun) -> bool:
    """Whether the daemon runs it; its other tags may be those of the shell's run it repeats."""
    is_tagged = HOST_TAG in run.tags or GRPC_INFO_TAG in run.tags
    return is_tagged or run.remote_job_origin is not None


def _launch_of(run: dg.DagsterRun) -> tuple[Place, float]:
    """From where the daemon launched it, and when the machine had started by the clock of then."""
    place, _, began_s = run.tags.get(HOST_TAG, "").partition(":")
    is_told = re.fullmatch(r"\d{1,12}", began_s, re.ASCII)
    return Place.read(place), float(began_s) if is_told else 0.0


def _is_of_another_container(run: dg.DagsterRun) -> bool:
    """Whether a daemon launched it in a container beside this one, or the one before it."""
    is_given = GRPC_INFO_TAG in run.tags and not _is_at_a_port(run)
    return is_given and _launch_of(run)[0].seen_from(this_place()) is Seen.BESIDE


def _is_shells_gone(tag: str) -> bool:
    """Whether the process of the shell that a tag names has ended; not if it names none."""
    found = re.fullmatch(r"([^:]+):(\d{1,9})(?::(-?\d{1,12}(?:\.\d+)?))?", tag, re.ASCII)
    if found is None:
        return False
    place, pid, born_s = found.groups()
    seen = Place.read(place).seen_from(this_place())
    if seen is Seen.HERE:
        return not _is_there(int(pid), float(born_s) if born_s else None)
    return seen is Seen.RESTARTED


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


def _told_process(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[int, float] | None:
    """Which process the run's log says was started for it, and when it said so."""
    for record in instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT, limit=FIRST_EVENTS
    ).records:
        event = record.event_log_entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event else None
        if pid is not None:
            return int(str(pid.value)), record.event_log_entry.timestamp
    return None


def _was_there(pid: int, at_s: float) -> bool:
    """Whether a process lives that was there already, so many seconds after the machine's start.

    The clock may have been set since: both count from the start, the one by the clock of then.
    """
    try:
        process = psutil.Process(pid)
        is_older = _born_s(process) <= at_s + START_S
        return is_older and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_at_a_port(run: dg.DagsterRun) -> bool:
    """Whether its server may be another machine's, of which nothing is known here."""
    return not json.loads(run.tags[GRPC_INFO_TAG]).get("socket")


def _server_answers(run: dg.DagsterRun) -> bool:
    """Whether somebody listens where the server of code was, on this machine."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(CONNECT_S)
        try:
            asked.connect(json.loads(run.tags[GRPC_INFO_TAG])["socket"])
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # too busy to take it: there
            return True
    return True
