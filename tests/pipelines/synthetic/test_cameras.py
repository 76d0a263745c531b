from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

from camera_analysis.camera_file import load_camera
from camera_analysis.footage.footage_files import find_footage, footage_days
from pipelines.synthetic.actors import Track
from pipelines.synthetic.cameras import (
    HOURS,
    TRUTH,
    CamerasTruth,
    FilmConfig,
    make_cameras,
)

#: Long enough for every incident to be seen, short enough for a test.
SHORT = FilmConfig(seconds=8.0, fps=4)
SIZES_WH = {"street": (320, 192), "factory": (256, 256), "corridor": (320, 192)}


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CamerasTruth]:
    folder = tmp_path_factory.mktemp("footage")
    return folder, make_cameras(folder, seed=3, days=1, config=SHORT)


def test_every_camera_loads_and_its_files_have_times(filmed: tuple[Path, CamerasTruth]) -> None:
    folder, truth = filmed
    assert sorted(truth.folders) == sorted(SIZES_WH)
    for camera_id in truth.folders:
        camera = load_camera(folder / camera_id)
        footage = find_footage(camera)
        assert (camera.id, camera.plate, camera.interval_s) == (camera_id, "clear", 0.5)
        assert len(footage.files) == len(HOURS)
        assert not footage.faults
        assert footage_days(camera) == ["2026-01-05"]
        assert (folder / camera_id / "2026-01-05T07-00-00.mp4").exists()


def test_videos_decode_to_the_right_number_of_frames(filmed: tuple[Path, CamerasTruth]) -> None:
    folder, _ = filmed
    for camera_id, (width, height) in SIZES_WH.items():
        with av.open(str(folder / camera_id / "2026-01-05T10-00-00.mp4")) as container:
            frames = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
        assert len(frames) == 32
        assert frames[0].shape == (height, width, 3)


def test_the_last_day_holds_every_incident_inside_the_frame(
    filmed: tuple[Path, CamerasTruth],
) -> None:
    folder, truth = filmed
    assert {(h.camera_id, h.kind) for h in truth.happenings} == {
        ("street", "wrong_place"),
        ("street", "object_left"),
        ("factory", "running"),
        ("factory", "forklift_on_walkway"),
        ("corridor", "loitering"),
        ("corridor", "camera_knock"),
        ("corridor", "camera_moved"),
    }
    for happening in truth.happenings:
        width, height = SIZES_WH[happening.camera_id]
        x0, y0, x1, y1 = happening.box
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert 0 <= happening.start_s < happening.end_s <= SHORT.seconds
        assert (folder / happening.camera_id / happening.file).exists()


def test_truth_tables_hold_the_same(filmed: tuple[Path, CamerasTruth]) -> None:
    folder, truth = filmed
    rows = 0
    for camera_id in SIZES_WH:
        table = pq.read_table(folder / camera_id / "truth.parquet")
        assert table.schema.equals(TRUTH)
        rows += table.num_rows
    assert rows == len(truth.happenings)


def test_a_knock_moves_the_view_for_good(filmed: tuple[Path, CamerasTruth]) -> None:
    folder, _ = filmed
    with av.open(str(folder / "corridor" / "2026-01-05T17-00-00.mp4")) as container:
        grey = [f.to_ndarray(format="gray").astype(np.float64) for f in container.decode(video=0)]
    before, after = grey[2], grey[-1]
    moved = np.abs(np.roll(after, (-6, 8), (0, 1)) - before)[20:-20, 20:-20]
    kept = np.abs(after - before)[20:-20, 20:-20]
    assert np.median(moved) < 0.7 * np.median(kept)


def test_ordinary_days_have_no_truth(tmp_path: Path) -> None:
    tiny = FilmConfig(seconds=1.0, fps=2)
    truth = make_cameras(tmp_path, seed=3, days=2, config=tiny)
    assert {h.file[:10] for h in truth.happenings} <= {"2026-01-06"}
    assert truth.files == 2 * len(HOURS) * 3


def test_same_seed_films_the_same_bytes(tmp_path: Path) -> None:
    tiny = FilmConfig(seconds=2.0, fps=2)
    for name in ("a", "b"):
        make_cameras(tmp_path / name, seed=4, days=1, config=tiny)
    first, second = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*.*")}
        for n in ("a", "b")
    )
    assert len(first) == 3 * (len(HOURS) + 2)
    assert first == second


def test_no_days_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="days is 0"):
        make_cameras(tmp_path, seed=0, days=0)


def test_a_track_rests_where_it_says() -> None:
    track = Track.walk(1.0, 2.0, (0, 0), (4, 0, 3.0), (4, 2))
    assert track.span_s == (1.0, 7.0)
    assert track.at(0.5) is None
    walking, resting, leaving = track.at(2.0), track.at(4.0), track.at(6.5)
    assert walking is not None
    assert (walking.xy_m, walking.speed) == ((2.0, 0.0), 2.0)
    assert resting is not None
    assert (resting.xy_m, resting.speed) == ((4.0, 0.0), 0.0)
    assert resting.yaw == pytest.approx(np.pi / 2)
    assert leaving is not None
    assert leaving.yaw == pytest.approx(0.0)
