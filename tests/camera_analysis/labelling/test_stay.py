"""How long a place has been occupied: passing, waiting, a flicker of the segmenter, a gap."""

from __future__ import annotations

import numpy as np

from camera_analysis.channels.channel_codes import ABSENT
from camera_analysis.labelling.stay import StayClock


def seconds(code: int) -> float:
    return 2 ** (code / 2)


def codes_of(occupied_at: dict[int, bool], interval_s: float = 1.0) -> list[int]:
    """Codes of the one place of a view of 4 x 4 pixels."""
    clock = StayClock((1, 1), interval_s)
    return [
        int(clock.read(np.full((4, 4), here, np.uint8), at_s)[0, 0])
        for at_s, here in occupied_at.items()
    ]


def test_who_stays_reaches_ever_higher_codes():
    codes = codes_of(dict.fromkeys(range(65), True))
    assert codes[:3] == [0, 0, 2]
    assert seconds(codes[64]) == 64
    assert np.all(np.diff(codes) >= 0)


def test_an_empty_place_has_no_code_and_starts_anew():
    here = dict.fromkeys(range(10), True) | dict.fromkeys(range(10, 20), False) | {20: True}
    codes = codes_of(here)
    assert codes[10:20] == [ABSENT] * 10
    assert codes[20] == 0


def test_one_or_two_missed_samples_do_not_end_a_stay():
    codes = codes_of(dict.fromkeys(range(30), True) | {30: False, 31: False, 32: True})
    assert seconds(codes[-1]) == 32


def test_after_a_gap_in_the_footage_nothing_is_known_to_have_stayed():
    assert codes_of({0: True, 1: True, 500: True})[-1] == 0


def test_two_days_fit_into_the_codes():
    assert codes_of({0: True} | dict.fromkeys(range(1, 400_000, 3), True))[-1] == 35


def test_a_place_needs_a_quarter_of_it_to_be_occupied():
    labels = np.zeros((4, 8), np.uint8)
    labels[0, :3] = 1  # 3 of 16 pixels of the first place
    labels[0, 4:] = 2  # 4 of 16 of the second
    assert StayClock((1, 2), 1.0).read(labels, 0.0).tolist() == [[ABSENT, 0]]
