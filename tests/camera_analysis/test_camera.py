from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camera_analysis.camera import Camera, CameraConfigError, require_camera_id
from camera_analysis.camera_file import load_camera, write_camera
from camera_analysis.footage.file_time import FileTime
from camera_analysis.footage.footage_files import find_footage, footage_days
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.lenses.lens import Lens
from camera_analysis.occupancy.rois import Roi

ROOM = r"""
id: room
time_zone: Europe/Berlin
interval_s: 1.0
footage: clips
file_time: {pattern: '(?P<day_index>\d\d)-(?P<hour>\d\d)\.mp4$', base: 2020-11-10}
starts: {special.mp4: 2020-11-23T20:21:00}
rois: [{name: door, polygon_xy: [[0,0],[10,0],[10,20]]}]
lens: {kind: fisheye, matrix: [[100,0,64],[0,100,32],[0,0,1]], distortion: [0.1,0,0,0]}
window_days: 14
mode: history
privacy: {plate: clear}
"""


def camera_folder(tmp_path: Path, text: str | None, *files: str, name: str = "room") -> Path:
    folder = tmp_path / name
    folder.mkdir()
    if text is not None:
        (folder / "camera.yaml").write_text(text, encoding="utf-8")
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    "hostile",
    ["../../etc", "a b", "Room", "kamera-ü", "", "-x", "a/b", "a\n", "a" * 65, ".", "a\x00b"],
)
def test_hostile_ids_are_refused_with_the_allowed_pattern(hostile):
    with pytest.raises(CameraConfigError, match=r"\[a-z0-9\]"):
        require_camera_id(hostile)


def test_a_camera_may_have_its_own_promise_of_false_alarms(tmp_path):
    assert load_camera(camera_folder(tmp_path, "{}", name="plain")).alarms_per_day is None
    room = load_camera(camera_folder(tmp_path, "alarms_per_day: 0.2"))
    assert room.alarms_per_day == 0.2
    write_camera(room, room.folder)
    assert load_camera(room.folder) == room
    for wrong in ("0", "-1", "'1'", "true", ".nan"):
        folder = camera_folder(
            tmp_path, f"alarms_per_day: {wrong}", name=f"x{len(wrong)}{wrong[-1]}"
        )
        with pytest.raises(CameraConfigError, match="alarms_per_day"):
            load_camera(folder)


def test_plain_ids_are_accepted():
    assert require_camera_id("gate-2_north") == "gate-2_north"


def test_every_key_of_the_file_is_read(tmp_path):
    camera = load_camera(camera_folder(tmp_path, ROOM))
    assert camera.id == "room"
    assert camera.folder == tmp_path / "room" / "clips"
    assert camera.rois == (Roi(name="door", polygon_xy=((0, 0), (10, 0), (10, 20))),)
    assert camera.lens.kind == "fisheye"
    assert camera.lens.calibrated
    assert camera.window_days == 14
    assert camera.plate == "clear"
    assert camera.starts == {"special.mp4": datetime(2020, 11, 23, 20, 21)}


def test_images_quality_sampling_and_fps_are_read_and_written(tmp_path):
    text = """
fps: 4
sampling: key_frames
images: {interval_s: 2, pattern: 'x(?P<number>[0-9]+)', first_number: 1}
quality: {dark_luma: 9, frozen_s: 5}
stream: rtsp://user:secret@10.0.0.7/main
"""
    folder = camera_folder(tmp_path, text)
    camera = load_camera(folder)
    assert camera.interval_s == 0.25
    assert camera.sampling == "key_frames"
    assert camera.images.first_number == 1
    assert camera.quality == QualityLimits(dark_luma=9, frozen_s=5)
    assert "secret" not in repr(camera)
    write_camera(camera, folder)
    assert load_camera(folder) == camera


def test_a_folder_without_settings_gets_defaults_and_its_name(tmp_path):
    camera = load_camera(camera_folder(tmp_path, None, name="yard"))
    assert (camera.id, camera.folder) == ("yard", tmp_path / "yard")


def test_a_nominal_date_is_written_and_read(tmp_path):
    folder = camera_folder(tmp_path, None, name="clip")
    camera = replace(load_camera(folder), nominal_date=True)
    write_camera(camera, folder)
    assert load_camera(folder) == camera


