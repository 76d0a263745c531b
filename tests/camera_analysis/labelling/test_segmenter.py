from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from camera_analysis.labelling.segmenter import MAX_GAP_INTERVALS, FollowingSegmenter

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def frame(level=0):
    return np.full((2, 3, 3), level, np.uint8)


class Alone:
    """Judges each frame by its brightness."""

    def probability(self, frames):
        return frames[..., 0].astype(np.float32) / 255


class Remembering(Alone):
    """Answers how many frames it has seen before, in hundredths."""

    def __init__(self):
        self.streams = []

    def follow(self):
        self.streams.append(Stream())
        return self.streams[-1]


class Stream:
    def __init__(self):
        self.seen = 0

    def probability(self, frames):
        found = np.zeros(frames.shape[:3], np.float32)
        for answer in found:
            answer[:] = self.seen / 100
            self.seen += 1
        return found


def first_pixels(answers):
    return [round(100 * float(answer[0, 0])) for answer in answers]


def test_a_clip_is_one_stream_over_batches():
    following = FollowingSegmenter(Remembering(), interval_s=1)
    assert first_pixels(following.answers([frame()] * 3)) == [0, 1, 2]
    assert first_pixels(following.answers([frame()] * 2)) == [3, 4]
    following.forget()
    assert first_pixels(following.answers([frame()])) == [0]


def test_a_gap_ends_a_clip():
    following = FollowingSegmenter(Remembering(), interval_s=2)
    at_s = [0, 2, 4, 4 + 2 * MAX_GAP_INTERVALS, 5 + 4 * MAX_GAP_INTERVALS]
    found = [following.goes_on(START + timedelta(seconds=second)) for second in at_s]
    assert found == [True, True, True, True, False]


def test_for_frames_that_are_judged_alone_a_gap_is_nothing():
    following = FollowingSegmenter(Alone(), interval_s=1)
    assert all(following.goes_on(START + timedelta(hours=hour)) for hour in range(3))
    assert following.answers([frame(255)])[0][0, 0] == 1


def test_the_plate_is_asked_outside_of_time_and_once():
    class View:
        class plate:
            rgb = frame(51)

    class Counting(Remembering):
        asked = 0

        def probability(self, frames):
            self.asked += 1
            return super().probability(frames)

    segmenter = Counting()
    following = FollowingSegmenter(segmenter, interval_s=1)
    view = View()
    following.answers([frame()])
    assert following.plate_answer(view)[0, 0] == following.plate_answer(view)[0, 0] == 0.2
    assert segmenter.asked == 1
    assert first_pixels(following.answers([frame()])) == [1]  # the stream did not see the plate


def test_without_a_segmenter_there_are_no_answers():
    following = FollowingSegmenter(None, interval_s=1)
    assert following.goes_on(START)
    assert following.answers([frame(), frame()]) == [None, None]
    assert following.plate_answer(object()) is None


def test_answers_of_another_shape_are_refused():
    class Small(Alone):
        def probability(self, frames):
            return super().probability(frames)[:, :1]

    with pytest.raises(ValueError, match=r"segmenter: got probabilities of shape \(1, 1, 3\)"):
        FollowingSegmenter(Small(), interval_s=1).answers([frame()])
