from __future__ import annotations

import gc
import tracemalloc
from datetime import datetime
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from camera_analysis.camera import Camera
from camera_analysis.footage.image_runs import ImageClock
from camera_analysis.footage.video_write import write_video
from camera_analysis.label_classes import HUMAN, OTHER_MOVER
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.labelling.label_pass import PassConfig, process_day
from camera_analysis.labelling.labels import FRAMES, iterate_labels, read_labels_meta
from tests.camera_analysis.factories_scene import noisy, room, walker_box, with_walker

pytestmark = pytest.mark.usefixtures("coarse_pictures")

DAY = "2026-01-05"


def scene_frames(count, *, walker=True, offset=0):
    for n in range(count):
        yield noisy(with_walker(room(), n) if walker else room(), offset + n, 1.0)


class Camerawork:
    """A camera folder, and what a pass over its day wrote."""

    def __init__(self, folder):
        self.footage = folder / "yard"
        self.index, self.labels = folder / "index", folder / "labels"
        for path in (self.footage, self.index, self.labels):
            path.mkdir()

    def film(self, name, frames, fps=2):
        write_video(self.footage / name, frames, fps, crf=12)

    def run(self, segmenter=None, config=None, progress=None, **settings):
        settings = {"interval_s": 0.5, "time_zone": "Europe/Berlin", **settings}
        camera = Camera(id="yard", folder=self.footage, **settings)
        self.summary = process_day(
            camera, DAY, segmenter, self.index, self.labels, config=config, progress=progress
        )
        self.frames = pq.read_table(self.index / "frames.parquet").to_pylist()
        self.faults = pq.read_table(self.index / "faults.parquet").to_pylist()
        self.maps = list(iterate_labels(self.labels))
        return self

    def reasons(self):
        return [row["reason"] for row in self.frames]


@pytest.fixture
def work(tmp_path):
    return Camerawork(tmp_path)


class ColourSegmenter:
    """Takes everything magenta for a person."""

    version = "magenta-1"

    def __init__(self):
        self.batches = []

    def probability(self, frames_nhwc_rgb):
        self.batches.append(len(frames_nhwc_rgb))
        frames = frames_nhwc_rgb.astype(np.int32)
        magenta = (frames[..., 0] > 150) & (frames[..., 1] < 90) & (frames[..., 2] > 140)
        return np.where(magenta, 0.97, 0.03).astype(np.float32)


def test_a_walk_through_the_room_is_labelled_frame_by_frame(work):
    work.film(f"{DAY}T23-59-50.mp4", scene_frames(60))
    seen = []
    work.run(progress=lambda done, total: seen.append((done, total)))
    assert work.summary.frames == work.summary.usable == 60
    assert [row["frame_id"] for row in work.frames] == list(range(60))
    start = datetime(2026, 1, 5, 23, 59, 50, tzinfo=ZoneInfo("Europe/Berlin"))
    assert work.frames[0]["time_utc"] == start
    assert (work.frames[30]["time_utc"] - start).total_seconds() == 15
    assert [work.frames[0]["local_hour"], work.frames[-1]["local_hour"]] == [23, 0]
    assert pq.read_schema(work.index / "frames.parquet").equals(FRAMES)
    assert len(work.maps) == 60
    for shown in work.maps[5:60:9]:
        x0, y0, x1, y1 = walker_box(shown.frame_id)
        inside = shown.labels_hw[y0:y1, x0:x1]
        assert (inside == OTHER_MOVER).mean() > 0.8
        assert (shown.labels_hw != 0).sum() < 1.4 * inside.size
    meta = read_labels_meta(work.labels)
    assert (meta.segmenter, meta.height, meta.width) == ("none", 64, 96)
    assert seen[-1] == (60, 60)
    assert work.faults == []


def test_a_segmenter_is_asked_in_batches_and_once_for_the_plate(work):
    work.film(f"{DAY}T08-00-00.mp4", scene_frames(20))
    segmenter = ColourSegmenter()
    work.run(segmenter)
    assert sorted(segmenter.batches) == [1, 4, 8, 8]
    shown = work.maps[9]
    x0, y0, x1, y1 = walker_box(9)
    assert (shown.labels_hw[y0:y1, x0:x1] == HUMAN).mean() > 0.8
    assert read_labels_meta(work.labels).segmenter == "magenta-1"


def test_a_segmenter_of_the_wrong_shape_is_refused(work):
    class Small(ColourSegmenter):
        def probability(self, frames_nhwc_rgb):
            return super().probability(frames_nhwc_rgb)[:, ::2, ::2]

    work.film(f"{DAY}T08-00-00.mp4", scene_frames(4))
    with pytest.raises(ValueError, match="segmenter: got probabilities of shape"):
        work.run(Small())


