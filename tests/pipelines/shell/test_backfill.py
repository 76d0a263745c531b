"""A new camera is filled in one go, oldest day first, and again only where footage changed."""

from __future__ import annotations

import errno
import os
from dataclasses import replace

import pytest

from camera_analysis.camera import Camera
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from pipelines.shell.backfill import backfill_camera, runs_of_day
from pipelines.storage.local import LocalFiles

DAYS = ("2026-01-05", "2026-01-06")


@pytest.fixture
def door(tiny):
    for number, day in enumerate(DAYS):
        tiny.film("door", f"{day}T08-00-00.mp4", seconds=2, seed=number)
    return tiny


def reported(home) -> list[str]:
    return [key.split("/")[1] for key in home.store.partitions("camera_report")]


def test_the_page_is_written_again_only_where_a_private_video_comes_after_it(tmp_path):
    plain = Camera(id="door", folder=tmp_path)
    filmed = replace(plain, private_video=PrivateVideoSettings())
    assert [one.job for one in runs_of_day(plain, DAYS[0])] == ["camera_job"]
    first, second = runs_of_day(filmed, DAYS[0])
    assert (first.job, second.job) == ("camera_job", "report_job")
    assert first.partition == second.partition


def test_a_camera_is_filled_and_only_what_is_new_is_filled_again(door):
    first = backfill_camera(door.settings, "door", last=DAYS[0])
    assert (first.filled, first.skipped, first.failed) == (1, 0, ())
    assert reported(door) == [DAYS[0]]
    assert first.index_page is not None
    assert first.index_page.is_file()

    second = backfill_camera(door.settings, "door", last=DAYS[0])
    assert (second.filled, second.skipped) == (0, 1)

    (door.settings.footage / "door" / f"{DAYS[0]}T09-00-00.mp4").write_text("not a video")
    third = backfill_camera(door.settings, "door")
    assert (third.filled, third.skipped, third.failed) == (2, 0, ())
    assert reported(door) == list(DAYS)


def test_a_day_that_fails_is_told_and_stops_no_other(door, monkeypatch):
    install = LocalFiles.install

    def no_room_on_the_first(files, draft, where, record):
        if DAYS[0] in where:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        install(files, draft, where, record)

    monkeypatch.setattr(LocalFiles, "install", no_room_on_the_first)
    outcome = backfill_camera(door.settings, "door")
    assert outcome.filled == 1
    ((day, reason),) = outcome.failed
    assert DAYS[0] in day
    assert "the disk is full" in reason
    assert reported(door) == [DAYS[1]]


def test_an_unknown_camera_says_how_to_add_it(tiny):
    with pytest.raises(ValueError, match="learned-normal cameras add door"):
        backfill_camera(tiny.settings, "door")


def test_a_camera_without_footage_names_its_folder(tiny):
    (tiny.settings.footage / "door").mkdir(parents=True)
    with pytest.raises(ValueError, match="no footage whose time is known"):
        backfill_camera(tiny.settings, "door")


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("2026-01-09", "2026-01-05", "--to 2026-01-05 lies before --from 2026-01-09"),
        ("2026-01-08", "2026-01-09", "none of it is from 2026-01-08 to 2026-01-09"),
        ("2026-01-07", None, "none of it is of 2026-01-07 or later"),
        (None, "2026-01-04", "is of 2026-01-05 to 2026-01-06; none of it is of 2026-01-04 or ear"),
    ],
)
def test_days_without_footage_are_no_days_that_were_filled(tiny, first, last, says):
    (tiny.settings.footage / "door").mkdir(parents=True)
    for day in DAYS:
        (tiny.settings.footage / "door" / f"{day}T08-00-00.mp4").touch()
    with pytest.raises(ValueError, match=says):
        backfill_camera(tiny.settings, "door", first=first, last=last)


def test_footage_of_no_known_time_is_told_with_the_remedy(tiny):
    folder = tiny.settings.footage / "door"
    folder.mkdir(parents=True)
    (folder / "clip.mp4").touch()
    remedy = r"1 file whose name says no time \(clip.mp4\): name it like 2026-01-05T08-00-00.mp4"
    with pytest.raises(
        ValueError, match=f"no footage whose time is known in .*; there is {remedy}"
    ):
        backfill_camera(tiny.settings, "door")
    (folder / "camera.yaml").write_text(
        "file_time: {pattern: '(?P<day_index>..)', base: 2026-01-05}"
    )
    with pytest.raises(ValueError, match=r"name it as `file_time:` in camera\.yaml asks"):
        backfill_camera(tiny.settings, "door")


def test_a_hostile_id_is_refused(tiny):
    with pytest.raises(ValueError, match="is refused"):
        backfill_camera(tiny.settings, "../../etc")
