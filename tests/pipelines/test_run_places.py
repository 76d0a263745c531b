"""Process numbers mean something in one place only, and a run of another one is let alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import dagster as dg
import psutil
import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from pipelines import run_places, run_workers
from pipelines.run_places import OUTSIDE, Place, Seen, short, this_place
from pipelines.run_workers import HOST_TAG, PROCESS_TAG, is_gone, this_process
from pipelines.shell.dead_runs import end_dead_runs
from tests.pipelines.test_run_workers import (
    Begun,
    address,
    given_to,
    instance,
    look,
    looking,
    server,
    started,
    worker,
)

__all__ = ["address", "instance", "server", "worker"]  # fixtures

VM = Place("vm", "m1", "b1", short(OUTSIDE))
BOX = Place("box", "", "b1", "s1")
#: No process has it: the largest number of Linux is four millions.
NOBODY = 9_999_999


@pytest.mark.parametrize(
    ("there", "here", "seen"),
    [
        (VM, VM, Seen.HERE),
        (VM, replace(VM, host="renamed"), Seen.HERE),  # by a network, while it runs
        (VM, replace(VM, boot="b2"), Seen.RESTARTED),
        (VM, replace(VM, boot="b2", machine="m2"), Seen.ELSEWHERE),  # two machines of one name
        (VM, replace(VM, boot="b2", host="other"), Seen.ELSEWHERE),
        (replace(VM, machine=""), replace(VM, machine="", boot="b2"), Seen.BESIDE),
        (VM, replace(VM, space="s1"), Seen.BESIDE),  # from within a container of host's network
        (BOX, replace(BOX, space="s2"), Seen.BESIDE),  # stopped and begun again
        (BOX, replace(BOX, host="box2", space="s2"), Seen.BESIDE),  # made anew
        (BOX, replace(BOX, boot="b2"), Seen.BESIDE),  # restarted with its machine, or another's
        # what an image says of the machine is true of every container of it
        (replace(BOX, machine="m"), replace(BOX, machine="m", boot="b2"), Seen.BESIDE),
        (BOX, replace(BOX, boot="b2", host="other"), Seen.ELSEWHERE),
        (Place("vm"), Place("vm"), Seen.HERE),  # a system that tells no more
        (Place("vm"), VM, Seen.BESIDE),  # as an earlier version wrote it
        (Place("other"), VM, Seen.ELSEWHERE),
        (Place(""), VM, Seen.BESIDE),
    ],
)
def test_what_can_be_known_of_another_place(there, here, seen):
    assert there.seen_from(here) is seen
    assert Place.read(str(there)) == there


def test_a_place_is_told_by_short_words_that_do_not_change():
    assert str(this_place()) == str(run_places.this_place.__wrapped__())
    assert str(this_place()).count("/") == 3
    assert ":" not in str(this_place())


def gone(instance: dg.DagsterInstance, tags: dict[str, str], pid: int | None = None) -> bool:
    return is_gone(instance, instance.get_run_by_id(started(instance, tags, pid)))


def health(instance: dg.DagsterInstance, run_id: str) -> WorkerStatus:
    run = instance.get_run_by_id(run_id)
    return instance.run_launcher.check_run_worker_health(run).status


def told(place: Place) -> str:
    """The tag of a run that a daemon of a place launched."""
    return f"{place}:{psutil.boot_time():.0f}"


def test_what_ran_before_the_machine_was_restarted_is_gone(instance, address, worker, monkeypatch):
    now = Place("vm", "m1", "b2", short(OUTSIDE))
    monkeypatch.setattr(run_workers, "this_place", lambda: now)
    pid = worker.process.pid  # the number is another process's by now
    assert gone(instance, {PROCESS_TAG: f"{VM}:{pid}"})
    run_id = started(instance, {**given_to(address), HOST_TAG: told(VM)}, pid)
    assert look(instance, run_id) == dg.DagsterRunStatus.FAILURE
    at_port = {GRPC_INFO_TAG: json.dumps({"host": "other", "port": 4000}), HOST_TAG: told(VM)}
    assert not gone(instance, at_port, NOBODY)


def test_a_run_of_another_machine_is_let_alone_for_ever(instance, address, monkeypatch):
    """As after a move of the daemon over one Postgres, while the worker finishes where it was."""
    monkeypatch.setattr(run_workers, "SILENT_S", 0.0)
    elsewhere = replace(this_place(), host="elsewhere", boot="b9")
    for place in (elsewhere, Place("elsewhere")):
        run_id = started(instance, {**given_to(address), HOST_TAG: told(place)}, NOBODY)
        assert look(instance, run_id) == dg.DagsterRunStatus.STARTED
    assert end_dead_runs(instance) == []


def test_the_daemon_fails_what_another_container_left_once_it_was_silent(
    instance, address, server, monkeypatch
):
    now = [1000.0]
    monkeypatch.setattr(run_workers, "monotonic", lambda: now[0])
    before = replace(this_place(), space="before")
    run_id = started(instance, {**given_to(address), HOST_TAG: told(before)}, NOBODY)
    now[0] += 2 * run_workers.SILENT_S
    assert health(instance, run_id) == WorkerStatus.RUNNING, "its server answers"
    server.kill()
    assert health(instance, run_id) == WorkerStatus.RUNNING, "not watched yet"
    now[0] += run_workers.SILENT_S - 1
    assert health(instance, run_id) == WorkerStatus.RUNNING
    instance.report_engine_event("goes on", instance.get_run_by_id(run_id))
    now[0] += 2
    assert health(instance, run_id) == WorkerStatus.RUNNING, "it said something meanwhile"
    now[0] += run_workers.SILENT_S
    assert end_dead_runs(instance) == [], "the daemon alone has watched it"
    assert look(instance, run_id) == dg.DagsterRunStatus.FAILURE


def test_a_run_of_the_shell_in_another_container_is_let_alone(instance, monkeypatch):
    monkeypatch.setattr(run_workers, "SILENT_S", 0.0)
    beside = replace(this_place(), space="beside")
    run_id = started(instance, {PROCESS_TAG: f"{beside}:{NOBODY}:5"})
    assert look(instance, run_id) == dg.DagsterRunStatus.STARTED
    assert end_dead_runs(instance) == []


@pytest.mark.skipif(not shutil.which("unshare"), reason="no tool for namespaces")
def test_a_run_of_real_other_process_numbers_is_let_alone(instance):
    apart = [*"unshare --user --map-root-user --pid --fork --kill-child --mount-proc".split()]
    say = "from pipelines.run_workers import this_process; print(this_process())"
    done = subprocess.run([*apart, sys.executable, "-c", say], capture_output=True, text=True)
    if done.returncode:
        pytest.skip("namespaces are not allowed here")
    tag = done.stdout.strip()
    place, pid, _ = tag.split(":")
    assert int(pid) < 10, "numbers of its own"
    assert Place.read(place).seen_from(this_place()) is Seen.BESIDE
    assert not gone(instance, {PROCESS_TAG: tag})
    assert gone(instance, {PROCESS_TAG: f"{this_place()}:{NOBODY}:5"})


def origin() -> RemoteJobOrigin:
    target = LoadableTargetOrigin(python_file="definitions.py")
    location = InProcessCodeLocationOrigin(target)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "all"), "looking")


def test_a_run_that_repeats_a_dead_one_is_let_alone_while_it_starts(instance, address):
    """It carries the tags of the one that it repeats until it has its own."""
    dead = {PROCESS_TAG: f"{this_place()}:{NOBODY}:5"}
    starting = dg.DagsterRunStatus.STARTING
    options = {"status": starting, "remote_job_origin": origin()}
    instance.create_run_for_job(looking, tags=dead, **options)
    instance.create_run_for_job(looking, tags={**dead, HOST_TAG: told(this_place())}, **options)
    instance.create_run_for_job(looking, tags={**dead, **given_to(address)}, **options)
    before = {**given_to(address), HOST_TAG: told(replace(VM, host=this_place().host))}
    instance.create_run_for_job(looking, tags={**dead, **before}, **options)
    assert end_dead_runs(instance) == []
    shells = instance.create_run_for_job(looking, tags=dead, status=starting)
    assert end_dead_runs(instance) == [shells.run_id]


@pytest.mark.parametrize("by_s", [-7200, -60, 60, 7200])
def test_a_clock_that_is_set_makes_no_living_process_gone(
    instance, address, worker: Begun, monkeypatch, by_s
):
    pid = worker.process.pid
    lives = started(instance, given_to(address), pid)
    shells = started(instance, {PROCESS_TAG: this_process()})
    started_s = psutil._psplatform.boot_time()
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: started_s + by_s)
    for run_id in (lives, shells):
        assert not is_gone(instance, instance.get_run_by_id(run_id))
    worker.kill()
    assert is_gone(instance, instance.get_run_by_id(lives))


@pytest.mark.parametrize("number", ["", ":", "abc", "-1", "0x5", "5:", "5:soon", "5:6:7", "9" * 30])
def test_of_a_run_whose_tag_is_malformed_nothing_is_known(instance, number):
    assert not gone(instance, {PROCESS_TAG: f"{this_place()}:{number}"})
    assert not gone(instance, {PROCESS_TAG: number})


def test_of_a_launch_whose_tag_is_malformed_a_living_process_is_there(instance, address, worker):
    for number in ("", ":", ":soon"):
        tags = {**given_to(address), HOST_TAG: f"{this_place()}{number}"}
        assert not gone(instance, tags, os.getpid())
        assert gone(instance, tags, NOBODY)
