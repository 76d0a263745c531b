from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from dataset_build.sources.sources import open_source, source_spec
from pipelines.cli.command import main
from pipelines.demo.real_samples import MODELS, training_for
from pipelines.demo.real_sources import CAMERAS_TO_LEARN, lay_out_frames, lay_out_sources
from pipelines.settings import Settings


@pytest.fixture
def samples(tmp_path) -> Path:
    """Ninety-one frames of one SBI camera, whose file names differ as the published ones do."""
    folder = tmp_path / "samples" / "sbi2015" / "CaVignal"
    for part in ("input", "groundtruth"):
        (folder / part).mkdir(parents=True)
    mask = np.array([[0, 170, 255]], np.uint8)
    for number in range(91):
        cv2.imwrite(str(folder / "input" / f"CaVignal_{number:06}.jpg"), mask)
        cv2.imwrite(str(folder / "groundtruth" / f"gt{number:06}.png"), mask)
    return tmp_path / "samples"


def test_few_frames_of_a_camera_become_a_source(samples, tmp_path, capsys):
    frames = lay_out_frames(samples, tmp_path / "home")
    assert list(frames) == ["sbi_cavignal"]
    assert "source sbi_humanbody2: not in" in capsys.readouterr().out
    custom = {name: CAMERAS_TO_LEARN[name].labels for name in frames}
    found = open_source(source_spec("sbi_cavignal", custom), frames["sbi_cavignal"])
    assert [sample.image_path for sample in found.samples] == [
        f"images/{number:06}.jpg" for number in (0, 45, 90)
    ]
    assert [sample.mask_path for sample in found.samples] == [
        f"masks/{number:06}.png" for number in (0, 45, 90)
    ]
    labels = CAMERAS_TO_LEARN["sbi_cavignal"].labels.labels
    assert [labels.human, labels.ignore] == [{255}, {170}]
    assert custom["sbi_cavignal"].train_only
    assert lay_out_frames(samples, tmp_path / "home") == frames  # a second time changes nothing


def test_samples_that_moved_are_linked_anew(samples, tmp_path):
    frames = lay_out_frames(samples, tmp_path / "home")
    moved = samples.rename(tmp_path / "moved")
    assert lay_out_frames(moved, tmp_path / "home") == frames
    links = sorted(frames["sbi_cavignal"].rglob("*.*"))
    assert len(links) == 6
    assert all(link.resolve().is_relative_to(moved) and link.exists() for link in links)


def test_frames_without_masks_are_refused(samples, tmp_path):
    (samples / "sbi2015" / "CaVignal" / "groundtruth" / "gt000000.png").unlink()
    with pytest.raises(ValueError, match="91 frames and 90 masks"):
        lay_out_frames(samples, tmp_path / "home")


def test_absent_sources_are_left_out_and_said(samples, tmp_path, capsys):
    (samples / "ccp").mkdir()
    assert lay_out_sources(samples, tmp_path / "home") == {"ccp": samples / "ccp"}
    assert "source penn_fudan: not in" in capsys.readouterr().out


def test_minutes_scale_the_whole_recipe(tmp_path):
    settings = Settings(home=tmp_path, training=training_for(70), models=MODELS)
    recipe = settings.train_config()
    assert (recipe.max_seconds, recipe.steps) == (4200, 14_000)
    stages = [(stage.crop_px, stage.batch_size, stage.max_person_px) for stage in recipe.recipes]
    assert stages == [(160, 16, 220), (224, 8, 280), (288, 6, 300)]
    assert settings.model_configs()["unet"].object_kinds


def test_the_command_hands_its_options_on(samples, tmp_path, monkeypatch):
    asked = {}

    def run_real(samples, home, **options):
        asked.update(options)
        return Settings(home=home)

    monkeypatch.setattr("pipelines.demo.real_samples.run_real", run_real)
    words = ["real", str(samples), "--home", str(tmp_path), "--minutes", "70", "--no-footage"]
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 0, said.output
    assert asked == {"train_minutes": 70.0, "footage": False}
    assert "index of cameras" not in said.output
    assert CliRunner().invoke(main, [*words[:-2], "0"]).exit_code == 2
