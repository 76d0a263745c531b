"""What was said of a camera's events, as the steps of its days ask for it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assets.resources import VersionStore
from camera_analysis.camera import Camera
from camera_analysis.events.event_exclusion import count_without
from camera_analysis.events.event_feedback import Feedback, alarm_spans, marks_of_camera
from camera_analysis.events.event_marks import read_marks


class CameraMarks:
    """The current marks of one camera's events.

    A person stands between ``anomalies`` and ``event_marks``, so no arrow leads back: the next day
    that is judged obeys. An arrow would also call every day of every camera stale for one mark.

    Args:
        store: Where versions live.
        camera: Whose events.
    """

    def __init__(self, store: VersionStore, camera: Camera) -> None:
        self._store = store
        self._camera = camera
        version = store.current("event_marks")
        known = read_marks(store.path(version)) if version else {}
        self.marks = marks_of_camera(known, camera.id, camera.learn_from)
        #: The version that was read, where it says anything of this camera.
        self.inputs = [version] if self.marks else []

    def feedback(self, day: str) -> Feedback | None:
        """For judging a day; None where nothing was said."""
        if not self.marks:
            return None
        return Feedback(camera=self._camera.id, day=day, marks=self.marks)

    def alarm_spans(self, days: Iterable[str]) -> dict[str, list[tuple[datetime, datetime]]]:
        """Day -> first and last instant of its events that were called alarms."""
        return {day: alarm_spans(self.marks, day) for day in days}

    @contextmanager
    def counts_without_alarms(self, history: Mapping[str, Any]) -> Iterator[dict[str, Path]]:
        """Day -> folder of its counts, the frames of marked alarms taken out of them.

        Args:
            history: Day -> version of its ``activity_counts``.
        """
        folders = {day: self._store.path(version) for day, version in history.items()}
        with TemporaryDirectory() as scratch:
            for day, version in history.items():
                spans = alarm_spans(self.marks, day)
                if not spans:
                    continue
                made_of = {one.asset: one for one in self._store.provenance(version).inputs}
                index, labels = (
                    self._store.path(made_of[name]) for name in ("frame_index", "label_maps")
                )
                out = Path(scratch, day)
                out.mkdir()
                count_without(folders[day], index, labels, spans, out)
                folders[day] = out
            yield folders
