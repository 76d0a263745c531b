"""A camera-day as private video: people hidden in every frame, times kept, frames accounted for."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import av
import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from camera_analysis.camera import Camera
from camera_analysis.camera_file import load_camera, write_camera
from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.timed_video import SourceClock, TimedVideoWriter
from camera_analysis.footage.video import read_samples
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.labelling.motion import MotionConfig, learn_plate
from camera_analysis.labelling.plates import view_of
from camera_analysis.privacy.private_day import (
    VIDEO_FOLDER,
    forget_pictures,
    read_private_note,
    write_private_day,
)
from camera_analysis.privacy.private_frames import PeopleHider, TimedFrame
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from camera_analysis.privacy.scramble_file import ScrambleReader
from tests.camera_analysis.factories_days import fresh
from tests.camera_analysis.factories_private import (
    HEIGHT,
    LIME,
    WIDTH,
    film,
    frame_of,
    lime_share,
    walker,
)
from tests.camera_analysis.factories_scene import noisy, room

DAY = "2026-01-05"
#: Ten frames a second, then a pause of three seconds, then five a second.
TIMES = [n / 10 for n in range(60)] + [9 + n / 5 for n in range(20)]
KEY = bytes(range(32))
SETTINGS = PrivateVideoSettings(method="mask", hold_s=0.25)


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    folder = tmp_path_factory.mktemp("footage")
    film(folder / f"{DAY}T08-00-00.mp4", TIMES)
    return folder


def camera_of(footage, settings=SETTINGS):
    return Camera(id="yard", folder=footage, private_video=settings)


def frames_of(path):
    return [one for one in read_samples(path, 1e-4) if isinstance(one, SampledFrame)]


@pytest.fixture(scope="module")
def made(footage, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return write_private_day(camera_of(footage), DAY, None, out), out


def test_nobody_is_seen_in_any_frame(made, footage):
    _, out = made
    shown = frames_of(out / "videos" / f"{DAY}T08-00-00.mp4")
    source = frames_of(footage / f"{DAY}T08-00-00.mp4")
    assert len(shown) == len(source) == len(TIMES)
    assert min(lime_share(frame.frame_rgb, n) for n, frame in enumerate(source)) > 0.9
    assert max(lime_share(frame.frame_rgb, n) for n, frame in enumerate(shown)) == 0


def test_every_frame_is_shown_at_the_sources_time(made):
    _, out = made
    shown = frames_of(out / "videos" / f"{DAY}T08-00-00.mp4")
    assert [round(frame.offset_s, 4) for frame in shown] == TIMES


def test_the_place_around_people_stays_as_it_is(made, footage):
    _, out = made
    shown = frames_of(out / "videos" / f"{DAY}T08-00-00.mp4")[30].frame_rgb
    source = frames_of(footage / f"{DAY}T08-00-00.mp4")[30].frame_rgb
    difference = np.abs(shown.astype(int) - source).mean(axis=2)
    assert difference[:, 120:].mean() < 6  # the walker is at the left; H.264 is not exact


def test_every_frame_has_a_row(made):
    summary, out = made
    rows = pq.read_table(out / "private_frames.parquet").to_pylist()
    assert [row["frame"] for row in rows] == list(range(len(TIMES)))
    assert summary.frames == len(TIMES) and summary.hidden_frames == 0
    assert all(0.05 < row["hidden_share"] < 0.5 for row in rows)


def test_the_note_and_the_picture_say_what_was_made(made):
    summary, out = made
    note = read_private_note(out)
    assert note["status"] == "written" and note["method"] == "mask"
    assert note["segmenter"] == "none"
    assert note["files"][0]["source"] == f"{DAY}T08-00-00.mp4"
    assert not note["files"][0]["sound"] and not note["files"][0]["people_encrypted"]
    assert summary.pictures == ("preview.png",) and (out / "preview.png").stat().st_size > 0


def test_the_same_footage_gives_the_same_bytes(made, footage, tmp_path):
    _, out = made
    write_private_day(camera_of(footage), DAY, None, tmp_path)
    written = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    assert len(written) == 4
    assert all((out / name).read_bytes() == (tmp_path / name).read_bytes() for name in written)


def hidden_frame(method, scene, seed=None):
    """One frame of the room by a new hider."""
    plate = learn_plate([frame_of(step, empty=True) for step in range(3)], MotionConfig())
    settings = PrivateVideoSettings(method=method)
    rules = {"motion": MotionConfig(), "limits": QualityLimits(), "seed": seed}
    hider = PeopleHider(view_of(plate, (WIDTH, HEIGHT)), None, settings, **rules)
    (shown,) = hider.hide([TimedFrame(offset_s=0.0, frame_rgb=scene)])
    return shown


def test_a_moved_view_behind_a_blur_is_hidden_as_a_whole():
    elsewhere = cv2.GaussianBlur(room(9, height=HEIGHT, width=WIDTH), (0, 0), 4)
    assert hidden_frame("mask", noisy(elsewhere, 3, 0.8)).reason == "moved"


def hidden_by(method, seed=None):
    """The striped walker, hidden."""
    scene = frame_of(20)
    scene[walker(20)][::2] = (250, 20, 40)
    shown = hidden_frame(method, scene, seed)
    assert not shown.reason
    return shown.shown_rgb


@pytest.mark.parametrize("method", ["scramble", "warp", "mosaic"])
def test_who_could_put_pixels_back_by_a_seed_has_none_to_guess(method):
    """Each hider draws its own; a seed that is given makes the same picture again."""
    assert not np.array_equal(hidden_by(method), hidden_by(method))
    assert np.array_equal(hidden_by(method, seed=5), hidden_by(method, seed=5))


def test_pictures_that_cannot_be_forgotten_are_an_error(tmp_path):
    forget_pictures(tmp_path)  # a camera that asks for no video has none
    (tmp_path / VIDEO_FOLDER).write_bytes(b"no folder")
    with pytest.raises(NotADirectoryError):
        forget_pictures(tmp_path)


def test_files_that_differ_in_their_ending_alone_are_videos_of_their_own(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for suffix, frames in ((".mov", 12), (".mp4", 15)):
        film(tmp_path / f"{DAY}T08-00-00{suffix}", [n / 10 for n in range(frames)])
    summary = write_private_day(camera_of(tmp_path), DAY, None, out)
    videos = sorted((out / "videos").iterdir())
    assert len(videos) == summary.videos == 2
    assert sorted(len(frames_of(path)) for path in videos) == [12, 15]


def test_without_being_asked_nothing_but_a_note_is_written(footage, tmp_path):
    summary = write_private_day(camera_of(footage, None), DAY, None, tmp_path)
    assert summary.status == "off"
    assert [path.name for path in tmp_path.iterdir()] == ["private_video.json"]


def test_blank_shows_the_empty_place(footage, tmp_path):
    write_private_day(camera_of(footage, replace(SETTINGS, method="blank")), DAY, None, tmp_path)
    shown = frames_of(tmp_path / "videos" / f"{DAY}T08-00-00.mp4")
    for step in (5, 40, 70):
        apart = np.abs(shown[step].frame_rgb.astype(int) - frame_of(step, empty=True))
        assert apart[walker(step)].mean() < 12


def test_a_flooded_frame_is_hidden_as_a_whole(tmp_path):
    """All of the picture changes for a moment: the mask says nothing, so nothing is shown."""
    folder = fresh(tmp_path / "footage")
    clock = SourceClock(time_base=Fraction(1, 1000), frame_rate=Fraction(10))
    with TimedVideoWriter(folder / f"{DAY}T08-00-00.mp4", clock, crf=12) as writer:
        for step in range(60):
            frame = frame_of(step)
            if step == 30:
                frame = np.random.default_rng(1).integers(0, 255, frame.shape).astype(np.uint8)
            writer.add(frame, step / 10)
    out = fresh(tmp_path / "out")
    summary = write_private_day(camera_of(folder), DAY, None, out)
    rows = pq.read_table(out / "private_frames.parquet").to_pylist()
    assert summary.hidden_frames >= 1 and rows[30]["reason"] != ""
    shown = frames_of(out / "videos" / f"{DAY}T08-00-00.mp4")[30].frame_rgb
    assert np.ptp(shown) < 16


class FindsLime:
    """A network that knows the walker, and nothing else."""

    version = "lime-1"

    def probability(self, frames):
        near = np.abs(frames.astype(int) - LIME).max(axis=3) < 60
        return near.astype(np.float32)


class InDoubt:
    """A network that neither sees nor rules out somebody in a quarter of the view."""

    version = "doubt-1"

    def probability(self, frames):
        answers = np.zeros(frames.shape[:3], np.float32)
        answers[:, : HEIGHT // 2, : WIDTH // 2] = 0.2
        return answers


def test_frames_between_two_looks_of_a_network_in_doubt_are_hidden_too(footage, tmp_path):
    summary = write_private_day(camera_of(footage), DAY, InDoubt(), tmp_path)
    assert summary.hidden_frames == summary.frames == len(TIMES)


def test_who_stands_still_all_the_time_is_hidden_by_a_network(tmp_path):
    """The plate is learned with them in it: motion sees nobody."""
    folder = fresh(tmp_path / "footage")
    clock = SourceClock(time_base=Fraction(1, 1000), frame_rate=Fraction(10))
    with TimedVideoWriter(folder / f"{DAY}T08-00-00.mp4", clock, crf=12) as writer:
        for step in range(40):
            writer.add(frame_of(20), step / 10)
    shares = {}
    for name, network in (("none", None), ("lime", FindsLime())):
        out = fresh(tmp_path / name)
        write_private_day(camera_of(folder), DAY, network, out)
        shown = frames_of(out / "videos" / f"{DAY}T08-00-00.mp4")
        shares[name] = max(lime_share(frame.frame_rgb, 20) for frame in shown)
    assert shares["lime"] == 0
    assert shares["none"] > 0.9  # what docs/privacy.md warns of


def test_people_alone_are_not_hidden_without_a_network(footage, tmp_path):
    camera = camera_of(footage, replace(SETTINGS, hide="people"))
    with pytest.raises(ValueError, match="no model"):
        write_private_day(camera, DAY, None, tmp_path)


def test_a_file_that_cannot_be_read_is_a_fault(footage, tmp_path):
    folder = fresh(tmp_path / "footage")
    (folder / f"{DAY}T08-00-00.mp4").write_bytes(b"no video")
    out = fresh(tmp_path / "out")
    summary = write_private_day(camera_of(folder), DAY, None, out)
    assert (summary.videos, summary.faults) == (0, 1)
    assert read_private_note(out)["left_out"][0]["reason"] == "unreadable"


def test_encrypted_people_come_back_as_they_were_filmed(footage, tmp_path):
    camera = camera_of(footage, replace(SETTINGS, reversible=True))
    write_private_day(camera, DAY, None, tmp_path, key=KEY)
    video = tmp_path / "videos" / f"{DAY}T08-00-00.mp4"
    source = frames_of(footage / f"{DAY}T08-00-00.mp4")
    reader = ScrambleReader(video.with_suffix(".people"), KEY, video)
    assert (reader.name.height, reader.name.width) == (HEIGHT, WIDTH)
    found = list(reader.people())
    assert len(found) == len(TIMES)
    for people in found:
        filmed = source[people.number].frame_rgb
        assert (people.pixels_rgb == filmed[people.mask_hw]).all()
        assert people.mask_hw[walker(people.number)].all()


def test_encryption_without_a_key_is_refused(footage, tmp_path):
    camera = camera_of(footage, replace(SETTINGS, reversible=True))
    with pytest.raises(ValueError, match="privacy key"):
        write_private_day(camera, DAY, None, tmp_path)


def test_the_settings_of_a_camera_survive_its_file(footage, tmp_path):
    folder = fresh(tmp_path / "yard")
    settings = PrivateVideoSettings(method="blur", strength=0.1, keep_audio=True)
    write_camera(Camera(id="yard", folder=folder, private_video=settings), folder)
    assert load_camera(folder).private_video == settings
    (folder / "camera.yaml").write_text("privacy: {video: true}\n")
    assert load_camera(folder).private_video == PrivateVideoSettings()


def test_sound_and_words_stay_away(made):
    _, out = made
    with av.open(str(out / "videos" / f"{DAY}T08-00-00.mp4")) as container:
        assert not container.streams.audio
    assert json.loads((out / "private_video.json").read_text())["settings"]["keep_audio"] is False
