"""Frames that depart in a row are one departure, as strong as their odds add up to."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.channels.channel_departures import OCCASION_S, held_out_departures
from camera_analysis.channels.channel_scale import ALL, BITS_PER_NAT, ChannelScale
from camera_analysis.events.departure_rule import occasions
from camera_analysis.events.events import EventConfig

CALM = 1.0


def scale_of(*folds, begins=()):
    """Each fold a list of bits, one a frame; ``begins`` are frames whose forerunner is missing."""
    scale = ChannelScale()
    for number, bits in enumerate(folds):
        scale.scores[ALL, number] = [bit / BITS_PER_NAT for bit in bits]
        scale.begins[number] = [n == 0 or n in begins for n in range(len(bits))]
    return scale


def departures(*folds, begins=(), interval_s=1.0):
    found = held_out_departures(scale_of(*folds, begins=begins), interval_s, EventConfig())
    return [(n, [round(each, 6) for each in strengths]) for n, strengths in found.values()]


def test_a_stay_is_one_departure_of_all_its_seconds():
    stay = [CALM] * 5 + [8.0] * 16 + [CALM] * 5
    assert departures(stay, [CALM] * 9) == [(26, [12.0]), (9, [])]
    assert departures(stay, interval_s=0.5) == [(26, [11.0])]


def test_where_nothing_departed_what_came_closest_counts():
    assert departures([CALM] * 5 + [4.0] * 8 + [CALM] * 9 + [4.0] * 2) == [(24, [7.0])]


def test_a_flash_of_one_frame_is_none():
    assert departures([CALM] * 5 + [20.0] + [CALM] * 5) == [(11, [])]


def test_a_short_pause_does_not_end_it_and_a_long_one_does():
    pause = EventConfig().max_gap_samples - 1
    shown = [6.0, 6.0]
    short, long = [CALM] * int(pause), [CALM] * int(OCCASION_S + 2)
    assert departures(shown + short + shown) == [(4 + len(short), [8.0])]
    assert departures(shown + long + shown) == [(4 + len(long), [7.0, 7.0])]


def test_what_departs_again_within_a_minute_counts_once():
    again = [6.0, 6.0] + [CALM] * 20 + [8.0, 8.0] + [CALM] * 20 + [6.0, 6.0]
    assert departures(again) == [(46, [9.0])]
    assert occasions([(0, 9, 5.0), (30, 99, 7.0), (120, 130, 6.0), (300, 301, 8.0)], 60) == (7, 8)
    assert occasions([], 60) == ()


def test_nothing_is_followed_over_frames_that_were_not_looked_at():
    assert departures([8.0] * 8, begins=(4,)) == [(8, [10.0, 10.0])]


def test_a_scale_is_read_as_it_was_written(tmp_path):
    scale = scale_of([CALM, 8.0, 8.0], [CALM] * 4, begins=(2,))
    scale.scores["speed", 1] = [2.0, 3.0]
    scale.save(tmp_path)
    read = ChannelScale.load(tmp_path)
    assert read == scale
    assert [part.size for part in read.stretches()[0]] == [2, 1]
    assert np.concatenate(read.stretches()[1]) == pytest.approx([CALM / BITS_PER_NAT] * 4)