@pytest.mark.usefixtures("fine_pictures")
def test_the_same_footage_gives_the_same_bytes(tmp_path):
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        work = Camerawork(tmp_path / name)
        work.film(f"{DAY}T08-00-00.mp4", scene_frames(12))
        work.run()
        files = sorted([*work.index.iterdir(), *work.labels.iterdir()])
        written.append({path.name: path.read_bytes() for path in files})
    assert written[0] == written[1]
    assert set(written[0]) == {
        "frames.parquet", "faults.parquet", "quality.png",
        "labels.parquet", "labels.json", "codes.parquet", "codes.json", "plate.png", "preview.png",
    }  # fmt: skip


def test_every_broken_file_is_a_row_and_the_good_one_is_used(work):
    work.film(f"{DAY}T10-00-00.mp4", scene_frames(10))
    (work.footage / f"{DAY}T08-00-00.mp4").touch()
    (work.footage / f"{DAY}T09-00-00.mp4").write_text("no video\n" * 99)
    (work.footage / "holiday.mp4").write_bytes(b"x")
    work.run()
    assert work.summary.usable == 10
    assert [(row["file"], row["reason"]) for row in work.faults] == [
        (f"{DAY}T08-00-00.mp4", "empty_file"),
        (f"{DAY}T09-00-00.mp4", "unreadable"),
        ("holiday.mp4", "time_unknown"),
    ]
    assert work.faults[0]["start_utc"] is not None


def test_a_day_of_broken_files_gives_empty_tables(work):
    (work.footage / f"{DAY}T08-00-00.mp4").touch()
    work.run()
    assert (work.summary.frames, work.summary.plate_png) == (0, None)
    assert work.maps == work.frames == []
    assert work.summary.preview_png.exists()


def test_a_day_without_footage_names_the_days_there_are(work):
    work.film("2026-02-01T10-00-00.mp4", scene_frames(2))
    with pytest.raises(ValueError, match="no footage on 2026-01-05; its 1 days run"):
        work.run()


def test_overlapping_files_never_step_back_in_time(work):
    work.film(f"{DAY}T08-00-00.mp4", scene_frames(20))
    work.film(f"{DAY}T08-00-05.mp4", scene_frames(20))
    work.run()
    times = [row["time_utc"] for row in work.frames]
    assert times == sorted(set(times))
    assert len(times) == 30
    (fault,) = work.faults
    assert (fault["file"], fault["reason"]) == (f"{DAY}T08-00-05.mp4", "overlap")
    assert f"10 samples left out: {DAY}T08-00-00.mp4 already covers" in fault["detail"]


def test_another_resolution_is_refused_with_both_sizes_and_the_file(work):
    work.film(f"{DAY}T08-00-00.mp4", scene_frames(10))
    larger = (cv2.resize(frame, (192, 128)) for frame in scene_frames(6))
    work.film(f"{DAY}T09-00-00.mp4", larger)
    work.film(f"{DAY}T10-00-00.mp4", scene_frames(10))
    work.run(max_side_px=96)
    assert work.summary.usable == 20
    (fault,) = work.faults
    assert (fault["file"], fault["reason"]) == (f"{DAY}T09-00-00.mp4", "resolution_changed")
    assert "192x128" in fault["detail"]
    assert "96x64" in fault["detail"]
    assert {shown.labels_hw.shape for shown in work.maps} == {(64, 96)}


def test_dark_and_covered_frames_are_counted_but_not_labelled(work):
    shade = np.linspace(70, 100, 96)[None, :, None] + np.zeros((64, 96, 3))
    hand = [noisy(shade, 900 + n, 0.5) for n in range(6)]
    night = [noisy(np.full((64, 96, 3), 2), 800 + n, 0.5) for n in range(6)]
    frames = [*scene_frames(20), *hand, *night, *scene_frames(20, offset=50)]
    work.film(f"{DAY}T08-00-00.mp4", frames)
    work.run()
    assert work.reasons() == [""] * 20 + ["covered"] * 6 + ["dark"] * 6 + [""] * 20
    usable = [row["frame_id"] for row in work.frames if row["usable"]]
    assert [shown.frame_id for shown in work.maps] == usable
    assert work.summary.unusable == (("covered", 6), ("dark", 6))


def test_after_a_knock_frames_are_not_used_until_the_camera_is_put_back(work):
    wide = room(height=90, width=130)
    before, after = wide[10:74, 10:106], wide[16:80, 19:115]
    views = [before] * 20 + [after] * 10 + [before] * 5
    work.film(f"{DAY}T08-00-00.mp4", [noisy(view, n, 1.0) for n, view in enumerate(views)])
    work.run()
    assert work.reasons() == [""] * 20 + ["moved"] * 10 + [""] * 5
    assert work.frames[25]["shift_px"] == pytest.approx(np.hypot(6, 9), abs=1)
    assert all((shown.labels_hw != 0).mean() < 0.01 for shown in work.maps)


