"""Movers that cross, meet, leave and come back; a day that goes on in the next."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_analysis.label_classes import HUMAN
from camera_analysis.tracks.track_tables import read_state, write_state
from camera_analysis.tracks.tracking import DayTracker, goes_on, seen_frames
from tests.camera_analysis.factories_tracks import START, STEP_S, film, line

DAY = "2026-01-05"


def tracks_of(frames, *, day=DAY, before=()):
    tracker = DayTracker(day, STEP_S, before)
    found = []
    for frame in seen_frames(frames, None, only_people=False):
        found += tracker.add(frame)
    found += tracker.finish()
    return sorted(found, key=lambda track: track.track_id), tracker.state


def ends(track):
    feet = track.feet_xy.round().astype(int).tolist()
    return feet[0], feet[-1]


def points_of(tracks):
    return {
        (track.track_id, int(time), tuple(box))
        for track in tracks
        for time, box in zip(track.times_us, track.boxes_xyxy.tolist(), strict=True)
    }


def test_two_who_cross_on_different_rows_keep_who_they_are():
    frames = film(10, line(20, 100, 280, 100, 0, 10), line(280, 130, 20, 130, 0, 10))
    (first, second), _ = tracks_of(frames)
    assert sorted([ends(first)[1], ends(second)[1]]) == [[25, 130], [275, 100]]
    for track in (first, second):
        assert np.ptp(track.feet_xy[:, 1]) == 0  # nobody took over the other's row
        assert track.class_id == HUMAN


def test_two_who_meet_and_part_again_are_two():
    meeting = [line(20, 100, 120, 100, 0, 5), line(120, 100, 120, 100, 5.2, 8)]
    other = [line(260, 100, 160, 100, 0, 5), line(160, 100, 160, 100, 5.2, 8)]
    back = [line(120, 100, 20, 100, 8.2, 12), line(160, 100, 260, 100, 8.2, 12)]
    found, _ = tracks_of(film(13, *meeting, *other, *back))
    assert len(found) == 2
    assert sorted(ends(track)[1] for track in found) == [[20, 100], [260, 100]]


def test_one_who_is_hidden_for_a_second_is_the_same():
    hidden = film(10, line(20, 100, 120, 100, 0, 4.0), line(146, 100, 280, 100, 5.0, 10))
    found, _ = tracks_of(hidden)
    assert len(found) == 1
    assert np.diff(found[0].times_us).max() == pytest.approx(1e6)


def test_one_who_leaves_and_comes_back_is_another():
    found, _ = tracks_of(film(30, line(20, 100, 280, 100, 0, 10), line(280, 100, 20, 100, 20, 30)))
    assert [track.track_id for track in found] == [20260105_000001, 20260105_000002]
    assert ends(found[1]) == ([275, 100], [25, 100])  # tracks begin with the second sight


def test_a_flash_of_one_frame_is_no_track():
    found, _ = tracks_of(film(3, line(100, 100, 100, 100, 1.0, 1.1)))
    assert found == []


def test_a_frame_that_goes_back_in_time_is_left_out():
    frames = film(4, line(20, 100, 80, 100, 0, 4))
    found, _ = tracks_of([*frames[:10], frames[4], *frames[10:]])
    assert points_of(found) == points_of(tracks_of(frames)[0])


ways = st.lists(
    st.builds(
        line,
        *(st.integers(10, 300) for _ in range(4)),
        since=st.floats(0, 20),
        until=st.floats(21, 60),
    ),
    max_size=4,
)


@settings(max_examples=25, deadline=None)
@given(ways=ways, cut=st.integers(1, 299))
def test_a_day_cut_anywhere_has_the_tracks_of_the_whole(ways, cut, tmp_path_factory):
    """Within a minute of state; the ids of tracks that begin after the cut name the other day."""
    frames = film(60, *ways)
    whole, _ = tracks_of(frames)
    before, state = tracks_of(frames[:cut])
    folder = tmp_path_factory.mktemp("state")
    write_state(state, folder)
    told = read_state(folder)
    after_frames = [frame for frame in frames[cut:] if frame.regions]
    first_us = round(after_frames[0].time_utc.timestamp() * 1e6) if after_frames else 0
    carried = told if goes_on(told, first_us) else []
    after, _ = tracks_of(frames[cut:], day="2026-01-06", before=carried)
    begun_after = sorted({t.track_id for t in after if t.track_id >= 20260106_000000})
    begun_before = {t.track_id for t in before}
    rename = {
        one: 20260105_000001 + len(begun_before) + number for number, one in enumerate(begun_after)
    }
    joined = {(rename.get(i, i), t, box) for i, t, box in points_of(before) | points_of(after)}
    assert joined == points_of(whole)
    assert all(track.began_before for track in after if track.track_id in begun_before)


def test_a_day_after_a_gap_begins_anew():
    _, state = tracks_of(film(4, line(20, 100, 80, 100, 0, 4)))
    last_us = state[-1].time_us
    assert goes_on(state, last_us + 1_000_000)
    assert not goes_on(state, last_us + 3_000_000)
    assert not goes_on(state, last_us - 1)
    assert not goes_on([], last_us)


def test_the_state_is_a_minute_at_most():
    frames = film(100, line(20, 100, 280, 100, 0, 100))
    _, state = tracks_of(frames)
    assert state[-1].time_us - state[0].time_us <= 60e6
    assert len(state) > 250


def test_a_split_across_midnight_keeps_the_id_of_the_day_it_began_on():
    late = START + timedelta(hours=15, minutes=59, seconds=55)
    frames = film(10, line(20, 100, 280, 100, 0, 10), start=late)
    (first,), state = tracks_of(frames[:25])
    (second,), _ = tracks_of(frames[25:], day="2026-01-06", before=state)
    assert first.track_id == second.track_id == 20260105_000001
    assert (first.began_before, second.began_before) == (False, True)
