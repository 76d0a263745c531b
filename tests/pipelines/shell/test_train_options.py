from dataclasses import replace

import pytest
from click.testing import CliRunner

from pipelines.cli.command import main
from pipelines.settings import Settings, SettingsError, load_settings, save_settings
from pipelines.shell import runs
from pipelines.shell.train_options import with_train_options


@pytest.fixture
def settings(tmp_path):
    return Settings(
        home=tmp_path, models={"unet": {"width": 8}}, training={"steps": 10, "max_lr": 0.5}
    )


def test_options_change_only_what_they_name(settings, tmp_path):
    weights = tmp_path / "w.safetensors"
    weights.touch()
    found = with_train_options(settings, "stdc1", weights=str(weights), width=4, steps=7)
    assert found.model_configs()["unet"].width == 8
    assert found.model_configs()["stdc1"].width == 4
    assert found.model_configs()["stdc1"].weights == str(weights)
    assert (found.train_config().steps, found.train_config().max_lr) == (7, 0.5)
    assert (settings.models, settings.training["steps"]) == ({"unet": {"width": 8}}, 10)


def test_a_relative_file_is_found_from_anywhere(settings, tmp_path, monkeypatch):
    (tmp_path / "w.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    found = with_train_options(settings, "unet", weights="w.safetensors")
    assert found.model_configs()["unet"].weights == str(tmp_path / "w.safetensors")
    assert found.model_configs()["unet"].width == 8


def test_without_options_nothing_changes(settings):
    assert with_train_options(settings, "unet") is settings


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"weights": "absent.pt"}, "no file .*absent.pt"),
        ({"steps": 0}, "steps = 0"),
        ({"width": 0}, "width = 0"),
    ],
)
def test_what_no_training_could_use_is_refused(settings, options, said):
    with pytest.raises(SettingsError, match=said):
        with_train_options(settings, "unet", **options)


def test_another_process_would_not_see_the_options(settings):
    elsewhere = replace(settings, executor="multiprocess")
    assert with_train_options(elsewhere, "unet") is elsewhere
    with pytest.raises(SettingsError, match=r"settings\.yaml, under models\.unet and training"):
        with_train_options(elsewhere, "unet", steps=5)


def test_the_command_runs_with_them_and_keeps_the_file(settings, monkeypatch):
    save_settings(settings)
    seen = []

    class Recorder:
        def __init__(self, settings):
            seen.append(settings)

        def run_all(self, plan):
            seen.append([planned.title for planned in plan])

    monkeypatch.setattr(runs, "Runner", Recorder)
    arguments = ["--weights", "cache", "--width", "64", "--steps", "3", "--head-steps", "1"]
    command = ["train", "--architecture", "deeplabv3", *arguments, "--home", str(settings.home)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    model, training = seen[0].model_configs()["deeplabv3"], seen[0].train_config()
    assert (model.weights, model.width) == ("cache", 64)
    assert (training.steps, training.head_steps) == (3, 1)
    assert seen[1] == ["model_job deeplabv3", "champion_job", "mistakenness_job"]
    assert load_settings(settings.home).train_config().steps == 10
    refused = CliRunner().invoke(
        main, ["train", "--weights", "absent", "--home", str(settings.home)]
    )
    assert refused.exit_code == 1
    assert "no file" in refused.output
