"""Stored frames from the shell: consent, settings, masks, deletion; and through the real line."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from PIL import Image

from dataset_build.sources.own_frames import look_at, stored_frames
from pipelines.cli.command import main
from pipelines.resources import open_store
from pipelines.settings import SettingsError, load_settings, save_settings

DAY = "2026-01-05T08-00-00.mp4"


def shell(home: Path, *words: str) -> str:
    """Output of ``learned-normal cameras frames door ...``, which must succeed."""
    result = ask(home, *words)
    assert result.exit_code == 0, result.output
    return result.output


def ask(home: Path, *words: str):
    return CliRunner().invoke(main, ["cameras", "frames", "door", *words, "--home", str(home)])


@pytest.fixture
def home(tiny) -> Path:
    """A camera with 30 s of footage, and no model."""
    tiny.film("door", DAY, seconds=30.0)
    return tiny.settings.home


@pytest.fixture
def folder(home: Path) -> Path:
    """Where its frames are stored."""
    return home / "own-frames" / "door"


def test_without_consent_nothing_is_stored(home: Path, folder: Path):
    result = ask(home)
    assert result.exit_code == 1
    assert "with the people on them" in result.output
    assert "--store-pictures" in result.output
    assert "store_frames: true" in result.output
    assert not folder.exists()


def test_consent_in_the_cameras_own_settings(home: Path, folder: Path):
    path = home / "footage" / "door" / "camera.yaml"
    camera = yaml.safe_load(path.read_text())
    camera["privacy"]["store_frames"] = True
    path.write_text(yaml.safe_dump(camera))
    shell(home, "--count", "2")
    assert len(look_at(folder).frames) == 2


def test_frames_become_a_source_of_the_settings(home: Path, folder: Path):
    said = shell(home, "--count", "4", "--store-pictures")
    assert "4 of 60 usable frames stored" in said
    assert "no champion" in said
    own = load_settings(home, {})
    assert own.sources == {"door-frames": folder}
    assert own.custom_sources["door-frames"].train_only
    assert own.dataset_config().train_only_sources == {"door-frames"}
    frames = look_at(folder)
    assert len(frames.frames) == 4
    assert frames.masked == ()
    assert {one.drawn_by for one in stored_frames(folder)} == {"none"}


def test_the_settings_file_does_not_name_them(home: Path):
    shell(home, "--count", "1", "--store-pictures")
    own = load_settings(home, {})
    save_settings(own)
    assert "door-frames" not in (home / "settings.yaml").read_text()
    assert load_settings(home, {}) == own


def test_a_source_of_the_same_name_is_named(home: Path):
    shell(home, "--count", "1", "--store-pictures")
    (home / "settings.yaml").write_text(
        yaml.safe_dump({"sources": {"door-frames": {"root": "x", "human": [1]}}})
    )
    with pytest.raises(SettingsError, match="door-frames stands in the settings"):
        load_settings(home, {})


def test_again_gives_others(home: Path, folder: Path):
    shell(home, "--count", "3", "--store-pictures")
    shell(home, "--count", "3", "--store-pictures")
    assert len(look_at(folder).frames) == 6
    shell(home, "--count", "100", "--store-pictures")
    assert len(look_at(folder).frames) == 60
    assert "no usable frame that is not stored already" in ask(home, "--store-pictures").output


def test_the_same_seed_stores_the_same(home: Path, folder: Path):
    shell(home, "--store-pictures", "--seed", "5")
    first = look_at(folder).frames
    shell(home, "--remove")
    shell(home, "--store-pictures", "--seed", "5")
    assert look_at(folder).frames == first


def test_what_a_person_wrote_about_the_source_stays(home: Path):
    shell(home, "--count", "1", "--store-pictures", "--split", "hash")
    shell(home, "--count", "1", "--store-pictures")
    assert not load_settings(home, {}).custom_sources["door-frames"].train_only


def test_masks_are_imported_and_what_is_none_is_named(home: Path, folder: Path, tmp_path: Path):
    shell(home, "--count", "2", "--store-pictures")
    first, second = look_at(folder).frames
    (tmp_path / "in").mkdir()
    mask = np.zeros((64, 80), np.uint8)
    mask[30:50, 10:20] = 255
    Image.fromarray(mask).save(tmp_path / "in" / f"{first}.png")
    Image.fromarray(mask[:10]).save(tmp_path / "in" / f"{second}.png")
    result = ask(home, "--import-masks", str(tmp_path / "in"))
    assert result.exit_code == 1
    assert "1 masks imported" in result.output
    assert f"refused: {second}.png: 80 x 10 px, the image has 80 x 64" in result.output
    assert look_at(folder).masked == (first,)


def test_removal_deletes_every_picture_and_the_source(home: Path, folder: Path):
    shell(home, "--count", "2", "--store-pictures")
    said = CliRunner().invoke(main, ["doctor", "--home", str(home)]).output
    assert f"stored frames: 2 pictures of camera door in {folder}" in said
    assert "2 stored frames of camera door deleted" in shell(home, "--remove")
    assert not folder.exists()
    assert load_settings(home, {}).sources == {}
    assert "stored frames" not in CliRunner().invoke(main, ["doctor", "--home", str(home)]).output


def test_a_removed_cameras_frames_are_not_forgotten(home: Path, folder: Path):
    shell(home, "--count", "1", "--store-pictures")
    (home / "footage" / "door" / DAY).unlink()
    result = CliRunner().invoke(main, ["cameras", "remove", "door", "--home", str(home)])
    assert f"its stored frames stay in {folder}" in result.output
    shell(home, "--remove")
    assert not folder.exists()


def test_an_id_that_is_a_path_deletes_nothing(home: Path):
    result = CliRunner().invoke(
        main, ["cameras", "frames", "../footage", "--remove", "--home", str(home)]
    )
    assert result.exit_code == 1
    assert (home / "footage" / "door" / DAY).is_file()


@pytest.fixture(scope="module")
def walked(line, tmp_path_factory) -> dict[str, object]:
    """Over a copy of the line: store four frames, rebuild, confirm them in three ways, rebuild."""
    home = tmp_path_factory.mktemp("own-frames")
    for name in ("sources", "store", "footage"):
        shutil.copytree(line.settings.home / name, home / name)
    sources = {name: home / "sources" / name for name in line.settings.sources}
    save_settings(replace(line.settings, home=home, sources=sources))
    seen: dict[str, object] = {}

    def run(*words: str) -> str:
        result = CliRunner().invoke(main, [*words, "--home", str(home)])
        assert result.exit_code == 0, result.output
        return result.output

    seen["said"] = run("cameras", "frames", line.camera, "--count", "4", "--store-pictures")
    folder = home / "own-frames" / line.camera
    run("rebuild")
    seen["names"] = names = look_at(folder).frames
    seen["before"] = rows_of(home, "dataset_split", "ledger.parquet")
    seen["queue"] = pq.read_table(version(home, "review_queue") / "queue.parquet").to_pylist()
    with Image.open(folder / "images" / f"{names[0]}.png") as picture:
        mask = np.zeros((picture.height, picture.width), np.uint8)
    mask[20:60, 30:50] = 1
    mask[:5] = 255
    given = home / "given"
    given.mkdir()
    Image.fromarray(mask).save(given / f"{names[0]}.png")
    run("cameras", "frames", line.camera, "--import-masks", str(given))
    painted = np.where(mask == 1, 255, 0).astype(np.uint8)
    Image.fromarray(painted).save(home / "painted.png")
    sample = f"{line.camera}-frames/{names[1]}"
    run("review", "relabel", sample, str(home / "painted.png"), "--reviewer", "ann")
    Image.fromarray(painted).save(folder / "masks" / f"{names[2]}.png")  # dropped by hand
    run("rebuild")
    seen["after"] = rows_of(home, "dataset_split", "ledger.parquet")
    run("cameras", "frames", line.camera, "--remove")
    run("rebuild")
    seen["gone"] = rows_of(home, "dataset_split", "ledger.parquet")
    shutil.rmtree(given)
    seen["pictures"] = [path for path in home.rglob("*") if path.stem in names]
    return seen


def version(home: Path, asset: str, partition: str = "all") -> Path:
    store = open_store(load_settings(home, {}))
    return store.path(store.require(asset, partition))


def rows_of(home: Path, asset: str, file: str) -> dict[str, dict[str, object]]:
    """Sample id -> row, of the camera's frames."""
    rows = pq.read_table(version(home, asset) / file).to_pylist()
    return {row["sample_id"]: row for row in rows if row["source"].endswith("-frames")}


