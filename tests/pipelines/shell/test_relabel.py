"""A new champion: what it did not label is shown, and labelled again in bounded batches."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from assets.partitions import camera_day_key
from camera_analysis.labelling.labels import NO_SEGMENTER, read_labels_meta
from pipelines.automation.champion_sensor import champion_sensor
from pipelines.automation.stale_days import by_day, stale_days
from pipelines.cli.command import main
from pipelines.definitions import build_definitions
from pipelines.settings import SettingsError
from pipelines.shell.relabel import find_stale
from pipelines.shell.runs import Planned, Runner
from segmentation.config import ModelConfig
from segmentation.model_folder import weights_digest
from tests.segmentation.factories_model import write_untrained

DAYS = ("2026-01-05", "2026-01-06")
KEYS = ["door/2026-01-05", "hall/2026-01-05", "door/2026-01-06"]

pytestmark = pytest.mark.filterwarnings("ignore:Non-compliant tag keys:DeprecationWarning")


def promote(home, scratch: Path, *, bias: float, card: str = "best") -> str:
    """Publish a champion; another ``bias`` is another network, another ``card`` is not."""
    model = write_untrained(scratch / f"{bias}-{card}", ModelConfig(width=2), bias=bias)
    (model / "champion.json").write_text(f'{{"why": "{card}"}}')
    with home.store.draft("champion_model") as draft:
        shutil.copytree(model, draft, dirs_exist_ok=True)
        version = home.store.seal(draft, "champion_model", code_version="1", inputs=(), config={})
    home.store.publish(version)
    return weights_digest(model)


@pytest.fixture(scope="module")
def labelled_home(shared_home) -> Path:
    """Two cameras whose days were labelled before there was a champion."""
    runner = Runner(shared_home.settings)
    for key in KEYS:
        camera, day = key.split("/")
        shared_home.film(camera, f"{day}T08-00-00.mp4", seconds=2)
        runner.add_camera(camera)
        runner.run(Planned(job="camera_job", partition=camera_day_key(camera, day)))
    runner.instance.dispose()
    return shared_home.settings.home


@pytest.fixture
def labelled(tiny, labelled_home):
    """A home of its own for each test."""
    shutil.copytree(labelled_home, tiny.settings.home, dirs_exist_ok=True)
    return tiny


def segmenter_of(home, key: str) -> str:
    folder = home.store.path(home.store.require("label_maps", key))
    return read_labels_meta(folder).segmenter.split("+")[0]


def keys_of(requests) -> list[str]:
    keys = [request.partition_key.keys_by_dimension for request in requests]
    return [f"{key['camera']}/{key['day']}" for key in keys]


class Daemon:
    """What Dagster's daemon does: ticks of the sensor, and the runs that it asked for."""

    def __init__(self, settings) -> None:
        self.settings = settings
        self.runner = Runner(settings)
        self.definitions = build_definitions(settings)
        self.sensor = champion_sensor(settings)
        self.cursor: str | None = None

    def tick(self) -> dg.SensorResult:
        context = dg.build_sensor_context(
            instance=self.runner.instance, cursor=self.cursor, definitions=self.definitions
        )
        with context:
            result = self.sensor(context)
        self.cursor = result.cursor
        return result

    def run(self, requests) -> None:
        for request in requests:
            self.runner.run(
                Planned(job="camera_job", partition=request.partition_key, tags=request.tags)
            )


def test_a_new_champion_labels_all_camera_days_again_in_batches(labelled, tmp_path):
    settings = replace(labelled.settings, relabel_batch=2)
    daemon = Daemon(settings)
    assert "no champion yet" in daemon.tick().skip_reason.skip_message
    weights = promote(labelled, tmp_path, bias=-3.0)
    assert stale_days(labelled.store) == KEYS
    assert [segmenter_of(labelled, key) for key in KEYS] == [NO_SEGMENTER] * 3

    first = daemon.tick()
    assert keys_of(first.run_requests) == KEYS[:2]
    assert {request.tags["dagster/priority"] for request in first.run_requests} == {"-1"}
    daemon.run(first.run_requests)
    assert stale_days(labelled.store) == KEYS[2:]

    second = daemon.tick()
    assert keys_of(second.run_requests) == KEYS[2:]
    daemon.run(second.run_requests)
    assert stale_days(labelled.store) == []
    assert [segmenter_of(labelled, key) for key in KEYS] == [weights] * 3

    assert not daemon.tick().run_requests  # the second round finds nothing
    assert f"gone through for champion {weights[:12]}" in daemon.tick().skip_reason.skip_message
    promote(labelled, tmp_path, bias=-4.0)
    assert keys_of(daemon.tick().run_requests) == KEYS[:2]


