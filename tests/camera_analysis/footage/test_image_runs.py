"""Folders of images as footage: order, times, gaps, faults."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import cv2
import numpy as np
import pytest
from PIL import Image

from camera_analysis.camera import CameraConfigError
from camera_analysis.camera_file import load_camera
from camera_analysis.footage.footage_files import find_footage, footage_days
from camera_analysis.footage.image_runs import IMAGE_SUFFIXES, ImageClock
from camera_analysis.footage.image_samples import probe_images, read_image, sample_images
from camera_analysis.footage.sampled_frame import Fault, SampledFrame
from camera_analysis.footage.video_file import ReadConfig, VideoError
from tests.camera_analysis.factories_footage import number_of, numbered_frame


def camera_of(tmp_path, text, *names, root="yard"):
    folder = tmp_path / root
    folder.mkdir(exist_ok=True)
    (folder / "camera.yaml").write_text(text)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return load_camera(folder)


def draw(path, number, **save):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(numbered_frame(number)).save(path, **save)


def samples_of(run, interval_s, **config):
    items = list(sample_images(run, interval_s, config=ReadConfig(**config)))
    return (
        [item for item in items if isinstance(item, SampledFrame)],
        [item for item in items if isinstance(item, Fault)],
    )


def test_numbers_are_times_after_the_folder_s_start(tmp_path):
    names = [f"2026-01-05T08-00-00/img_{n:04d}.jpg" for n in (7, 8, 10)]
    camera = camera_of(tmp_path, "images: {fps: 3}", *names)
    (file,) = find_footage(camera).files
    assert file.start_utc == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert file.images.names == ("img_0007.jpg", "img_0008.jpg", "img_0010.jpg")
    assert (file.images.ticks, file.images.tick_s) == ((0, 1, 3), Fraction(1, 3))
    assert [path.name for path in file.paths] == list(file.images.names)


def test_a_stated_first_number_is_the_start(tmp_path):
    text = "images: {interval_s: 2, first_number: 0}"
    camera = camera_of(tmp_path, text, "2026-01-05T08-00-00/5.png")
    assert find_footage(camera).files[0].start_utc == datetime(2026, 1, 5, 8, 0, 10, tzinfo=UTC)


def test_numbers_order_images_whose_names_do_not(tmp_path):
    names = [f"2026-01-05T08-00-00/frame{n}.png" for n in (1, 2, 10, 9)]
    (file,) = find_footage(camera_of(tmp_path, "images: {fps: 1}", *names)).files
    assert file.images.names == ("frame1.png", "frame2.png", "frame9.png", "frame10.png")


def test_names_may_state_each_image_s_time(tmp_path):
    names = ["a/2026-01-05T23-59-59.jpg", "a/2026-01-06T00-00-00.500.jpg", "a/logo.png"]
    footage = find_footage(camera_of(tmp_path, "images: {}", *names))
    starts = [file.start_utc for file in footage.files]
    assert starts == [
        datetime(2026, 1, 5, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 1, 6, 0, 0, 0, 500_000, tzinfo=UTC),
    ]
    assert [(fault.file, fault.reason) for fault in footage.faults] == [
        ("a/logo.png", "time_unknown")
    ]


def test_a_run_ends_with_each_local_hour_so_that_days_and_plates_part(tmp_path):
    names = [f"2026-01-05T22-59-58/{n}.jpg" for n in range(5)]
    camera = camera_of(tmp_path, "time_zone: Asia/Kolkata\nimages: {fps: 1}", *names)
    assert [len(file.images.names) for file in find_footage(camera).files] == [2, 3]
    late = camera_of(
        tmp_path, "images: {fps: 1}", *[f"2026-01-05T23-59-58/{n}.jpg" for n in range(5)], root="b"
    )
    assert footage_days(late) == ["2026-01-05", "2026-01-06"]


def test_the_doubled_hour_is_two_runs_where_names_state_their_offset(tmp_path):
    names = [f"2026-10-25T02-30-00+0{offset}00.jpg" for offset in (2, 1)]
    camera = camera_of(tmp_path, "time_zone: Europe/Berlin\nimages: {}", *names)
    starts = [file.start_utc.hour for file in find_footage(camera).files]
    assert starts == [0, 1]


def test_images_are_no_footage_unless_the_camera_says_so(tmp_path):
    camera = camera_of(tmp_path, "{}", "2026-01-05T08-00-00.jpg")
    assert find_footage(camera).files == ()


def test_what_has_no_number_or_no_start_is_told(tmp_path):
    names = ["2026-01-05T08-00-00/a.png", "2026-01-05T08-00-00/1.png", "2026-01-05T08-00-00/1.jpg"]
    footage = find_footage(camera_of(tmp_path, "images: {fps: 1}", *names, "holiday/1.png"))
    assert [(fault.file, fault.reason) for fault in footage.faults] == [
        ("2026-01-05T08-00-00", "number_unknown"),
        ("holiday", "time_unknown"),
    ]
    assert footage.faults[0].detail.startswith("2 images")
    assert footage.files[0].images.names == ("1.jpg",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("images: {fps: 0}", "images.fps is 0"),
        ("images: {fps: 1, interval_s: 1}", "state one of them"),
        ("images: {interval_s: -1}", "images.interval_s is -1"),
        (r"images: {pattern: '(\d+)'}", "named group 'number'"),
        ("images: {rate: 2}", r"images has unknown keys \['rate'\]"),
        ("{fps: 2, interval_s: 0.5}", "state one of them"),
    ],
)
def test_settings_of_images_that_cannot_be_used_say_why(tmp_path, text, says):
    with pytest.raises(CameraConfigError, match=says):
        camera_of(tmp_path, text)


def run_of(tmp_path, numbers, suffix=".png", **save):
    folder = tmp_path / "yard" / "2026-01-05T08-00-00"
    for number in numbers:
        draw(folder / f"{number:03d}{suffix}", number, **save)
    return find_footage(camera_of(tmp_path, "images: {fps: 3}")).files[0].images


@pytest.mark.parametrize("suffix", [s for s in IMAGE_SUFFIXES if s not in (".jpeg", ".tiff")])
def test_every_common_format_is_read(tmp_path, suffix):
    if suffix == ".pgm":
        save = {}
        frame = cv2.cvtColor(numbered_frame(5), cv2.COLOR_RGB2GRAY)
        folder = tmp_path / "yard" / "2026-01-05T08-00-00"
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "005.pgm"), frame)
        run = run_of(tmp_path, [])
    else:
        save = {"quality": 95} if suffix in (".jpg", ".webp") else {}
        run = run_of(tmp_path, [5], suffix, **save)
    frames, faults = samples_of(run, 1.0)
    assert faults == []
    assert number_of(frames[0].frame_rgb) == 5
    assert frames[0].native_wh == (96, 48)
    assert frames[0].image == f"005{suffix}"


def test_images_are_sampled_by_the_floor_rule_and_gaps_are_gaps_in_time(tmp_path):
    run = run_of(tmp_path, [0, 1, 2, 3, 4, 5, 30, 31])
    frames, _ = samples_of(run, 0.5)
    # Targets every half second, frames every third: the last image at or before each.
    assert [int(frame.image[:3]) for frame in frames] == [0, 1, 3, 4, 5, 30]
    assert frames[-1].offset_s == 10.0
    assert [int(frame.image[:3]) for frame in samples_of(run, 1 / 3)[0]] == [
        0, 1, 2, 3, 4, 5, 30, 31,
    ]  # fmt: skip
    info = probe_images(run)
    assert (info.width, info.height, info.frame_rate) == (96, 48, pytest.approx(3))


def test_cut_and_empty_images_are_faults_at_their_time(tmp_path):
    run = run_of(tmp_path, range(4), ".jpg", quality=95)
    whole = (run.folder / "001.jpg").read_bytes()
    (run.folder / "001.jpg").write_bytes(whole[: len(whole) // 2])
    (run.folder / "002.jpg").write_bytes(b"")
    frames, faults = samples_of(run, 1 / 3)
    assert [frame.image for frame in frames] == ["000.jpg", "003.jpg"]
    assert [(fault.reason, round(fault.start_s, 3)) for fault in faults] == [
        ("undecodable", 0.333),
        ("empty_file", 0.667),
    ]


def test_images_are_reduced_and_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side
    picture = np.zeros((60, 90, 3), np.uint8)
    picture[:, :30] = 255  # left third white
    Image.fromarray(picture).save(tmp_path / "a.png", exif=exif)
    frame, native_wh = read_image(tmp_path / "a.png", ReadConfig(max_side_px=45))
    assert (frame.shape, native_wh) == ((45, 30, 3), (60, 90))
    assert frame[:14].min() == 255  # now the top third
    assert frame[16:].max() == 0


def test_sixteen_bit_images_keep_their_brightness(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((8, 8), 0x80FF, np.uint16))
    assert read_image(tmp_path / "a.png", ReadConfig())[0].tolist()[0][0] == [128, 128, 128]


def test_an_enormous_image_is_refused_by_its_header(tmp_path):
    Image.new("1", (9000, 9000)).save(tmp_path / "a.png")
    with pytest.raises(VideoError, match="frame_too_large: 9000x9000"):
        read_image(tmp_path / "a.png", ReadConfig())


def test_a_clock_without_an_interval_reads_names():
    assert ImageClock().interval_s is None
