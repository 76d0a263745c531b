"""A drawn room with somebody in red who walks: no picture before or without a mask shows red."""

from __future__ import annotations

import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest

from camera_analysis.privacy.live_frames import LiveView, Newest
from camera_analysis.privacy.live_hiding import LiveConfig, hide_arriving
from camera_analysis.privacy.live_sources import ArrivedFrame
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings

RED = (220, 30, 30)
CONFIG = LiveConfig(learn_s=2.0, doubt_s=1.0, settings=PrivateVideoSettings(method="mask"))


def room(height=96, width=160):
    """A wall with shelves: enough edges that a displaced view is recognised as such."""
    picture = np.full((height, width, 3), 150, np.uint8)
    for x in range(5, width, 24):
        cv2.rectangle(picture, (x, 8), (x + 12, 30 + x % 17), (90, 110, 60), -1)
    cv2.line(picture, (0, height - 20), (width, height - 30), (60, 60, 70), 3)
    return picture


def with_somebody(number):
    frame = room()
    x = 4 * number % 150
    frame[35:75, x : x + 12] = RED
    return frame


def arriving(frames, fps=10.0):
    return iter(
        [
            ArrivedFrame(arrived_s=number / fps, frame_rgb=frame)
            for number, frame in enumerate(frames)
        ]
    )


def red_pixels(picture):
    return int(((picture[..., 0] > 170) & (picture[..., 1] < 90)).sum())


def last_picture(view):
    """What is shown when a view has ended."""
    view.start()
    number, last = 0, None
    while (picture := view.next_picture(number, 10.0)) is not None:
        number, last = picture.number, picture
    return last


def test_nobody_is_shown_while_the_empty_view_is_learned_or_after_it():
    shown = list(hide_arriving(arriving(with_somebody(n) for n in range(60)), None, CONFIG))
    assert len(shown) == 60
    assert [one.hidden for one in shown[:21]] == ["learning"] * 21
    assert [one.hidden for one in shown[21:]] == [""] * 39
    assert sum(red_pixels(one.shown_rgb) for one in shown) == 0
    wall = shown[-1].shown_rgb[3, 3]
    assert np.abs(wall.astype(int) - 150).max() < 5, "the place itself is shown"


@pytest.mark.parametrize("method", ["blank", "token"])
def test_who_never_went_away_is_not_drawn_again_from_the_learned_place(method):
    """The network hides them; the plate holds them, and methods draw the plate where they are."""

    class FindsRed:
        def probability(self, frames):
            red = (frames[..., 0] > 170) & (frames[..., 1] < 90)
            return red.astype(np.float32)

    frame = with_somebody(15)
    config = replace(CONFIG, settings=PrivateVideoSettings(method=method))
    shown = list(hide_arriving(arriving(frame for _ in range(40)), FindsRed(), config))
    assert [one.hidden for one in shown[21:]] == [""] * 19
    red = RED[0] - RED[1]
    left = shown[-1].shown_rgb[40:70, 62:70].astype(int)
    assert (left[..., 0] - left[..., 1]).max() < red / 4
    assert red_pixels(frame) > 0


def test_other_size_is_learned_anew():
    frames = [with_somebody(n) for n in range(40)]
    larger = [cv2.resize(with_somebody(n), (320, 200)) for n in range(40)]
    shown = list(hide_arriving(arriving([*frames, *larger]), None, CONFIG))
    assert shown[30].hidden == "" and shown[45].hidden == "learning"
    assert shown[-1].hidden == "" and shown[-1].shown_rgb.shape == (200, 320, 3)
    assert sum(red_pixels(one.shown_rgb) for one in shown) == 0


def test_view_that_is_not_recognised_is_hidden_and_then_learned_anew():
    frames = [with_somebody(n) for n in range(30)]
    turned = [np.ascontiguousarray(with_somebody(n)[::-1]) for n in range(60)]
    shown = list(hide_arriving(arriving([*frames, *turned]), None, CONFIG))
    hidden = [one.hidden for one in shown]
    assert all(hidden[31:41])
    assert "learning" in hidden[35:]
    assert hidden[-1] == ""
    assert sum(red_pixels(one.shown_rgb) for one in shown) == 0


def test_failing_segmenter_leaves_grey():
    class Broken:
        def probability(self, frames):
            raise RuntimeError("out of memory")

    def frames():
        for number, frame in enumerate(arriving(with_somebody(n) for n in range(5))):
            yield frame
            view.next_picture(number, 10.0)  # so that none is dropped

    config = LiveConfig(learn_s=0.01, settings=CONFIG.settings)
    view = LiveView(frames(), Broken(), config, lambda: 0.0)
    assert last_picture(view).hidden == "failed"
    assert view.status().ended


@pytest.mark.parametrize("error", [ValueError("no frame can be read"), RuntimeError("a bug")])
def test_failing_reader_leaves_grey(error):
    def frames():
        yield from arriving([with_somebody(0)])
        raise error

    view = LiveView(frames(), None, CONFIG, lambda: 0.0)
    assert last_picture(view).hidden == "failed"
    assert view.status().ended


def test_stopping_is_no_failure():
    waiting = threading.Event()

    def frames():
        yield from arriving([with_somebody(0)])
        waiting.wait(10.0)

    view = LiveView(frames(), None, CONFIG, lambda: 0.0)
    view.start()
    view.stop()
    waiting.set()
    assert view.status().hidden != "failed"


def test_mailbox_holds_the_newest_alone():
    mailbox = Newest()
    for number in range(5):
        mailbox.put(number)
    mailbox.close()
    assert list(mailbox.items()) == [4]
    assert mailbox.dropped == 4


def test_learning_takes_time():
    with pytest.raises(ValueError, match="learn_s is 0"):
        LiveConfig(learn_s=0)
