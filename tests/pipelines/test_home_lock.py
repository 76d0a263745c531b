"""A home is held by one process, and free when that ends."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipelines.home_lock import LOCK_FILE, HomeInUseError, hold_home

#: Holds the home, becomes another program as `learned-normal dev` does, and has a child.
HOLDER = """
import os, sys
from pathlib import Path
from pipelines.home_lock import hold_home
hold_home(Path(sys.argv[1]), Path(sys.argv[1]) / "dagster")
program = "import subprocess, sys;" \
    "child = subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL);" \
    "print(child.pid, flush=True); sys.stdin.read()"
os.execv(sys.executable, [sys.executable, "-c", program])
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    child = int(process.stdout.readline())
    yield process
    process.kill()
    process.communicate()
    os.kill(child, 9)


def test_a_home_that_is_held_is_refused_by_name_of_who_holds_it(tmp_path, holder):
    with pytest.raises(HomeInUseError, match=rf"process {holder.pid}\).*another --home"):
        hold_home(tmp_path, tmp_path / "dagster")
    assert (tmp_path / LOCK_FILE).read_text() == f"{holder.pid}\n"


def test_a_home_is_free_when_its_holder_was_killed_though_a_child_lives_on(tmp_path, holder):
    holder.kill()
    holder.wait()
    hold_home(tmp_path, tmp_path / "dagster")
    assert (tmp_path / LOCK_FILE).read_text() == f"{os.getpid()}\n"


def test_a_daemon_without_its_starter_is_refused_until_it_ends(tmp_path):
    """As after ``kill -9`` of ``dagster dev`` alone."""
    here = {**os.environ, "DAGSTER_HOME": str(tmp_path / "dagster")}
    words = [sys.executable, "-c", "print(flush=True); input()", "dagster._daemon", "run"]
    daemon = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=here)
    try:
        daemon.stdout.readline()
        with pytest.raises(HomeInUseError, match=rf"kill {daemon.pid}, .* another"):
            hold_home(tmp_path, tmp_path / "dagster")
        (tmp_path / "another").mkdir()
        hold_home(tmp_path / "another", tmp_path / "another" / "dagster")
    finally:
        daemon.kill()
        daemon.communicate()
    hold_home(tmp_path, tmp_path / "dagster")
