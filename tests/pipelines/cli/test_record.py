"""``learned-normal cameras record``, from a camera that breaks off to footage that is found."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from camera_analysis.camera_file import load_camera
from camera_analysis.footage.footage_files import find_footage
from pipelines.cli.command import main
from tests.camera_analysis.factories_footage import numbered_clip, steady
from tests.camera_analysis.stream_server import PASSWORD, USER, Broadcast, served


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_a_stream_becomes_footage_and_the_password_is_told_to_nobody(tmp_path, monkeypatch):
    clip = numbered_clip(tmp_path / "live.ts", steady(40, 10), gop=10)
    folder = tmp_path / "home" / "footage" / "door"
    folder.mkdir(parents=True)
    monkeypatch.setenv("DOOR_PASSWORD", PASSWORD)
    with served(Broadcast([clip.read_bytes(), None], needs_password=True)) as host:
        address = f"http://{USER}:${{DOOR_PASSWORD}}@{host}/live"
        (folder / "camera.yaml").write_text(f"time_zone: Europe/Berlin\nstream: '{address}'\n")
        words = ["--segment-seconds", 2, "--attempts", 1, "--home", tmp_path / "home"]
        done = run("cameras", "record", "door", *words)
    assert done.exit_code == 0, done.output
    assert f"recording http://{host} into" in done.output
    assert "2.0 s, 21 frames" in done.output or "1.9 s, 20 frames" in done.output
    assert PASSWORD not in done.output
    camera = load_camera(folder)
    assert len(find_footage(camera).files) == 2
    assert PASSWORD not in repr(camera)  # what is stored with every version made from it


def test_a_camera_without_a_stream_says_what_to_write(tmp_path):
    (tmp_path / "footage" / "door").mkdir(parents=True)
    done = run("cameras", "record", "door", "--home", tmp_path)
    assert done.exit_code == 1
    assert "no 'stream'; state the address" in done.output


@pytest.mark.parametrize(
    ("options", "says", "code"),
    [
        (("--attempts", 0), "'--attempts': 0 is not in the range x>=1", 2),
        (("--timeout", -1), "--timeout is -1; expected more than 0 seconds", 1),
        (("--timeout", "nan"), "--timeout is nan; expected more than 0 seconds", 1),
        (("--seconds", 0), "total_s is 0.0; expected more than 0 seconds", 1),
    ],
)
def test_numbers_by_which_nothing_is_recorded_are_refused(tmp_path, options, says, code):
    folder = tmp_path / "footage" / "door"
    folder.mkdir(parents=True)
    (folder / "camera.yaml").write_text("stream: http://localhost:9/live\n")
    done = run("cameras", "record", "door", *options, "--home", tmp_path)
    assert (says in done.output, done.exit_code) == (True, code), done.output


def test_a_camera_that_never_answers_is_an_error(tmp_path):
    folder = tmp_path / "footage" / "door"
    folder.mkdir(parents=True)
    with served(Broadcast([None])) as host:
        (folder / "camera.yaml").write_text(f"stream: http://{host}/live\n")
        done = run("cameras", "record", "door", "--attempts", 1, "--home", tmp_path)
    assert done.exit_code == 1
    assert "nothing was recorded" in done.output
    assert "Server returned 5XX" in done.output


def test_a_folder_of_numbered_images_is_added_with_its_rate(tmp_path):
    pictures = tmp_path / "pictures" / "2026-01-05T08-00-00"
    pictures.mkdir(parents=True)
    for number in range(3):
        (pictures / f"{number}.jpg").write_bytes(b"x")
    words = ["--image-fps", 0.5, "--fps", 2, "--home", tmp_path / "home"]
    done = run("cameras", "add", "door", tmp_path / "pictures", *words)
    assert done.exit_code == 0, done.output
    assert "1 days, 2026-01-05" in done.output
    camera = load_camera(tmp_path / "home" / "footage" / "door")
    assert camera.interval_s == 0.5
    assert camera.images.interval_s == 2
