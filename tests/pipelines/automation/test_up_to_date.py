"""A camera-day runs again when its footage changed, and never because a cursor was lost."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg
import pytest

from pipelines.automation.sensors import footage_sensor
from pipelines.definitions import build_definitions
from pipelines.footage import camera_days, files_of_day, is_reported, load_own_camera
from pipelines.resources import open_store
from pipelines.settings import Settings

MORNING, EVENING = "2026-01-05T08-00-00.mp4", "2026-01-05T20-00-00.mp4"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, footage_settle_s=0.0)


def film(settings, camera, *names):
    folder = settings.footage / camera
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"film")
        os.utime(folder / name, (1_800_000_000, 1_800_000_000))


def footage_of(settings, camera):
    return camera_days(load_own_camera(settings.footage / camera))


def publish(settings, asset, footage, words, inputs=(), config=None):
    store = open_store(settings)
    with store.draft(asset, footage.key) as folder:
        (folder / "words.txt").write_text(words)
        version = store.seal(
            folder, asset, footage.key, code_version="1", inputs=inputs, config=config or {}
        )
    store.publish(version)
    return version


def report(settings, camera):
    """Publish, for each day, a frame index of its footage and a report that was made from it."""
    for footage in footage_of(settings, camera):
        report_of(settings, footage)


def report_of(settings, footage):
    words = footage.fingerprint
    index = publish(settings, "frame_index", footage, words, config={"footage": footage.files})
    publish(settings, "camera_report", footage, words, inputs=(index,))


def tick(settings, cursor=None):
    sensor = footage_sensor(settings, clock_s=lambda: 1_900_000_000.0)
    return tick_of(sensor, settings, cursor)


def tick_of(sensor, settings, cursor=None):
    with (
        dg.instance_for_test() as instance,
        dg.build_sensor_context(
            instance=instance, cursor=cursor, definitions=build_definitions(settings)
        ) as context,
    ):
        return sensor(context)


def requested(result):
    return [request.partition_key for request in result.run_requests or ()]


def night(settings):
    """What the nightly schedule asks for early on 6 January."""
    definitions = build_definitions(settings)
    at = datetime(2026, 1, 6, 2, tzinfo=UTC)
    with (
        dg.instance_for_test() as instance,
        dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=at,
            repository_def=definitions.get_repository_def(),
        ) as context,
    ):
        found = definitions.resolve_schedule_def("nightly_cameras").evaluate_tick(context)
        return [request.partition_key for request in found.run_requests or ()]


def test_files_of_a_day_are_those_that_are_compared(settings):
    film(settings, "door", MORNING)
    camera = load_own_camera(settings.footage / "door")
    (footage,) = camera_days(camera)
    assert files_of_day(camera, "2026-01-05") == footage.files
    assert files_of_day(camera, "2026-01-06") == ()


def test_report_must_come_from_the_current_index_of_the_footage_as_it_is(settings):
    film(settings, "door", MORNING)
    (footage,) = footage_of(settings, "door")
    store = open_store(settings)
    assert not is_reported(store, footage)
    report(settings, "door")
    assert is_reported(store, footage)
    # A run that failed before it came to the report.
    publish(settings, "frame_index", footage, "new", config={"footage": footage.files})
    assert not is_reported(store, footage)


def test_a_file_that_a_recorder_deletes_takes_nothing_from_its_day(settings):
    film(settings, "door", MORNING, MORNING.replace("08", "09"), MORNING.replace("08", "10"))
    report(settings, "door")
    store = open_store(settings)
    (settings.footage / "door" / MORNING).unlink()
    (footage,) = footage_of(settings, "door")
    assert len(footage.files) == 2
    assert is_reported(store, footage)
    film(settings, "door", MORNING.replace("08", "11"))
    assert not is_reported(store, footage_of(settings, "door")[0])  # what comes makes it due


def test_sensor_without_a_cursor_runs_nothing_that_is_up_to_date(settings):
    film(settings, "door", MORNING)
    film(settings, "gate", MORNING)
    report(settings, "door")
    report(settings, "gate")
    film(settings, "gate", EVENING)
    result = tick(settings)
    assert requested(result) == ["gate|2026-01-05"]
    assert requested(tick(settings, result.cursor)) == []


def test_late_file_opens_a_reported_day_again(settings):
    film(settings, "door", MORNING, "2026-01-06T08-00-00.mp4")
    report(settings, "door")
    before = tick(settings)
    assert requested(before) == []
    film(settings, "door", EVENING)
    assert requested(tick(settings, before.cursor)) == ["door|2026-01-05"]


def keys_of(result):
    return [request.run_key for request in result.run_requests or ()]


def overwrite(settings, camera, name, content):
    """Write a file with a time of its own content, as ``cp -p`` puts one back."""
    path = settings.footage / camera / name
    path.write_bytes(content)
    os.utime(path, (1_700_000_000 + len(content),) * 2)


def test_a_file_that_is_put_back_as_it_was_opens_its_day_again_each_time(settings):
    asked, cursor = [], None
    film(settings, "door")
    for number, content in enumerate((b"film", b"another", b"film", b"another")):
        overwrite(settings, "door", MORNING, content)
        first = tick(settings, cursor)
        lost = tick(settings)  # the daemon was stopped before the cursor was stored
        second = tick(settings, first.cursor)  # the run has not started yet
        assert len(keys_of(first)) == 1, number
        assert keys_of(lost) == keys_of(first), "Dagster starts a run key once"
        assert keys_of(second) == []
        asked += keys_of(first)
        report(settings, "door")
        done = tick(settings, second.cursor)
        assert (keys_of(done), done.cursor) == ([], "{}")
        cursor = done.cursor
    assert len(set(asked)) == 4


@pytest.mark.parametrize("settle_s", [0.0, 60.0])
def test_what_a_sensor_remembers_of_a_day_does_not_hide_that_it_was_put_back(settings, settle_s):
    """All between two ticks: the other file's report was made by hand, or by the run asked for."""
    settings = replace(settings, footage_settle_s=settle_s)
    film(settings, "door")
    now_s = [time.time() + 3600]
    sensor = footage_sensor(settings, clock_s=lambda: now_s[0])
    overwrite(settings, "door", MORNING, b"film")
    report(settings, "door")
    assert requested(tick_of(sensor, settings)) == []
    overwrite(settings, "door", MORNING, b"another")
    now_s[0] = time.time() + (30.0 if settle_s else 3600.0)
    during = tick_of(sensor, settings)
    assert requested(during) == ([] if settle_s else ["door|2026-01-05"])
    report(settings, "door")
    overwrite(settings, "door", MORNING, b"film")
    now_s[0] = time.time() + 7200
    assert requested(tick_of(sensor, settings, during.cursor)) == ["door|2026-01-05"]


