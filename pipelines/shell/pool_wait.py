"""A run of the shell that waits for a slot of a pool says so, and can be interrupted meanwhile.

Where Dagster runs the steps in this process its own wait says nothing, takes no interruption and
keeps a processor busy. Both storages of Dagster are asked for a slot by one method, until it is
given; that method is what waits here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._utils.concurrency import ConcurrencyClaimStatus
from dagster._utils.interrupts import pop_captured_interrupt
from tqdm import tqdm

from pipelines.shell.dead_runs import end_dead_runs

#: Shorter waits are not worth a line.
TELL_S = 5.0
#: Whoever holds the slot may be killed while somebody waits for it.
LOOK_S = 30.0
#: Between two questions for the slot.
ASK_S = 1.0
#: Nobody who interrupts notices it.
INTERRUPT_S = 0.1


@contextmanager
def told_while_waiting(instance: dg.DagsterInstance, *, in_process: bool) -> Iterator[None]:
    """Tell of waits for slots until the end of the block.

    Args:
        instance: whose pools they are.
        in_process: the steps run in this process; other executors wait, and are interrupted, well.
    """
    methods = vars(instance.event_log_storage)
    methods["claim_concurrency_slot"] = _Claims(instance, in_process)
    try:
        yield
    finally:
        del methods["claim_concurrency_slot"]


@dataclass
class _Wait:
    """How long a step has waited, and when the runs before it are looked at next."""

    since_s: float = field(default_factory=time.monotonic)
    look_s: float = 0.0
    is_told: bool = False


class _Claims:
    """Asks for slots as the storage does, and waits between two questions."""

    def __init__(self, instance: dg.DagsterInstance, in_process: bool) -> None:
        self._instance = instance
        self._in_process = in_process
        self._claim = instance.event_log_storage.claim_concurrency_slot
        self._waits: dict[tuple[str, str], _Wait] = {}

    def __call__(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int | None = None
    ) -> ConcurrencyClaimStatus:
        """As of Dagster's event log.

        Raises:
            DagsterExecutionInterruptedError: somebody interrupted the wait; Dagster takes the claim
                back and ends the run.
        """
        status = self._claim(concurrency_key, run_id, step_key, priority)
        if status.is_claimed:
            self._waits.pop((run_id, step_key), None)
            return status
        self._look(self._waits.setdefault((run_id, step_key), _Wait()), concurrency_key)
        if not self._in_process:
            return status
        _sleep(ASK_S)
        return status.with_sleep_interval(0.0)

    def _look(self, wait: _Wait, pool: str) -> None:
        now_s = time.monotonic()
        if now_s < wait.since_s + TELL_S or now_s < wait.look_s:
            return
        wait.look_s = now_s + LOOK_S
        end_dead_runs(self._instance)
        holders = self._holders(pool)
        if holders and not wait.is_told:
            tqdm.write(f"waiting for pool {pool}, held by {', '.join(holders)}", file=sys.stderr)
            wait.is_told = True

    def _holders(self, pool: str) -> list[str]:
        """Job, partition and run of each that holds a slot."""
        info = self._instance.event_log_storage.get_concurrency_info(pool)
        runs = [self._instance.get_run_by_id(run_id) for run_id in sorted(info.active_run_ids)]
        return [
            f"{run.job_name} {run.tags.get('dagster/partition', '')}".strip()
            + f" (run {run.run_id[:8]})"
            for run in runs
            if run
        ]


def _sleep(seconds: float) -> None:
    """Sleep; Dagster only notes an interruption while a run lasts, so look for the note."""
    over_s = time.monotonic() + seconds
    while time.monotonic() < over_s:
        if pop_captured_interrupt():
            raise DagsterExecutionInterruptedError
        time.sleep(INTERRUPT_S)
