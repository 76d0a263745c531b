"""Great Expectations in a process of its own: it loads while a stage works, and judges beside it.

Importing it takes some seconds of one core, and so do its verdicts on large tables. A stage of the
dataset keeps one core busy; this one takes another. The process is only a shortcut: whatever goes
wrong with it, the table is judged here, by the same function.
"""

from __future__ import annotations

import atexit
import gc
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dataset_build.expectations.expectations import Finding, validate_file

_log = logging.getLogger(__name__)


class ExpectationsProcess:
    """Judges tables in another process, one at a time; threads may ask together."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._one_at_a_time = threading.Lock()

    def start(self) -> None:
        """Begin to load, if it is not there yet; returns at once."""
        with self._one_at_a_time:
            self._start()

    def validate(self, file: Path, suite: str) -> list[Finding]:
        """``expectations.validate_file``; arguments and errors are the same."""
        with self._one_at_a_time:
            findings = self._answer(file, suite)
        return validate_file(file, suite) if findings is None else findings

    def stop(self) -> None:
        """End the process; it would also end with this one."""
        with self._one_at_a_time:
            child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()

    def _start(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[2],  # this code, whichever copy of it is installed
            )
        return self._child

    def _answer(self, file: Path, suite: str) -> list[Finding] | None:
        """None where there is no answer, so that the table has to be judged here."""
        asked = {"file": str(file.absolute()), "suite": suite}
        try:
            child = self._start()
            if child.stdin is None or child.stdout is None:
                return None
            child.stdin.write(json.dumps(asked) + "\n")
            child.stdin.flush()
            answer = json.loads(child.stdout.readline())
        except (OSError, ValueError) as error:
            _log.info("Great Expectations' own process is gone (%s): judged here", error)
            return None
        if "findings" not in answer:
            return None
        return [_from_json(**one) for one in answer["findings"]]


def _from_json(*, failing_sample_ids: list[str], **fields: Any) -> Finding:  # noqa: ANN401
    return Finding(failing_sample_ids=tuple(failing_sample_ids), **fields)


def answer_requests() -> None:
    """In the other process: one line of JSON for each on standard input, until that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks is interrupted, and this ends then
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    import great_expectations.expectations  # noqa: F401 - loads while nobody waits

    gc.freeze()  # what was loaded stays: each full collection would go through all of it
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            found = validate_file(Path(asked["file"]), asked["suite"])
            answer: dict[str, object] = {"findings": [asdict(finding) for finding in found]}
        except Exception as error:  # noqa: BLE001 - it is raised where the question came from
            answer = {"error": repr(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


#: The one of this process.
PROCESS = ExpectationsProcess()
atexit.register(PROCESS.stop)

if __name__ == "__main__":
    answer_requests()
