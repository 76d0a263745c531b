"""Codes, counts, tails, calibration, maps and regions of the channels, on drawn cases."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_analysis.channels.channel_calibration import calibrate, moment_maxima, moment_seconds
from camera_analysis.channels.channel_codes import (
    ABSENT,
    BINS,
    CHANNELS,
    DIRECTION,
    PER_OCTAVE,
    SIZE,
    SPEED,
    STAY,
    STIFF,
    TONE,
    CodeConfig,
    CodeReader,
)
from camera_analysis.channels.channel_counts import ChannelCounts
from camera_analysis.channels.channel_maps import REMAIN, ChannelMaps, MapConfig
from camera_analysis.channels.channel_regions import (
    FoundRegion,
    RegionConfig,
    peak_regions,
    smoothed_regions,
)
from camera_analysis.channels.channel_surprise import TailConfig, TailTables
from camera_analysis.labelling.regions import Box

GRID = (3, 4)
GRIDS = dict.fromkeys(CHANNELS, GRID)


def textured(left: float, *, size_hw=(80, 120), side: int = 24) -> np.ndarray:
    """RGB frame of a checked square on even ground."""
    frame = np.full(size_hw, 100, np.uint8)
    body = np.kron(np.indices((side // 4, side // 4)).sum(axis=0) % 2, np.ones((4, 4)))
    x = round(left)
    frame[24 : 24 + side, x : x + side] = (60 + 140 * body).astype(np.uint8)
    return cv2.cvtColor(cv2.GaussianBlur(frame, (5, 5), 0), cv2.COLOR_GRAY2RGB)


def test_what_stands_still_has_no_motion_codes():
    reader = CodeReader(80, 120, CodeConfig())
    reader.read(textured(20))
    codes = reader.read(textured(20)).codes
    assert all((codes[channel] == ABSENT).all() for channel in (SPEED, DIRECTION, SIZE))
    assert codes[TONE][0, 0] == 100 // 4


def test_a_square_that_moves_has_speed_direction_and_size():
    config = CodeConfig()
    reader = CodeReader(80, 120, config)
    reader.read(textured(20))
    read = reader.read(textured(23))
    inside = (slice(7, 11), slice(7, 10))  # of the square, on the grid of 4 pixels
    speed = config.least_speed * 2 ** (read.codes[SPEED][inside] / PER_OCTAVE[SPEED])
    assert np.median(speed) == pytest.approx(3.0, rel=0.25)
    assert (read.codes[DIRECTION][inside] == 0).all()  # along x
    side = config.least_side * 2 ** (read.codes[SIZE][inside] / PER_OCTAVE[SIZE])
    assert np.median(side) == pytest.approx(26, rel=0.25)
    assert read.codes[SPEED][0, 0] == ABSENT


def test_large_frames_are_reduced_and_other_sizes_refused():
    reader = CodeReader(480, 720, CodeConfig())
    assert (reader.height, reader.width) == (240, 360)
    assert reader.grids[SPEED] == (60, 90)
    with pytest.raises(ValueError, match="a frame of 120 x 80 pixels in a clip of 720 x 480"):
        reader.read(textured(20))


def random_codes(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = {channel: rng.integers(0, BINS[channel], GRID).astype(np.uint8) for channel in CHANNELS}
    codes[SPEED][rng.random(GRID) < 0.5] = ABSENT
    return codes


def counted(*seeds: int) -> ChannelCounts:
    counts = ChannelCounts(GRIDS)
    for seed in seeds:
        counts.add(random_codes(seed))
    return counts


@given(st.lists(st.integers(0, 99), max_size=8), st.lists(st.integers(0, 99), max_size=8))
@settings(max_examples=30)
def test_counts_add_up_bit_for_bit_and_subtract_again(one, other):
    a, b = counted(*one), counted(*other)
    assert a + b == counted(*one, *other)
    assert (a + b) - b == a
    assert a + b == b + a


def test_counts_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="more would be taken"):
        counted(1) - counted(2)
    with pytest.raises(ValueError, match="do not add"):
        counted(1) + ChannelCounts(dict.fromkeys(CHANNELS, (1, 1)))
    codes = random_codes(1) | {TONE: np.full(GRID, 64, np.uint8)}
    with pytest.raises(ValueError, match="tone code 64"):
        counted().add(codes)


def tables(speeds: list[int], directions: list[int], tones: list[int]) -> TailTables:
    """Every place showed these codes, one a frame."""
    counts = ChannelCounts(GRIDS)
    for speed, direction, tone in zip(speeds, directions, tones, strict=True):
        values = {SPEED: speed, DIRECTION: direction, SIZE: speed, STIFF: speed, TONE: tone}
        counts.add({c: np.full(GRID, value, np.uint8) for c, value in values.items()})
    return TailTables(counts, TailConfig())


def scores(table: TailTables, channel: str) -> np.ndarray:
    """Score of every code at the first place."""
    return np.array(
        [table.score(channel, np.full(GRID, code, np.uint8))[0, 0] for code in range(BINS[channel])]
    )


def test_speeds_beyond_the_usual_surprise_and_those_between_do_not():
    of = scores(tables([10] * 200 + [20] * 200, [0] * 400, [4] * 400), SPEED)
    assert (np.diff(of) >= 0).all()
    assert of[10] < 0.1
    assert of[15] < 0.8  # nobody was that fast, but half were faster
    assert of[30] > 3
    assert of[40] > of[30]


def test_a_direction_against_the_stream_surprises():
    of = scores(tables([10] * 200, [0] * 190 + [4] * 10, [4] * 200), DIRECTION)
    assert of[0] < 0.01
    assert of[0] < of[4] < of[2]


def test_tones_never_seen_surprise_and_their_neighbours_less():
    of = scores(tables([10] * 300, [0] * 300, [20] * 300), TONE)
    assert of[20] < of[22] < of[25] < of[40]
    assert of[40] > 5


def test_codes_that_are_as_rare_surprise_alike():
    of = scores(tables([10] * 300, [0] * 300, [20] * 300), TONE)
    assert of[40] == of[50] == of[63] == pytest.approx(-np.log(1 / 301), abs=0.5)
    of = scores(tables([10] * 200, [0] * 190 + [4] * 10, [4] * 200), DIRECTION)
    assert of[2] == of[6]


def test_absent_places_score_nothing():
    table = tables([10] * 5, [0] * 5, [4] * 5)
    assert not table.score(SPEED, np.full(GRID, ABSENT, np.uint8)).any()
    with pytest.raises(ValueError, match="no frames"):
        TailTables(ChannelCounts(GRIDS), TailConfig())


def test_evidence_is_the_conformal_p_value_and_goes_on_beyond_the_calibration():
    maxima = np.random.default_rng(0).exponential(2.0, 2000)
    calibration = calibrate([maxima])
    assert calibration.evidence(np.array([np.median(maxima)]))[0] == pytest.approx(np.log(2), 0.01)
    assert calibration.evidence(maxima).mean() == pytest.approx(1.0, abs=0.1)
    far = calibration.evidence(np.array([20.0, 30.0]))
    assert np.diff(far)[0] == pytest.approx(5.0, rel=0.4)  # ten units of an exponential of mean 2


@given(st.lists(st.floats(0, 50), min_size=1, max_size=60))
@settings(max_examples=40)
def test_evidence_never_falls_as_scores_rise(maxima):
    of = calibrate([np.array(maxima)]).evidence(np.linspace(0, 80, 200))
    assert (np.diff(of) >= -1e-4).all()
    assert (of >= 0).all()


def stay_maps():
    """Maps of a place that is always of tone 4: of a usual frame, and of one of tone 12."""
    table = tables([10] * 300, [0] * 300, [4] * 300)
    usual = {c: np.full(GRID, ABSENT, np.uint8) for c in CHANNELS} | {
        TONE: np.full(GRID, 4, np.uint8)
    }
    strange = usual | {TONE: np.full(GRID, 12, np.uint8)}
    return ChannelMaps(table, 1.0, MapConfig(stay_s=4.0, remain_s=40.0)), usual, strange


def test_what_stays_fills_the_map_that_remembers():
    maps, usual, strange = stay_maps()
    before = [maps.of(usual) for _ in range(60)][-1][STAY].max()
    flash = maps.of(strange)[STAY].max()
    stayed = [maps.of(strange) for _ in range(20)][-1][STAY].max()
    assert before < 0.5 * flash < 0.2 * stayed


def test_what_remains_counts_by_minutes_and_ends_with_what_filled_it():
    maps, usual, strange = stay_maps()
    for _ in range(60):
        maps.of(usual)
    pause = [maps.of(strange) for _ in range(10)][-1]
    left = [maps.of(strange) for _ in range(120)][-1]
    gone = maps.of(usual)
    assert pause[STAY].max() > 0.9 * left[STAY].max()  # a pause fills the one
    assert pause[REMAIN].max() < 0.3 * left[REMAIN].max()  # but not the other
    assert left[REMAIN].max() > 0.9 * left[TONE].max()
    assert gone[REMAIN].max() == gone[TONE].max()


def test_a_clip_shorter_than_the_look_back_says_nothing_of_what_stays():
    maps, _, strange = stay_maps()
    seen = [maps.of(strange) for _ in range(39)]
    assert not any(found[REMAIN].any() for found in seen)
    assert [bool(found[STAY].any()) for found in seen[:4]] == [False, False, False, True]
    assert maps.of(strange)[REMAIN].any()


def test_an_incident_in_the_history_hardly_moves_the_evidence_however_long_it_lasts():
    rng = np.random.default_rng(0)
    clean = [rng.exponential(2.0, 60) for _ in range(12)]  # ten minutes each, a score a moment
    slow = [part.copy() for part in clean]
    slow[5][20:56] = 60.0 + rng.normal(0, 1, 36)  # six minutes: a twentieth of the history
    at = np.array([30.0])
    clean_nats, slow_nats = (float(calibrate(parts).evidence(at)[0]) for parts in (clean, slow))
    assert clean_nats == pytest.approx(15.0, rel=0.25)
    assert slow_nats == pytest.approx(clean_nats, rel=0.2)


def test_what_flashes_in_every_moment_and_what_fills_it_are_one_evidence():
    heights = np.random.default_rng(1).exponential(2.0, 300)
    filled = np.repeat(heights, 50)
    flashing = np.zeros(filled.size)
    flashing[::50] = heights
    at = np.array([1.0, 4.0, 20.0])
    one, other = (calibrate([moment_maxima(s, 50)]).evidence(at) for s in (filled, flashing))
    np.testing.assert_array_equal(one, other)


def test_a_stretch_falls_into_equal_moments():
    assert moment_maxima(np.array([1.0, 5.0, 2.0, 3.0, 0.0, 4.0, 1.0]), 3).tolist() == [5.0, 4.0]
    assert moment_maxima(np.array([1.0, 2.0]), 50).tolist() == [2.0]
    assert moment_maxima(np.zeros(0), 5).size == 0


def test_short_footage_has_shorter_moments():
    assert moment_seconds(240.0) == pytest.approx(0.4)  # 600 of them
    assert moment_seconds(3000.0) == pytest.approx(5.0)
    assert moment_seconds(3600.0 * 24) == 5.0


def test_regions_lie_around_their_peaks():
    evidence = np.zeros((20, 30), np.float32)
    evidence[3:6, 4:9] = 4.0
    evidence[4, 6] = 5.0
    evidence[12:15, 20:22] = 2.0
    found = peak_regions(evidence, (4.0, 4.0), RegionConfig())
    assert found == [
        FoundRegion(Box(16, 12, 36, 24), 5.0),
        FoundRegion(Box(80, 48, 88, 60), 2.0),
    ]
    assert peak_regions(np.zeros((4, 4), np.float32), (4.0, 4.0), RegionConfig()) == []


def test_neighbours_are_two_regions_and_the_slope_of_a_peak_is_none():
    evidence = np.zeros((9, 24), np.float32)
    evidence[4, 2:22] = [1, 2, 4, 8, 9, 10, 9, 8, 4, 2, 2, 3, 5, 6, 5, 3, 2, 1, 1, 1]
    boxes = [region.box for region in peak_regions(evidence, (1.0, 1.0), RegionConfig())]
    assert boxes == [Box(5, 4, 10, 5), Box(14, 4, 17, 5)]


def test_a_flash_is_calmed_and_a_stay_is_not():
    here = FoundRegion(Box(0, 0, 20, 20), 10.0)
    flash = [[here] if number == 20 else [] for number in range(40)]
    stay = [[here] if 10 <= number < 30 else [] for number in range(40)]
    calm_flash = smoothed_regions(flash, 10.0, RegionConfig())
    calm_stay = smoothed_regions(stay, 10.0, RegionConfig())
    assert calm_flash[20][0].evidence == pytest.approx(1.0, abs=0.15)  # 10 / (4 sqrt(2 pi))
    assert calm_stay[20][0].evidence == pytest.approx(10.0, rel=0.03)


def test_a_thing_that_moves_is_one_track_and_two_things_are_two():
    moving = [
        [FoundRegion(Box(6 * n, 0, 6 * n + 20, 20), 8.0), FoundRegion(Box(300, 0, 320, 20), 1.0)]
        for n in range(30)
    ]
    calm = smoothed_regions(moving, 10.0, RegionConfig())
    assert calm[15][0].evidence == pytest.approx(8.0)
    assert calm[15][1].evidence == pytest.approx(1.0)
