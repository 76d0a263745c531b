"""Frames that depart in a row are one departure, as strong as their odds add up to."""

from __future__ import annotations

from camera_analysis.channels.channel_departures import OCCASION_S, held_out_departures
from camera_analysis.channels.channel_scale import ALL, BITS_PER_NAT, ChannelScale
from camera_analysis.events.events import EventConfig

CALM = 1.0


def departures(bits, *, interval_s=1.0, missing=(), **settings):
    """Strengths of a fold's frames, one after the other but for those that are missing."""
    seen = [n for n in range(len(bits)) if n not in missing]
    scale = ChannelScale(
        scores={(ALL, 3): [bits[n] / BITS_PER_NAT for n in seen]},
        times_s={3: [1e9 + n * interval_s for n in seen]},
    )
    found = held_out_departures(scale, 3, interval_s, EventConfig(**settings))
    return [round(one.bits, 6) for one in found]


def test_a_stay_is_one_departure_of_all_its_seconds():
    stay = [CALM] * 5 + [8.0] * 16 + [CALM] * 5
    assert departures(stay) == [12.0]
    assert departures(stay, interval_s=0.5) == [11.0]
    assert departures([CALM] * 9) == departures([]) == []


def test_a_flash_is_none():
    assert departures([CALM] * 5 + [20.0] + [CALM] * 5) == []
    two = [CALM] * 5 + [20.0] * 2 + [CALM] * 5
    assert departures(two) == [21.0]
    assert departures(two, min_duration_s=5.0) == []


def test_a_short_pause_does_not_end_it_and_a_long_one_does():
    pause = EventConfig().max_gap_samples - 1
    shown = [6.0, 6.0]
    short, long = [CALM] * int(pause), [CALM] * int(OCCASION_S + 2)
    assert departures(shown + short + shown) == [8.0]
    assert departures(shown + long + shown) == [7.0, 7.0]


def test_a_missing_frame_is_as_good_as_a_calm_one():
    assert departures([8.0] * 17, missing=[7]) == [12.0]
    assert departures([8.0] * 80, missing=range(8, 72)) == [11.0, 11.0]


def test_what_departs_again_within_a_minute_counts_once():
    again = [6.0, 6.0] + [CALM] * 20 + [8.0, 8.0] + [CALM] * 20 + [6.0, 6.0]
    assert departures(again) == [9.0]


def test_a_scale_is_read_as_it_was_written(tmp_path):
    scale = ChannelScale({("speed", 1): [2.0, 3.0], (ALL, 0): [0.5], (ALL, 1): [0.0, 1.5]})
    scale.save(tmp_path)
    assert ChannelScale.load(tmp_path) == scale
