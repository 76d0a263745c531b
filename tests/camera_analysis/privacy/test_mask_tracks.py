"""Hidden regions keep their track while they move, and two are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.labelling.motion import MotionConfig, learn_plate
from camera_analysis.labelling.plates import view_of
from camera_analysis.privacy.mask_tracks import MaskTracks
from camera_analysis.privacy.private_frames import PeopleHider, TimedFrame
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from tests.camera_analysis.factories_scene import noisy, room


def two_walkers(step):
    """One goes right above, the other left below."""
    mask = np.zeros((60, 80), bool)
    mask[5:25, 5 + step : 15 + step] = True
    mask[35:55, 60 - step : 70 - step] = True
    return mask


@pytest.mark.parametrize("step_s", [0.04, 0.5])
def test_walkers_keep_tracks_of_their_own(step_s):
    tracks = MaskTracks()
    drawn = [tracks.update(step * step_s, two_walkers(step)) for step in range(12)]
    for step, tracks_hw in list(enumerate(drawn))[3:]:
        assert set(np.unique(tracks_hw)) == {0, 1, 2}
        assert tracks_hw[10, 10 + step] == drawn[3][10, 13]
        assert tracks_hw[40, 65 - step] == drawn[3][40, 62]
    assert (drawn[0] == 0).all()


def test_another_stream_counts_from_one_again():
    for _ in range(2):
        tracks = MaskTracks()
        last = [tracks.update(step / 25, two_walkers(step)) for step in range(5)][-1]
        assert set(np.unique(last)) == {0, 1, 2}


def test_a_video_without_anybody_has_no_track():
    tracks = MaskTracks()
    drawn = [tracks.update(step / 25, np.zeros((6, 8), bool)) for step in range(4)]
    assert not np.any(drawn)


def test_silhouettes_of_two_people_have_two_colours_that_last():
    empty = [noisy(room(height=60, width=80), seed, 1.0) for seed in range(30)]
    settings = PrivateVideoSettings(
        method="silhouette", margin_share=0, hold_s=0.05, network_interval_s=0.05
    )
    hider = PeopleHider(
        view_of(learn_plate(empty, MotionConfig()), (80, 60)),
        None,
        settings,
        motion=MotionConfig(),
        limits=QualityLimits(),
        fill_rgb=np.full((60, 80, 3), 90, np.uint8),
    )
    frames = []
    for step in range(10):
        frame = empty[step].copy()
        frame[two_walkers(step)] = (40, 250, 20)
        frames.append(TimedFrame(offset_s=step / 10, frame_rgb=frame))
    shown = [private.shown_rgb for private in hider.hide(frames)]
    above = [tuple(picture[15, 10 + step]) for step, picture in enumerate(shown)]
    below = [tuple(picture[45, 65 - step]) for step, picture in enumerate(shown)]
    assert len(set(above[3:])) == len(set(below[3:])) == 1
    assert above[3] != below[3]
