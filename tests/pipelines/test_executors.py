"""One setting picks the executor; a lock file keeps two steps off one GPU."""

import subprocess
import sys
import textwrap
import threading
import time

import dagster as dg
import pytest

from pipelines.executors import GpuSlots, executor_of


@pytest.mark.parametrize("name", ["in_process", "multiprocess"])
def test_executor_is_picked_by_name(name, tmp_path):
    assert executor_of(name, tmp_path).name == name


@pytest.mark.filterwarnings("ignore")  # of ray's own imports
def test_ray_executor_is_the_one_of_dagster_ray(tmp_path):
    executor = executor_of("ray", tmp_path)
    assert isinstance(executor, dg.ExecutorDefinition)
    assert executor.name == "ray"


def test_unknown_executor_names_the_allowed_ones(tmp_path):
    with pytest.raises(ValueError, match="in_process, multiprocess or ray"):
        executor_of("celery", tmp_path)


def test_unknown_device_is_refused(tmp_path):
    with pytest.raises(ValueError, match="auto, cpu or cuda"):
        GpuSlots(tmp_path, slots=1, device="tpu")


def test_two_steps_never_hold_one_slot(tmp_path):
    inside, most = [0], [0]

    def step():
        with GpuSlots(tmp_path, slots=1, device="cpu").locked():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.05)
            inside[0] -= 1

    threads = [threading.Thread(target=step) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1


def test_two_slots_let_two_steps_in(tmp_path):
    guard = GpuSlots(tmp_path, slots=2, device="cpu")
    with guard.locked(), GpuSlots(tmp_path, slots=2, device="cpu").locked():
        assert len(list(tmp_path.glob("gpu-*.lock"))) == 2


def test_slot_of_a_killed_process_comes_back(tmp_path):
    code = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from pipelines.executors import GpuSlots
        with GpuSlots(Path({str(tmp_path)!r}), slots=1, device="cpu").locked():
            print("held", flush=True)
            time.sleep(60)
    """)
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout.readline().strip() == "held"
        holder.kill()
    with GpuSlots(tmp_path, slots=1, device="cpu").locked():
        pass  # would wait for ever if the lock had outlived its process


def test_on_a_cpu_steps_do_not_wait_for_each_other(tmp_path):
    guard = GpuSlots(tmp_path, slots=1, device="cpu")
    with guard.slot(), guard.slot():
        assert not list(tmp_path.glob("*.lock"))
