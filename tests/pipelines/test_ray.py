"""A step of the real graph runs as a Ray job on a cluster that was really started."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
import pytest

from pipelines.resources import open_store
from pipelines.settings import Settings

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
#: Starting a cluster on a busy machine of two cores.
START_S = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def cluster():
    """Address of a cluster with one CPU and a pretend GPU; ends with the module."""
    if find_spec("aiohttp_cors") is None:
        pytest.skip("Ray takes no jobs here: it is installed without its extra `default`")
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # a socket's path must be short
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        *(BIN / "ray", "start", "--head", "--block", "--num-cpus=1", "--num-gpus=1"),
        *(f"--port={free_port()}", f"--dashboard-port={port}", f"--temp-dir={folder}"),
        "--disable-usage-stats",
    ]
    with (folder / "start.log").open("w") as log:
        head = subprocess.Popen(command, env=environment(), stdout=log, stderr=subprocess.STDOUT)
    try:
        if not answers(f"{address}/api/version", head):
            pytest.skip(f"ray start: {(folder / 'start.log').read_text()[-500:]}")
        yield address
    finally:
        head.terminate()
        head.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def answers(url: str, head: subprocess.Popen) -> bool:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and head.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    return False


def environment(**more: str) -> dict[str, str]:
    """Steps are started as bare ``dagster``, so the environment's programs must be on PATH."""
    return {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **more}


def test_step_runs_as_a_ray_job_in_the_home_of_the_run(cluster, tmp_path):
    done = subprocess.run(
        [BIN / "learned-normal", "review", "pull", "--home", tmp_path],
        env=environment(RAY_ADDRESS=cluster, LEARNED_NORMAL_EXECUTOR="ray"),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0].startswith("nothing is queued"), done.stdout
    assert said[2].startswith("last pull: 20"), "the pull was published where the command looks"
    assert said[-2:] == ["| reviewer | reject | relabel | keep |", "|---|--:|--:|--:|"], "0 rows"
    assert open_store(Settings(home=tmp_path)).current("review_decisions") is not None
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        (run,) = instance.get_runs()
        words = [entry.user_message for entry in instance.all_logs(run.run_id)]
    assert any('"review_decisions" in Ray job' in word for word in words)
