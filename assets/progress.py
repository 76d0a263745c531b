"""Progress of long stages: one log line per tenth in Dagster."""

from collections.abc import Callable

import dagster as dg


def log_progress(context: dg.AssetExecutionContext) -> Callable[[int, int], None]:
    """``progress(done, total)`` that logs whenever another tenth is done."""
    logged = {"tenth": 0}

    def progress(done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth > logged["tenth"]:
            logged["tenth"] = tenth
            context.log.info(
                f"{context.op_execution_context.op_def.name}: {done} of {total} ({10 * tenth} %)"
            )

    return progress
