from __future__ import annotations

import numpy as np
import pytest

from pipelines.synthetic.bodies import solids
from pipelines.synthetic.figures import Fisheye, Pinhole, paste, person_sprite, resized
from pipelines.synthetic.people import Appearance, Pose, gait, random_appearance


def test_feet_stand_on_the_ground_and_the_head_is_at_body_height() -> None:
    body = np.concatenate([p.spheres for p in solids(Appearance(height_m=1.8), Pose(), 0.0)])
    assert (body[:, 2] - body[:, 3]).min() == pytest.approx(0.0)
    assert (body[:, 2] + body[:, 3]).max() == pytest.approx(1.8, abs=0.12)


def test_yaw_turns_a_person_to_the_right() -> None:
    ahead = np.concatenate([p.spheres for p in solids(Appearance(), Pose(), 0.0)])
    right = np.concatenate([p.spheres for p in solids(Appearance(), Pose(), np.pi / 2)])
    assert right[:, 0] == pytest.approx(ahead[:, 1])


def test_a_sprite_is_as_tall_as_its_scale_says() -> None:
    who = Appearance(height_m=1.7)
    sprite = person_sprite(who, solids(who, Pose(), 0.3), px_per_m=50, elevation=0.0)
    assert sprite.rgba.shape[0] == pytest.approx(85, abs=8)
    half = resized(sprite, 25)
    assert half.rgba.shape[0] == pytest.approx(sprite.rgba.shape[0] / 2, abs=1)


def test_unknown_activities_are_refused() -> None:
    with pytest.raises(ValueError, match="activity 'fly'"):
        gait("fly", 0.0)


@pytest.mark.parametrize("activity", ["walk", "run", "stand", "wave", "phone", "sit", "crouch"])
def test_people_of_every_activity_can_be_drawn(activity: str) -> None:
    rng = np.random.default_rng(1)
    who = random_appearance(rng, hi_vis=activity == "run")
    sprite = person_sprite(who, solids(who, gait(activity, 1.0), 2.0), px_per_m=30, elevation=0.4)
    assert np.all(sprite.rgba[..., :3] <= sprite.rgba[..., 3:].astype(int) + 1)  # premultiplied


def test_pinhole_and_fisheye_agree_on_where_straight_below_is() -> None:
    below = np.array([[0.0, 1e-6, 0.0, 0.1]])
    lens = Fisheye(focal_px=90.0, height_m=3.0, centre_xy=(64.0, 64.0))
    assert lens.discs(below).xy_px[0] == pytest.approx([64.0, 64.0], abs=1e-3)
    down = Pinhole(focal_px=90.0, height_m=3.0, pitch=np.pi / 2, centre_xy=(64.0, 64.0))
    assert down.discs(below).xy_px[0] == pytest.approx([64.0, 64.0], abs=1e-3)
    assert down.discs(below).radius_px[0] == pytest.approx(3.0)


def test_pasting_outside_does_nothing() -> None:
    who = Appearance()
    sprite = person_sprite(who, solids(who, Pose(), 0.0), px_per_m=10, elevation=0.0)
    image = np.full((20, 20, 3), 7, np.uint8)
    assert paste(image, sprite, (500.0, 500.0)) is None
    assert np.all(image == 7)
