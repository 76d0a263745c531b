"""Runs from the shell: reasons of failures, a full disk, retries, another executor."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from assets.partitions import camera_day_key
from pipelines.automation.jobs import CAMERA_ASSETS
from pipelines.settings import save_settings
from pipelines.shell.runs import Planned, RunFailedError, Runner, _tell_warnings
from pipelines.storage.local import LocalFiles

DAY = "2026-01-05"
ROOT = Path(__file__).resolve().parents[3]


class FullDisk:
    """A disk on which installing a version of one asset fails for some tries."""

    def __init__(self, monkeypatch, asset: str, tries: int) -> None:
        self.left = tries
        install = LocalFiles.install

        def install_or_fail(files, draft, folder, record):
            if folder.startswith(f"{asset}/") and self.left > 0:
                self.left -= 1
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            install(files, draft, folder, record)

        monkeypatch.setattr(LocalFiles, "install", install_or_fail)


def test_a_check_that_only_warns_is_told_at_the_shell(capsys):
    @dg.asset(check_specs=[dg.AssetCheckSpec(name, asset="scan") for name in ("fine", "odd")])
    def scan():
        yield dg.MaterializeResult()
        for name, seen in (("fine", "all well"), ("odd", "7 of 29 unreadable")):
            yield dg.AssetCheckResult(
                check_name=name,
                passed=name == "fine",
                severity=dg.AssetCheckSeverity.WARN,
                description=seen,
            )

    _tell_warnings(dg.materialize([scan]).all_events)
    assert capsys.readouterr().out == "  warning scan: odd: 7 of 29 unreadable\n"


def test_full_disk_fails_the_step_with_that_reason_and_a_retry_continues(
    tiny, run_day, monkeypatch
):
    tiny.film("door", f"{DAY}T08-00-00.mp4")
    run_day("door", DAY)
    before = tiny.current()
    assert set(before) == {f"{asset}/door/{DAY}" for asset in CAMERA_ASSETS}

    tiny.film("door", f"{DAY}T09-00-00.mp4", seed=1)
    disk = FullDisk(monkeypatch, "activity_counts", tries=99)
    with pytest.raises(RunFailedError, match=r"\[activity_counts\].*the disk is full") as caught:
        run_day("door", DAY)
    assert "What was current still is" in str(caught.value)
    assert disk.left == 99 - 3, "a full disk is worth two more tries"
    after = tiny.current()
    untouched = ("activity_counts", "learned_normal", "anomalies", "camera_report")
    for asset in untouched:
        assert after[f"{asset}/door/{DAY}"] == before[f"{asset}/door/{DAY}"]

    disk.left = 0
    run_day("door", DAY)
    mended = tiny.current()
    assert mended[f"activity_counts/door/{DAY}"] != before[f"activity_counts/door/{DAY}"]
    assert mended[f"label_maps/door/{DAY}"] == after[f"label_maps/door/{DAY}"]


def test_a_disk_that_has_room_again_is_not_noticed(tiny, run_day, monkeypatch):
    tiny.film("door", f"{DAY}T08-00-00.mp4", seconds=2)
    disk = FullDisk(monkeypatch, "label_maps", tries=1)
    run_day("door", DAY)
    assert disk.left == 0
    assert len(tiny.current()) == len(CAMERA_ASSETS)


def test_a_day_without_footage_says_so_and_is_not_tried_again(tiny, run_day):
    tiny.film("door", f"{DAY}T08-00-00.mp4", seconds=1)
    with pytest.raises(RunFailedError, match=r"\[footage_pass\].*2026-01-09"):
        run_day("door", "2026-01-09")
    assert tiny.current() == {}


def test_a_camera_that_is_not_there_is_named(tiny, run_day):
    with pytest.raises(RunFailedError, match=r"\[footage_pass\].*ghost"):
        run_day("ghost", DAY)


def test_broken_files_leave_a_warning_and_the_rest_is_used(tiny, run_day):
    good = tiny.film("door", f"{DAY}T08-00-00.mp4")
    folder = good.parent
    (folder / f"{DAY}T09-00-00.mp4").write_bytes(b"")
    (folder / f"{DAY}T10-00-00.mp4").write_text("a text file")
    cut = folder / f"{DAY}T11-00-00.mp4"
    cut.write_bytes(good.read_bytes()[:200])
    run_day("door", DAY)
    index = tiny.store.path(tiny.store.require("frame_index", f"door/{DAY}"))
    faults = pq.read_table(index / "faults.parquet").to_pylist()
    assert {row["file"].removeprefix(f"{DAY}T") for row in faults} == {
        "09-00-00.mp4",
        "10-00-00.mp4",
        "11-00-00.mp4",
    }
    assert all(row["reason"] and row["start_utc"] for row in faults)
    with dg.DagsterInstance.get() as instance:
        key = dg.AssetCheckKey(dg.AssetKey("frame_index"), "footage_is_readable")
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, 1)
    evaluation = record.event.dagster_event.asset_check_evaluation_data
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "a text file" not in evaluation.metadata["faults"].value


def test_run_all_goes_on_after_a_failure_if_told_to(tiny):
    tiny.film("door", f"{DAY}T08-00-00.mp4", seconds=2)
    runner = Runner(tiny.settings)
    runner.add_camera("door")
    plan = [
        Planned(job="camera_job", partition=camera_day_key("door", day))
        for day in ("2026-01-04", DAY)
    ]
    failed = runner.run_all(plan, keep_going=True)
    assert [planned.partition for planned, _ in failed] == [camera_day_key("door", "2026-01-04")]
    assert "2026-01-04" in failed[0][1]
    assert tiny.store.current("camera_report", f"door/{DAY}")
    with pytest.raises(RunFailedError):
        runner.run_all(plan)
    runner.instance.dispose()


INTERRUPTED = """
import signal
from pathlib import Path
from pipelines.settings import load_settings
from pipelines.shell.runs import Planned, Runner
from pipelines.storage.local import LocalFiles

