"""Camera-days that another champion labelled than the present one: which they are, in which order.

After a promotion the labels of other days mean something else, and the normal of a day leaves them
out. A camera-day is stale when the weights that labelled it are not the champion's; a camera-day
labelled before there was any champion is stale, too. A champion that was only looked at anew, with
the weights it had, makes nothing stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipelines.footage import (
    camera_calendar,
    camera_folder_of,
    footage_paths,
    load_cameras,
    load_own_camera,
)
from pipelines.settings import Settings
from pipelines.storage.store import Store, Version

CHAMPION = "champion_model"
LABELS = "label_maps"
#: File of a champion that decides what it answers.
WEIGHTS_FILE = "weights.safetensors"
#: Weights of labels that no champion had a part in.
NO_WEIGHTS = ""


@dataclass
class LabelledBy:
    """Which weights labelled a camera-day, read from where its labels came from.

    Args:
        store: holds labels and champions.
    """

    store: Store
    _weights: dict[Version, str] = field(default_factory=dict)  # champion -> sha256 of its weights

    def champion(self) -> str:
        """Weights of the present champion; empty where there is none."""
        version = self.store.current(CHAMPION)
        return self._of_champion(version) if version else NO_WEIGHTS

    def stale(self, labels: Sequence[Version]) -> list[Version]:
        """Those of some versions of label maps that the present champion did not label.

        A version that is in the store no longer is left out; without a champion, none is stale.
        """
        champion = self.champion()
        if champion == NO_WEIGHTS:
            return []
        records = self.store.records(labels)
        return [
            version
            for version in labels
            if version in records and self._of(records[version].provenance.inputs) != champion
        ]

    def _of(self, inputs: Iterable[Version]) -> str:
        champions = [one for one in inputs if one.asset == CHAMPION]
        return self._of_champion(champions[0]) if champions else NO_WEIGHTS

    def _of_champion(self, version: Version) -> str:
        if version not in self._weights:
            record = self.store.records([version]).get(version)
            files = record.files if record else ()
            found = [entry.sha256 for entry in files if entry.name == WEIGHTS_FILE]
            self._weights[version] = found[0] if found else f"pruned {version.digest}"
        return self._weights[version]


def by_day(key: str) -> tuple[str, str]:
    """Sort key of a camera-day ``camera/day``: the day, then the camera.

    Each camera's days come in order, so that each finds the days before it, and the cameras side by
    side: the runs of one camera wait for each other.
    """
    camera, day = key.split("/")
    return day, camera


def stale_days(store: Store) -> list[str]:
    """Every stale camera-day ``camera/day``, the oldest day first."""
    labels = list(store.currents(LABELS).values())
    return sorted((one.partition for one in LabelledBy(store).stale(labels)), key=by_day)


def days_with_footage(settings: Settings) -> list[str]:
    """Camera-days ``camera/day`` that have footage and a partition, from the names of files."""
    cameras, _ = load_cameras(settings.footage)
    return [
        f"{camera.id}/{day}"
        for camera in cameras
        for day in camera_calendar(camera, first_day=settings.first_day)[0]
    ]


def with_footage(settings: Settings, keys: Iterable[str]) -> set[str]:
    """Those camera-days whose footage is still there; the others cannot be labelled again."""
    there: set[str] = set()
    wanted = set(keys)
    for camera in sorted({key.split("/")[0] for key in wanted}):
        try:
            days = footage_paths(load_own_camera(camera_folder_of(settings, camera)))
        except (ValueError, OSError):
            continue  # removed, or not usable: the sensor of footage says so
        there |= wanted & {f"{camera}/{day}" for day in days}
    return there
