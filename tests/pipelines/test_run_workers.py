"""A run is gone when neither its server nor its process is there, and not before."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import psutil
import pytest
from dagster._core.events import EngineEventData
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from pipelines import run_workers
from pipelines.instance import open_instance
from pipelines.resources import open_store
from pipelines.run_places import this_place
from pipelines.run_workers import (
    HOST_TAG,
    PROCESS_TAG,
    WatchedRunLauncher,
    is_gone,
    this_launch,
    this_process,
)
from pipelines.settings import Settings, save_settings
from pipelines.shell.dead_runs import end_dead_runs
from tests.pipelines.conftest import film_square

SERVER = """
import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print("listens", flush=True)
time.sleep(120)
"""
WORKER = "import time; print('works', flush=True); time.sleep(120)"


@dg.job
def looking():
    """Nothing; a run of it is only told of here."""


class Begun:
    """A process of its own, which has said that it is ready."""

    def __init__(self, code: str, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True
        )
        self.process.stdout.readline()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def instance(tmp_path, monkeypatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("LEARNED_NORMAL_HOME", str(tmp_path))
    with open_instance(Settings(home=tmp_path)) as opened:
        yield opened


@pytest.fixture
def address() -> Iterator[str]:
    """A socket's path has to be short."""
    with TemporaryDirectory(dir="/tmp") as folder:
        yield f"{folder}/server"


@pytest.fixture
def server(address) -> Iterator[Begun]:
    begun = Begun(SERVER, address)
    yield begun
    begun.kill()


@pytest.fixture
def worker() -> Iterator[Begun]:
    begun = Begun(WORKER)
    yield begun
    begun.kill()


def started(instance: dg.DagsterInstance, tags: dict[str, str], pid: int | None = None) -> str:
    """A run that is started, as Dagster's server says it; returns its id."""
    run = instance.create_run_for_job(looking, tags=tags, status=dg.DagsterRunStatus.STARTED)
    if pid is not None:
        said = f"Started process for run (pid: {pid})."
        instance.report_engine_event(said, run, EngineEventData.in_process(pid))
    return run.run_id


def given_to(address: str) -> dict[str, str]:
    """Tags of a run that this machine's daemon gave to a server of code."""
    where = json.dumps({"host": "localhost", "socket": address})
    return {GRPC_INFO_TAG: where, HOST_TAG: this_launch()}


def look(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    """What has become of a run once Dagster's monitoring has looked at it."""
    record = instance.get_run_record_by_id(run_id)
    monitor_started_run(instance, None, record, logging.getLogger(__name__))
    return instance.get_run_by_id(run_id).status


def test_a_run_is_failed_once_neither_its_server_nor_its_process_is_there(
    instance, address, server, worker
):
    run_id = started(instance, given_to(address), worker.process.pid)
    assert isinstance(instance.run_launcher, WatchedRunLauncher)
    assert look(instance, run_id) == dg.DagsterRunStatus.STARTED
    server.kill()
    assert look(instance, run_id) == dg.DagsterRunStatus.STARTED, "it goes on to its end"
    worker.kill()
    assert look(instance, run_id) == dg.DagsterRunStatus.FAILURE


def test_a_server_that_lives_tells_the_death_of_a_run_itself(instance, address, server, worker):
    run_id = started(instance, given_to(address), worker.process.pid)
    worker.kill()
    assert look(instance, run_id) == dg.DagsterRunStatus.STARTED


def test_a_server_too_busy_to_answer_is_there(instance, address, monkeypatch):
    monkeypatch.setattr(run_workers, "CONNECT_S", 0.05)
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(address)
        busy.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for asked in waiting:  # nobody is let in: one waits at the door, the others before it
            asked.settimeout(0.05)
            with suppress(OSError):
                asked.connect(address)
        run_id = started(instance, given_to(address))
        assert not is_gone(instance, instance.get_run_by_id(run_id))
        for asked in waiting:
            asked.close()


def test_another_process_that_was_given_the_number_later_is_not_it(instance, address, worker):
    before = time.time()
    run_id = started(instance, given_to(address))
    run = instance.get_run_by_id(run_id)
    event = dg.DagsterEvent(
        event_type_value="ENGINE_EVENT",
        job_name=run.job_name,
        event_specific_data=EngineEventData.in_process(worker.process.pid),
    )
    instance.report_dagster_event(event, run_id, timestamp=before - 3600)
    assert is_gone(instance, run)


def test_a_server_at_a_port_may_be_another_machines(instance):
    tags = {GRPC_INFO_TAG: json.dumps({"host": "localhost", "port": 4000})}
    assert not is_gone(instance, instance.get_run_by_id(started(instance, tags)))


def test_a_process_of_the_shell_is_known_by_its_number_and_its_beginning(instance):
    here, host = this_process(), this_place()
    later = f"{host}:{os.getpid()}:{float(here.rpartition(':')[2]) - 60:.0f}"
    tags = [f"{host}:{os.getpid()}", here, "elsewhere:1:5", later]
    told = [
        is_gone(instance, instance.get_run_by_id(started(instance, {PROCESS_TAG: tag})))
        for tag in tags
    ]
    assert told == [False, False, False, True]


def test_a_dead_process_that_nobody_buried_is_gone(instance):
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        while psutil.Process(dead.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        run_id = started(instance, {PROCESS_TAG: f"{this_place()}:{dead.pid}"})
        assert is_gone(instance, instance.get_run_by_id(run_id))


def test_the_shell_ends_dead_runs_of_this_machines_daemon_and_of_no_others(instance, address):
    storage = instance.event_log_storage
    here = started(instance, given_to(address))
    assert storage.claim_concurrency_slot("gpu", here, "look").is_claimed is False  # no such pool
    started(instance, {**given_to(address), HOST_TAG: "elsewhere"})
    started(instance, {GRPC_INFO_TAG: given_to(address)[GRPC_INFO_TAG]})  # of an earlier version
    assert end_dead_runs(instance) == [here]


class Dev:
    """``learned-normal dev`` of a home, killed whole as by a loss of power."""

    def __init__(self, home: Path, port: int) -> None:
        words = ["dev", "--home", str(home), "--port", str(port)]
        log = (home / "dev.log").open("ab")
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / "learned-normal"), *words],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()

    def kill(self) -> None:
        first = psutil.Process(self.process.pid)
        for process in [first, *first.children(recursive=True)]:
            process.kill()
        self.process.wait()


def until(is_so, *, within_s: float = 150):
    """Ask again until something is so; returns what it is."""
    over_s = time.monotonic() + within_s
    while not (found := is_so()):
        assert time.monotonic() < over_s, "it took too long"
        time.sleep(0.2)
    return found


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.mark.slow
def test_after_a_loss_of_power_the_day_is_done_again(tmp_path, monkeypatch):
    home = tmp_path / "home"
    settings = Settings(home=home, device="cpu", footage_settle_s=0.0)
    film_square(settings.footage / "door" / "2026-01-05T08-00-00.mp4", seconds=900)
    save_settings(settings)
    with open_instance(settings) as instance:
        storage = instance.event_log_storage
        dev = Dev(home, free_port())
        try:
            until(lambda: "gpu" in storage.get_concurrency_keys())
            until(lambda: storage.get_concurrency_info("gpu").active_slot_count)
        finally:
            dev.kill()
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.STARTED
        dev = Dev(home, free_port())
        try:
            until(lambda: instance.get_run_by_id(run.run_id).is_finished)
            until(lambda: run.run_id not in storage.get_concurrency_info("gpu").active_run_ids)
            until(lambda: open_store(settings).current("camera_report", "door/2026-01-05"))
        finally:
            dev.kill()
