from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.camera import Camera
from camera_analysis.camera_file import load_camera, write_camera
from camera_analysis.tracks.tracking_rule import TrackingRule, read_tracking


@pytest.mark.parametrize(
    ("fps", "interval_s", "exact", "step_s"),
    [
        (None, 1.0, True, 0.2),
        (None, 0.1, True, 0.1),  # the samples suffice
        (None, 5.0, True, None),  # set up to be cheap
        (None, 1.0, False, None),  # key frames lie where they lie
        (5, 5.0, True, 0.2),
        (10, 1.0, True, 0.1),
        (0, 1.0, True, None),
    ],
)
def test_how_often_movers_are_looked_at(fps, interval_s, exact, step_s):
    assert TrackingRule(fps=fps).step_s(interval_s, exact=exact) == step_s


def test_a_homography_gives_metres():
    rule = TrackingRule(homography=((0.01, 0, -1), (0, 0.02, 0), (0, 0, 1)))
    places = np.array([[100.0, 50.0], [200.0, 0.0]])
    assert rule.ground(places, (640, 480)).tolist() == [[0, 1], [1, 0]]
    assert TrackingRule().ground(np.zeros((1, 2)), (640, 480)) is None


@pytest.mark.parametrize("sign", [1, -1])
def test_no_ground_is_seen_on_the_horizon_and_above_it(sign):
    """The horizon lies at row 100; a homography times any number is the same homography."""
    rows = np.array([[1, 0, 0], [0, 0, 100], [0, 1, -100]]) * sign
    rule = TrackingRule(homography=tuple(map(tuple, rows.tolist())))
    metres = rule.ground(np.array([[20.0, 200.0], [20.0, 100.0], [20.0, 50.0]]), (640, 480))
    assert metres[0].tolist() == [0.2, 1.0]
    assert np.isnan(metres[1:]).all()


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"fps": 1}, "0 .no tracks., or 2 to 60"),
        ({"fps": "fast"}, "tracking.fps is 'fast'"),
        ({"rate": 5}, "unknown keys"),
        ({"homography": [[1, 0, 0], [0, 1, 0]]}, "three rows of three numbers"),
        ({"homography": [[1, 0, 0], [2, 0, 0], [0, 0, 1]]}, "can be inverted"),
        ({"homography": [["a", 0, 0], [0, 1, 0], [0, 0, 1]]}, "tracking.homography is 'a'"),
    ],
)
def test_what_is_no_rule_is_refused(told, complaint):
    with pytest.raises(ValueError, match=complaint):
        read_tracking(told)


def test_a_rule_survives_camera_yaml(tmp_path):
    rows = ((0.01, 0.0, -1.0), (0.0, 0.02, 0.0), (0.0, 0.0, 1.0))
    camera = Camera(id="door", folder=tmp_path, tracking=TrackingRule(fps=8, homography=rows))
    write_camera(camera, tmp_path)
    assert load_camera(tmp_path).tracking == camera.tracking
