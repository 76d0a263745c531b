import cv2
import numpy as np
import pytest

from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from dataset_build.sources.object_kinds import (
    CLASSES,
    FIRST_KIND,
    KINDS,
    TABLES,
    UNTOLD,
    ObjectKinds,
)

COW = FIRST_KIND + KINDS.index("cow")
CHAIR = FIRST_KIND + KINDS.index("chair")


@pytest.fixture
def voc(tmp_path):
    """One sample of VOC: 10 a cow, 9 a chair, 15 a person, 255 their borders."""
    ids = np.array([[0, 10, 15], [9, 255, 0]], np.uint8)
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (tmp_path / folder).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "JPEGImages" / "a.jpg"), np.zeros((2, 3, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "SegmentationClass" / "a.png"), ids)
    for name, listed in (("train", "a\n"), ("val", "")):
        (tmp_path / "ImageSets" / "Segmentation" / f"{name}.txt").write_text(listed)
    return tmp_path


def test_kinds_stand_where_nobody_is(voc):
    mask = np.array([[NOT_HUMAN, NOT_HUMAN, HUMAN], [NOT_HUMAN, IGNORE, NOT_HUMAN]], np.uint8)
    before = mask.copy()
    told = ObjectKinds({"voc": voc}).told_beside(mask, "voc", "voc/a")
    assert told.tolist() == [[NOT_HUMAN, COW, HUMAN], [CHAIR, IGNORE, NOT_HUMAN]]
    assert told.dtype == np.uint8
    assert (mask == before).all()


def test_a_corrected_mask_keeps_its_people(voc):
    everybody = np.full((2, 3), HUMAN, np.uint8)
    told = ObjectKinds({"voc": voc}).told_beside(everybody, "voc", "voc/a")
    assert (told == HUMAN).all()


def test_a_source_that_names_no_kinds_tells_nothing(tmp_path):
    mask = np.array([[NOT_HUMAN, HUMAN, IGNORE]], np.uint8)
    told = ObjectKinds({"ccp": tmp_path}).told_beside(mask, "ccp", "ccp/0001")
    assert told.tolist() == [[UNTOLD, HUMAN, IGNORE]]


def test_masks_of_another_size_are_refused(voc):
    with pytest.raises(ValueError, match=r"voc/a: .* has \(2, 3\), its packed mask \(1, 1\)"):
        ObjectKinds({"voc": voc}).told_beside(np.zeros((1, 1), np.uint8), "voc", "voc/a")


def test_a_mask_that_is_gone_is_named(voc):
    (voc / "SegmentationClass" / "a.png").unlink()
    with pytest.raises(FileNotFoundError, match="voc/a: its mask is gone from"):
        ObjectKinds({"voc": voc}).told_beside(np.zeros((2, 3), np.uint8), "voc", "voc/a")
    with pytest.raises(FileNotFoundError, match="voc/b: its mask is gone from"):
        ObjectKinds({"voc": voc}).told_beside(np.zeros((2, 3), np.uint8), "voc", "voc/b")


@pytest.mark.parametrize(
    ("source", "person", "horse", "tv"),
    [
        ("voc", 15, 13, 20),
        ("sbd", 15, 13, 20),
        ("coco_panoptic", 1, 19, 72),
        ("coco_stuff", 0, 18, 71),
    ],
)
def test_every_source_has_all_kinds_and_no_people(source, person, horse, tv):
    table = TABLES[source]
    assert sorted(table[table > 0]) == list(range(FIRST_KIND, CLASSES))
    assert table[person] == NOT_HUMAN
    assert KINDS[table[horse] - FIRST_KIND] == "horse"
    assert KINDS[table[tv] - FIRST_KIND] == "tvmonitor"


def test_kinds_are_neither_people_nor_ignored():
    assert HUMAN < FIRST_KIND < CLASSES <= UNTOLD < IGNORE
    assert CLASSES == 21
