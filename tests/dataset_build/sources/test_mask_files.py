from __future__ import annotations

import io

import numpy as np
import pytest
import scipy.io
from PIL import Image

from dataset_build.sources import label_maps
from dataset_build.sources.faults import RejectReason, SampleFault
from dataset_build.sources.mask_files import AdeFullIds, MatIds, PanopticIds, PngIds, human_mask


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def mat(**variables: object) -> bytes:
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, variables, do_compression=True)
    return buffer.getvalue()


def segment_colours(ids: list[list[int]]) -> bytes:
    segments = np.array(ids)
    return png(np.stack([segments & 255, segments >> 8 & 255, segments >> 16], -1).astype(np.uint8))


PANOPTIC = PanopticIds({"train2017/a": np.array([[70_000, 1], [300, 17], [9, 255]], np.int32)})


def test_panoptic_persons_are_human_crowds_and_gaps_are_ignored():
    data = segment_colours([[70_000, 300], [9, 0]])
    found = human_mask(data, "train2017/a", PANOPTIC, label_maps.COCO_PANOPTIC)
    assert found.tolist() == [[1, 0], [255, 255]]
    assert PANOPTIC.size(data) == (2, 2)


def test_a_segment_that_the_json_does_not_list_is_unknown():
    data = segment_colours([[70_000, 70_001]])
    with pytest.raises(SampleFault, match="unknown_class_id: 1 segments not in the JSON: 70001"):
        PANOPTIC.class_ids(data, "train2017/a")


def test_many_unlisted_segments_are_a_stain():
    data = segment_colours([[1000 + i for i in range(6)]])
    with pytest.raises(SampleFault, match="mask_stained: 6 segments"):
        PANOPTIC.class_ids(data, "train2017/a")


def test_a_panoptic_png_without_its_json_entry_is_undecodable():
    with pytest.raises(SampleFault, match="lists no segments"):
        PANOPTIC.class_ids(segment_colours([[9]]), "train2017/b")


def test_a_panoptic_png_of_one_channel_is_undecodable():
    with pytest.raises(SampleFault, match="expected three channels"):
        PANOPTIC.class_ids(png(np.zeros((2, 2), np.uint8)), "train2017/a")


def test_a_jpeg_under_a_png_name_is_stained():
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(buffer, "JPEG")
    with pytest.raises(SampleFault, match="mask_stained: the mask file holds a JPEG"):
        PngIds().size(buffer.getvalue())


def test_a_mask_of_ignored_pixels_alone_is_refused():
    with pytest.raises(SampleFault, match="mask_all_ignore: all 4 pixels"):
        human_mask(png(np.full((2, 2), 255, np.uint8)), "a", PngIds(), label_maps.VOC)


def test_matlab_size_is_read_without_the_matrix():
    data = mat(groundtruth=np.zeros((3, 5), np.uint8))
    assert MatIds("groundtruth").size(data) == (5, 3)


def test_matlab_doubles_of_whole_numbers_are_class_ids():
    data = mat(groundtruth=np.array([[0.0, 41.0]]))
    found = human_mask(data, "a", MatIds("groundtruth"), label_maps.CCP)
    assert found.tolist() == [[0, 1]]


@pytest.mark.parametrize("data", [b"", b"not matlab at all" * 20, mat(other=np.zeros((2, 2)))])
def test_foreign_matlab_files_are_undecodable(data):
    with pytest.raises(SampleFault, match="mask_undecodable"):
        MatIds("groundtruth").size(data)


@pytest.mark.parametrize("value", ["text", np.array([[0.5]]), np.array([[np.nan, 1e300]])])
def test_matlab_values_that_are_no_class_ids_are_undecodable(value):
    with pytest.raises(SampleFault, match="mask_undecodable: 'groundtruth' holds"):
        MatIds("groundtruth").class_ids(mat(groundtruth=value), "a")


def ade_png(classes: np.ndarray, *, red: int = 0) -> bytes:
    """Class numbers coded as full ADE20K codes them; ``red`` is added to one pixel."""
    rgb = np.stack([classes // 256 * 10, classes % 256, classes % 7], -1).astype(np.uint8)
    rgb[0, 0, 0] += red
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def test_full_ade20k_codes_its_classes_in_red_and_green():
    classes = np.array([[0, 1831, 1830], [312, 3688, 1831 - 256]])
    data = ade_png(classes)
    assert AdeFullIds().size(data) == (3, 2)
    mask = human_mask(data, "a", AdeFullIds(), label_maps.ADE20K_FULL)
    assert mask.tolist() == [[255, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (ade_png(np.full((2, 3), 3689)), RejectReason.UNKNOWN_CLASS_ID),
        (ade_png(np.full((2, 3), 312), red=3), RejectReason.MASK_STAINED),
    ],
)
def test_what_is_no_full_ade20k_is_refused(data: bytes, reason: RejectReason):
    with pytest.raises(SampleFault) as caught:
        AdeFullIds().class_ids(data, "a")
    assert caught.value.reason is reason
