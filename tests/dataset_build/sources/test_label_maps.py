from __future__ import annotations

import pytest

from dataset_build.sources import label_maps
from dataset_build.sources.label_maps import LabelMap


def test_coco_stuff_person_is_zero_and_bicycle_is_not_human():
    assert label_maps.COCO_STUFF.human == {0}
    assert 1 not in label_maps.COCO_STUFF.human | label_maps.COCO_STUFF.ignore


def test_ade20k_unlabelled_zero_is_ignored_and_255_is_unknown():
    assert label_maps.ADE20K.ignore == {0}
    assert 255 not in label_maps.ADE20K.legal


@pytest.mark.parametrize(
    ("human", "ignore", "legal", "message"),
    [
        ({1}, set(), {0}, "not legal"),
        ({1}, {1}, {0, 1}, "both human and ignored"),
        (set(), set(), {300}, "outside 0..255"),
    ],
)
def test_a_map_that_contradicts_itself_is_refused(human, ignore, legal, message):
    with pytest.raises(ValueError, match=message):
        LabelMap(human=frozenset(human), ignore=frozenset(ignore), legal=frozenset(legal))
