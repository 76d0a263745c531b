"""What a trigger asked for is run again where it was ended from outside; nothing else is."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.storage.tags import ROOT_RUN_ID_TAG
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import should_retry

from pipelines.automation.schedules import AGAIN_TAGS
from pipelines.instance import open_instance
from pipelines.run_workers import PROCESS_TAG, this_process
from pipelines.settings import Settings


@dg.job
def looking():
    """Nothing; a run of it is only told of here."""


@pytest.fixture
def instance(tmp_path, monkeypatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("LEARNED_NORMAL_HOME", str(tmp_path))
    with open_instance(Settings(home=tmp_path)) as opened:
        yield opened


def failed(
    instance: dg.DagsterInstance,
    tags: dict[str, str],
    reason: RunFailureReason | None,
    after: dg.DagsterRun | None = None,
) -> dg.DagsterRun:
    """A run that failed, as the first try or as the next one after another."""
    first = (after.root_run_id or after.run_id) if after else None
    run = instance.create_run_for_job(
        looking,
        tags={**tags, ROOT_RUN_ID_TAG: first} if first else tags,
        status=dg.DagsterRunStatus.STARTED,
        root_run_id=first,
        parent_run_id=after.run_id if after else None,
    )
    why = JobFailureData(error=None, failure_reason=reason) if reason else None
    instance.report_run_failed(run, "it failed", why)
    return instance.get_run_by_id(run.run_id)


@pytest.mark.parametrize("reason", [RunFailureReason.UNEXPECTED_TERMINATION, None])
def test_a_run_that_was_ended_from_outside_is_run_again_a_few_times(instance, reason):
    run = failed(instance, AGAIN_TAGS, reason)
    for _ in range(3):
        assert should_retry(run, instance)
        run = failed(instance, AGAIN_TAGS, reason, after=run)
    assert not should_retry(run, instance)


def test_a_stage_that_failed_of_itself_is_not_run_again(instance):
    assert not should_retry(failed(instance, AGAIN_TAGS, RunFailureReason.STEP_FAILURE), instance)


def test_a_run_of_the_shell_is_not_run_again_behind_its_back(instance):
    mine = {PROCESS_TAG: this_process()}
    run = failed(instance, mine, RunFailureReason.UNEXPECTED_TERMINATION)
    assert not should_retry(run, instance)
