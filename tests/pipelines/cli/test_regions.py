"""Lens and regions from the command line: what is written, and what is refused with its number."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from camera_analysis.camera_edit import set_camera_keys
from camera_analysis.camera_file import load_camera
from camera_analysis.labelling.labels import read_labels_meta, write_labels_meta
from pipelines.cli.command import main
from pipelines.resources import open_store
from pipelines.settings import load_settings
from tests.camera_analysis import factories_days
from tests.camera_analysis.factories_lens import FISHEYE, PATTERN, SIZE, boards, edges

DAY = "2026-01-05"
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
DESK = {"name": "desk", "polygon_xy": [[0, 0], [200, 0], [200, 359], [0, 359]]}
FRAMES = 40


@pytest.fixture
def home(tmp_path):
    """A camera with one labelled day: every second five frames somebody is at the desk."""
    settings = load_settings(tmp_path / "home")
    (settings.footage / "hall").mkdir(parents=True)
    set_camera_keys(settings.footage / "hall", {"interval_s": 1.0, "rois": [DESK]})
    maps = []
    for n in range(FRAMES):
        labels = np.zeros((SIZE[1] // 4, SIZE[0] // 4), np.uint8)
        column = 10 if n // 5 % 2 else 80
        labels[20:70, column : column + 20] = 1
        maps.append(labels)
    day = factories_days.draw_day(tmp_path / "day", maps, start=START)
    meta = read_labels_meta(day.labels)
    write_labels_meta(replace(meta, native_wh=SIZE), day.labels)
    store = open_store(settings)
    for asset, made in (("frame_index", day.index), ("label_maps", day.labels)):
        with store.draft(asset, f"hall/{DAY}") as folder:
            for path in made.iterdir():
                (folder / path.name).write_bytes(path.read_bytes())
            version = store.seal(
                folder, asset, f"hall/{DAY}", code_version="1", inputs=(), config={}
            )
        store.publish(version)
    return settings


def call(settings, *words, code=0):
    result = CliRunner().invoke(main, ["cameras", *map(str, words), "--home", str(settings.home)])
    assert result.exit_code == code, result.output
    return result.output


def camera_of(settings):
    return load_camera(settings.footage / "hall")


def test_edges_of_a_frame_are_written_as_a_lens(home, tmp_path, fine_pictures):
    lines = tmp_path / "lines.csv"
    points = [(n, x, y) for n, line in enumerate(edges(FISHEYE)) for x, y in line]
    lines.write_text("line,x,y\n" + "".join(f"{n},{x:.2f},{y:.2f}\n" for n, x, y in points))
    said = call(home, "calibrate-lens", "hall", "--lines", lines, "--picture", tmp_path / "a.png")
    assert "error 0.1" in said
    lens = camera_of(home).lens
    assert (lens.kind, lens.size_wh) == ("fisheye", SIZE)
    assert lens.matrix[0][0] == pytest.approx(169, rel=0.06)
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_a_bad_calibration_is_refused_with_its_error_and_writes_nothing(home, tmp_path):
    before = (home.footage / "hall/camera.yaml").read_text()
    folder = tmp_path / "boards"
    folder.mkdir()
    for name, picture in list(boards(FISHEYE).items()):
        cv2.imwrite(str(folder / name), picture)
    pattern = f"{PATTERN[0]}x{PATTERN[1]}"
    asked = ("calibrate-lens", "hall", "--chessboard", folder, "--pattern", pattern)
    assert "refused: points lie 0.2" in call(home, *asked, "--max-error", "0.05", code=1)
    assert "0 views that differ, 5 are needed" in call(home, *asked[:-1], "4x9", code=1)
    assert (home.footage / "hall/camera.yaml").read_text() == before
    assert "fx 170" in call(home, *asked, "--dry-run")
    assert (home.footage / "hall/camera.yaml").read_text() == before


def test_a_known_matrix_is_taken_over_and_nonsense_is_not(home):
    asked = ("calibrate-lens", "hall", "--distortion", "-0.02,0,0,0", "--matrix")
    said = call(home, *asked, "170,168,236,183")
    assert "fisheye: fx 170.0, fy 168.0, cx 236.0, cy 183.0; -0.02000, 0.00000" in said
    assert "warning" not in said
    assert "centre 2360, 183 lies outside of the 480x360 frame" in call(
        home, *asked, "170,168,2360,183", "--dry-run"
    )
    assert camera_of(home).lens.distortion == (-0.02, 0, 0, 0)
    assert "expected fx,fy,cx,cy" in call(home, "calibrate-lens", "hall", "--matrix", "1", code=1)
    assert "give one of" in call(home, "calibrate-lens", "hall", code=2)
    asked = ("calibrate-lens", "hall", "--click", "--dry-run")
    assert "saves on its page" in call(home, *asked, code=2)


def test_regions_that_a_new_lens_moves_are_named(home):
    lens = {"kind": "fisheye", "matrix": [[160, 0, 236], [0, 160, 183], [0, 0, 1]]}
    rois = [DESK, DESK | {"name": "door", "space": "rectified"}]
    set_camera_keys(
        home.footage / "hall", {"lens": lens | {"distortion": [0, 0, 0, 0]}, "rois": rois}
    )
    asked = ("calibrate-lens", "hall", "--distortion", "-0.02,0,0,0", "--matrix")
    assert "other places with this lens: door; draw" in call(home, *asked, "170,168,236,183")
    assert "other places" not in call(home, *asked, "170,168,236,183")  # it is the lens by now


def test_boards_of_another_shape_than_the_footage_are_refused_at_once(home, tmp_path):
    cv2.imwrite(str(tmp_path / "board.png"), np.zeros((SIZE[1], 2 * SIZE[0]), np.uint8))
    said = call(home, "calibrate-lens", "hall", "--chessboard", tmp_path, code=1)
    assert f"board.png is {2 * SIZE[0]}x{SIZE[1]}" in said
    assert f"footage {SIZE[0]}x{SIZE[1]}" in said


def test_labelled_frames_choose_the_threshold(home, tmp_path):
    labels = tmp_path / "seen.csv"
    times = [START + timedelta(seconds=n) for n in range(FRAMES)]
    rows = [f"{time.isoformat()},desk,{n // 5 % 2}\n" for n, time in enumerate(times)]
    labels.write_text("time,roi,persons\n" + "".join(rows))
    said = call(home, "calibrate-occupancy", "hall", "--labels", labels)
    assert "40 labels, 20 with somebody inside" in said
    assert "bottom centre" in said
    rule = camera_of(home).occupancy
    # A person of 20 x 50 in a desk of 50 x 90 fills 0.22 of it, nobody nothing.
    assert (rule.score, rule.enter) == ("roi_share", pytest.approx(0.11, abs=0.01))
    assert rule.leave == pytest.approx(rule.enter / 2, abs=1e-4)


def test_what_is_missing_is_named(home, tmp_path):
    labels = tmp_path / "seen.csv"
    labels.write_text("time,roi,persons\n2026-02-01T08:00:00,desk,1\n")
    said = call(home, "calibrate-occupancy", "hall", "--labels", labels, code=1)
    assert "2026-02-01 is not labelled" in said
    set_camera_keys(home.footage / "hall", {"rois": []})
    said = call(home, "calibrate-occupancy", "hall", "--labels", labels, code=1)
    assert "no regions; learned-normal cameras draw-rois hall" in said
    assert "no camera attic" in call(home, "draw-rois", "attic", code=1)
