"""Runs from the shell: the same jobs that the daemon runs, one after the other, with progress."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.events import RunFailureReason
from dagster._core.execution.plan.objects import ErrorSource
from tqdm import tqdm

from pipelines.definitions import build_definitions
from pipelines.instance import open_instance
from pipelines.interrupts import interrupted_by_sigterm
from pipelines.run_workers import PROCESS_TAG, this_process
from pipelines.settings import Settings, load_settings
from pipelines.shell.dead_runs import end_dead_runs
from pipelines.shell.pool_wait import told_while_waiting
from pipelines.sqlite_storage import held_open

#: Stages' own lines instead of every event of Dagster.
QUIET = {"loggers": {"shell": {}}}
#: Errors that Dagster puts around a stage's own.
WRAPPERS = ("Dagster", "RetryRequested")


def spare_collections() -> None:
    """Look for garbage cycles less often; call it once everything is loaded.

    A million objects are loaded and stay: no collection has to look at them again. Tables of a run
    are rows without cycles: a collection every 700 of them finds nothing.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


class RunFailedError(RuntimeError):
    """A run did not succeed; the message holds the failing step's own words."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One run to come."""

    job: str
    partition: str | None = None
    tags: Mapping[str, str] | None = None

    @property
    def title(self) -> str:
        """Job and partition, for a progress bar."""
        return f"{self.job} {self.partition}" if self.partition else self.job


class Runner:
    """Runs jobs of one home against its Dagster instance."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance | None = None) -> None:
        self.settings = settings
        self.instance = instance or open_instance(settings)
        end_dead_runs(self.instance)
        self._definitions = build_definitions(settings)

    def add_camera(self, camera_id: str) -> None:
        """Make a camera's partitions known to Dagster."""
        self.instance.add_dynamic_partitions("camera", [camera_id])

    def run(self, planned: Planned) -> None:
        """Run one job to its end.

        Raises:
            RunFailedError: With the description of every step that failed.
        """
        if self.settings.executor == "in_process":
            self._run_here(planned)
        else:
            self._run_with_executor(planned)

    def run_all(
        self, plan: Sequence[Planned], *, keep_going: bool = False
    ) -> list[tuple[Planned, str]]:
        """Run a plan under a progress bar.

        Args:
            plan: Runs, in order.
            keep_going: Go on after a failed run.

        Returns:
            The runs that failed, with what they said; empty when all is well.

        Raises:
            RunFailedError: A run failed and ``keep_going`` is not set.
            KeyboardInterrupt: Somebody interrupted a run; none after it was begun.
        """
        failed: list[tuple[Planned, str]] = []
        with tqdm(plan, unit="run", dynamic_ncols=True) as bar, interrupted_by_sigterm():
            for number, planned in enumerate(bar):
                bar.set_description(planned.title)
                try:
                    self.run(planned)
                except RunFailedError as error:
                    if not keep_going:
                        raise
                    failed.append((planned, str(error)))
                except KeyboardInterrupt:
                    ended = f"{number} of {len(plan)} runs had ended"
                    tqdm.write(f"interrupted in {planned.title}; {ended}", file=sys.stderr)
                    raise
        return failed

    def _run_here(self, planned: Planned) -> None:
        job = self._definitions.resolve_job_def(planned.job)
        with held_open(), told_while_waiting(self.instance, in_process=True):
            result = job.execute_in_process(
                instance=self.instance,
                partition_key=planned.partition,
                tags={**(planned.tags or {}), PROCESS_TAG: this_process()},
                run_config=QUIET,
                raise_on_error=False,
            )
        _end(planned, result.all_events, success=result.success)

    def _run_with_executor(self, planned: Planned) -> None:
        job = dg.build_reconstructable_job(
            "pipelines.shell.runs", "reconstruct_job", reconstructable_args=(planned.job,)
        )
        tags = {**(planned.tags or {}), PROCESS_TAG: this_process()}
        definition = job.get_definition()
        if planned.partition is not None:
            tags |= definition.get_tags_for_partition_key(planned.partition, None)
        with told_while_waiting(self.instance, in_process=False):
            result = dg.execute_job(job, instance=self.instance, tags=tags, run_config=QUIET)
        with result:
            logged = (entry.dagster_event for entry in self.instance.all_logs(result.run_id))
            events = [event for event in logged if event]
            if not result.success:  # a process that was ended gives nothing back
                self.instance.event_log_storage.free_concurrency_slots_for_run(result.run_id)
        _end(planned, events, success=result.success)


def _end(planned: Planned, events: Sequence[Any], *, success: bool) -> None:
    """Tell how a run ended: by its warnings, or by what is raised."""
    if was_interrupted(events):
        raise KeyboardInterrupt
    if not success:
        raise RunFailedError(f"{planned.title}: {_reasons(events)}")
    _tell_warnings(events)


def was_interrupted(events: Sequence[Any]) -> bool:
    """Whether a step was, or the run before a step had begun; Dagster calls both failed."""
    return any(
        event.step_failure_data.error_source == ErrorSource.INTERRUPT
        if event.is_step_failure
        else event.event_type == dg.DagsterEventType.RUN_FAILURE
        and event.job_failure_data.failure_reason == RunFailureReason.UNEXPECTED_TERMINATION
        for event in events
    )


def reconstruct_job(name: str) -> dg.JobDefinition:
    """A job of this home, rebuilt in another process from the settings alone."""
    return build_definitions(load_settings()).resolve_job_def(name)


def _tell_warnings(events: Sequence[Any]) -> None:
    """Say which checks do not hold though the version was published: nobody opens the UI for it."""
    for event in events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.event_specific_data
            if not check.passed:
                asset = check.asset_key.to_user_string()
                tqdm.write(f"  warning {asset}: {check.check_name}: {check.description}")


def _reasons(events: Sequence[Any]) -> str:
    """Descriptions of failed steps; a stage's own message, not Dagster's wrapping of it."""
    found = []
    for event in events:
        if not event.is_step_failure:
            continue
        data = event.step_failure_data
        if data.user_failure_data and data.user_failure_data.description:
            words = data.user_failure_data.description
        else:
            error = data.error
            while error and error.cause and error.cls_name.startswith(WRAPPERS):
                error = error.cause
            words = error.message.strip() if error else "no reason recorded"
        found.append(f"[{event.step_key}] {words}")
    return "\n".join(found) or "no step failed; see Dagster's log of the run"
