from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.synthetic.datasets import DatasetTruth, make_datasets
from pipelines.synthetic.faults import KINDS, LISTED_KINDS, UNKNOWN_ID, bomb_png
from pipelines.synthetic.layouts import ADE_IDS, COCO_IDS, PERSON_ID, VOC_IDS, voc_palette


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DatasetTruth]:
    folder = tmp_path_factory.mktemp("datasets")
    return folder, make_datasets(folder, seed=5, images_per_source=6)


def _ids(folder: Path, sample_id: str) -> np.ndarray:
    source, *rest = sample_id.split("/")
    mask = {
        "voc": "voc/VOCdevkit/VOC2012/SegmentationClass/{0}.png",
        "coco_stuff": "coco_stuff/stuffthingmaps/{0}/{1}.png",
        "ade20k": "ade20k/ADEChallengeData2016/annotations/{0}/{1}.png",
    }[source].format(*rest)
    with Image.open(folder / mask) as image:
        return np.array(image)


def test_people_have_the_published_ids() -> None:
    assert PERSON_ID == {"voc": 15, "coco_stuff": 0, "ade20k": 13}


def test_every_source_lies_in_its_published_layout(made: tuple[Path, DatasetTruth]) -> None:
    folder, _ = made
    voc = folder / "voc" / "VOCdevkit" / "VOC2012"
    assert {p.name for p in voc.iterdir()} == {"ImageSets", "JPEGImages", "SegmentationClass"}
    listed = (voc / "ImageSets" / "Segmentation" / "train.txt").read_text().split()
    assert (voc / "JPEGImages" / f"{listed[0]}.jpg").exists()
    for root in ("images", "stuffthingmaps"):
        assert {p.name for p in (folder / "coco_stuff" / root).iterdir()} == {
            "train2017",
            "val2017",
        }
    ade = folder / "ade20k" / "ADEChallengeData2016"
    for root in ("images", "annotations"):
        assert {p.name for p in (ade / root).iterdir()} == {"training", "validation"}


def test_good_masks_hold_only_ids_of_their_source(made: tuple[Path, DatasetTruth]) -> None:
    folder, truth = made
    legal = {
        "voc": {0, 255, *VOC_IDS.values()},
        "coco_stuff": set(COCO_IDS.values()),
        "ade20k": set(ADE_IDS.values()),
    }
    for sample in truth.samples:
        ids = _ids(folder, sample.sample_id)
        assert set(np.unique(ids).tolist()) <= legal[sample.source], sample.sample_id
        assert np.count_nonzero(ids == PERSON_ID[sample.source]) == sample.human_px
        assert (sample.human_px > 0) == sample.with_people


def test_voc_masks_are_palette_pictures_with_a_border_around_people(
    made: tuple[Path, DatasetTruth],
) -> None:
    folder, truth = made
    sample = next(s for s in truth.samples if s.source == "voc" and s.with_people)
    ids = _ids(folder, sample.sample_id)
    rows, columns = np.nonzero(ids == 15)
    for shift in (-1, 1):
        beside = ids[rows, np.clip(columns + shift, 0, ids.shape[1] - 1)]
        assert set(np.unique(beside).tolist()) <= {15, 255}
    assert voc_palette()[15 * 3 : 16 * 3] == [192, 128, 128]  # the published colour of a person


def test_no_void_in_ade_and_no_zero_but_people_in_coco() -> None:
    assert 255 not in ADE_IDS.values()
    assert [m for m, class_id in COCO_IDS.items() if class_id == 0] == [1]


def test_every_fault_is_planted_with_its_code(made: tuple[Path, DatasetTruth]) -> None:
    folder, truth = made
    for source in ("voc", "coco_stuff", "ade20k"):
        codes = {f.expected_code for f in truth.faults if f.source == source}
        kinds = KINDS + (LISTED_KINDS if source == "voc" else ())
        assert codes == {k.code for k in kinds} | {"duplicate_exact", "duplicate_near"}
    assert len({f.sample_id for f in truth.faults}) == len(truth.faults)
    written = json.loads((folder / "truth.json").read_text())
    assert len(written["faults"]) == len(truth.faults)
    assert written["roots"] == {"voc": "voc", "coco_stuff": "coco_stuff", "ade20k": "ade20k"}


def test_unknown_ids_and_stains_are_in_the_masks(made: tuple[Path, DatasetTruth]) -> None:
    folder, truth = made
    for fault in truth.faults:
        if fault.kind == "unknown_class_id":
            assert UNKNOWN_ID[fault.source] in _ids(folder, fault.sample_id)
        if fault.kind == "stained_mask":
            assert len(np.unique(_ids(folder, fault.sample_id))) > 60


def test_exact_duplicates_have_the_same_bytes(made: tuple[Path, DatasetTruth]) -> None:
    folder, truth = made
    stems = [f.sample_id.split("/")[-1] for f in truth.faults if f.kind == "exact_duplicate"]
    contents = {next(folder.rglob(f"{stem}.jpg")).read_bytes() for stem in stems}
    assert (len(stems), len(contents)) == (3, 1)


def test_bomb_is_small_and_declares_60000_pixels() -> None:
    bomb = bomb_png()
    assert len(bomb) < 1000
    assert struct.unpack(">II", bomb[16:24]) == (60_000, 60_000)


def test_same_seed_draws_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_datasets(tmp_path / name, seed=9, images_per_source=2)
    first, second = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*.*")}
        for n in ("a", "b")
    )
    assert first == second


def test_progress_reaches_the_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    made = make_datasets(
        tmp_path,
        seed=1,
        images_per_source=1,
        progress=lambda done, total: seen.append((done, total)),
    )
    total = len(made.samples) + len(made.faults)
    assert seen[-1] == (total, total)
