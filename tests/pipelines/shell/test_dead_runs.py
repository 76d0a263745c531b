"""A killed process leaves no run behind that would hold up the next one."""

import subprocess
import sys
import textwrap

import dagster as dg

from pipelines.instance import open_instance
from pipelines.run_workers import PROCESS_TAG, this_process
from pipelines.settings import Settings
from pipelines.shell.dead_runs import end_dead_runs

HOLDER = """
import time
import dagster as dg
from pathlib import Path
from pipelines.instance import open_instance
from pipelines.run_workers import PROCESS_TAG, this_process
from pipelines.settings import Settings

@dg.op(pool="gpu")
def hold():
    print("held", flush=True)
    time.sleep(120)

@dg.job
def holding():
    hold()

holding.execute_in_process(
    instance=open_instance(Settings(home=Path({home!r}))), tags={{PROCESS_TAG: this_process()}}
)
"""


def test_slot_of_a_killed_run_comes_back(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("LEARNED_NORMAL_HOME", str(tmp_path))
    code = textwrap.dedent(HOLDER).format(home=str(tmp_path))
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with holder:
        assert holder.stdout.readline().strip() == "held"
        holder.kill()
    with open_instance(Settings(home=tmp_path)) as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.STARTED
        storage = instance.event_log_storage
        assert storage.get_concurrency_info("gpu").active_slot_count == 1
        assert end_dead_runs(instance) == [run.run_id]
        assert storage.get_concurrency_info("gpu").active_slot_count == 0
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE


def test_a_slot_that_an_ended_run_still_holds_comes_back(tmp_path, monkeypatch):
    """As a step's process that is ended while it starts leaves it."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("LEARNED_NORMAL_HOME", str(tmp_path))

    @dg.op(pool="gpu")
    def look() -> None:
        """Nothing."""

    @dg.job
    def looking():
        look()

    with open_instance(Settings(home=tmp_path)) as instance:
        run_id = looking.execute_in_process(instance=instance).run_id
        storage = instance.event_log_storage
        assert storage.claim_concurrency_slot("gpu", run_id, "look").is_claimed
        assert storage.get_concurrency_info("gpu").active_slot_count == 1
        assert end_dead_runs(instance) == []
        assert storage.get_concurrency_info("gpu").active_slot_count == 0


def test_run_of_a_living_process_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("LEARNED_NORMAL_HOME", str(tmp_path))

    @dg.op
    def look(context: dg.OpExecutionContext) -> None:
        assert end_dead_runs(context.instance) == []

    @dg.job
    def looking():
        look()

    with open_instance(Settings(home=tmp_path)) as instance:
        done = looking.execute_in_process(instance=instance, tags={PROCESS_TAG: this_process()})
    assert done.success
