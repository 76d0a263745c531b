"""Where steps run, and the guard that keeps two of them off one GPU."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from pipelines.settings import PREFIX

logger = logging.getLogger(__name__)
POLL_S = 0.5


def executor_of(name: str, home: Path) -> dg.ExecutorDefinition:
    """Dagster executor for the setting ``executor``.

    ``ray`` makes each step one Ray job; what a step asks for (CPUs, a fraction of a GPU) stands
    in its ``dagster-ray/config`` tag. A Ray job has the environment of its node, not of the run:
    it is told the home, which every node must see, and the settings given in the environment.
    Ray is imported only when asked for.
    """
    if name == "in_process":
        return dg.in_process_executor
    if name == "multiprocess":
        return dg.multiprocess_executor
    if name == "ray":
        from dagster_ray import ray_executor

        given = [key for key in os.environ if key.startswith(PREFIX) and key != PREFIX + "HOME"]
        told = {"env_vars": [f"{PREFIX}HOME={home}", *sorted(given)]}
        return ray_executor.configured({"ray": told}, name="ray")
    raise ValueError(f"executor = {name!r}; expected in_process, multiprocess or ray")


class GpuSlots:
    """At most ``slots`` GPU steps at a time on this machine, by kernel file locks.

    Dagster's pool ``gpu`` is the first guard; this is the second, because a multi-run backfill
    has been seen to pass the pool (dagster issue 31936). A lock dies with its process.
    """

    def __init__(self, folder: Path, *, slots: int, device: str) -> None:
        if device not in ("auto", "cpu", "cuda"):
            raise ValueError(f"device = {device!r}; expected auto, cpu or cuda")
        self._folder = folder
        self._slots = slots
        self._wanted = device

    @property
    def device(self) -> str:
        """``cuda`` where wanted and present, else ``cpu``."""
        if self._wanted == "cpu":
            return "cpu"
        import torch

        present = torch.cuda.is_available()
        if self._wanted == "cuda" and not present:
            raise RuntimeError("device = cuda, but torch sees no CUDA device; set device: auto")
        return "cuda" if present else "cpu"

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold a slot until the block ends, waiting for a free one; on a CPU there are none."""
        if self.device == "cpu":
            yield
            return
        with self.locked():
            yield

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait for a free lock and hold it until the block ends."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = self._acquire()
        try:
            yield
        finally:
            lock.release()

    def _acquire(self) -> FileLock:
        locks = [FileLock(self._folder / f"gpu-{n}.lock") for n in range(self._slots)]
        told = False
        while True:
            for lock in locks:
                try:
                    lock.acquire(timeout=POLL_S / len(locks))
                except Timeout:
                    continue
                return lock
            if not told:
                logger.info("waiting for one of %d GPU slots in %s", self._slots, self._folder)
                told = True
