"""The area under the ROC curve, by hand and against the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_analysis.benchmarks import frame_auc

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30).filter(
    lambda rows: 0 < sum(label for _, label in rows) < len(rows)
)


def test_drawn_cases():
    assert frame_auc([1, 2, 3, 4], [False, False, True, True]) == 1.0
    assert frame_auc([4, 3, 2, 1], [False, False, True, True]) == 0.0
    assert frame_auc([1, 1, 1, 1], [False, True, False, True]) == 0.5
    assert frame_auc([1, 2, 2, 3], [0, 0, 1, 1]) == 0.875


@settings(deadline=None)  # a busy machine is no failure
@given(PAIRS)
def test_it_is_the_share_of_pairs_in_the_right_order(rows):
    scores, labels = np.array([s for s, _ in rows]), np.array([a for _, a in rows])
    difference = scores[labels][:, None] - scores[~labels][None, :]
    assert frame_auc(scores, labels) == pytest.approx(((np.sign(difference) + 1) / 2).mean())


def test_what_has_no_answer_is_refused():
    with pytest.raises(ValueError, match="needs both"):
        frame_auc([1.0, 2.0], [True, True])
    with pytest.raises(ValueError, match="not finite"):
        frame_auc([1.0, np.nan], [True, False])
    with pytest.raises(ValueError, match="equal"):
        frame_auc([1.0], [True, False])
