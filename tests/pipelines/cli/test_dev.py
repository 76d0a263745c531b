"""``learned-normal dev``: Dagster over a home, once, until it is asked to end."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.pipelines.test_run_workers import free_port, until


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5):
            return True
    except (TimeoutError, urllib.error.URLError):
        return False


@pytest.mark.slow
def test_a_script_starts_it_once_in_the_background_and_ends_all_of_it(tmp_path):
    """A script's background commands ignore Ctrl-C, by which Dagster ends its services."""
    port = free_port()
    words = [Path(sys.executable).parent / "learned-normal", "dev", "--home", tmp_path]
    process = subprocess.Popen(
        [*words, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    first = psutil.Process(process.pid)
    try:
        until(lambda: answers(port))
        second = subprocess.run(
            [*words, "--port", str(free_port())], capture_output=True, text=True
        )
        assert (second.returncode, second.stdout) == (1, "")
        assert f"running over {tmp_path} already (process {process.pid})" in second.stderr
        services = first.children(recursive=True)
        assert len(services) >= 3
        process.terminate()
        process.wait(timeout=60)
        _, left = psutil.wait_procs(services, timeout=60)
        assert left == []
    finally:
        for one in [*first.children(recursive=True), first] if first.is_running() else []:
            one.kill()
