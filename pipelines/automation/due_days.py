"""Camera-days whose footage is not in their report yet: what a tick of the sensor asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipelines.automation.footage_watch import CameraFootage, FootageWatch
from pipelines.footage import CameraDayFootage, UnusableCamera, is_reported, reported_at
from pipelines.storage.store import Store

#: Between the fingerprint of footage that was asked for and the time of the report that lay then.
_AFTER = "@"


@dataclass(kw_only=True)
class Found:
    """What one look found.

    Args:
        asked: camera-day -> fingerprint of the footage that was asked for and has no report yet,
            and after which report; without a fingerprint where that footage was overwritten by what
            the report shows, while its run may still come.
        due: camera-days to ask for now; they are in ``asked``, too.
        again: those of them of which other footage was asked for that was overwritten.
        unusable: cameras and days that cannot be used.
        seen: camera-days looked at.
    """

    asked: dict[str, str]
    due: list[CameraDayFootage] = field(default_factory=list)
    again: set[str] = field(default_factory=set)
    unusable: list[UnusableCamera] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


@dataclass
class DueDays:
    """Remembers which days have their report, so that the store is asked once for each.

    What is remembered is lost with the process; then the store is asked again.

    Args:
        watch: where the footage is.
        settle_s: younger files may still be written to.
    """

    watch: FootageWatch
    settle_s: float
    _reported: dict[str, str] = field(default_factory=dict)

    def look(
        self,
        store: Store,
        asked: Mapping[str, str],
        *,
        now_s: float,
        room: int,
        is_over: Callable[[], bool],
    ) -> Found:
        """Days that are due, cameras in order, the oldest day first.

        Args:
            store: with the reports.
            asked: what the look before said of days that were asked for.
            now_s: seconds since 1970.
            room: how many to find at most.
            is_over: whether time is up; then the rest is left to the next look.
        """
        found = Found(asked=dict(asked))
        for camera in self.watch.cameras(now_s):
            if len(found.due) >= room or is_over():
                return found
            self._add(camera, store, found, now_s, room)
        found.asked = {key: found.asked[key] for key in found.asked.keys() & found.seen}
        return found

    def _add(
        self, camera: CameraFootage, store: Store, found: Found, now_s: float, room: int
    ) -> None:
        found.unusable += camera.unusable
        for footage in camera.days:
            found.seen.add(footage.key)
            if footage.newest_s > now_s - self.settle_s:
                self._reported.pop(footage.key, None)  # it may be put back as it was
                continue
            if self._is_reported(store, footage, found.asked):
                continue
            was_asked, asked_for, _ = _entry(found.asked, footage)
            if asked_for != footage.fingerprint and len(found.due) < room:
                found.asked[footage.key] = _after(footage.fingerprint, reported_at(store, footage))
                found.due.append(footage)
                if was_asked and not asked_for:
                    found.again.add(footage.key)

    def _is_reported(self, store: Store, footage: CameraDayFootage, asked: dict[str, str]) -> bool:
        """Remembers that it is, and forgets that it was asked for, unless a run may change it."""
        known = self._reported.get(footage.key) == footage.fingerprint
        if known and footage.key not in asked:
            return True
        self._reported.pop(footage.key, None)
        if not is_reported(store, footage):
            return False
        was_asked, asked_for, after = _entry(asked, footage)
        report = reported_at(store, footage)
        if was_asked and asked_for != footage.fingerprint and after == report:
            asked[footage.key] = _after("", report)
        else:
            asked.pop(footage.key, None)
            self._reported[footage.key] = footage.fingerprint
        return True


def _after(fingerprint: str, report: str) -> str:
    return f"{fingerprint}{_AFTER}{report}"


def _entry(asked: Mapping[str, str], footage: CameraDayFootage) -> tuple[bool, str, str]:
    """Whether a day was asked for, the footage's fingerprint, and the report's time."""
    asked_for, _, report = asked.get(footage.key, "").partition(_AFTER)
    return footage.key in asked, asked_for, report
