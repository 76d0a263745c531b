"""Settings come from a file and the environment; mistakes are named."""

import re
from pathlib import Path

import pytest

from pipelines.resources import resources_of
from pipelines.settings import Settings, SettingsError, load_settings, save_settings


def test_without_a_file_everything_lies_below_home(tmp_path):
    settings = load_settings(tmp_path, environment={})
    assert settings.store_url == str(tmp_path / "store")
    assert settings.footage == tmp_path / "footage"
    assert settings.executor == "in_process"


def test_environment_wins_over_the_file(tmp_path):
    (tmp_path / "settings.yaml").write_text("executor: multiprocess\ngpu_slots: 2\n")
    settings = load_settings(tmp_path, environment={"LEARNED_NORMAL_EXECUTOR": "ray"})
    assert (settings.executor, settings.gpu_slots) == ("ray", 2)


def test_home_comes_from_the_environment(tmp_path):
    assert load_settings(environment={"LEARNED_NORMAL_HOME": str(tmp_path)}).home == tmp_path


def test_relative_sources_are_relative_to_home(tmp_path):
    (tmp_path / "settings.yaml").write_text("sources:\n  voc: data/VOCdevkit\n")
    settings = load_settings(tmp_path, environment={})
    assert settings.sources == {"voc": tmp_path / "data" / "VOCdevkit"}
    assert settings.dataset_config().source_roots == settings.sources


def test_a_tilde_is_the_users_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    text = "sources: {voc: ~/voc}\nfootage_root: ~/footage\nstore_root: ~/store\n"
    (tmp_path / "settings.yaml").write_text(text)
    settings = load_settings(tmp_path, {})
    assert settings.sources["voc"] == Path("/home/ann/voc")
    assert settings.footage == Path("/home/ann/footage")
    assert settings.store_url == "/home/ann/store"


def test_saved_settings_load_back_equal(tmp_path):
    settings = Settings(
        home=tmp_path,
        sources={"voc": Path("/data/voc")},
        executor="multiprocess",
        training={"steps": 5},
        models={"unet": {"width": 8}},
        store_root="s3://bucket/prefix",
    )
    save_settings(settings)
    assert load_settings(tmp_path, environment={}) == settings


def test_the_first_day_may_be_written_as_yaml_writes_a_date(tmp_path):
    (tmp_path / "settings.yaml").write_text("first_day: 2026-08-01\n")
    settings = load_settings(tmp_path, environment={})
    assert settings.first_day == "2026-08-01"
    save_settings(settings)
    assert load_settings(tmp_path, environment={}) == settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("executer: ray\n", "executer"),
        ("executor: kubernetes\n", "in_process"),
        ("sources:\n  imagenet: /data\n", "imagenet"),
        ("gpu_slots: 0\n", "gpu_slots"),
        ("first_day: last spring\n", "first_day = 'last spring'"),
        ("first_day: 20260105\n", "first_day = '20260105'"),
        ("first_day: 2026-W02-1\n", "first_day = '2026-W02-1'"),
        ("- a\n- b\n", "name: value"),
    ],
)
def test_a_mistake_is_named(tmp_path, text, said):
    (tmp_path / "settings.yaml").write_text(text)
    with pytest.raises(SettingsError, match=said):
        load_settings(tmp_path, environment={})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cleaning: {disabled: [image_drak]}", "cleaning.disabled: disabled rules image_drak do"),
        ("cleaning: {disabled: image_dark}", "cleaning: disabled = 'image_dark'; expected a list"),
        ("dataset: {held_out_sources: [vok]}", "['vok'] are no sources here; there are ['voc']"),
        ("dataset: {negative_share: 20 %}", "dataset: negative_share = '20 %'; expected a number"),
        ("training: {steps: 1.5}", "training: steps = 1.5; expected a whole number"),
        ("training: [steps]", "training = ['steps']; expected `name: value` lines"),
        (
            "training: {stages: [0.5]}",
            "training: stages = [0.5]; expected a list, each `name: value` lines",
        ),
        ("speed: {batches: [1.5]}", "speed: batches = [1.5]; expected a list, each a whole number"),
        ("models: {unet: 8}", "models.unet = 8; expected `name: value` lines"),
        ("inference: {postprocess: 3}", "inference: postprocess = 3; expected `name: value` lines"),
    ],
)
def test_a_mistaken_rule_or_source_is_named_before_anything_is_scanned(tmp_path, text, said):
    (tmp_path / "settings.yaml").write_text(f"sources: {{voc: /data}}\n{text}\n")
    with pytest.raises(SettingsError, match=re.escape(said)):
        load_settings(tmp_path, environment={}).require_usable()


def test_a_mistake_in_a_nested_configuration_names_the_allowed_keys(tmp_path):
    settings = Settings(home=tmp_path, dataset={"negativ_share": 0.3})
    with pytest.raises(SettingsError, match="negative_share"):
        settings.dataset_config()


def test_steps_after_the_network_reach_cameras_and_evaluations(tmp_path):
    (tmp_path / "settings.yaml").write_text("inference: {postprocess: {median_px: 5}}")
    found = resources_of(load_settings(tmp_path))
    assert found["camera_setup"].inference.postprocess.name == "median_px=5"
    assert found["model_setup"].inference == found["camera_setup"].inference
    assert load_settings(tmp_path / "other").inference_config().postprocess.name == ""


def test_a_step_that_cannot_be_taken_is_named(tmp_path):
    (tmp_path / "settings.yaml").write_text("inference: {postprocess: {median_px: 4}}")
    with pytest.raises(
        SettingsError, match=r"inference\.postprocess: median_px = 4; expected 0 or"
    ):
        resources_of(load_settings(tmp_path))


def test_stages_of_a_training_are_a_list_of_what_changes(tmp_path):
    text = "training: {crop_px: 32, stages: [{begins: 0.5, crop_px: 64}, {begins: 0.9, LAST}]}"
    path = tmp_path / "settings.yaml"
    path.write_text(text.replace("LAST", "paste_share: 0.6"))
    first, second, third = load_settings(tmp_path, {}).train_config().recipes
    assert (first.crop_px, second.crop_px, third.crop_px) == (32, 64, 64)
    assert third.paste_share == 0.6
    path.write_text(text.replace("LAST", "paste: 1"))
    with pytest.raises(SettingsError, match=r"training.stages\[1\]: unknown settings \['paste'\]"):
        load_settings(tmp_path, {}).train_config()