install = LocalFiles.install

def install_or_end(files, draft, folder, record):
    if folder.startswith("label_maps/"):
        print("tried", flush=True)
        signal.raise_signal(signal.{sent})
    install(files, draft, folder, record)

LocalFiles.install = install_or_end
runner = Runner(load_settings(Path({home!r})))
runner.add_camera("door")
plan = [Planned(job="camera_job", partition=key) for key in {keys!r}]
try:
    runner.run_all(plan, keep_going=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM"])
def test_an_interrupted_run_is_not_tried_again_nor_is_the_next_one_begun(tiny, sent):
    """In a process of its own, whose signals nobody else takes."""
    for day in (DAY, "2026-01-06"):
        tiny.film("door", f"{day}T08-00-00.mp4", seconds=2)
    save_settings(tiny.settings)
    keys = [camera_day_key("door", day) for day in (DAY, "2026-01-06")]
    code = INTERRUPTED.format(sent=sent, home=str(tiny.settings.home), keys=keys)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if line in ("tried", "interrupted")]
    assert said == ["tried", "interrupted"], done.stderr
    assert "0 of 2 runs had ended" in done.stderr
    assert tiny.store.current("label_maps", f"door/{DAY}") is None
    assert tiny.store.current("frame_index", "door/2026-01-06") is None


@pytest.mark.slow
def test_steps_in_processes_of_their_own_are_interrupted_while_they_start(tiny, capsys):
    for day in (DAY, "2026-01-06"):
        tiny.film("door", f"{day}T08-00-00.mp4", seconds=2)
    settings = replace(tiny.settings, executor="multiprocess")
    save_settings(settings)
    runner = Runner(settings)
    runner.add_camera("door")
    keys = [camera_day_key("door", day) for day in (DAY, "2026-01-06")]
    plan = [Planned(job="camera_job", partition=key) for key in keys]
    timer = threading.Timer(4, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        runner.run_all(plan, keep_going=True)
    timer.cancel()
    assert "0 of 2 runs had ended" in capsys.readouterr().err
    storage = runner.instance.event_log_storage
    infos = [storage.get_concurrency_info(key) for key in storage.get_concurrency_keys()]
    assert [info.claimed_slots for info in infos] == [[] for _ in infos]
    runner.instance.dispose()


def test_a_camera_day_made_again_is_the_same_whatever_was_there_before(tiny, run_day):
    """The page is written before the video, but the second time after the first one's."""
    tiny.film("door", f"{DAY}T08-00-00.mp4", seconds=2)
    run_day("door", DAY)
    first = tiny.current()
    run_day("door", DAY)
    assert tiny.current() == first


ELSEWHERE = """
from pathlib import Path
import cv2
import pytest
from pipelines.settings import load_settings
from pipelines.shell.runs import Planned, Runner
from tests.factories_pictures import draw_coarsely

cv2.setNumThreads(3)
draw_coarsely(pytest.MonkeyPatch())
Runner(load_settings(Path({home!r}))).run(Planned(job="camera_job", partition={key!r}))
"""


def test_the_same_camera_day_in_another_process(tiny, run_day):
    """With other hashes of text and more threads; pictures as coarse as in this process."""
    tiny.film("door", f"{DAY}T08-00-00.mp4", seconds=2)
    run_day("door", DAY)
    here = tiny.current()
    settings = replace(tiny.settings, store_root=str(tiny.settings.home / "other"))
    save_settings(settings)
    code = ELSEWHERE.format(home=str(settings.home), key=camera_day_key("door", DAY))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert type(tiny)(settings).current() == here


@pytest.mark.slow
def test_the_same_camera_day_in_processes_of_its_own(tiny, run_day, fine_pictures):
    """Each rebuilds the definitions from the home's settings; no patch of pictures gets there."""
    tiny.film("door", f"{DAY}T08-00-00.mp4", seconds=2)
    run_day("door", DAY)
    here = tiny.current()
    settings = replace(
        tiny.settings, executor="multiprocess", store_root=str(tiny.settings.home / "other")
    )
    save_settings(settings)
    runner = Runner(settings)
    runner.run(
        Planned(
            job="camera_job", partition=camera_day_key("door", DAY), tags={"from": "multiprocess"}
        )
    )
    other = type(tiny)(settings).current()
    assert other == here
    (run,) = runner.instance.get_runs(dg.RunsFilter(tags={"from": "multiprocess"}))
    assert run.tags["dagster/partition/camera"] == "door"
    processes = {
        entry.dagster_event.logging_tags.get("pid")
        for entry in runner.instance.all_logs(run.run_id)
        if entry.dagster_event and entry.dagster_event.is_step_start
    }
    assert str(os.getpid()) not in processes
    runner.instance.dispose()
