"""Which camera-days there is footage for, from names and time stamps alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from camera_analysis.camera_file import load_camera
from pipelines.footage import (
    camera_days,
    camera_folders,
    files_of_day,
    find_camera_days,
    in_calendar,
    load_cameras,
)


@pytest.fixture
def door(tmp_path: Path) -> Path:
    folder = tmp_path / "door"
    folder.mkdir()
    for name in ("2026-01-05T08-00-00", "2026-01-05T09-00-00", "2026-01-06T08-00-00"):
        (folder / f"{name}.mp4").write_bytes(b"footage")
    return folder


def test_files_are_grouped_by_local_day(door):
    days = camera_days(load_camera(door))
    assert [(one.camera, one.day) for one in days] == [
        ("door", "2026-01-05"),
        ("door", "2026-01-06"),
    ]


def test_a_day_is_one_of_the_cameras_time_zone(door):
    (door / "camera.yaml").write_text(
        "time_zone: Pacific/Auckland\n"
        "file_time: {pattern: '(?P<year>....)-(?P<month>..)-(?P<day>..)T(?P<hour>..)'}\n"
    )
    assert [one.day for one in camera_days(load_camera(door))] == ["2026-01-05", "2026-01-06"]


def test_fingerprint_changes_when_a_file_comes_goes_or_grows(door):
    def fingerprint() -> str:
        return camera_days(load_camera(door))[0].fingerprint

    first = fingerprint()
    assert fingerprint() == first
    late = door / "2026-01-05T10-00-00.mp4"
    late.write_bytes(b"late")
    second = fingerprint()
    late.write_bytes(b"late, and longer")
    third = fingerprint()
    late.unlink()
    assert len({first, second, third}) == 3
    assert fingerprint() == first


def test_newest_is_that_of_the_days_own_files(door):
    before = camera_days(load_camera(door))
    late = door / "2026-01-06T10-00-00.mp4"
    late.write_bytes(b"late")
    after = camera_days(load_camera(door))
    assert after[0].newest_s == before[0].newest_s
    assert after[1].newest_s == max(late.stat().st_mtime, late.stat().st_ctime)


def test_a_folder_that_cannot_be_used_says_why_and_the_others_stay_usable(tmp_path, door):
    (tmp_path / "Hall 2").mkdir()
    (tmp_path / "yard").mkdir()
    (tmp_path / "yard" / "camera.yaml").write_text("interval_s: never\n")
    (tmp_path / "lot").mkdir()
    (tmp_path / "lot" / "camera.yaml").write_text("{broken")
    (tmp_path / "notes.txt").write_text("not a folder")
    (tmp_path / ".hidden").mkdir()
    cameras, unusable = load_cameras(tmp_path)
    assert [camera.id for camera in cameras] == ["door"]
    reasons = {camera.folder: camera.reason for camera in unusable}
    assert sorted(reasons) == ["Hall 2", "lot", "yard"]
    assert "allowed" in reasons["Hall 2"]
    assert "interval_s" in reasons["yard"]
    assert "YAML" in reasons["lot"]


def test_a_camera_whose_footage_folder_is_gone_does_not_hide_the_others(tmp_path, door):
    (tmp_path / "attic").mkdir()
    (tmp_path / "attic" / "camera.yaml").write_text(f"footage: {tmp_path / 'unplugged'}\n")
    days, unusable = find_camera_days(tmp_path)
    assert {day.camera for day in days} == {"door"}
    assert [camera.folder for camera in unusable] == ["attic"]
    assert "unplugged" in unusable[0].reason


def test_a_folder_named_otherwise_than_its_camera_is_unusable(tmp_path, door):
    (tmp_path / "gate").mkdir()
    (tmp_path / "gate" / "camera.yaml").write_text("id: door\n")
    cameras, unusable = load_cameras(tmp_path)
    assert [camera.folder.name for camera in cameras] == ["door"]
    assert [camera.folder for camera in unusable] == ["gate"]


def test_without_a_footage_root_there_are_no_cameras(tmp_path):
    assert list(camera_folders(tmp_path / "nowhere")) == []
    assert load_cameras(tmp_path / "nowhere") == ([], [])


def test_a_day_that_the_calendar_does_not_hold_is_set_aside_with_a_reason(door):
    (door / "1970-01-01T00-00-00.mp4").write_bytes(b"after a power cut")
    days = camera_days(load_camera(door))
    inside, outside = in_calendar(days, datetime(2026, 1, 5, 12, tzinfo=UTC))
    # 6 January is already here for a camera east of Greenwich.
    assert [day.day for day in inside] == ["2026-01-05", "2026-01-06"]
    assert [camera.folder for camera in outside] == ["door/1970-01-01"]
    assert "clock" in outside[0].reason


def test_a_day_ends_at_midnight_where_the_camera_hangs(door):
    (door / "camera.yaml").write_text("time_zone: America/New_York\n")
    assert camera_days(load_camera(door))[0].ends_utc == datetime(2026, 1, 6, 5, tzinfo=UTC)


def test_a_day_without_footage_has_no_files(door):
    camera = load_camera(door)
    assert files_of_day(camera, "2026-01-05") == camera_days(camera)[0].files != ()
    assert files_of_day(camera, "2026-02-05") == ()


def test_an_image_that_comes_or_grows_makes_its_day_due_again(tmp_path):
    folder = tmp_path / "door" / "2026-01-05T08-00-00"
    folder.mkdir(parents=True)
    (tmp_path / "door" / "camera.yaml").write_text("images: {fps: 1}")
    fingerprints = set()
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(b"x")
        fingerprints.add(camera_days(load_camera(tmp_path / "door"))[0].fingerprint)
    (folder / "0.jpg").write_bytes(b"xyz")
    fingerprints.add(camera_days(load_camera(tmp_path / "door"))[0].fingerprint)
    assert len(fingerprints) == 4