@pytest.mark.parametrize("restarted", [False, True])
def test_footage_that_is_put_back_while_the_run_of_the_other_goes_is_due_again(settings, restarted):
    now_s = [1_900_000_000.0]
    sensor = footage_sensor(settings, clock_s=lambda: now_s[0])
    film(settings, "door")
    overwrite(settings, "door", MORNING, b"film")
    report(settings, "door")
    reported = tick_of(sensor, settings)
    overwrite(settings, "door", MORNING, b"another")
    now_s[0] += 3700  # every camera is looked at wholly once an hour
    (another,) = footage_of(settings, "door")
    changed = tick_of(sensor, settings, reported.cursor)
    assert requested(changed) == ["door|2026-01-05"]
    overwrite(settings, "door", MORNING, b"film")
    now_s[0] += 3700
    during = tick_of(sensor, settings, changed.cursor)
    assert requested(during) == []  # so far the report shows what lies there
    report_of(settings, another)
    if restarted:
        sensor = footage_sensor(settings, clock_s=lambda: now_s[0])
    ended = tick_of(sensor, settings, during.cursor)
    assert requested(ended) == ["door|2026-01-05"]
    report(settings, "door")
    done = tick_of(sensor, settings, ended.cursor)
    assert (requested(done), done.cursor) == ([], "{}")


def test_other_footage_that_comes_a_second_time_is_asked_for_again(settings):
    """Its first run may have read what was put back in between."""
    film(settings, "door")
    overwrite(settings, "door", MORNING, b"film")
    report(settings, "door")
    cursor, keys = None, []
    for content, due in ((b"another", 1), (b"film", 0), (b"another", 1)):
        overwrite(settings, "door", MORNING, content)
        result = tick(settings, cursor)
        assert len(requested(result)) == due
        cursor = result.cursor
        keys += keys_of(result)
    assert len(set(keys)) == 2, "Dagster starts a run key once"


def test_a_day_whose_run_read_what_was_put_back_is_done(settings):
    film(settings, "door")
    overwrite(settings, "door", MORNING, b"film")
    report(settings, "door")
    overwrite(settings, "door", MORNING, b"another")
    asked = tick(settings)
    overwrite(settings, "door", MORNING, b"film")
    during = tick(settings, asked.cursor)
    assert during.cursor != "{}"
    report(settings, "door")
    assert tick(settings, during.cursor).cursor == "{}"
    assert tick(settings, asked.cursor).cursor == "{}"  # no tick was meanwhile


@pytest.mark.filterwarnings("ignore:Non-compliant tag keys")  # Dagster's own
def test_night_runs_only_days_whose_report_does_not_show_their_footage(settings):
    film(settings, "door", MORNING)
    film(settings, "gate", MORNING)
    assert night(settings) == ["door|2026-01-05", "gate|2026-01-05"]
    report(settings, "door")
    report(settings, "gate")
    assert night(settings) == []
    film(settings, "gate", EVENING)
    assert night(settings) == ["gate|2026-01-05"]


def test_index_of_cameras_follows_a_report_without_waiting_for_days_without_footage(settings):
    graph = build_definitions(settings)
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("camera", ["door"])
        first = dg.evaluate_automation_conditions(graph, instance)
        materialized = dg.AssetMaterialization("camera_report", partition="door|2026-01-05")
        instance.report_runless_asset_event(materialized)
        second = dg.evaluate_automation_conditions(graph, instance, cursor=first.cursor)
        assert second.get_requested_partitions(dg.AssetKey("camera_index")) == {None}
