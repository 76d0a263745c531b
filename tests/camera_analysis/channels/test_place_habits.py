"""What places are used to: a corner where something new stands every day, and a bare floor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.benchmark.layouts.clips import Clip
from camera_analysis.channels.channel_codes import TONE
from camera_analysis.channels.channel_fusion import ChannelConfig
from camera_analysis.channels.channel_normal import learn_channels
from camera_analysis.channels.place_habits import (
    FoldedHabits,
    HabitConfig,
    SegmentMoments,
    beyond_habit,
    habit_table,
)
from tests.camera_analysis.factories_footage import clip_of

SIZE_HW = (3, 8)
RESTLESS, CALM = (1, 1), (1, 6)


def maps_of(count: int, *, seed: int = 0) -> np.ndarray:
    """(count, 3, 8) nats: a half everywhere, but 4 at a place in every second moment."""
    maps = np.full((count, *SIZE_HW), 0.5, np.float16)
    maps[::2][:, RESTLESS[0], RESTLESS[1]] = 4.0
    return maps + np.random.default_rng(seed).uniform(0, 0.2, maps.shape).astype(np.float16)


def segment(fold: int, maps: np.ndarray, channel: str = TONE) -> SegmentMoments:
    return SegmentMoments(fold, {}, {channel: maps})


def folded(*moments: SegmentMoments, prior_s: float = 10.0) -> FoldedHabits:
    seconds = 5.0 * sum(len(maps) for of in moments for maps in of.maps.values())
    return FoldedHabits(
        moments, seconds, HabitConfig(prior_s=prior_s, reach=0, tolerance=1.0, everyday=2.0)
    )


def test_what_a_place_often_shows_is_rarer_elsewhere():
    habits = folded(segment(0, maps_of(200)), segment(1, maps_of(200, seed=1))).without(None)
    nats = beyond_habit(habits.tables[TONE], np.full(SIZE_HW, 4.0, np.float32))
    assert nats[RESTLESS] == pytest.approx(np.log(2), abs=0.05)  # every second moment
    assert nats[CALM] > 6  # two moments' weight of what any place shows, of 400


def test_few_moments_say_little_of_a_place():
    seen = [
        folded(segment(0, maps_of(20)), segment(1, maps_of(20, seed=1)), prior_s=prior_s)
        for prior_s in (10.0, 10_000.0)
    ]
    four = np.full(SIZE_HW, 4.0, np.float32)
    gaps = []
    for habits in seen:
        nats = beyond_habit(habits.without(None).tables[TONE], four)
        gaps.append(nats[CALM] - nats[RESTLESS])
    assert gaps[0] > 3
    assert gaps[1] < 1  # nearly the habit of all places: one in 48


def test_a_fold_that_is_left_out_has_no_say_in_what_places_show():
    quiet = np.full((100, *SIZE_HW), 0.5, np.float16)
    ones = [segment(0, maps_of(100)), segment(1, quiet), segment(2, quiet)]
    others = [segment(0, quiet), *ones[1:]]
    tables = [folded(*moments).without(0).tables[TONE] for moments in (ones, others)]
    np.testing.assert_array_equal(*(table.nats for table in tables))
    np.testing.assert_array_equal(*(table.used for table in tables))
    whole = folded(*ones).without(None).tables[TONE]
    assert beyond_habit(whole, np.full(SIZE_HW, 4.0))[RESTLESS] < 2


def test_a_habit_takes_evidence_down_to_that_of_an_everyday_moment():
    habits = folded(segment(0, maps_of(200)), segment(1, maps_of(200, seed=1))).without(None)
    four = np.full(SIZE_HW, 4.0, np.float32)
    sure = np.full(SIZE_HW, 3.0, np.float32)
    limited = habits.limit(TONE, four, sure)
    assert limited[CALM] == 3.0  # rare here as well: the view's own evidence
    assert limited[RESTLESS] == 2.0
    unsure = np.full(SIZE_HW, 1.5, np.float32)
    np.testing.assert_array_equal(habits.limit(TONE, four, unsure), unsure)
    assert habits.limit("speed", four, sure) is sure


def test_moments_of_a_channel_that_no_segment_lasts_long_enough_for_make_no_habit():
    short = SegmentMoments(0, {}, {})
    habits = folded(short, segment(1, maps_of(40)), segment(2, maps_of(40, seed=2))).without(1)
    assert sorted(habits.tables) == [TONE]
    nothing = FoldedHabits([short], 10.0, HabitConfig()).without(None)
    assert nothing.tables == {}
    assert nothing.calibrations == {}


def test_what_one_fold_alone_has_moments_of_makes_no_habit():
    short = SegmentMoments(0, {}, {})
    alone = folded(short, segment(1, maps_of(40)))
    for left_out in (None, 0, 1):
        assert alone.without(left_out).tables == {}  # nothing is held out of it
    four = np.full(SIZE_HW, 4.0, np.float32)
    assert alone.without(None).limit(TONE, four, four) is four


def test_an_incident_in_the_history_excuses_nothing_elsewhere():
    quiet = np.random.default_rng(0).uniform(0.4, 0.6, (400, *SIZE_HW)).astype(np.float16)
    incident = quiet.copy()
    incident[:16, RESTLESS[0], RESTLESS[1]] = 9.0
    habits = folded(segment(0, incident), segment(1, quiet)).without(None)
    sure = np.full(SIZE_HW, 12.0, np.float32)
    limited = habits.limit(TONE, np.full(SIZE_HW, 9.0, np.float32), sure)
    elsewhere = np.ones(SIZE_HW, bool)
    elsewhere[RESTLESS] = False
    assert (limited[elsewhere] == 12.0).all()
    assert limited[RESTLESS] < 12.0


def test_places_that_nothing_is_known_of_keep_the_evidence_of_the_view():
    maps = maps_of(200)
    habits = folded(segment(0, maps), segment(1, maps), prior_s=1e12).without(None)
    high = np.full(SIZE_HW, 9.0, np.float32)
    assert habits.limit(TONE, high, high)[CALM] == 9.0


@given(
    st.lists(st.floats(0, 20), min_size=2, max_size=30),
    st.floats(0, 18),
    st.floats(0, 18),
    st.floats(0.1, 500),
)
def test_more_surprise_is_never_more_usual(seen, one, other, prior):
    counts = np.zeros((1, 1, 64), np.uint32)
    for nats in seen:
        counts[0, 0, min(63, int(nats / 0.25))] += 1
    table = habit_table(counts, prior, 0)
    low, high = (beyond_habit(table, np.full((1, 1), nats)) for nats in sorted((one, other)))
    assert 0 <= low[0, 0] <= high[0, 0] + 1e-5


def frames_of(count: int, *, seed: int, corner: int, floor: int | None = None) -> list[np.ndarray]:
    """A view of 48 x 96: in a corner stands something of a tone, and maybe on the floor too."""
    rng, ground = np.random.default_rng(seed), np.random.default_rng(0)
    view, found = ground.integers(110, 130, (48, 96)), []
    for _ in range(count):
        image = view + rng.normal(0, 1.5, (48, 96))
        image[12:36, 8:32] = corner + rng.normal(0, 1.5, (24, 24))
        if floor is not None:
            image[12:36, 64:88] = floor + rng.normal(0, 1.5, (24, 24))
        found.append(np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2))
    return found


def clip(name: str, frames: list[np.ndarray]) -> Clip:
    return clip_of(frames, 1.0, name)


def test_something_new_shows_less_where_something_new_stands_now_and_then():
    tones = [50] * 24
    tones[3::6] = 10, 110, 170, 240
    days = [clip(f"t{n}", frames_of(40, seed=n, corner=tone)) for n, tone in enumerate(tones)]
    normal = learn_channels(days, ChannelConfig(habits=HabitConfig(prior_s=60.0)))
    usual, there, elsewhere = (
        max(verdict.peak for verdict in normal.judge(iter(frames), 1.0))
        for frames in (
            frames_of(20, seed=99, corner=50),
            frames_of(20, seed=99, corner=205),
            frames_of(20, seed=99, corner=50, floor=205),
        )
    )
    assert usual < there < elsewhere - 1
