"""Camera-days whose footage is not in their report yet: what a tick of the sensor asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipelines.automation.footage_watch import CameraFootage, FootageWatch
from pipelines.footage import CameraDayFootage, UnusableCamera, is_reported, reported_at
from pipelines.storage.store import Store

#: Between the fingerprint of footage that was asked for and the time of the report that lay then.
_AFTER = "@"


@dataclass(frozen=True, kw_only=True)
class DueDay:
    """A camera-day to ask for.

    Args:
        footage: of the day.
        report: when its current report was written; "" where there is none.
        again: whether other footage was asked for since that report, and overwritten.
    """

    footage: CameraDayFootage
    report: str
    again: bool


@dataclass(kw_only=True)
class Found:
    """What one look found.

    Args:
        asked: camera-day -> fingerprint of the footage that was asked for and has no report yet,
            and after which report; without a fingerprint where that footage was overwritten by what
            the report shows, while its run may still come.
        due: camera-days to ask for now; they are in ``asked``, too.
        unusable: cameras and days that cannot be used.
        seen: camera-days looked at.
    """

    asked: dict[str, str]
    due: list[DueDay] = field(default_factory=list)
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
            asked_for, after = _read(found.asked.get(footage.key, ""))
            if asked_for != footage.fingerprint and len(found.due) < room:
                report = reported_at(store, footage)
                found.asked[footage.key] = _after(footage.fingerprint, report)
                again = bool(after) and not asked_for
                found.due.append(DueDay(footage=footage, report=report, again=again))

    def _is_reported(self, store: Store, footage: CameraDayFootage, asked: dict[str, str]) -> bool:
        """Remembers that it is, and forgets that it was asked for, unless a run may change it."""
        known = self._reported.get(footage.key) == footage.fingerprint
        if known and footage.key not in asked:
            return True
        self._reported.pop(footage.key, None)
        if not is_reported(store, footage):
            return False
        asked_for, after = _read(asked.get(footage.key, ""))
        was_other = after and asked_for != footage.fingerprint
        if was_other and after == reported_at(store, footage):
            asked[footage.key] = _after("", after)
        else:
            asked.pop(footage.key, None)
            self._reported[footage.key] = footage.fingerprint
        return True


def _after(fingerprint: str, report: str) -> str:
    return f"{fingerprint}{_AFTER}{report}"


def _read(asked: str) -> tuple[str, str]:
    """The fingerprint that was asked for, and after which report; "" where there is none."""
    asked_for, _, report = asked.partition(_AFTER)
    return asked_for, report
