"""Footage asked for every minute: what changed is seen, what did not is not read again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.automation import footage_watch
from pipelines.automation.footage_watch import RESTED_S, WHOLE_LOOK_S, FootageWatch

#: When the footage came, seconds since 1970; time stamps of folders are set, not waited for.
CAME_S = 1_767_600_000.0
LATER_S = CAME_S + 60


def bring(root: Path, name: str, content: bytes = b"footage", *, at_s: float = CAME_S) -> Path:
    """A file ``camera/2026-01-05T08-00-00`` that came at an instant."""
    path = root / f"{name}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    for place in (path, path.parent):
        os.utime(place, (at_s, at_s))
    return path


def days_of(watch: FootageWatch, now_s: float) -> list[str]:
    return [day.key for camera in watch.cameras(now_s) for day in camera.days]


def fingerprints(watch: FootageWatch, now_s: float) -> list[str]:
    return [day.fingerprint for camera in watch.cameras(now_s) for day in camera.days]


@pytest.fixture
def watch(tmp_path: Path) -> FootageWatch:
    bring(tmp_path, "door/2026-01-05T08-00-00")
    return FootageWatch(tmp_path)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Cameras whose footage was listed, in order."""
    names: list[str] = []
    whole = footage_watch.footage_paths

    def noted(camera):
        names.append(camera.id)
        return whole(camera)

    monkeypatch.setattr(footage_watch, "footage_paths", noted)
    return names


def test_what_did_not_change_is_listed_once(watch, listed):
    assert days_of(watch, LATER_S) == ["door/2026-01-05"]
    assert days_of(watch, LATER_S + 60) == ["door/2026-01-05"]
    assert listed == ["door"]


def test_files_and_cameras_come_and_go(watch, tmp_path, listed):
    days_of(watch, LATER_S)
    bring(tmp_path, "hall/2026-01-04T08-00-00")
    late = bring(tmp_path, "door/2026-01-06T08-00-00", at_s=CAME_S + 1)
    keys = ["door/2026-01-05", "door/2026-01-06", "hall/2026-01-04"]
    assert days_of(watch, LATER_S + 60) == keys
    late.unlink()
    (tmp_path / "hall" / "2026-01-04T08-00-00.mp4").unlink()
    (tmp_path / "hall").rmdir()
    assert days_of(watch, LATER_S + 120) == ["door/2026-01-05"]
    assert listed == ["door", "door", "hall", "door"]


def test_a_file_in_a_folder_of_the_camera_is_seen(watch, tmp_path):
    bring(tmp_path, "door/old/2026-01-03T08-00-00")
    assert days_of(watch, LATER_S) == ["door/2026-01-03", "door/2026-01-05"]
    bring(tmp_path, "door/old/2026-01-04T08-00-00", at_s=CAME_S + 1)
    keys = ["door/2026-01-03", "door/2026-01-04", "door/2026-01-05"]
    assert days_of(watch, LATER_S + 60) == keys


def test_a_file_that_is_written_to_is_seen_to_grow_without_a_listing(watch, tmp_path, listed):
    path = tmp_path / "door" / "2026-01-05T08-00-00.mp4"
    first = fingerprints(watch, path.stat().st_ctime + 60)
    path.write_bytes(b"footage, and more of it")
    assert fingerprints(watch, path.stat().st_ctime + 120) != first
    assert listed == ["door"]


def test_a_rested_file_that_changes_in_place_is_seen_within_the_hour(watch, tmp_path):
    path = tmp_path / "door" / "2026-01-05T08-00-00.mp4"
    now_s = path.stat().st_ctime + RESTED_S + 60
    first = fingerprints(watch, now_s)
    path.write_bytes(b"footage, and more of it")
    assert fingerprints(watch, now_s + 60) == first
    assert fingerprints(watch, now_s + WHOLE_LOOK_S) != first


def test_a_folder_whose_stamp_is_as_young_as_the_clocks_step_is_listed_again(
    watch, tmp_path, listed
):
    days_of(watch, CAME_S + 1)
    bring(tmp_path, "door/2026-01-06T08-00-00")  # the same stamp: it came in the same instant
    assert days_of(watch, LATER_S) == ["door/2026-01-05", "door/2026-01-06"]
    assert listed == ["door", "door"]


def test_new_settings_of_a_camera_count_at_once(watch, tmp_path):
    days_of(watch, LATER_S)
    (tmp_path / "door" / "camera.yaml").write_text("interval_s: never\n")
    (found,) = watch.cameras(LATER_S + 60)
    assert not found.days
    assert "interval_s" in found.unusable[0].reason
    (tmp_path / "door" / "camera.yaml").write_text("interval_s: 2\n")
    assert days_of(watch, LATER_S + 120) == ["door/2026-01-05"]


def test_a_day_in_the_future_is_set_aside_until_it_comes(watch, tmp_path):
    bring(tmp_path, "door/2030-01-05T08-00-00", at_s=CAME_S + 1)
    (found,) = watch.cameras(LATER_S)
    assert [day.day for day in found.days] == ["2026-01-05"]
    assert "in the future" in found.unusable[0].reason
    assert days_of(watch, 1_893_900_000.0) == ["door/2026-01-05", "door/2030-01-05"]
