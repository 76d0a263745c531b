"""``privacy.video`` of a camera: what is allowed, and what is said of the rest."""

from __future__ import annotations

import pytest

from camera_analysis.privacy.private_video_settings import PrivateVideoSettings, read_private_video


def test_true_takes_the_defaults_and_false_none():
    assert read_private_video(True) == PrivateVideoSettings()
    assert read_private_video(False) is None


def test_stated_keys_win():
    settings = read_private_video({"method": "pixelate", "strength": 0.1, "keep_audio": True})
    assert (settings.method, settings.strength, settings.keep_audio) == ("pixelate", 0.1, True)
    assert settings.safety.margin_share == settings.margin_share


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("pixelate", "expected true, false or a mapping"),
        ({"methd": "blur"}, "unknown key 'methd'"),
        ({"method": "magic"}, "method"),
        ({"method": "background_blur"}, "method"),
        ({"strength": 3}, "strength"),
        ({"strength": True}, "expected float or int|expected int or float"),
        ({"keep_audio": 1}, "keep_audio"),
        ({"hide": "cars"}, "hide"),
        ({"network_interval_s": 1.0}, "must hold until the next"),
        ({"crf": 60}, "crf"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(value, says):
    with pytest.raises(ValueError, match=says):
        read_private_video(value)
