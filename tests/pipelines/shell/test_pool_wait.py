"""A command that waits for a slot of a pool says which run holds it, and can be ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import dagster as dg
import pytest

from pipelines.instance import open_instance
from pipelines.run_workers import PROCESS_TAG

DAY = "2026-01-05"

HOLDER = """
import time
from pathlib import Path
import dagster as dg
from pipelines.instance import open_instance
from pipelines.run_workers import PROCESS_TAG, this_process
from pipelines.settings import load_settings

@dg.op(pool="gpu")
def hold():
    print("held", flush=True)
    time.sleep(120)

@dg.job
def holding():
    hold()

tags = {PROCESS_TAG: this_process(), "dagster/partition": "hall|2026-01-04"}
instance = open_instance(load_settings(Path(__import__("sys").argv[1])))
holding.execute_in_process(instance=instance, tags=tags)
"""
BACKFILL = """
import sys
from pipelines.cli.command import main
from pipelines.shell import pool_wait

pool_wait.TELL_S = pool_wait.LOOK_S = 0.5
main(["cameras", "backfill", "door", "--home", sys.argv[1]])
"""


def begin(code: str, home: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    words = [sys.executable, "-c", code, home]
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True)


def ended(process: subprocess.Popen[str], sent: signal.Signals) -> None:
    process.send_signal(sent)
    process.communicate()


@pytest.fixture
def holder(tiny) -> Iterator[subprocess.Popen[str]]:
    """A run that holds the only slot of the pool."""
    process = begin(HOLDER, str(tiny.settings.home))
    assert process.stdout.readline() == "held\n"
    yield process
    ended(process, signal.SIGKILL)


@pytest.fixture
def waiting(tiny, holder) -> Iterator[subprocess.Popen[str]]:
    """A backfill that has said that it waits for the slot."""
    tiny.film("door", f"{DAY}T08-00-00.mp4", seconds=2)
    process = begin(BACKFILL, str(tiny.settings.home))
    said = ""
    while "waiting for pool" not in said:
        assert process.poll() is None
        said = process.stderr.readline()
    assert "waiting for pool gpu, held by holding hall|2026-01-04 (run " in said
    yield process
    ended(process, signal.SIGKILL)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_the_wait_and_leaves_nothing_behind(tiny, holder, waiting, sent):
    waiting.send_signal(sent)
    _, said = waiting.communicate(timeout=30)
    assert waiting.returncode == 1
    assert f"interrupted in camera_job door|{DAY}; 0 of 1 runs had ended" in said
    assert said.endswith("Aborted!\n")
    with open_instance(tiny.settings) as instance:
        runs = {run.tags[PROCESS_TAG].split(":")[1]: run for run in instance.get_runs()}
        info = instance.event_log_storage.get_concurrency_info("gpu")
    mine, other = (runs[str(process.pid)] for process in (waiting, holder))
    assert mine.status == dg.DagsterRunStatus.FAILURE
    assert [slot.run_id for slot in info.claimed_slots] == [other.run_id]
    assert [step.run_id for step in info.pending_steps] == [other.run_id]


def test_the_slot_of_a_run_that_is_killed_meanwhile_is_taken(tiny, holder, waiting):
    ended(holder, signal.SIGKILL)
    _, said = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, said
    assert tiny.store.current("camera_report", f"door/{DAY}")
