"""The camera and day of a running step, and the versions that lie behind it in the store."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from assets.camera_marks import CameraMarks
from assets.partitions import store_partition
from assets.publishing import as_json, need
from assets.resources import CameraSetup, VersionStore
from camera_analysis.camera import Camera
from camera_analysis.camera_file import load_camera
from camera_analysis.events.anomaly_config import AnomalyConfig
from camera_analysis.events.class_history import DayBehind
from camera_analysis.events.departure_tables import DEPARTURES_FILE

#: Fields of ``AnomalyConfig`` that say how many events may be false, and how they are shared.
_PROMISE = ("alarms_per_day", "path_alarms_share")


class CameraDay:
    """The camera and day of a running step, and its versions in the store."""

    def __init__(
        self, context: dg.AssetExecutionContext, store: VersionStore, setup: CameraSetup
    ) -> None:
        key = context.partition_key
        self._partition = store_partition(key)
        self._store = store
        self._setup = setup
        camera_id, self.day = self._partition.split("/")
        self.camera = _known_camera(setup.footage_root / camera_id)

    def footage_files(self) -> tuple[str, ...]:
        """What the day's footage is, to know later whether any came or grew."""
        try:
            return self._setup.footage_files(self.camera, self.day)
        except (ValueError, FileNotFoundError) as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error

    def need(self, asset: str) -> Any:  # noqa: ANN401
        """Current version of another asset of the same camera-day."""
        return need(self._store, asset, self._partition)

    def current(self, asset: str) -> Any:  # noqa: ANN401
        """Current version of another asset of the same camera-day; None where there is none."""
        return self._store.current(asset, self._partition)

    def of_day_before(self, asset: str) -> Any:  # noqa: ANN401
        """Current version of an asset of the day before; None where nothing leads over from it."""
        if self.camera.mode == "clip":
            return None
        day = date.fromisoformat(self.day) - timedelta(days=1)
        return self._store.current(asset, f"{self.camera.id}/{day.isoformat()}")

    @property
    def title(self) -> str:
        """Camera and day, as pictures are titled; of a made-up day, the camera alone."""
        return self.camera.titled(self.day)

    @property
    def judging(self) -> AnomalyConfig:
        """How the day is judged: by the settings, and by the camera's own promise if it has one."""
        promised = self.camera.alarms_per_day
        if promised is None:
            return self._setup.anomalies
        return replace(self._setup.anomalies, alarms_per_day=promised)

    def days_behind_the_normal(self) -> list[str]:
        """The window's days, oldest first: never the day itself, but for a single clip."""
        if self.camera.mode == "clip":
            return [self.day]  # judged by cross-fitting: each block against the others
        day = date.fromisoformat(self.day)
        offsets = range(self.camera.window_days, 0, -1)
        first = (self.camera.learn_from or date.min).isoformat()
        days = [(day - timedelta(days=offset)).isoformat() for offset in offsets]
        return [other for other in days if other >= first]

    def counted_days(self) -> dict[str, Any]:
        """Day of the window -> version of its counts, for days that have any."""
        return self._of_window("activity_counts")

    def walked_days(self) -> dict[str, Any]:
        """Day of the window -> version of its trajectories; a single clip has no earlier walks."""
        return {} if self.camera.mode == "clip" else self._of_window("trajectories")

    def judged_days(self, history: Mapping[str, Any]) -> dict[str, Any]:
        """Day of the window -> version of its anomalies, of its counted labels, by these settings.

        No arrow says so: it would lead back. A day without a verdict is looked at once more.
        """
        if self.camera.mode == "clip":
            return {}
        settings = _beside_the_promise(as_json(self.judging))
        found = {}
        counted = self._made_of(history, "label_maps")
        for day, version in self._of_window("anomalies").items():
            made = self._store.provenance(version)
            same = _beside_the_promise(made.config.get("anomalies", {})) == settings
            if counted.get(day) not in made.inputs or not same:
                continue
            if (self._store.path(version) / DEPARTURES_FILE).is_file():  # judged by a history
                found[day] = version
        return found

    def _of_window(self, asset: str) -> dict[str, Any]:
        found = {
            day: self._store.current(asset, f"{self.camera.id}/{day}")
            for day in self.days_behind_the_normal()
        }
        return {day: version for day, version in found.items() if version}

    def made_of(self, history: Mapping[str, Any], asset: str) -> dict[str, Path]:
        """Day -> folder of the label maps or frame index that its counts were made of.

        None for a single clip, which is calibrated where it is judged.
        """
        if self.camera.mode == "clip":
            return {}
        made_of = self._made_of(history, asset)
        return {day: self._store.path(version) for day, version in made_of.items()}

    def _made_of(self, history: Mapping[str, Any], asset: str) -> dict[str, Any]:
        """Day -> version of an asset that the day's version in the history was made of."""
        return {
            day: one
            for day, version in history.items()
            for one in self._store.provenance(version).inputs
            if one.asset == asset
        }

    def days_behind(
        self,
        days: Sequence[str],
        counted: Mapping[str, Path],
        history: Mapping[str, Any],
        judged: Mapping[str, Any],
        marks: CameraMarks,
    ) -> dict[str, DayBehind]:
        """Days of the normal, to be held out of it in turn; none for a single clip."""
        labels, indexes = self.made_of(history, "label_maps"), self.made_of(history, "frame_index")
        alarms = marks.alarm_spans(days)
        return {
            day: DayBehind(
                index=indexes[day],
                labels=labels[day],
                counts=counted[day],
                alarms=alarms[day],
                judged=self._store.path(judged[day]) if day in judged else None,
            )
            for day in days
            if day in labels and day in indexes
        }

    @property
    def blocks_other_scenes(self) -> bool:
        """Whether a day of another scene than the learned one is not to be judged."""
        return self.camera.scene_changes == "block"


def _beside_the_promise(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that what departed on a day depends on: it is written down whatever was promised."""
    return {key: value for key, value in settings.items() if key not in _PROMISE}


def _known_camera(folder: Path) -> Camera:
    try:
        return load_camera(folder)
    except (ValueError, FileNotFoundError) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
