"""Two marks on one event are told; those of two who walk side by side are none."""

from __future__ import annotations

import pytest

from assets.checks_events import marks_are_unique
from camera_analysis.events.event_marks import ALARM, EXPECTED, write_marks
from tests.camera_analysis.factories_events import marked, seen


@pytest.mark.parametrize(
    ("leading", "passed"),
    [
        (("class", "speed"), False),  # one event, computed twice
        (("class", "path"), True),  # somebody and the way taken
        (("path", "path"), True),  # two who walk side by side
    ],
)
def test_two_marks_are_on_one_event_where_nothing_tells_the_events_apart(tmp_path, leading, passed):
    first, second = (seen(at, leading=one) for at, one in enumerate(leading))
    write_marks([marked(first, ALARM), marked(second, EXPECTED)], tmp_path)
    finding = marks_are_unique(tmp_path)
    assert finding.passed is passed
    assert finding.seen.startswith("2 marks")
