"""What is not there is neither learned anew nor judged again, and leaves no trace."""

from __future__ import annotations

import pytest

from pipelines.instance import open_instance
from pipelines.shell.relearn import judge_again, lines_of, relearn


@pytest.fixture
def door(tiny):
    """A camera with two days of footage, as their names say."""
    tiny.film("door", "2026-01-05T08-00-00.mp4", seconds=1)
    (tiny.settings.footage / "door" / "2026-01-06T08-00-00.mp4").touch()
    return tiny


def label(home, day):
    """Let a day of the door be labelled, as far as its partition says."""
    with home.store.draft("activity_counts", f"door/{day}") as folder:
        (folder / "counts.json").write_text("{}")
        version = home.store.seal(
            folder, "activity_counts", f"door/{day}", code_version="1", inputs=(), config={}
        )
    home.store.publish(version)


def partitions(home):
    with open_instance(home.settings) as instance:
        return instance.get_dynamic_partitions("camera")


def settings_file(home):
    return (home.settings.footage / "door" / "camera.yaml").read_text()


def test_a_scene_cannot_begin_after_all_footage(door):
    before = settings_file(door)
    with pytest.raises(ValueError, match="2027-01-01 lies after its newest day, 2026-01-06"):
        relearn(door.settings, "door", "2027-01-01")
    assert settings_file(door) == before
    assert partitions(door) == []


def test_a_labelled_day_counts_whose_footage_is_gone(door):
    label(door, "2026-01-07")
    with pytest.raises(ValueError, match="its newest day, 2026-01-07"):
        relearn(door.settings, "door", "2026-01-08")


def test_a_camera_without_any_day_has_no_scene_to_learn(tiny):
    (tiny.settings.footage / "door").mkdir(parents=True)
    with pytest.raises(ValueError, match="no footage and no label maps"):
        relearn(tiny.settings, "door", "2026-01-05")
    assert not (tiny.settings.footage / "door" / "camera.yaml").exists()


def test_days_that_are_not_labelled_yet_obey_later(door):
    outcome = relearn(door.settings, "door", "2026-01-06")
    assert (outcome.days, outcome.failed) == ((), ())
    assert "learn_from: 2026-01-06" in settings_file(door)
    said, hint = lines_of(door.settings, "door", outcome)
    assert said == "camera door: 0 days judged again"
    assert hint.startswith("no day from then on is labelled yet")
    assert partitions(door) == []


def test_an_unknown_camera_is_not_judged_again(tiny):
    with pytest.raises(ValueError, match="no camera nosuch"):
        judge_again(tiny.settings, "nosuch", "2026-01-01")
    assert partitions(tiny) == []
