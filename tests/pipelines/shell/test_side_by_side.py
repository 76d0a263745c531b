"""Runs of several cameras side by side, each camera's in its order."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import dagster as dg
import pytest

from assets.partitions import camera_day_key
from pipelines.run_workers import PROCESS_TAG, this_process
from pipelines.shell import side_by_side
from pipelines.shell.runs import Planned, RunFailedError, Runner
from pipelines.shell.side_by_side import run_side_by_side


def day(camera: str, local_day: str) -> Planned:
    return Planned(job="camera_job", partition=camera_day_key(camera, local_day))


@pytest.fixture
def two_cores(monkeypatch) -> None:
    """Also on a machine with one."""
    monkeypatch.setattr(side_by_side, "cores", lambda: 2)


@pytest.fixture
def threads(monkeypatch, two_cores) -> list[str]:
    """Threads instead of processes and no run, but a note of its title; "bad" ones fail."""
    noted: list[str] = []

    class Threads(ThreadPoolExecutor):
        def __init__(self, workers, *, mp_context, initializer, initargs):
            super().__init__(workers)

    def run(planned: Planned) -> side_by_side._Ended:
        noted.append(planned.title)
        if planned.job == "killed":
            raise BrokenProcessPool
        return side_by_side._Ended("a line\n", "no footage" if planned.job == "bad" else "")

    monkeypatch.setattr(side_by_side, "ProcessPoolExecutor", Threads)
    monkeypatch.setattr(side_by_side, "_run", run)
    return noted


def test_cameras_run_in_two_processes_and_each_in_its_order(tiny, two_cores):
    runner = Runner(tiny.settings)
    for camera, local_day in (("door", "2026-01-05"), ("gate", "2026-01-06")):
        tiny.film(camera, f"{local_day}T08-00-00.mp4", seconds=1)
        runner.add_camera(camera)
    no_footage = day("gate", "2026-01-05")
    plans = [[day("door", "2026-01-05")], [no_footage, day("gate", "2026-01-06")]]
    failed = run_side_by_side(tiny.settings, plans, keep_going=True)

    assert [planned for planned, _ in failed] == [no_footage]
    assert "2026-01-05" in failed[0][1]
    reports = tiny.store.partitions("camera_report")
    assert sorted(reports) == ["door/2026-01-05", "gate/2026-01-06"]
    records = runner.instance.get_run_records(ascending=True)
    processes = {record.dagster_run.tags[PROCESS_TAG] for record in records}
    assert len(processes) == 2
    assert this_process() not in processes
    of_gate = [
        record
        for record in records
        if record.dagster_run.tags["dagster/partition/camera"] == "gate"
    ]
    first, second = sorted(of_gate, key=lambda record: record.start_time)
    assert first.dagster_run.status == dg.DagsterRunStatus.FAILURE
    assert first.end_time <= second.start_time
    runner.instance.dispose()


def test_the_plan_with_most_left_goes_first_and_lines_are_shown(tiny, threads, capsys):
    short, long = [Planned(job="short")], [Planned(job=f"long-{n}") for n in range(3)]
    assert run_side_by_side(tiny.settings, [short, long, []]) == []
    assert threads[0] == "long-0"
    assert [title for title in threads if title != "short"] == ["long-0", "long-1", "long-2"]
    assert "long-2\na line\n" in capsys.readouterr().out


def test_the_first_failure_ends_all_unless_told_to_go_on(tiny, threads):
    plans = [[Planned(job="bad"), Planned(job="later")], [Planned(job="other")]]
    with pytest.raises(RunFailedError, match="no footage"):
        run_side_by_side(tiny.settings, plans)
    assert "later" not in threads
    assert run_side_by_side(tiny.settings, plans, keep_going=True) == [(plans[0][0], "no footage")]
    assert "later" in threads


def test_a_killed_process_is_named(tiny, threads):
    plans = [[Planned(job="killed")], [Planned(job="other")]]
    with pytest.raises(RunFailedError, match=r"killed: a process that ran it .* was killed"):
        run_side_by_side(tiny.settings, plans, keep_going=True)


def test_what_failed_before_a_process_was_killed_is_said_too(tiny, threads):
    plans = [[Planned(job="bad"), Planned(job="killed")], [Planned(job="other")]]
    with pytest.raises(RunFailedError, match="killed") as error:
        run_side_by_side(tiny.settings, plans, keep_going=True)
    assert str(error.value).endswith("failed before it: bad: no footage")


def test_a_process_killed_between_two_runs_is_named_by_the_next(tiny, threads, monkeypatch):
    class Broken(side_by_side.ProcessPoolExecutor):
        def submit(self, run, planned):
            if planned.job == "second":
                raise BrokenProcessPool
            return super().submit(run, planned)

    monkeypatch.setattr(side_by_side, "ProcessPoolExecutor", Broken)
    plans = [[Planned(job="first"), Planned(job="second")], [Planned(job="other")]]
    with pytest.raises(RunFailedError, match=r"second: a process that ran it .* was killed"):
        run_side_by_side(tiny.settings, plans)


WITH_WORKER = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pipelines.shell.side_by_side import end_with_parent
if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=end_with_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""


def test_no_worker_outlives_a_killed_command(tmp_path):
    script = tmp_path / "command.py"
    script.write_text(WITH_WORKER)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as command:
        assert int(command.stdout.readline()) != command.pid
        command.kill()
        command.communicate(timeout=60)  # until nobody is left who could write


@pytest.mark.parametrize(("cores", "executor"), [(1, "in_process"), (2, "multiprocess")])
def test_one_core_or_another_executor_takes_one_after_the_other(tiny, monkeypatch, cores, executor):
    taken: list[str] = []
    monkeypatch.setattr(side_by_side, "cores", lambda: cores)

    class Here:
        def __init__(self, settings):
            self.settings = settings

        def run_all(self, plan, *, keep_going):
            taken.extend(planned.job for planned in plan)
            return []

    monkeypatch.setattr(side_by_side, "Runner", Here)
    plans = [[Planned(job="a"), Planned(job="b")], [Planned(job="c")]]
    assert run_side_by_side(replace(tiny.settings, executor=executor), plans) == []
    assert taken == ["a", "b", "c"]
