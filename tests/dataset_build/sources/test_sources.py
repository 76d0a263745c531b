from __future__ import annotations

from pathlib import Path

import pytest

from dataset_build.sources.custom_sources import CustomSource
from dataset_build.sources.readers import SourceLayoutError
from dataset_build.sources.sources import SOURCES, open_source, source_rank, source_spec
from tests.dataset_build import factories_sources as draw


def test_official_counts_are_the_published_ones():
    counts = {name: dict(spec.official_counts) for name, spec in SOURCES.items()}
    assert counts["voc"] == {"train": 1464, "val": 1449}
    assert sum(counts["coco_stuff"].values()) == 123_287
    assert counts["ade20k"] == {"train": 20_210, "val": 2_000}


@pytest.mark.parametrize("name", SOURCES)
def test_a_missing_folder_is_named_with_what_it_should_hold(name: str, tmp_path: Path):
    with pytest.raises(SourceLayoutError) as caught:
        open_source(SOURCES[name], tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in str(caught.value)
    assert SOURCES[name].layout in str(caught.value)


@pytest.mark.parametrize("name", SOURCES)
def test_a_folder_of_another_layout_is_refused(name: str, tmp_path: Path):
    (tmp_path / "holiday").mkdir()
    with pytest.raises(SourceLayoutError, match="lacks"):
        open_source(SOURCES[name], tmp_path)


@pytest.mark.parametrize("name", sorted(SOURCES.keys() - {"voc", "sbd"}))
def test_an_empty_source_is_refused(name: str, tmp_path: Path):
    for folder in SOURCES[name].folders:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(SourceLayoutError, match="holds no image and no mask"):
        open_source(SOURCES[name], tmp_path)


def test_half_a_layout_names_the_missing_half(tmp_path: Path):
    (tmp_path / "annotations").mkdir()
    with pytest.raises(SourceLayoutError, match="lacks images"):
        open_source(SOURCES["ade20k"], tmp_path)


@pytest.mark.parametrize("start", [".", "VOCdevkit", "VOCdevkit/VOC2012"])
def test_voc_is_found_at_any_of_its_levels_and_paths_stay_below_the_root(
    start: str, tmp_path: Path
):
    draw.write_voc(tmp_path, {"a": draw.class_map(15)})
    root = tmp_path / start
    (sample,) = open_source(SOURCES["voc"], root).samples
    assert sample.key == "a"
    assert (root / sample.image_path).is_file()
    assert (root / sample.mask_path).is_file()


def test_an_unknown_source_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown source 'imagenet'; known: voc, coco_stuff"):
        source_spec("imagenet")


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_is_documented_with_its_official_size(name: str):
    page = (Path(__file__).parents[3] / "docs" / "sources.md").read_text(encoding="utf-8")
    assert f"\n### {name}\n" in page
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    if not name.startswith("coco_"):
        assert all(f"{count:,}" in row for count in SOURCES[name].official_counts.values())


def test_of_one_photograph_in_two_sources_the_better_mask_has_the_lower_rank():
    assert source_rank("voc") < source_rank("sbd")
    assert source_rank("coco_stuff") < source_rank("coco_panoptic") < source_rank("coco_instances")
    assert max(source_rank(name) for name in SOURCES) < source_rank("our_yard")


def test_a_custom_source_is_looked_up_beside_the_published_ones():
    own = {"yard": CustomSource(human=(1,), licence="our own")}
    assert source_spec("yard", own).licence == "our own"
    assert source_spec("voc", own) is SOURCES["voc"]
    with pytest.raises(ValueError, match="ccp, yard"):
        source_spec("garden", own)
    with pytest.raises(ValueError, match="'voc' is built in"):
        source_spec("voc", {"voc": own["yard"]})


@pytest.mark.parametrize("suffix", [".png", "_mask.png"])
def test_photographs_and_masks_may_lie_in_one_folder(suffix: str, tmp_path: Path):
    for name in "ab":
        draw.write_image(tmp_path / "all" / f"{name}.jpg", draw.photograph())
    draw.write_ids(tmp_path / "all" / f"a{suffix}", draw.class_map(1))
    own = CustomSource(human=(1,), images="all", masks="all", mask_suffix=suffix)
    samples = open_source(source_spec("yard", {"yard": own}), tmp_path).samples
    assert [(s.key, s.image_path, s.mask_path) for s in samples] == [
        ("a", "all/a.jpg", f"all/a{suffix}"),
        ("b", "all/b.jpg", ""),
    ]
