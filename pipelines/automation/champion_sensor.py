"""A new champion: camera-days that another one labelled are labelled again, a few at a time."""

from __future__ import annotations

import inspect
import json
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

import dagster as dg

from assets.partitions import camera_day_key
from pipelines.automation.jobs import camera_job
from pipelines.automation.schedules import AGAIN_TAGS, CAMERA_TAG
from pipelines.automation.sensors import TICK_S, unfinished_runs
from pipelines.automation.stale_days import (
    LABELS,
    NO_WEIGHTS,
    LabelledBy,
    by_day,
    days_with_footage,
    with_footage,
)
from pipelines.resources import open_store
from pipelines.settings import Settings

#: Runs that label a stale camera-day again.
RELABEL_TAG = "learned-normal/relabel"
#: Fresh footage goes first: Dagster's default priority is 0.
LATER = "-1"
#: Camera-days whose labels are looked at between two looks at the clock.
CHUNK = 100
#: The second round takes what failed in the first, and what the old champion labelled meanwhile.
ROUNDS = 2


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the camera-days were gone through for one champion; the sensor's cursor.

    Args:
        weights: of the champion.
        rounds: that are complete.
        after: camera-day that was looked at last in the round that goes on.
    """

    weights: str = NO_WEIGHTS
    rounds: int = 0
    after: str = ""


@dataclass
class StaleBatches:
    """Finds the next stale camera-days of a round.

    Args:
        settings: of the home.
    """

    settings: Settings
    _round: tuple[str, int] = ("", -1)
    _keys: list[str] = field(default_factory=list)  # camera-days in order, as the round began

    def __post_init__(self) -> None:
        """Open the store once: it remembers nothing."""
        self._store = open_store(self.settings)
        self._labelled_by = LabelledBy(self._store)

    def champion(self) -> str:
        """Weights of the present champion; empty where there is none."""
        return self._labelled_by.champion()

    def next(
        self, progress: Progress, room: int, is_over: Callable[[], bool]
    ) -> tuple[list[str], Progress]:
        """The next stale camera-days whose footage is there, and how far that goes.

        Args:
            progress: where the last batch ended.
            room: how many at most.
            is_over: whether time is up.
        """
        self._begin(progress)
        due: list[str] = []
        while len(due) < room and not is_over():
            chunk = self._after(progress.after)
            if not chunk:
                return due, replace(progress, rounds=progress.rounds + 1, after="")
            labels = [self._store.current(LABELS, key) for key in chunk]
            stale = self._labelled_by.stale([version for version in labels if version])
            there = with_footage(self.settings, [one.partition for one in stale])
            found = [key for key in chunk if key in there]
            taken = found[: room - len(due)]
            due += taken
            progress = replace(progress, after=chunk[-1] if taken == found else taken[-1])
        return due, progress

    def _begin(self, progress: Progress) -> None:
        if self._round != (progress.weights, progress.rounds):
            # From names of footage: to list the store's camera-days takes longer than a tick may.
            self._keys = sorted(days_with_footage(self.settings), key=by_day)
            self._round = (progress.weights, progress.rounds)

    def _after(self, key: str) -> list[str]:
        place = bisect_right(self._keys, by_day(key), key=by_day) if key else 0
        return self._keys[place : place + CHUNK]


def champion_sensor(
    settings: Settings, clock_s: Callable[[], float] = time.time
) -> dg.SensorDefinition:
    """Label again what another champion labelled, at most ``relabel_batch`` camera-days at a time.

    Oldest days first, behind fresh footage, and only where the footage is still there.
    """
    batches = StaleBatches(settings)

    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        over_s = clock_s() + TICK_S
        progress = Progress(**json.loads(context.cursor or "{}"))
        champion = batches.champion()
        if champion != progress.weights:
            progress = Progress(weights=champion)
        waiting = unfinished_runs(context.instance, {RELABEL_TAG: "yes"})
        why_not = _why_not(progress, waiting, settings.relabel_batch)
        if why_not:
            return dg.SensorResult(skip_reason=why_not, cursor=_cursor(progress))
        room = settings.relabel_batch - waiting
        due, gone_to = batches.next(progress, room, lambda: clock_s() > over_s)
        if not due:
            nothing = f"no stale camera-day up to {gone_to.after or 'the newest'}"
            return dg.SensorResult(skip_reason=nothing, cursor=_cursor(gone_to))
        return dg.SensorResult(
            run_requests=[_again(key, progress) for key in due], cursor=_cursor(gone_to)
        )

    return dg.SensorDefinition(
        name="champion_sensor",
        evaluation_fn=tick,
        job=camera_job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=inspect.getdoc(champion_sensor),
    )


def _why_not(progress: Progress, waiting: int, batch: int) -> str:
    """Why nothing is asked for; empty where there may be something to do."""
    if batch == 0:
        return "settings: relabel_batch is 0; learned-normal cameras relabel does it by hand"
    if progress.weights == NO_WEIGHTS:
        return "there is no champion yet"
    if progress.rounds >= ROUNDS:
        return f"every camera-day was gone through for champion {progress.weights[:12]}"
    if waiting >= batch or (waiting and progress.rounds and not progress.after):
        return f"{waiting} stale camera-days are queued or running"
    return ""


def _again(key: str, progress: Progress) -> dg.RunRequest:
    camera, day = key.split("/")
    return dg.RunRequest(
        run_key=f"relabel:{progress.weights[:12]}:{progress.rounds}:{key}",
        partition_key=camera_day_key(camera, day),
        tags={**AGAIN_TAGS, CAMERA_TAG: camera, RELABEL_TAG: "yes", "dagster/priority": LATER},
    )


def _cursor(progress: Progress) -> str:
    return json.dumps(asdict(progress), sort_keys=True)
