"""Great Expectations in another process: the same verdicts, with it and without it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from dataset_build.expectations.expectations import validate
from dataset_build.expectations.expectations_process import ExpectationsProcess
from tests.dataset_build.expectations.broken_tables import GOOD, samples_with
from tests.dataset_build.factories_ledger import sample

# Great Expectations leaves its ephemeral context's temporary folders to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SUITE = "source_samples"


@pytest.fixture(scope="module")
def apart() -> Iterator[ExpectationsProcess]:
    process = ExpectationsProcess()
    process.start()
    yield process
    process.stop()


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    table = samples_with(sample("x", luma_mean=300.0), sample("y"))
    pq.write_table(table, tmp_path / "broken.parquet")
    return tmp_path / "broken.parquet"


def child_of(process: ExpectationsProcess) -> int:
    assert process._child is not None
    return process._child.pid


def test_verdicts_are_those_of_this_process(apart: ExpectationsProcess, broken: Path, tmp_path):
    before = child_of(apart)
    findings = apart.validate(broken, SUITE)
    assert findings == validate(pq.read_table(broken), SUITE)
    assert [one.column for one in findings if not one.passed] == ["luma_mean"]
    pq.write_table(GOOD[SUITE](), tmp_path / "good.parquet")
    assert all(one.passed for one in apart.validate(tmp_path / "good.parquet", SUITE))
    assert child_of(apart) == before  # it answered, and it answered twice


def test_errors_are_those_of_this_process(apart: ExpectationsProcess, broken: Path):
    with pytest.raises(ValueError, match="no suite named 'x'"):
        apart.validate(broken, "x")
    with pytest.raises(FileNotFoundError):
        apart.validate(broken.with_name("gone.parquet"), SUITE)
    assert len(apart.validate(broken, SUITE)) > 20  # and it goes on


def test_a_killed_process_is_no_loss(apart: ExpectationsProcess, broken: Path):
    before = child_of(apart)
    psutil.Process(before).kill()
    assert apart.validate(broken, SUITE) == validate(pq.read_table(broken), SUITE)
    apart.start()
    assert child_of(apart) != before
    assert apart.validate(broken, SUITE)[0].passed


def test_it_does_not_outlive_whoever_started_it(tmp_path: Path):
    script = (
        "import os, signal\n"
        "from dataset_build.expectations.expectations_process import PROCESS\n"
        "PROCESS.start()\n"
        "print(PROCESS._child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    child = int(said.stdout)
    for _ in range(300):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie":
            return
        time.sleep(0.1)
    raise AssertionError(f"process {child} is still there")
