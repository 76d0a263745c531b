"""What a run from the shell shows of its stages: their own lines, above the progress bar."""

from __future__ import annotations

import logging

import dagster as dg
from tqdm import tqdm


class _AboveTheBar(logging.Handler):
    """Writes each record on a line of its own without breaking a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {}) or {}
        words = str(meta.get("orig_message") or record.getMessage())
        tqdm.write(
            f"  {record.levelname.lower():8}{words}" if record.levelno > 20 else f"  {words}"
        )


@dg.logger(description="Lines of the stages, without Dagster's own events.")
def shell_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """Logger for runs from the shell: INFO and above, one short line each."""
    logger = logging.Logger("learned-normal", level=logging.INFO)
    logger.addHandler(_AboveTheBar())
    return logger
