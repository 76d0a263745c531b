"""How a camera-day is judged: by the home's settings, and by what its camera says beside them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from assets.camera_day import CameraDay
from assets.partitions import camera_day_key
from assets.publishing import as_json
from assets.resources import CameraSetup
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.departure_tables import DEPARTURES_FILE
from pipelines.storage.store import Store

DAY_BEFORE, DAY = "2026-01-05", "2026-01-06"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def day_of(tmp_path, store):
    """The camera-day of a home whose camera.yaml and settings say this."""

    def camera_day(camera_yaml: str, **settings: float) -> CameraDay:
        folder = tmp_path / "footage" / "door"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "camera.yaml").write_text(camera_yaml)
        setup = CameraSetup(
            footage_root=folder.parent,
            footage_files=lambda *_: (),
            anomalies=AnomalyConfig(**settings),
        )
        return CameraDay(SimpleNamespace(partition_key=camera_day_key("door", DAY)), store, setup)

    return camera_day


def sealed(store, asset, file, inputs=(), config=None):
    """A current version of the day before, of one empty file."""
    partition = f"door/{DAY_BEFORE}"
    with store.draft(asset, partition) as draft:
        (draft / file).touch()
        version = store.seal(
            draft, asset, partition, code_version="1", inputs=inputs, config=config or {}
        )
    store.publish(version)
    return version


def test_a_camera_without_a_promise_has_that_of_the_settings(day_of):
    assert day_of("{}").judging == AnomalyConfig()
    assert day_of("{}", alarms_per_day=3.0).judging.alarms_per_day == 3.0


def test_a_camera_s_own_promise_wins_and_leaves_the_other_settings(day_of):
    judging = day_of("alarms_per_day: 0.2", alarms_per_day=3.0, blocks=4).judging
    assert judging == AnomalyConfig(alarms_per_day=0.2, blocks=4)


def test_what_departed_under_another_promise_calibrates_and_under_other_settings_does_not(
    day_of, store
):
    labels = sealed(store, "label_maps", "labels.parquet")
    counts = sealed(store, "activity_counts", "counts.parquet", [labels])
    judged = sealed(
        *(store, "anomalies", DEPARTURES_FILE, [labels]),
        {"anomalies": as_json(AnomalyConfig(alarms_per_day=3.0))},
    )
    history = {DAY_BEFORE: counts}
    assert day_of("alarms_per_day: 0.2").judged_days(history) == {DAY_BEFORE: judged}
    assert day_of("{}", smoothing_samples=9).judged_days(history) == {}
