"""RBDC and TBDC on cases that can be followed by hand, and what must hold for any case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.benchmark.region_criteria import Detection, RegionCriteria, area_to_one
from camera_analysis.labelling.regions import Box

HERE, THERE, FAR = Box(0, 0, 10, 10), Box(20, 0, 30, 10), Box(50, 50, 60, 60)


def test_a_perfect_answer_scores_one():
    criteria = RegionCriteria()
    for _ in range(3):
        criteria.add("a", [(0, HERE), (1, THERE)], [Detection(HERE, 2.0), Detection(THERE, 1.0)])
    criteria.add("a", [], [])
    curve = criteria.curve()
    assert (curve.rbdc, curve.tbdc) == (1.0, 1.0)


def test_nothing_found_scores_nothing():
    criteria = RegionCriteria()
    criteria.add("a", [(0, HERE)], [Detection(FAR, 1.0)])
    curve = criteria.curve()
    assert (curve.rbdc, curve.tbdc) == (0.0, 0.0)


def test_false_positives_come_first():
    """Two frames; a false region of score 2 comes before the true one of score 1.

    The curve goes (0, 0) -> (0.5, 0) -> (0.5, 1) and on level: half the area is lost.
    """
    criteria = RegionCriteria()
    criteria.add("a", [(0, HERE)], [Detection(HERE, 1.0), Detection(FAR, 2.0)])
    criteria.add("a", [], [])
    assert criteria.curve().rbdc == pytest.approx(0.5)


def test_a_curve_that_passes_one_false_region_a_frame_is_cut_there():
    """One frame: region A at 3, two false regions at 2, region B at 1: (0, .5) -> (2, .5) -> 1."""
    criteria = RegionCriteria()
    criteria.add(
        "a",
        [(0, HERE), (1, THERE)],
        [Detection(HERE, 3), Detection(FAR, 2), Detection(FAR, 2), Detection(THERE, 1)],
    )
    assert criteria.curve().rbdc == pytest.approx(0.5)


def test_a_track_needs_a_tenth_of_its_frames():
    criteria = RegionCriteria()
    for frame in range(20):
        criteria.add("a", [(0, HERE)], [Detection(HERE, 1.0)] if frame < 2 else [])
    curve = criteria.curve()
    assert curve.rbdc == pytest.approx(0.1)
    assert curve.tbdc == 1.0
    criteria.add("a", [(0, HERE)], [])  # 2 of 21 are less than a tenth
    assert criteria.curve().tbdc == 0.0


def test_the_overlap_needed_is_a_tenth():
    touching, apart = Box(8, 0, 18, 10), Box(9, 0, 19, 10)  # 20 of 180 and 10 of 190 pixels
    for box, found in ((touching, 1.0), (apart, 0.0)):
        criteria = RegionCriteria()
        criteria.add("a", [(0, HERE)], [Detection(box, 1.0)])
        assert criteria.curve().rbdc == found


def test_the_same_number_in_another_clip_is_another_track():
    criteria = RegionCriteria()
    criteria.add("a", [(0, HERE)], [Detection(HERE, 1.0)])
    criteria.add("b", [(0, HERE)], [])
    assert criteria.curve().tbdc == 0.5


def test_without_truth_there_is_no_answer():
    with pytest.raises(ValueError, match="both are needed"):
        RegionCriteria().curve()


def test_area_is_cut_at_one_and_goes_on_level():
    assert area_to_one(np.array([0.0, 0.5]), np.array([0.0, 1.0])) == pytest.approx(0.75)
    assert area_to_one(np.array([0.0, 2.0]), np.array([0.0, 1.0])) == pytest.approx(0.25)


BOXES = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    st.integers(0, 30), st.integers(0, 30), st.integers(2, 20), st.integers(2, 20),
)  # fmt: skip
FRAMES = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 3), BOXES), max_size=3),
        st.lists(st.builds(Detection, BOXES, st.integers(0, 6)), max_size=4),
    ),
    min_size=1,
    max_size=8,
).filter(lambda frames: any(truth for truth, _ in frames))


@given(FRAMES)
def test_only_the_order_of_scores_counts(frames):
    plain, bent = RegionCriteria(), RegionCriteria()
    for truth, detections in frames:
        plain.add("a", truth, detections)
        bent.add("a", truth, [Detection(d.box, float(np.exp(d.score) - 9)) for d in detections])
    assert plain.curve().rbdc == pytest.approx(bent.curve().rbdc)
    assert plain.curve().tbdc == pytest.approx(bent.curve().tbdc)
    assert 0 <= plain.curve().rbdc <= 1


@given(FRAMES)
def test_a_further_false_region_never_helps(frames):
    plain, worse = RegionCriteria(), RegionCriteria()
    for truth, detections in frames:
        plain.add("a", truth, detections)
        worse.add("a", truth, [*detections, Detection(Box(500, 500, 510, 510), 99)])
    assert worse.curve().rbdc <= plain.curve().rbdc + 1e-12
