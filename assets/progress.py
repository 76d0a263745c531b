"""Progress of long stages: one log line per tenth in Dagster, but for stages that fly by."""

import time
from collections.abc import Callable

import dagster as dg

#: Two lines are at least this far apart: each one is a row in Dagster's database.
APART_S = 5.0


def log_progress(
    context: dg.AssetExecutionContext, *, clock_s: Callable[[], float] = time.monotonic
) -> Callable[[int, int], None]:
    """``progress(done, total)`` that logs whenever another tenth is done, ``APART_S`` apart."""
    last = {"tenth": 0.0, "logged_s": clock_s()}

    def progress(done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        now_s = clock_s()
        if tenth > last["tenth"] and now_s - last["logged_s"] >= APART_S:
            last.update(tenth=tenth, logged_s=now_s)
            context.log.info(
                f"{context.op_execution_context.op_def.name}: {done} of {total} ({10 * tenth} %)"
            )

    return progress
