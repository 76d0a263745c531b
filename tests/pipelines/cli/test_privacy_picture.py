"""``privacy picture`` and ``privacy background``: a picture by each filter, a place out of view."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.video import read_samples
from camera_analysis.privacy.mask_safety import widened
from camera_analysis.privacy.privacy_filters import FILTERS
from camera_analysis.privacy.private_picture import PictureRules, private_picture
from pipelines.cli.privacy import privacy
from tests.camera_analysis.factories_private import (
    HEIGHT,
    WIDTH,
    film,
    frame_of,
    lime_share,
    walker,
)

BEACH = (250, 220, 130)


def call(folder, *arguments, code=0):
    result = CliRunner().invoke(privacy, [*map(str, arguments), "--home", str(folder / "home")])
    assert result.exit_code == code, result.output
    return result.output


def save(path, image_rgb):
    cv2.imwrite(str(path), np.asarray(image_rgb, np.uint8)[:, :, ::-1])
    return path


def read(path):
    return cv2.imread(str(path))[:, :, ::-1]


@pytest.fixture
def drawn(tmp_path):
    """The room with the walker in it, and who they are, painted white."""
    people = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    people[walker(20)] = 255
    save(tmp_path / "people.png", people)
    return tmp_path, save(tmp_path / "photo.png", frame_of(20)), people[:, :, 0] > 0


@pytest.mark.parametrize("method", FILTERS)
def test_a_picture_by_each_filter(drawn, method):
    folder, photo, people = drawn
    said = call(folder, "picture", photo, "--method", method, "--mask", folder / "people.png")
    before, after = frame_of(20), read(folder / "photo-private.png")
    assert "photo-private.png" in said
    if FILTERS[method].hides_people:
        around = widened(people, 0.03 * HEIGHT)
        assert (after[~around] == before[~around]).all()
        assert (after[people] != before[people]).any(axis=1).mean() > 0.9
    else:
        assert (after[people] == before[people]).all()
        assert (after[~people] != before[~people]).any(axis=1).mean() > 0.5


class Unsure:
    """Says everywhere that somebody may be there."""

    def probability(self, frames):
        return np.full(frames.shape[:3], 0.2, np.float32)


def test_a_picture_of_which_the_network_is_not_certain_is_hidden_as_a_whole():
    shown = private_picture(frame_of(20), Unsure(), PictureRules(method="mask"))
    assert (shown.reason, np.ptp(shown.shown_rgb)) == ("doubtful", 0)


def test_what_cannot_be_done_is_said(drawn):
    folder, photo, _ = drawn
    assert "give --mask" in call(folder, "picture", photo, code=1)
    small = save(folder / "small.png", np.zeros((8, 8, 3)))
    assert "expected bool (120, 160)" in call(folder, "picture", photo, "--mask", small, code=1)
    save(folder / "photo-private.png", np.zeros((8, 8, 3)))
    again = ("picture", photo, "--mask", folder / "people.png")
    assert "or give --force" in call(folder, *again, code=1)
    nowhere = ("--output", folder / "nowhere" / "shown.png")
    assert "there is no such folder" in call(folder, *again, *nowhere, code=1)
    assert "another file that ends in .png" in call(folder, *again, "--output", photo, code=1)


def test_people_of_a_video_before_another_place(tmp_path):
    clip = film(tmp_path / "walk.mp4", [n / 10 for n in range(40)])
    beach = save(tmp_path / "beach.png", np.full((90, 300, 3), BEACH))
    said = call(tmp_path, "background", clip, "--backdrop", beach)
    assert "40 frames, background_replacement; hidden as a whole: none" in said
    made = tmp_path / "walk-background.mp4"
    shown = [one.frame_rgb for one in read_samples(made, 1e-4) if isinstance(one, SampledFrame)]
    assert len(shown) == 40
    for step, frame in enumerate(shown):
        assert lime_share(frame, step) > 0.8
        people = np.zeros((HEIGHT, WIDTH), bool)
        people[walker(step)] = True
        away = ~widened(people, 12)
        assert np.abs(frame[away].astype(int) - BEACH).max() < 40  # nothing of the room


def test_a_blurred_place_keeps_who_walks_in_it(tmp_path):
    clip = film(tmp_path / "walk.mp4", [n / 10 for n in range(40)])
    call(tmp_path, "background", clip, "--strength", "0.2")
    made = tmp_path / "walk-background.mp4"
    shown = [one.frame_rgb for one in read_samples(made, 1e-4) if isinstance(one, SampledFrame)]
    assert min(lime_share(frame, step) for step, frame in enumerate(shown)) > 0.8
    assert shown[20][:30].std() < 0.7 * frame_of(20)[:30].std()
