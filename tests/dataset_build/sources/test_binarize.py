from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from dataset_build.sources import label_maps
from dataset_build.sources.binarize import binarize, require_unstained
from dataset_build.sources.faults import SampleFault


def test_void_border_becomes_ignore():
    ids = np.array([[15, 0], [255, 3]], np.uint8)
    assert binarize(ids, label_maps.VOC).tolist() == [[1, 0], [255, 0]]


def test_coco_stuff_zero_is_human_and_one_is_a_bicycle():
    ids = np.array([[0, 1], [255, 181]], np.uint8)
    assert binarize(ids, label_maps.COCO_STUFF).tolist() == [[1, 0], [255, 0]]


def test_ade20k_zero_is_ignored():
    ids = np.array([[13, 12], [0, 150]], np.uint8)
    assert binarize(ids, label_maps.ADE20K).tolist() == [[1, 0], [255, 0]]


def test_every_instance_and_every_garment_is_human():
    assert binarize(np.array([[0, 1, 7]], np.uint8), label_maps.PENN_FUDAN).tolist() == [[0, 1, 1]]
    assert binarize(np.array([[0, 1, 58]], np.uint8), label_maps.CCP).tolist() == [[0, 1, 1]]


def test_ids_are_not_changed_in_place():
    ids = np.array([[15, 255]], np.uint8)
    binarize(ids, label_maps.VOC)
    assert ids.tolist() == [[15, 255]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_one_unknown_id_is_named(dtype):
    ids = np.array([[0, 151]], dtype)
    with pytest.raises(SampleFault, match="unknown_class_id: 1 unknown class ids: 151"):
        binarize(ids, label_maps.ADE20K)


def test_ids_beyond_a_byte_are_unknown_and_do_not_wrap_round():
    with pytest.raises(SampleFault, match="271"):
        binarize(np.array([[271, 0]], np.uint16), label_maps.VOC)


def test_illegal_ids_scattered_over_many_values_are_a_stain():
    ids = np.arange(100, 110, dtype=np.uint8).reshape(2, 5)
    with pytest.raises(SampleFault, match="mask_stained: 10 unknown class ids: 100, 101"):
        binarize(ids, label_maps.VOC)


def test_colours_in_place_of_ids_are_undecodable():
    with pytest.raises(SampleFault, match="mask_undecodable: 3 channels"):
        binarize(np.zeros((2, 2, 3), np.uint8), label_maps.VOC)


def drawn_ids() -> np.ndarray:
    ids = np.full((96, 128), 60, np.uint8)
    ids[20:70, 30:60] = 13
    ids[50:90, 80:120] = 110
    return ids


def test_a_clean_mask_is_not_stained():
    require_unstained(drawn_ids())


@pytest.mark.parametrize("quality", [95, 75])
def test_jpeg_leaves_a_stain_even_where_each_id_is_legal(quality):
    buffer = io.BytesIO()
    ids = drawn_ids()
    ids[5:90, 10:100] = np.where(np.hypot(*np.mgrid[-42:43, -45:45]) < 40, 13, ids[5:90, 10:100])
    Image.fromarray(ids).save(buffer, "JPEG", quality=quality)
    smeared = np.array(Image.open(buffer))
    binarize(smeared, label_maps.ADE20K)
    with pytest.raises(SampleFault, match="mask_stained"):
        require_unstained(smeared)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_the_smallest_masks_are_not_called_stained(shape):
    require_unstained(np.arange(np.prod(shape), dtype=np.uint8).reshape(shape))