def test_the_same_weights_with_another_card_make_nothing_stale(labelled, tmp_path, run_day):
    promote(labelled, tmp_path, bias=-3.0)
    run_day("door", DAYS[0])
    before = labelled.store.require("champion_model")
    promote(labelled, tmp_path, bias=-3.0, card="kept after another look")
    assert labelled.store.require("champion_model") != before
    assert stale_days(labelled.store) == KEYS[1:]


def test_what_fails_is_asked_for_once_more_and_then_left(labelled, tmp_path):
    promote(labelled, tmp_path, bias=-3.0)
    daemon = Daemon(replace(labelled.settings, relabel_batch=2))
    asked = [keys_of(daemon.tick().run_requests) for _ in range(7)]  # and nothing is run
    assert [one for one in asked if one] == [KEYS[:2], KEYS[2:]] * 2
    assert "gone through" in daemon.tick().skip_reason.skip_message


def test_runs_that_wait_count_against_the_batch(labelled, tmp_path):
    promote(labelled, tmp_path, bias=-3.0)
    daemon = Daemon(replace(labelled.settings, relabel_batch=1))
    (request,) = daemon.tick().run_requests
    run = daemon.runner.instance.create_run_for_job(
        daemon.definitions.resolve_job_def("camera_job"),
        tags=dict(request.tags),
        status=dg.DagsterRunStatus.STARTED,
    )
    assert "1 stale camera-days are queued" in daemon.tick().skip_reason.skip_message
    daemon.runner.instance.report_run_failed(run, "ended")
    assert keys_of(daemon.tick().run_requests) == KEYS[1:2]


def test_days_whose_footage_is_gone_are_left_as_they_are(labelled, tmp_path):
    promote(labelled, tmp_path, bias=-3.0)
    (labelled.settings.footage / "door" / f"{DAYS[0]}T08-00-00.mp4").unlink()
    stale = find_stale(labelled.settings)
    assert (list(stale.days), list(stale.gone)) == (KEYS[1:], KEYS[:1])
    daemon = Daemon(labelled.settings)
    assert keys_of(daemon.tick().run_requests) == KEYS[1:]


def test_the_sensor_is_turned_off_by_a_batch_of_none(labelled, tmp_path):
    promote(labelled, tmp_path, bias=-3.0)
    daemon = Daemon(replace(labelled.settings, relabel_batch=0))
    assert "cameras relabel" in daemon.tick().skip_reason.skip_message
    with pytest.raises(SettingsError, match="relabel_batch = -1"):
        replace(labelled.settings, relabel_batch=-1)


def test_the_command_lists_what_is_stale_and_labels_it_bounded(labelled, tmp_path):
    def call(*words: str, code: int = 0) -> str:
        command = ["cameras", "relabel", *words, "--home", str(labelled.settings.home)]
        result = CliRunner().invoke(main, command)
        assert result.exit_code == code, result.output
        return result.output

    assert "no champion yet" in call("--list", code=1)
    promote(labelled, tmp_path, bias=-3.0)
    (labelled.settings.footage / "hall" / f"{DAYS[0]}T08-00-00.mp4").unlink()
    assert call("--list").splitlines() == [
        "door                    2 stale days  2026-01-05 to 2026-01-06",
        "hall                    0 stale days    1 more without footage",
        "2 camera-days were labelled by another champion, and 1 more whose footage is gone",
    ]
    assert "0 camera-days" in call("--list", "--from", "2026-01-07")
    assert "1 camera-days labelled again, 1 left, 0 failed" in call("door", "--at-most", "1")
    assert stale_days(labelled.store) == KEYS[1:]
    assert "1 camera-days labelled again, 0 left, 0 failed" in call()
    assert "0 camera-days were labelled by another champion, and 1 more" in call()


def test_camera_days_are_gone_through_by_day_then_camera():
    keys = ["hall/2026-01-05", "door/2026-01-06", "door/2026-01-05"]
    assert sorted(keys, key=by_day) == ["door/2026-01-05", "hall/2026-01-05", "door/2026-01-06"]
