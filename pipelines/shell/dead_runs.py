"""Runs whose process was killed are failed, so that nothing waits for what they hold."""

from __future__ import annotations

import dagster as dg

from pipelines.run_workers import is_gone


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs of this place as failed whose process has ended; returns their ids.

    A process that is killed leaves its run started and its slot of the pool ``gpu`` taken. The
    daemon frees such slots in time; without one, every later GPU step would wait for ever.
    """
    ended = []
    unfinished = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)):
        if not is_gone(instance, run):
            continue
        seen = instance.get_run_by_id(run.run_id)
        if seen is None or seen.is_finished:  # it came to its end meanwhile
            continue
        instance.report_run_failed(run, "the process that ran it has ended")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        ended.append(run.run_id)
    _free_slots_of_ended_runs(instance)
    return ended


def _free_slots_of_ended_runs(instance: dg.DagsterInstance) -> None:
    """Give back the slots of pools that steps of ended runs still hold."""
    storage = instance.event_log_storage
    for info in storage.get_concurrency_infos(sorted(storage.get_concurrency_keys())).values():
        for run_id in info.active_run_ids:
            run = instance.get_run_by_id(run_id)
            if run is None or run.is_finished:
                storage.free_concurrency_slots_for_run(run_id)
