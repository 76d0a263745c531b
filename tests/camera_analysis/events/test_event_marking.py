"""Tags, marks from the command line, and the marks of before become the marks that count."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from camera_analysis.events.event_marking import (
    HandedMark,
    TaggedEvent,
    event_of,
    event_values,
    hand_in,
    merge_marks,
    read_inbox,
)
from camera_analysis.events.event_marks import read_marks
from tests.camera_analysis.factories_days import MORNING
from tests.camera_analysis.factories_events import seen


def tagged(event, *tags, created=1.0, modified=2.0, reviewer="ann"):
    return TaggedEvent(
        event=event,
        tags=tags,
        created_at=MORNING + timedelta(hours=created),
        last_modified_at=MORNING + timedelta(hours=modified),
        reviewer=reviewer,
    )


def handed(event, mark, hours=3.0, by="bob"):
    return HandedMark(
        event=event, mark=mark, marked_by=by, marked_at=MORNING + timedelta(hours=hours)
    )


class Pulls:
    """Pulls one after the other, each knowing the one before."""

    def __init__(self, folder):
        self.folder, self.count, self.last = folder, 0, None
        self.inbox = folder / "inbox"

    def pull(self, *events):
        self.count += 1
        out = self.folder / f"pull{self.count}"
        out.mkdir()
        merge_marks(events, out, inbox=self.inbox, previous=self.last)
        self.last = out
        return {key: (one.mark, one.marked_by) for key, one in read_marks(out).items()}


@pytest.fixture
def pulls(tmp_path):
    return Pulls(tmp_path)


A, B = seen(0), seen(100)


def test_tags_become_marks_and_a_doubt_is_no_all_clear(pulls):
    found = pulls.pull(tagged(A, "expected"), tagged(B, "alarm", "expected", "blurred"))
    assert found == {A.key: ("expected", "ann"), B.key: ("alarm", "ann")}
    assert pulls.pull(tagged(seen(200), "blurred"), tagged(A, "expected")).keys() == found.keys()


def test_a_mark_whose_tags_stay_keeps_its_time_and_reviewer(pulls):
    pulls.pull(tagged(A, "expected"))
    first = read_marks(pulls.last)[A.key]
    pulls.pull(tagged(A, "expected", modified=9.0, reviewer="carl"))
    assert read_marks(pulls.last)[A.key] == first


def test_a_removed_tag_withdraws_and_a_lost_database_does_not(pulls):
    pulls.pull(tagged(A, "expected"), tagged(B, "alarm"))
    assert pulls.pull(tagged(B)) == {A.key: ("expected", "ann")}
    assert pulls.pull() == {A.key: ("expected", "ann")}  # nothing is there any more
    assert pulls.pull(tagged(A, created=5.0)) == {A.key: ("expected", "ann")}  # created anew


def test_a_mark_from_the_command_line_stands_until_something_newer(pulls):
    pulls.pull(tagged(A, "expected"))
    hand_in(pulls.inbox, handed(A, "alarm"))
    assert pulls.pull(tagged(A, "expected")) == {A.key: ("alarm", "bob")}
    assert pulls.pull(tagged(A, "expected")) == {A.key: ("alarm", "bob")}
    newer = tagged(A, "expected", "seen", modified=5.0, reviewer="carl")
    assert pulls.pull(newer) == {A.key: ("expected", "carl")}


def test_it_can_be_taken_back(pulls):
    hand_in(pulls.inbox, handed(A, "expected"))
    assert pulls.pull() == {A.key: ("expected", "bob")}
    hand_in(pulls.inbox, handed(A, "", hours=4.0))
    assert pulls.pull() == {}
    assert pulls.pull() == {}


def test_a_handed_mark_replaces_that_of_the_event_before_it_was_computed_anew(pulls):
    again = seen(1)
    pulls.pull(tagged(A, "expected"))
    hand_in(pulls.inbox, handed(again, "alarm"))
    assert pulls.pull() == {again.key: ("alarm", "bob")}


FRAMES = seen(0, 5.5, (45, 7, 71, 25), leading="class")
WAY = seen(0.25, 5.5, (55, 7, 87, 25), leading="path")


def test_a_walker_and_the_way_taken_are_marked_and_taken_back_apart(pulls):
    hand_in(pulls.inbox, handed(FRAMES, "alarm"))
    assert pulls.pull() == {FRAMES.key: ("alarm", "bob")}
    hand_in(pulls.inbox, handed(WAY, "expected", hours=4.0))
    both = {FRAMES.key: ("alarm", "bob"), WAY.key: ("expected", "bob")}
    assert pulls.pull() == pulls.pull() == both
    hand_in(pulls.inbox, handed(FRAMES, "", hours=5.0))
    assert pulls.pull() == {WAY.key: ("expected", "bob")}


def test_of_two_who_walk_side_by_side_only_the_one_that_was_meant_is_marked_anew(pulls):
    one, two = seen(0, 9.75, leading="path"), seen(1, 7.75, leading="path")
    hand_in(pulls.inbox, replace(handed(one, "alarm"), beside=(two,)))
    hand_in(pulls.inbox, replace(handed(two, "expected", hours=4.0), beside=(one,)))
    assert pulls.pull() == {one.key: ("alarm", "bob"), two.key: ("expected", "bob")}
    again, two_again = replace(one, x0=69), replace(two, x0=69)
    hand_in(pulls.inbox, replace(handed(again, "", hours=5.0), beside=(two_again,)))
    assert pulls.pull() == {two.key: ("expected", "bob")}


def test_a_mark_handed_in_before_it_said_what_was_beside_is_read(tmp_path):
    path = hand_in(tmp_path, handed(A, "expected"))
    values = json.loads(path.read_text())
    assert values.pop("beside") == []
    path.write_text(json.dumps(values))
    assert read_inbox(tmp_path) == [handed(A, "expected")]
    two = replace(handed(B, "alarm", hours=4.0), beside=(seen(101),))
    hand_in(tmp_path, two)
    assert read_inbox(tmp_path)[1] == two


def test_equal_answers_give_equal_bytes(pulls):
    pulls.pull(tagged(A, "expected"), tagged(B, "alarm"))
    first = (pulls.last / "marks.parquet").read_bytes()
    pulls.pull(tagged(B, "alarm"), tagged(A, "expected"))
    assert (pulls.last / "marks.parquet").read_bytes() == first


def test_what_lies_in_the_inbox_is_read_back_or_named(tmp_path):
    one = handed(A, "expected")
    path = hand_in(tmp_path, one)
    assert read_inbox(tmp_path) == [one]
    assert event_of(event_values(A)) == A
    path.write_text("{}")
    with pytest.raises(ValueError, match=f"{path.name}.*no mark of an event"):
        read_inbox(tmp_path)