def test_a_written_camera_reads_back_equal(tmp_path):
    folder = camera_folder(tmp_path, ROOM)
    camera = load_camera(folder)
    other = tmp_path / "copy"
    other.mkdir()
    write_camera(camera, other)
    assert load_camera(other) == camera
    write_camera(camera, folder)
    assert load_camera(folder) == camera


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("intervall_s: 2", r"unknown keys \['intervall_s'\]; allowed: id"),
        ("lens: {kind: fisheye, focal: 3}", r"lens has unknown keys \['focal'\]"),
        ("lens: {kind: round}", "lens.kind is 'round'"),
        ("id: ../x", "refused"),
        ("interval_s: fast", "interval_s is 'fast'; expected int or float"),
        ("interval_s: 0", "interval_s is 0"),
        ("interval_s: true", "interval_s is True"),
        ("nominal_date: 1", "nominal_date is 1; expected bool"),
        ("interval_s: .nan", "interval_s is nan"),
        ("window_days: 0", "window_days"),
        ("time_zone: Mars/Olympus", "time_zone 'Mars/Olympus' is unknown"),
        ("time_zone: ../../etc/passwd", "is unknown"),
        ("sampling: often", "sampling is 'often'"),
        ("quality: {darkness: 3}", r"quality has unknown keys \['darkness'\]"),
        ("quality: {dark_luma: .nan}", "quality.dark_luma is nan; expected int or float"),
        ("stream: 5", "stream is of type int; expected an address such as rtsp://"),
        ("quality: {dark_luma: low}", "quality.dark_luma is 'low'"),
        ("fps: 0", "fps is 0; allowed"),
        ("mode: live", "mode is 'live'"),
        ("privacy: {plate: sharp}", "privacy.plate"),
        ("rois: [{name: a, polygon_xy: [[0,0],[1,1]]}]", "three or more"),
        ("rois: {name: a}", "rois is"),
        ("rois: [{name: a, polygon_xy: [[0,0],[1,x],[2,2]]}]", "a number of polygon_xy is 'x'"),
        ("rois: [{name: a, polygon_xy: [[0,0],[1,1],[2,0]], space: flat}]", "space is 'flat'"),
        ("rois: [{name: a, polygon_xy: [[0,0],[1,1],[2,0]], space: rectified}]", "has no matrix"),
        ("lens: {matrix: [[9,0,4],[0,9,4],[0,0,1]], size_wh: [8]}", "lens.size_wh"),
        ("occupancy: {enter: 0.2, leave: 0.3}", "leave <= enter"),
        ("occupancy: {score: area}", "occupancy.score"),
        ("occupancy: {enter: much}", "occupancy.enter is 'much'"),
        ("starts: {a.mp4: yesterday}", r"starts\[a.mp4\]"),
        (r"file_time: {pattern: '(?P<week>\d)'}", r"unknown groups \['week'\]"),
        (r"file_time: {pattern: '(?P<day_index>\d)'}", "file_time.base"),
        ("file_time: {base: 2020-11-10}", "no such group"),
        (r"file_time: {pattern: '(?P<hour>\d'}", "no regular expression"),
        (r"file_time: {pattern: '(?P<hour>\d)'}", "names no day"),
        ("[1, 2]", "must be a mapping"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_settings_that_cannot_be_used_name_the_file_and_the_key(tmp_path, text, says):
    folder = camera_folder(tmp_path, text)
    with pytest.raises(CameraConfigError, match=says) as caught:
        load_camera(folder)
    assert "camera.yaml" in str(caught.value)


def test_files_are_found_in_order_of_time_and_the_rest_is_named(tmp_path):
    folder = camera_folder(
        tmp_path,
        None,
        "b/2026-01-05T08-00-00.MP4",
        "2026-01-05T07-00-00.mkv",
        "holiday.mp4",
        "2026-13-05T07-00-00.mp4",
        "2026-01-05T09-00-00.txt",
        ".2026-01-05T09-00-00.mp4",
    )
    (folder / "2026-01-05T09-00-00.ts").mkdir()
    footage = find_footage(load_camera(folder))
    assert [file.path.name for file in footage.files] == [
        "2026-01-05T07-00-00.mkv",
        "2026-01-05T08-00-00.MP4",
    ]
    assert sorted((fault.file, fault.reason) for fault in footage.faults) == [
        ("2026-01-05T09-00-00.ts", "not_a_file"),
        ("2026-13-05T07-00-00.mp4", "time_unknown"),
        ("holiday.mp4", "time_unknown"),
    ]


def test_a_folder_that_may_not_be_read_is_named_and_the_others_are(tmp_path, monkeypatch):
    names = ("2026-01-05T07-00-00.mkv", "lost+found/2026-01-05T08-00-00.mkv")
    folder = camera_folder(tmp_path, None, *names)
    scandir = os.scandir

    def locked(path):
        if Path(path).name == "lost+found":
            raise PermissionError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    footage = find_footage(load_camera(folder))
    assert [file.path.name for file in footage.files] == ["2026-01-05T07-00-00.mkv"]
    assert [(one.file, one.reason) for one in footage.faults] == [
        ("lost+found", "folder_not_readable")
    ]


def test_a_file_counts_for_the_local_day_of_its_start(tmp_path):
    folder = camera_folder(tmp_path, "time_zone: Asia/Tokyo", "2026-01-05T00-30-00.mp4")
    camera = load_camera(folder)
    assert find_footage(camera).files[0].start_utc == datetime(2026, 1, 4, 15, 30, tzinfo=UTC)
    assert footage_days(camera) == ["2026-01-05"]


def test_days_after_a_base_and_stated_starts(tmp_path):
    folder = camera_folder(tmp_path, ROOM, "clips/05/05-19.mp4", "clips/special.mp4")
    files = find_footage(load_camera(folder)).files
    assert [file.start_utc.isoformat() for file in files] == [
        "2020-11-15T18:00:00+00:00",
        "2020-11-23T19:21:00+00:00",
    ]


def test_a_missing_footage_folder_is_named(tmp_path):
    with pytest.raises(CameraConfigError, match="nowhere does not exist"):
        find_footage(Camera(id="a", folder=tmp_path / "nowhere"))


def test_a_calibration_needs_its_matrix():
    with pytest.raises(ValueError, match=r"without lens\.matrix"):
        Lens(distortion=(0.1, 0, 0, 0))
    with pytest.raises(ValueError, match="unknown groups"):
        FileTime(pattern="(?P<fortnight>x)")
