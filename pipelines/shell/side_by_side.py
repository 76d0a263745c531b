"""Runs of several cameras side by side: each camera's in order, in a few processes for all."""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stdout
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from threading import Thread

import cv2
from tqdm import tqdm

from dataset_build.scan.sample_reader import cores
from pipelines.settings import Settings
from pipelines.shell.runs import Planned, RunFailedError, Runner, spare_collections

#: A camera-day keeps a core busy and takes about 1 GB at 640 x 360; more are for a cluster.
MOST_PROCESSES = 2


@dataclass(frozen=True)
class _Ended:
    """A run that came to its end: what it said, and why it failed; "" where it did not."""

    said: str
    failed: str


def run_side_by_side(
    settings: Settings, plans: Sequence[Sequence[Planned]], *, keep_going: bool = False
) -> list[tuple[Planned, str]]:
    """Run plans that do not need each other, under one progress bar.

    With one plan, one core, or an executor that starts processes itself, they run here, one after
    the other.

    Args:
        settings: of the home.
        plans: each in its order; the next run goes to the plan of which most is left.
        keep_going: go on after a failed run.

    Returns:
        The runs that failed, with what they said; empty when all is well.

    Raises:
        RunFailedError: A run failed and ``keep_going`` is not set, or a process was killed; those
            under way are waited for, and what had failed before is said too.
    """
    waiting = [deque(plan) for plan in plans if plan]
    processes = min(MOST_PROCESSES, cores(), len(waiting))
    if processes < 2 or settings.executor != "in_process":
        one_by_one = [planned for plan in waiting for planned in plan]
        return Runner(settings).run_all(one_by_one, keep_going=keep_going)
    failed: list[tuple[Planned, str]] = []
    with (
        ProcessPoolExecutor(
            processes,
            mp_context=get_context("spawn"),  # threads of this process do not survive a fork
            initializer=_open,
            initargs=(settings, cores() // processes),
        ) as pool,
        tqdm(total=sum(map(len, waiting)), unit="run", dynamic_ncols=True) as bar,
    ):
        try:
            for planned, ended in _as_they_end(pool, waiting, processes, bar):
                bar.write(f"{planned.title}\n{ended.said}" if ended.said else "", end="")
                bar.update()
                if ended.failed and not keep_going:
                    raise RunFailedError(ended.failed)
                if ended.failed:
                    failed.append((planned, ended.failed))
        except RunFailedError as error:
            before = "".join(f"\nfailed before it: {one.title}: {why}" for one, why in failed)
            raise RunFailedError(f"{error}{before}") from error
    return failed


def _as_they_end(
    pool: ProcessPoolExecutor, waiting: list[deque[Planned]], processes: int, bar: tqdm
) -> Iterator[tuple[Planned, _Ended]]:
    """Runs as they end; the next of a plan is begun after the one before it."""
    running: dict[Future[_Ended], tuple[Planned, deque[Planned]]] = {}
    while waiting or running:
        waiting.sort(key=len)
        while waiting and len(running) < processes:
            plan = waiting.pop()
            planned = plan.popleft()
            running[_begun(pool, planned)] = (planned, plan)
        bar.set_description(", ".join(planned.title for planned, _ in running.values()))
        for done in wait(running, return_when=FIRST_COMPLETED).done:
            planned, plan = running.pop(done)
            yield planned, _ended(done, planned)
            if plan:
                waiting.append(plan)


def _begun(pool: ProcessPoolExecutor, planned: Planned) -> Future[_Ended]:
    try:
        return pool.submit(_run, planned)
    except BrokenProcessPool as error:  # the other process ended since a run was waited for
        raise _killed(planned) from error


def _ended(done: Future[_Ended], planned: Planned) -> _Ended:
    try:
        return done.result()
    except BrokenProcessPool as error:
        raise _killed(planned) from error


def _killed(planned: Planned) -> RunFailedError:
    return RunFailedError(
        f"{planned.title}: a process that ran it or another one beside it was killed; where"
        " memory is short, run one camera at a time: learned-normal cameras backfill"
    )


#: The runner of a worker process, made once: it loads all definitions.
_runners: list[Runner] = []


def end_with_parent() -> None:
    """Let this worker process end when the one that started it does, also where that was killed.

    It would wait for its next run for ever.
    """
    parent = parent_process()
    if parent is not None:
        Thread(target=_wait_and_end, args=(parent.sentinel,), daemon=True).start()


def _wait_and_end(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _open(settings: Settings, threads: int) -> None:
    end_with_parent()
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read when torch is loaded, which is later
    cv2.setNumThreads(threads)
    _runners.append(Runner(settings))
    spare_collections()


def _run(planned: Planned) -> _Ended:
    """One run in a worker; its lines would tear the bar of the other process."""
    said = io.StringIO()
    with redirect_stdout(said):
        try:
            _runners[0].run(planned)
        except RunFailedError as error:
            return _Ended(said.getvalue(), str(error))
    return _Ended(said.getvalue(), "")
