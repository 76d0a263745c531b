"""``learned-normal privacy``: a video with people hidden, a key, and people shown again by it."""

from __future__ import annotations

import stat

import numpy as np
import pytest
from click.testing import CliRunner

from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.video import read_samples
from camera_analysis.privacy.privacy_filters import FILTERS
from pipelines.cli.privacy import privacy
from pipelines.privacy_key import PrivacyKeyError, privacy_key, read_key_file
from tests.camera_analysis.factories_private import film, frame_of, lime_share, walker


def run(*arguments, home):
    result = CliRunner().invoke(privacy, [*map(str, arguments), "--home", str(home)])
    return result


def frames_of(path):
    return [one.frame_rgb for one in read_samples(path, 1e-4) if isinstance(one, SampledFrame)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return film(tmp_path_factory.mktemp("clip") / "walk.mp4", [n / 10 for n in range(60)])


@pytest.fixture(scope="module")
def made(clip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    key = folder / "key"
    told = CliRunner().invoke(privacy, ["key", str(key)])
    assert told.exit_code == 0, told.output
    target = folder / "private.mp4"
    options = ("--method", "mask", "--reversible", "--key-file", key, "--output", target)
    result = run("video", clip, *options, home=folder / "home")
    assert result.exit_code == 0, result.output
    return folder, result


def test_a_video_is_written_with_people_hidden_and_says_what_is_not(made):
    folder, result = made
    shown = frames_of(folder / "private.mp4")
    assert len(shown) == 60
    assert max(lime_share(frame, n) for n, frame in enumerate(shown)) == 0
    assert "60 frames, mask" in result.output
    assert "who stands still throughout is seen" in result.output


def test_the_key_is_its_owners_alone_and_never_replaced(made):
    folder, _ = made
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    before = (folder / "key").read_bytes()
    again = CliRunner().invoke(privacy, ["key", str(folder / "key")])
    assert again.exit_code == 1 and "exists" in again.output
    assert (folder / "key").read_bytes() == before


def test_people_are_shown_again_without_loss(made, clip):
    folder, _ = made
    target = folder / "restored.mkv"
    options = ("--key-file", folder / "key", "--output", target)
    result = run("restore", folder / "private.mp4", *options, home=folder / "home")
    assert result.exit_code == 0, result.output
    assert "60 frames" in result.output
    for step, (shown, filmed) in enumerate(zip(frames_of(target), frames_of(clip), strict=True)):
        assert (shown[walker(step)] == filmed[walker(step)]).all()


def test_what_exists_is_replaced_by_force_alone(made, clip, tmp_path):
    folder, _ = made
    restored, private = tmp_path / "again.mkv", tmp_path / "again.mp4"
    people = tmp_path / "again.people"
    for path in (restored, people):
        path.write_text("mine")
    key = ("--key-file", folder / "key")
    shown = ("restore", folder / "private.mp4", *key, "--output", restored)
    hidden = ("video", clip, *key, "--reversible", "--method", "mask", "--output", private)
    for command in (shown, hidden):
        result = run(*command, home=tmp_path)
        assert result.exit_code == 1 and "again." in result.output and "--force" in result.output
    assert {path.name for path in tmp_path.glob("again*")} == {"again.mkv", "again.people"}
    assert restored.read_text() == people.read_text() == "mine"
    for command in (shown, hidden):
        assert run(*command, "--force", home=tmp_path).exit_code == 0
    assert len(frames_of(restored)) == len(frames_of(private)) == 60
    assert people.stat().st_size > 1000


def test_another_key_shows_nothing(made):
    folder, _ = made
    CliRunner().invoke(privacy, ["key", str(folder / "other")])
    options = ("--key-file", folder / "other", "--output", folder / "no.mkv")
    result = run("restore", folder / "private.mp4", *options, home=folder / "home")
    assert result.exit_code == 1 and "encrypted under the key" in result.output
    assert not (folder / "no.mkv").exists()


def test_without_a_key_nothing_is_written(clip, tmp_path, monkeypatch):
    monkeypatch.delenv("LEARNED_NORMAL_PRIVACY_KEY", raising=False)
    monkeypatch.delenv("LEARNED_NORMAL_PRIVACY_KEY_FILE", raising=False)
    target = tmp_path / "a.mp4"
    result = run("video", clip, "--reversible", "--output", target, home=tmp_path)
    assert result.exit_code == 1 and "privacy key" in result.output
    assert not target.exists()


def test_a_key_in_the_store_is_refused_by_name_too(clip, tmp_path):
    (tmp_path / "store").mkdir()
    key = tmp_path / "store" / "key"
    CliRunner().invoke(privacy, ["key", str(key)])
    target = tmp_path / "a.mp4"
    options = ("--reversible", "--key-file", key, "--output", target)
    result = run("video", clip, *options, home=tmp_path)
    assert result.exit_code == 1 and "lies in the store" in result.output
    assert not target.exists()


def test_the_source_is_never_overwritten(clip, tmp_path):
    before = clip.read_bytes()
    result = run("video", clip, "--output", clip, home=tmp_path)
    assert result.exit_code == 1 and "another file" in result.output
    assert clip.read_bytes() == before


def test_a_method_of_the_background_is_no_way_to_hide_people(clip, tmp_path):
    result = run("video", clip, "--method", "background_blur", home=tmp_path)
    assert result.exit_code == 2


def test_every_method_is_listed():
    listed = CliRunner().invoke(privacy, ["methods"]).output
    assert all(name in listed for name in FILTERS)


def test_a_key_comes_from_a_file_or_a_variable_and_not_from_the_store(tmp_path):
    CliRunner().invoke(privacy, ["key", str(tmp_path / "key")])
    key = read_key_file(tmp_path / "key")
    text = (tmp_path / "key").read_text()
    store = str(tmp_path / "store")
    assert privacy_key(store, {}) is None
    assert privacy_key(store, {"LEARNED_NORMAL_PRIVACY_KEY": text}) == key
    named = {"LEARNED_NORMAL_PRIVACY_KEY_FILE": str(tmp_path / "key")}
    assert privacy_key(store, named) == key
    assert privacy_key("s3://bucket/store", named) == key
    for root in (str(tmp_path), f"file://{tmp_path}"):
        with pytest.raises(PrivacyKeyError, match="lies in the store"):
            privacy_key(root, named)
    with pytest.raises(PrivacyKeyError, match="no key"):
        privacy_key(store, {"LEARNED_NORMAL_PRIVACY_KEY": "bm8="})
    with pytest.raises(PrivacyKeyError, match="no key can be read"):
        read_key_file(tmp_path / "absent")


def test_the_drawn_walker_is_in_the_drawn_frames():
    assert lime_share(frame_of(7), 7) > 0.95
    assert lime_share(np.zeros_like(frame_of(7)), 7) == 0


def test_a_method_that_failed_its_audit_is_written_with_a_warning(clip, tmp_path):
    options = ("--method", "warp", "--output", tmp_path / "a.mp4")
    result = run("video", clip, *options, home=tmp_path)
    assert result.exit_code == 0, result.output
    assert "warp failed its audit" in result.output
