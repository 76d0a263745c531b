"""A window leaves out the days of another segmenter and of a moved camera, and names them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from camera_analysis.labelling.label_pictures import save_plate
from camera_analysis.labelling.registration import VIEW_FILE, read_view
from camera_analysis.normal.day_counts import count_day
from camera_analysis.normal.learned_normal import build_normal, load_normal
from tests.camera_analysis.factories_days import draw_day, empty_scene, fresh
from tests.camera_analysis.factories_scene import noisy, room

HEIGHT, WIDTH = 240, 320
WIDE = np.kron(room(height=80, width=100), np.ones((4, 4, 1), np.uint8))


def seen_from(dx, dy, *, seed=1):
    """The plate of a camera turned by dx, dy pixels."""
    return noisy(WIDE[40 + dy : 40 + dy + HEIGHT, 40 + dx : 40 + dx + WIDTH], seed, 1.0)


def counted(folder, *, plate_rgb=None, privacy="blurred", segmenter="drawn"):
    """Counts and plate of a day of 40 empty frames."""
    scene = empty_scene(HEIGHT, WIDTH)
    day = draw_day(folder, [scene] * 40, segmenter=segmenter)
    plate = day.labels / "plate.png"
    save_plate(seen_from(0, 0) if plate_rgb is None else plate_rgb, privacy, plate)
    counts = fresh(folder / "counts")
    count_day(day.index, day.labels, counts)
    return counts, plate


def normal_of(tmp_path, days, plate, **settings):
    out = fresh(tmp_path / "normal")
    summary = build_normal(days, list(days), out, plate=plate, **settings)
    return summary, json.loads((out / "normal.json").read_text())


def test_days_of_another_segmenter_are_left_out_and_named(tmp_path):
    days = {
        "2026-01-01": counted(tmp_path / "a", segmenter="a1")[0],
        "2026-01-02": counted(tmp_path / "b", segmenter="b2")[0],
    }
    summary, told = normal_of(tmp_path, days, None, segmenter="b2")
    assert (summary.days, summary.frames) == (("2026-01-02",), 40)
    assert told["other_segmenter_days"] == ["2026-01-01"]
    assert load_normal(tmp_path / "normal").segmenter == "b2"


def test_without_a_named_segmenter_two_are_refused(tmp_path):
    days = {
        "2026-01-01": counted(tmp_path / "a", segmenter="a1")[0],
        "2026-01-02": counted(tmp_path / "b", segmenter="b2")[0],
    }
    with pytest.raises(ValueError, match=r"day 2026-01-02 .*'a1' and 'b2' do not add"):
        normal_of(tmp_path, days, None)


def test_days_of_another_scene_are_left_out_and_named(tmp_path):
    fog, _ = counted(tmp_path / "a")
    same, plate = counted(tmp_path / "b")
    days = {"2026-01-01": fog, "2026-01-02": same}
    left_out = {"2026-01-01": "veiled", "2025-12-31": "veiled"}
    summary, told = normal_of(tmp_path, days, plate, left_out=left_out)
    assert (summary.days, summary.moved_days) == (("2026-01-02",), ())
    assert told["other_scene_days"] == ["2026-01-01"]


@pytest.mark.parametrize("privacy", ["blurred", "clear"])
@pytest.mark.parametrize(("dx", "dy"), [(10, 0), (0, -10), (7, 9), (40, 20)])
def test_a_day_before_the_camera_was_moved_is_left_out_and_named(tmp_path, dx, dy, privacy):
    moved, _ = counted(tmp_path / "a", plate_rgb=seen_from(dx, dy, seed=2), privacy=privacy)
    same, plate = counted(tmp_path / "b", privacy=privacy)
    days = {"2026-01-01": moved, "2026-01-02": same}
    summary, told = normal_of(tmp_path, days, plate)
    assert summary.days == ("2026-01-02",)
    assert summary.moved_days == ("2026-01-01",)
    assert told["moved_days"] == ["2026-01-01"]


def light(name):
    plate = seen_from(0, 0, seed=3).astype(float)
    if name == "dusk":
        plate *= 0.5
    elif name == "from the side":
        plate *= np.linspace(0.5, 1.1, WIDTH)[None, :, None]
    elif name == "a shadow":
        plate[:, 100:160] *= 0.5
    elif name == "a parked car":
        plate[120:180, 80:180] = 30
    return plate.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", ["the same", "dusk", "from the side", "a shadow", "a parked car"])
def test_a_day_in_other_light_is_used(tmp_path, name):
    before, _ = counted(tmp_path / "a", plate_rgb=light(name))
    _, plate = counted(tmp_path / "b")
    summary, _ = normal_of(tmp_path, {"2026-01-01": before}, plate)
    assert (summary.days, summary.moved_days) == (("2026-01-01",), ())


def test_the_stored_view_is_small_and_shows_no_more_than_the_plate(tmp_path):
    counts, plate = counted(tmp_path / "a")
    view = read_view(counts / VIEW_FILE)
    assert view.shape == (72, 96)
    assert (view == read_view(plate)).all()
