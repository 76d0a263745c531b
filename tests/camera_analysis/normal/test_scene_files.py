"""What a comparison of scenes leaves behind, and what it says."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from camera_analysis.labelling.label_pictures import save_plate
from camera_analysis.labelling.registration import save_view
from camera_analysis.normal.scene_files import check_scene, read_scene
from tests.camera_analysis.factories_views import in_fog, plate, with_shelf


def stored_days(folder, plates):
    """Day -> folder with the view that its counts keep."""
    days = {}
    for n, shown in enumerate(plates, start=1):
        place = folder / f"2026-03-0{n}"
        place.mkdir(parents=True)
        save_plate(shown, "blurred", place / "plate.png")
        save_view(place / "plate.png", place)
        days[place.name] = place
    return days


def checked(tmp_path, plates):
    """The last of the plates against the others."""
    days = stored_days(tmp_path / "days", plates)
    judged = max(days)
    shown = days.pop(judged) / "plate.png"
    out = tmp_path / "out"
    out.mkdir()
    summary = check_scene(judged, shown, days, out, window_days=7)
    return summary, read_scene(out), out


def usual(days):
    return [plate(seed=n) for n in range(days)]


def test_a_moved_camera_says_since_when_by_how_much_and_until_when(tmp_path):
    summary, scene, out = checked(tmp_path, [*usual(3), plate(dx=16, seed=9)])
    assert scene.is_changed
    assert scene.says == (
        "Since 2026-03-04 the camera shows another view: displaced by 5 % of the width."
    )
    assert scene.days_before == ("2026-03-01", "2026-03-02", "2026-03-03")
    assert scene.ends == "2026-03-11"  # the window of the 10th still begins on the 3rd
    assert [path.name for path in summary.pictures] == ["scene.png"]
    rows = pq.read_table(out / "scene.parquet").to_pylist()
    assert [(row["day"], row["kind"]) for row in rows] == [
        (day, "moved") for day in scene.days_before
    ]
    assert rows[0]["shift_share"] == pytest.approx(0.05, abs=0.01)


def test_fog_says_how_much_contrast_is_left(tmp_path):
    _, scene, _ = checked(tmp_path, [*usual(3), in_fog(plate(seed=9))])
    assert scene.says.startswith("Since 2026-03-04 the view has 1")
    assert "% of the contrast that the days before show: fog" in scene.says


def test_a_shelf_says_where_and_that_tomorrow_decides(tmp_path):
    summary, scene, out = checked(tmp_path, [*usual(4), with_shelf(plate(seed=9))])
    assert (scene.status, scene.is_changed) == ("suspected", False)
    assert scene.says.startswith(
        "On 2026-03-05 something else stands in 8 % of the view, within 60 to 83 % of the width"
    )
    assert scene.says.endswith("if it is there tomorrow, the scene counts as changed.")
    assert (out / "scene.png").is_file()
    assert summary.days_compared == 4


def test_an_ordinary_day_says_nothing(tmp_path):
    summary, scene, out = checked(tmp_path, usual(4))
    assert (scene.status, scene.says, scene.ends, scene.left_out) == ("as_learned", "", "", {})
    assert summary.pictures == ()
    assert sorted(path.name for path in out.iterdir()) == ["scene.json", "scene.parquet"]


def test_a_day_without_a_plate_and_days_without_a_view_are_not_compared(tmp_path):
    days = stored_days(tmp_path / "days", usual(2))
    (days["2026-03-01"] / "view.png").unlink()
    out = tmp_path / "out"
    out.mkdir()
    shown = days.pop("2026-03-02") / "plate.png"
    assert check_scene("2026-03-02", shown, days, out, window_days=7).days_compared == 0
    gone = tmp_path / "none.png"
    assert check_scene("2026-03-02", gone, days, out, window_days=7).status == "as_learned"


def test_equal_days_give_equal_bytes(tmp_path):
    plates = [*usual(4), with_shelf(plate(seed=9))]
    outs = [checked(tmp_path / name, plates)[2] for name in ("one", "two")]
    for name in ("scene.json", "scene.parquet", "scene.png"):
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes()
