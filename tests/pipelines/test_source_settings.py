"""Sources in settings.yaml: a folder, or a few lines; mistakes are named with their place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from dataset_build.sources.custom_sources import CustomSource
from pipelines.settings import SettingsError, build, load_settings, save_settings

YARD = {"root": "data/yard", "human": [1, 2], "ignore": [255], "licence": "our own"}


def load(home: Path, sources: object):
    (home / "settings.yaml").write_text(yaml.safe_dump({"sources": sources}))
    return load_settings(home, {})


def test_a_path_is_a_published_source_and_a_mapping_is_ones_own(tmp_path: Path):
    settings = load(tmp_path, {"voc": "/data/VOCdevkit", "yard": YARD})
    assert settings.sources == {"voc": Path("/data/VOCdevkit"), "yard": tmp_path / "data" / "yard"}
    yard = CustomSource(human=(1, 2), ignore=(255,), licence="our own")
    assert settings.custom_sources == {"yard": yard}
    config = settings.dataset_config()
    assert config.custom_sources == {"yard": yard}
    assert set(config.source_roots) == {"voc", "yard"}


def test_settings_are_the_same_after_saving(tmp_path: Path):
    settings = load(tmp_path, {"voc": "/data/voc", "yard": YARD | {"other": [0], "split": "test"}})
    save_settings(settings)
    assert load_settings(tmp_path, {}) == settings
    assert "custom_sources" not in (tmp_path / "settings.yaml").read_text()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("yard", "/data/yard", r"\['yard'\] are unknown; known: \['ade20k'"),
        ("yard", {"human": [1]}, r"sources.yard: no root"),
        ("yard", {"root": "yard"}, r"sources.yard: no human"),
        ("yard", {"root": "yard", "human": []}, r"sources.yard: human = \[\]; name at least one"),
        ("yard", {"root": "yard", "human": [256]}, r"human = \[256\]; expected .* 0 to 255"),
        ("yard", {"root": "yard", "human": "all"}, r"human = 'all'; expected a list"),
        ("yard", {"root": "yard", "human": [True]}, r"\[True\]; expected .* each a whole number"),
        ("yard", YARD | {"ignore": [2]}, r"ids \[2\] are named twice"),
        ("yard", YARD | {"other": "rest"}, r"other = 'rest'; expected .* or all"),
        ("yard", YARD | {"split": "dev"}, r"split = 'dev'; expected one of none, train"),
        ("yard", YARD | {"masks": "../masks"}, r"masks = '../masks'; expected a folder or a glob"),
        ("yard", YARD | {"images": "/images"}, r"images = '/images'; expected a folder"),
        ("yard", YARD | {"mask_suffix": ""}, r"expected the end of a file name"),
        ("yard", YARD | {"humans": [1]}, r"unknown settings \['humans'\]; allowed: \['drafts',"),
        ("yard", ["/data"], r"sources.yard = \['/data'\]; expected a folder, or root:"),
        ("voc", YARD, r"\['voc'\] are published ones; give your own another name"),
        ("../etc", YARD, r"source name '../etc' is not allowed"),
        ("Yard", YARD, r"source name 'Yard' is not allowed"),
        ("my yard", YARD, r"source name 'my yard' is not allowed"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, name: str, value: object, says: str):
    with pytest.raises(SettingsError, match=says):
        load(tmp_path, {name: value})


def test_sources_have_to_be_named(tmp_path: Path):
    with pytest.raises(SettingsError, match="expected `name: folder` lines"):
        load(tmp_path, ["/data/voc"])


def test_there_is_one_place_to_describe_a_source(tmp_path: Path):
    (tmp_path / "settings.yaml").write_text("custom_sources: {}")
    with pytest.raises(SettingsError, match="under `sources`"):
        load_settings(tmp_path, {})


@dataclass(frozen=True, kw_only=True)
class Part:
    share: float


@dataclass(frozen=True, kw_only=True)
class Whole:
    parts: tuple[Part, ...] = ()


def test_a_list_of_mappings_becomes_a_list_of_what_they_describe():
    found = build(Whole, "here", {"parts": [{"share": 1}, {"share": "1e-3"}]})
    assert found == Whole(parts=(Part(share=1), Part(share=0.001)))
    with pytest.raises(SettingsError, match=r"here\.parts\[1\]: unknown settings \['shaer'\]"):
        build(Whole, "here", {"parts": [{"share": 1}, {"shaer": 1}]})
