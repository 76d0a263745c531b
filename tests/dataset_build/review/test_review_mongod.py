"""A database that answers is found, whatever a killed process left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dataset_build.review import review_mongod
from dataset_build.review.review_mongod import database_port

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def machine(monkeypatch):
    """What happens on a machine, step by step; every list is used up from its beginning."""
    steps: dict[str, list] = {"orphan": [], "service": [], "holds": [], "answers": []}

    def next_of(name, default):
        return lambda *_: steps[name].pop(0) if steps[name] else default

    monkeypatch.setattr(review_mongod, "_port_of_orphan", next_of("orphan", None))
    monkeypatch.setattr(review_mongod, "_port_of_service", next_of("service", None))
    monkeypatch.setattr(review_mongod, "_servers", next_of("holds", []))
    monkeypatch.setattr(review_mongod, "_answers", next_of("answers", True))
    monkeypatch.setattr(review_mongod, "_LOOK_EVERY_S", 0.0)
    return steps


def test_a_service_is_joined_or_started(machine):
    machine["service"] = [7001]
    assert database_port("/db") == 7001


def test_a_database_that_outlived_its_service_is_taken_over(machine):
    machine |= {"orphan": [7002], "service": [7001]}
    assert database_port("/db") == 7002
    assert machine["service"] == [7001]  # none was started: it could not have the lock


def test_one_that_still_shuts_down_is_waited_for(machine):
    machine |= {"service": [None] * 9 + [7001], "holds": [["it"]] * 9}
    assert database_port("/db") == 7001


def test_one_that_does_not_answer_is_not_taken(machine):
    machine |= {"service": [7001, 7003], "answers": [False, True]}
    assert database_port("/db") == 7003


def test_one_that_ends_again_and_again_is_an_error_that_names_its_log(machine):
    machine["service"] = [None] * 3
    with pytest.raises(ConnectionError, match=r"does not start; its log is /db/log/mongo\.log"):
        database_port("/db")


def review_in(folder: Path) -> subprocess.Popen[str]:
    """A process that adds a sample, says how many there are, and stays until its input ends."""
    command = [sys.executable, "-m", "tests.dataset_build.review.walk_review_mongod", str(folder)]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def told_by(process: subprocess.Popen[str]) -> dict[str, int]:
    """Samples, and the process ids of service and database."""
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


@pytest.mark.slow
@pytest.mark.timeout(1_500)  # three starts, each of minutes where the machine is busy
@pytest.mark.parametrize("killed", [["database"], ["service"], ["itself", "database"], ["itself"]])
def test_a_review_goes_on_after_a_kill(tmp_path, killed):
    with review_in(tmp_path) as first:
        seen = told_by(first)
        assert seen["samples"] == 1
        for name in killed:
            os.kill({"itself": first.pid, **seen}[name], signal.SIGKILL)
        with review_in(tmp_path) as second:
            again = told_by(second)
            second.communicate()
        with review_in(tmp_path) as third:
            assert told_by(third)["samples"] == again["samples"] + 1
            third.communicate()
            third.wait()
        if "itself" not in killed:
            first.communicate()
    assert again["samples"] == 2
    if killed == ["service"]:
        assert again["database"] == seen["database"]
        os.kill(seen["database"], signal.SIGTERM)  # taken over; nobody else ends it