def test_a_file_from_a_moved_camera_is_reported_and_not_used(work):
    wide = room(height=90, width=130)
    for hour, top in (("08", 10), ("09", 17)):
        view = wide[top : top + 64, 10:106]
        work.film(f"{DAY}T{hour}-00-00.mp4", [noisy(view, n, 1.0) for n in range(10)])
    work.run()
    assert work.reasons() == [""] * 10 + ["moved"] * 10
    (fault,) = work.faults
    assert fault["reason"] == "camera_moved"
    assert f"differs from that of {DAY}T08-00-00.mp4: shift 7" in fault["detail"]


def test_a_file_out_of_focus_is_not_used_though_all_of_it_is_alike(work):
    drop = cv2.GaussianBlur(room(), (0, 0), 4)
    for hour, view in (("08", room()), ("09", drop), ("10", room())):
        frames = [noisy(view, n, 1.0) for n in range(10)]
        work.film(f"{DAY}T{hour}-00-00.mp4", frames)
    work.run()
    assert work.reasons() == [""] * 10 + ["blurred"] * 10 + [""] * 10
    assert work.frames[15]["sharpness_share"] < 0.15


def test_a_camera_s_own_limits_win(work):
    work.film(f"{DAY}T08-00-00.mp4", scene_frames(8))
    work.run(quality=QualityLimits(dark_luma=200.0))
    assert work.reasons() == ["dark"] * 8


def test_every_reason_has_its_number_in_the_index_and_times_say_how_exact_they_are(work):
    work.film(f"{DAY}T08-00-00.mp4", scene_frames(20))
    work.run()
    row = work.frames[5]
    assert row["timing"] == "exact"
    assert 0.5 < row["sharpness_share"] < 2
    assert row["textured_share"] > 0.2
    assert row["view_match"] > 0.5
    assert row["repeated_rows"] == row["rotation_deg"] == row["still_s"] == 0
    work.run(sampling="key_frames")
    assert {row["timing"] for row in work.frames} == {"key_frame"}
    assert 1 <= len(work.frames) < 20


def test_a_folder_of_numbered_images_is_footage_like_a_video(work):
    folder = work.footage / f"{DAY}T08-00-00"
    folder.mkdir()
    for number, frame in enumerate(scene_frames(20)):
        cv2.imwrite(str(folder / f"frame{number}.png"), frame[..., ::-1])
    (folder / "frame7.png").write_bytes((folder / "frame7.png").read_bytes()[:900])
    work.run(images=ImageClock(interval_s=0.5))
    assert work.summary.usable == 19
    assert work.frames[0]["file"] == f"{DAY}T08-00-00/frame0.png"
    assert work.frames[-1]["file"] == f"{DAY}T08-00-00/frame19.png"
    start = datetime(2026, 1, 5, 8, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert (work.frames[-1]["time_utc"] - start).total_seconds() == 9.5
    (fault,) = work.faults
    assert fault["reason"] == "undecodable"
    assert fault["detail"].startswith("frame7.png")
    assert (fault["start_utc"] - start).total_seconds() == 3.5
    shown = work.maps[12]
    x0, y0, x1, y1 = walker_box(13)
    assert (shown.labels_hw[y0:y1, x0:x1] == OTHER_MOVER).mean() > 0.8


def test_the_plate_is_blurred_unless_the_camera_says_clear(work):
    work.film(f"{DAY}T08-00-00.mp4", scene_frames(30))
    detail = {}
    for plate in ("blurred", "clear"):
        work.run(plate=plate)
        image = cv2.imread(str(work.labels / "plate.png"))
        assert image.shape == (64, 96, 3)
        detail[plate] = cv2.Laplacian(image, cv2.CV_32F).var()
    assert detail["blurred"] < 0.05 * detail["clear"]


def test_memory_does_not_grow_with_the_length_of_the_day(tmp_path):
    def peak(frames, attempt):
        folder = tmp_path / f"{frames}-{attempt}"
        folder.mkdir()
        work = Camerawork(folder)
        work.film(f"{DAY}T08-00-00.mp4", scene_frames(frames))
        camera = Camera(id="yard", folder=work.footage, interval_s=0.5)
        gc.collect()
        tracemalloc.start()
        process_day(camera, DAY, None, work.index, work.labels)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(30, 0)  # imports and fonts
    # The lower of two: when garbage of the pictures is collected is up to the interpreter.
    short = min(peak(60, attempt) for attempt in range(2))
    grown = ((peak(240, attempt) - short) / 180 for attempt in range(2))
    assert any(one < 4000 for one in grown)  # bytes a frame, of its 18,432


def test_a_batch_of_nothing_is_refused():
    with pytest.raises(ValueError, match="batch is 0"):
        PassConfig(batch=0)
