from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.occupancy.agreement import agreement, wilson
from camera_analysis.occupancy.occupancy import DayScores
from camera_analysis.occupancy.occupancy_calibration import (
    BOTTOM_CENTRE,
    WITH_STAYS,
    RoiLabel,
    best_threshold,
    calibrate_occupancy,
    read_labels,
    table_lines,
)
from camera_analysis.occupancy.occupancy_rule import OccupancyRule

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
FRAMES = 40


def day(roi_share, overlap, bottom):
    """One region, a frame a second."""
    column = np.array(roi_share, float)[:, None]
    return DayScores(
        names=("desk",),
        frame_ids=np.arange(len(column)),
        times_s=START.timestamp() + np.arange(len(column), dtype=float),
        local_hours=np.full(len(column), 8),
        expected_px=column,
        roi_share=column,
        person_share=np.zeros_like(column),
        overlap=np.array(overlap, float)[:, None],
        bottom_centre=np.array(bottom, bool)[:, None],
        person_px={},
        roi_px=np.ones(1),
    )


def labels(truth, roi="desk"):
    return [
        RoiLabel(time_utc=START + timedelta(seconds=n), roi=roi, persons=int(there))
        for n, there in enumerate(truth)
    ]


#: Somebody is there in every second stretch of five frames.
TRUTH = np.arange(FRAMES) // 5 % 2 == 1


def test_the_score_that_separates_is_chosen_and_its_threshold_lies_between():
    share = np.where(TRUTH, 0.4, 0.1)
    noise = np.random.default_rng(1).random(FRAMES)
    found = calibrate_occupancy(
        labels(TRUTH), [day(share, noise, ~TRUTH)], OccupancyRule(min_s=2.0), 1.0
    )
    rule = found.rule
    assert (rule.score, rule.enter, rule.leave, rule.min_s) == ("roi_share", 0.25, 0.125, 2.0)
    assert found.held_out["roi_share"].f1 == 1
    assert found.held_out["overlap"].f1 < 0.9
    assert found.held_out[BOTTOM_CENTRE].true_positives == 0
    assert (found.labels, found.occupied) == (FRAMES, 20)
    assert any("bottom centre" in line for line in table_lines(found))


def test_what_is_left_of_somebody_does_not_prolong_a_stay():
    """Between the stretches a speck scores 0.2, which half of the threshold of 0.3 would keep."""
    share = np.where(TRUTH, 0.4, 0.2)
    found = calibrate_occupancy(labels(TRUTH), [day(share, share, TRUTH)], OccupancyRule(), 1.0)
    assert (found.rule.enter, found.rule.leave) == (0.3, 0.225)
    assert found.held_out[WITH_STAYS].f1 == 1


def test_flicker_within_a_stay_is_no_end_of_it():
    """A fifth of somebody's frames score 0.2, and half of nobody's 0.25: enter is above both."""
    place = np.arange(FRAMES) % 5
    somebody, nobody = np.where(place == 2, 0.2, 0.4), np.where(abs(place - 2) < 2, 0.25, 0.05)
    share = np.where(TRUTH, somebody, nobody)
    found = calibrate_occupancy(labels(TRUTH), [day(share, share, TRUTH)], OccupancyRule(), 1.0)
    assert (found.rule.enter, found.rule.leave) == (0.325, 0.1625)
    assert found.held_out["roi_share"].recall == 0.8
    assert found.held_out[WITH_STAYS].f1 == 1


def test_no_frame_judges_the_threshold_that_it_chose():
    """The halves need other thresholds: what is reported is as bad as that, not perfect."""
    early = np.arange(FRAMES) < FRAMES // 2
    share = np.where(early, np.where(TRUTH, 0.9, 0.6), np.where(TRUTH, 0.4, 0.1))
    found = calibrate_occupancy(
        labels(TRUTH), [day(share, share, TRUTH)], OccupancyRule(), 1.0, score="roi_share"
    )
    held_out = found.held_out["roi_share"]
    assert held_out.true_positives == 10  # of the early half; the late one lies below its threshold
    assert held_out.false_positives == 10
    assert found.held_out[BOTTOM_CENTRE].f1 == 1


def test_no_half_chooses_the_score_that_it_is_judged_by():
    """Each score separates one half alone: what the other half chose says nothing there."""
    early = np.arange(FRAMES) < FRAMES // 2
    told, silent = np.where(TRUTH, 0.9, 0.1), np.zeros(FRAMES)
    scores = day(np.where(early, told, silent), np.where(early, silent, told), TRUTH)
    found = calibrate_occupancy(labels(TRUTH), [scores], OccupancyRule(min_s=0.0), 1.0)
    assert found.held_out[WITH_STAYS].true_positives == 0


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2).filter(
        lambda rows: any(truth for _, truth in rows)
    )
)
def test_no_other_threshold_does_better(rows):
    scores, truth = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    instants = np.arange(len(rows), dtype=float)
    chosen = best_threshold(np.round(scores, 2), truth)
    best = agreement(np.round(scores, 2) >= chosen, truth, instants).f1
    for other in np.arange(0.005, 1, 0.01):
        assert best >= agreement(np.round(scores, 2) >= other, truth, instants).f1 - 1e-9


def test_counts_precision_recall_and_intervals():
    truth = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], bool)
    said = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0, 0], bool)
    found = agreement(said, truth, np.arange(10.0))
    assert (found.precision, found.recall, found.f1) == (0.75, 0.75, 0.75)
    assert found.true_negatives == 5
    assert 0 <= found.f1_interval.low < 0.75 < found.f1_interval.high <= 1
    # Newcombe 1998, table I: 81 of 263 by method 3.
    assert wilson(81, 263).low == pytest.approx(0.2553, abs=1e-4)
    assert wilson(81, 263).high == pytest.approx(0.3662, abs=1e-4)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_labels_are_read_in_the_cameras_time(tmp_path):
    path = tmp_path / "seen.csv"
    path.write_text("time,roi,persons\n2026-01-05T08:00:00.5,desk,2\n2026-01-05T07:00Z,door,0\n")
    first, second = read_labels(path, ZoneInfo("Europe/Berlin"))
    assert first.time_utc == datetime(2026, 1, 5, 7, 0, 0, 500_000, UTC)
    assert (first.persons, second.time_utc.hour) == (2, 7)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time,roi\n", "no column"),
        ("time,roi,persons\nnoon,desk,1\n", "line 2: Invalid isoformat"),
        ("time,roi,persons\n2026-01-05T08:00,desk,many\n", "line 2"),
        ("time,roi,persons\n2026-01-05T08:00,desk,-1\n", "-1 persons"),
    ],
)
def test_labels_that_cannot_be_read_name_their_line(tmp_path, text, says):
    path = tmp_path / "seen.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=says):
        read_labels(path, ZoneInfo("UTC"))


def test_labels_of_no_frame_no_region_or_one_kind_are_refused():
    scores = day(TRUTH, TRUTH, TRUTH)
    with pytest.raises(ValueError, match="the camera has \\['desk'\\]"):
        calibrate_occupancy(labels(TRUTH, "sofa"), [scores], OccupancyRule(), 1.0)
    late = [RoiLabel(time_utc=START + timedelta(hours=2), roi="desk", persons=1)]
    with pytest.raises(ValueError, match=r"no usable sampled frame within 0\.5 s"):
        calibrate_occupancy(late, [scores], OccupancyRule(), 1.0)
    with pytest.raises(ValueError, match="0 labels with somebody inside and 40 without"):
        calibrate_occupancy(labels(TRUTH & False), [scores], OccupancyRule(), 1.0)
