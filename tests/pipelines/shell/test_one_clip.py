"""One clip is enough, if it lasts 30 s and is a video."""

from __future__ import annotations

import json
import re

import pytest

from camera_analysis.camera_file import load_camera
from camera_analysis.footage.footage_files import find_footage
from camera_analysis.footage.image_runs import ImageClock
from pipelines.automation.jobs import CAMERA_ASSETS
from pipelines.shell.one_clip import (
    ClipTooShortError,
    analyze_clip,
    clip_camera,
    default_interval_s,
    require_long_enough,
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory, film):
    return film(tmp_path_factory.mktemp("clips") / "Front Door (1).mp4", seconds=32, fps=2)


def anomalies(output):
    return json.loads((output / "anomalies" / "anomalies.json").read_text())


def test_short_clip_is_refused_with_its_length_and_what_is_needed(tiny, tmp_path, film):
    short = film(tmp_path / "short.mp4", seconds=10)
    says = r"short\.mp4: lasts \d+\.\d s; at least 30 s .* Give a longer clip; --reference clips"
    with pytest.raises(ClipTooShortError, match=says):
        analyze_clip(short, [], tmp_path / "out", tiny.settings)
    assert not (tmp_path / "out").exists()


def test_text_named_mp4_is_refused_in_plain_words(tmp_path):
    fake = tmp_path / "notes.mp4"
    fake.write_text("Dear diary, " * 100)
    with pytest.raises(ValueError, match=r"notes\.mp4") as caught:
        require_long_enough(fake)
    assert "video" in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(ValueError, match=r"empty\.mp4"):
        require_long_enough(tmp_path / "empty.mp4")


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        require_long_enough(tmp_path / "gone.mp4")


def test_a_header_that_promises_more_than_there_is_does_not_help(tmp_path, film):
    whole = film(tmp_path / "whole.ts", seconds=40)
    cut = tmp_path / "cut.ts"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 4])
    with pytest.raises(ClipTooShortError, match=r"cut\.ts"):
        require_long_enough(cut)


def test_too_many_references_are_refused(tiny, tmp_path, clip):
    with pytest.raises(ValueError, match="31 references; at most 30"):
        analyze_clip(clip, [clip] * 31, tmp_path / "out", tiny.settings)


def test_one_clip_is_judged_by_its_own_other_parts(tiny, tmp_path, clip):
    output = tmp_path / "out"
    report = analyze_clip(clip, [], output, tiny.settings, interval_s=0.5)
    assert report == output / "report.html"
    assert {path.name for path in output.iterdir()} == {*CAMERA_ASSETS, "report.html"}
    assert all(any((output / asset).iterdir()) for asset in CAMERA_ASSETS)
    assert anomalies(output)["status"] == "cross_fitted"
    page = report.read_text()
    assert "front-door-1" in page
    links = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", page)
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not tiny.settings.store_url.startswith(str(output))
    assert tiny.store.partitions("camera_report") == ()


def test_reference_clips_are_the_history(tiny, tmp_path, clip, film):
    before = film(tmp_path / "yesterday.mp4", seconds=32, fps=2, seed=0)
    output = tmp_path / "out"
    analyze_clip(clip, [before], output, tiny.settings, interval_s=0.5)
    normal = json.loads((output / "learned_normal" / "normal.json").read_text())
    assert (normal["status"], len(normal["days"])) == ("ready", 1)
    assert anomalies(output)["status"] == "judged"


def test_a_camera_gets_an_id_that_is_safe_from_any_file_name(tmp_path, clip, film):
    camera = clip_camera(clip, [], tmp_path / "home", 0.5)
    assert (camera.id, camera.mode) == ("front-door-1", "clip")
    strange = film(tmp_path / "\u95e8.mp4", seconds=1)
    assert clip_camera(strange, [], tmp_path / "other", 0.5).id == "clip"


def test_references_are_the_days_before_in_their_order(tmp_path, clip, film):
    older = film(tmp_path / "older.mp4", seconds=1)
    newer = film(tmp_path / "newer.mp4", seconds=1)
    camera = clip_camera(clip, [older, newer], tmp_path / "home", 0.5)
    names = sorted(camera.starts, key=camera.starts.__getitem__)
    assert names == ["002-older.mp4", "001-newer.mp4", "000-Front Door (1).mp4"]
    assert (camera.mode, camera.window_days) == ("history", 2)


@pytest.mark.parametrize(
    ("duration_s", "interval_s"), [(30, 0.2), (200, 0.5), (400, 1.0), (36_000, 1.0)]
)
def test_samples_are_about_400_a_clip(duration_s, interval_s):
    assert default_interval_s(duration_s) == interval_s


def test_a_folder_of_numbered_images_is_a_clip_with_its_rate(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(100, 162):
        (folder / f"{number}.jpg").touch()
    (folder / "notes.txt").touch()
    with pytest.raises(ValueError, match="frames: a folder of images; say how many a second"):
        require_long_enough(folder)
    images = ImageClock(interval_s=0.5)
    assert require_long_enough(folder, images) == 30.5
    with pytest.raises(ClipTooShortError, match="lasts 15"):
        require_long_enough(folder, ImageClock(interval_s=0.25))
    (tmp_path / "home").mkdir()
    camera = clip_camera(folder, [], tmp_path / "home", 1.0, images)
    (file,) = find_footage(camera).files
    assert len(file.images.names) == 62
    assert all(path.stat().st_size == 0 for path in file.paths)
    assert load_camera(camera.folder) == camera


def test_an_empty_folder_is_no_clip(tmp_path):
    with pytest.raises(ValueError, match="no numbered images"):
        require_long_enough(tmp_path, ImageClock(interval_s=1.0))