@pytest.mark.slow
def test_an_unreviewed_frame_is_a_row_and_no_truth(walked):
    assert "the champion's" in walked["said"]
    rows = walked["before"].values()
    assert len(rows) == 4
    assert {(row["fate"], row["reason"], row["stage"]) for row in rows} == {
        ("removed", "mask_unconfirmed", "review")
    }
    assert {row["split"] for row in rows} == {""}


@pytest.mark.slow
def test_they_are_the_first_of_the_queue(walked):
    first = walked["queue"][:4]
    assert {row["kind"] for row in first} == {"unconfirmed"}
    assert {row["sample_id"] for row in first} == set(walked["before"])


@pytest.mark.slow
def test_a_mask_by_import_by_the_inbox_or_by_hand_makes_it_a_sample(walked):
    rows = [walked["after"][key] for key in sorted(walked["after"])]
    assert [(row["fate"], row["split"]) for row in rows] == [
        ("kept", "train"),
        ("kept", "train"),
        ("kept", "train"),
        ("removed", ""),
    ]
    assert [row["human_px"] for row in rows[:3]] == [800, 800, 800]
    assert rows[0]["ignore_share"] > 0
    assert rows[1]["mask_correction"]
    assert rows[3]["reason"] == "mask_unconfirmed"


@pytest.mark.slow
def test_after_removal_neither_rows_nor_pictures_are_left(walked):
    assert walked["gone"] == {}
    assert walked["pictures"] == []
