"""How fast a camera forgets: every day of the window weighs alike, so half of it is half gone."""

from __future__ import annotations

import pytest

from camera_analysis.label_classes import HUMAN
from camera_analysis.normal.day_counts import count_day
from camera_analysis.normal.learned_normal import build_normal, load_normal
from tests.camera_analysis.factories_days import draw_day, fresh, lane_walk

WINDOW_DAYS = 6
#: People change to another lane on this day, as they do around new furniture.
NEW_FROM = 7


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    """Day number -> its counts; the upper lane before the change, the lower one after it."""
    folder = tmp_path_factory.mktemp("days")
    found = {}
    for name, y in (("old", 4), ("new", 28)):
        day = draw_day(folder / name / "day", lane_walk(40, y=y))
        found[name] = fresh(folder / name / "counts")
        count_day(day.index, day.labels, found[name])
    return {n: found["old" if n < NEW_FROM else "new"] for n in range(1, 14)}


def share_of_old(tmp_path, counts, judged):
    """Share of the people in the window of a day that walk along the old lane."""
    days = {f"2026-03-{n:02}": counts[n] for n in range(judged - WINDOW_DAYS, judged)}
    out = fresh(tmp_path / str(judged))
    build_normal(days, list(days), out, plate=None)
    people = load_normal(out).counts_khw[HUMAN]
    return people[:24].sum() / people.sum()


def test_half_is_forgotten_after_half_of_the_window_and_all_after_the_whole(tmp_path, counts):
    days_since = {0: 1.0, 1: 5 / 6, 3: 0.5, 6: 0.0}
    found = {since: share_of_old(tmp_path, counts, NEW_FROM + since) for since in days_since}
    assert found == pytest.approx(days_since)
