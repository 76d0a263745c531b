import cv2
import numpy as np
import pytest
from PIL import Image

from dataset_build.sources.label_maps import IGNORE
from segmentation.mask_folders import open_folder


@pytest.fixture
def folders(tmp_path):
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()

    def add(stem, values, mask_stem=None, suffix=".png"):
        mask = np.array([values], np.uint8)
        image = np.zeros((*mask.shape, 3), np.uint8)
        cv2.imwrite(str(images / f"{stem}.png"), image)
        cv2.imwrite(str(masks / f"{mask_stem or stem}{suffix}"), mask)

    return images, masks, add


def masks_of(images, masks, **options):
    folder = open_folder(images, masks, **options)
    return {s.sample_id: s.mask_hw[0].tolist() for s in folder.load()}


def test_black_and_white(folders):
    images, masks, add = folders
    add("a", [0, 255])
    assert masks_of(images, masks) == {"images/a": [0, 1]}


def test_our_own_masks_ignore_255_also_where_one_has_no_human(folders):
    images, masks, add = folders
    add("a", [0, 1, 255])
    add("b", [0, 0, 255])
    assert masks_of(images, masks) == {"images/a": [0, 1, IGNORE], "images/b": [0, 0, IGNORE]}


def test_change_detection_masks(folders):
    images, masks, add = folders
    add("in000001", [0, 50, 85, 170, 255], mask_stem="gt000001")
    found = masks_of(images, masks, unknown_value=170)
    assert found == {"images/in000001": [0, 0, IGNORE, IGNORE, 1]}


def test_a_third_value_must_be_named(folders):
    images, masks, add = folders
    add("a", [0, 170, 255])
    with pytest.raises(ValueError, match=r"a.png: mask values \[170\]"):
        masks_of(images, masks)


def test_mixed_conventions_are_refused(folders):
    images, masks, add = folders
    add("a", [0, 1])
    add("b", [0, 85])
    with pytest.raises(ValueError, match="paint all masks of a folder alike"):
        masks_of(images, masks)


def test_files_without_partner_are_counted(folders):
    images, masks, add = folders
    add("a", [0, 255])
    add("b", [0, 255], mask_stem="c")
    assert open_folder(images, masks).unpaired == ("b.png", "c.png")


def test_no_pair_is_an_error_that_says_what_is_there(folders):
    images, masks, add = folders
    add("a", [0, 255], mask_stem="b")
    with pytest.raises(ValueError, match=r"1 JPEG or PNG images, 1 masks"):
        open_folder(images, masks)
    with pytest.raises(ValueError, match="is no folder"):
        open_folder(images, masks / "absent")


def test_jpeg_masks_are_refused(folders):
    images, masks, add = folders
    add("a", [0, 255], suffix=".jpg")
    with pytest.raises(ValueError, match="expected a PNG mask"):
        open_folder(images, masks)


def test_coloured_masks_are_refused(folders):
    images, masks, add = folders
    add("a", [0, 255])
    cv2.imwrite(str(masks / "a.png"), np.array([[[0, 0, 255], [0, 0, 0]]], np.uint8))
    with pytest.raises(ValueError, match="a coloured mask"):
        open_folder(images, masks)


def test_a_stray_one_among_change_detection_masks_counts_nowhere(folders):
    images, masks, add = folders
    add("a", [0, 1, 170, 255])
    assert masks_of(images, masks, unknown_value=170) == {"images/a": [0, IGNORE, IGNORE, 1]}


def test_numbers_pair_files_whose_stems_differ(folders):
    images, masks, add = folders
    add("Scene_000007", [0, 255], mask_stem="gt000007")
    assert masks_of(images, masks) == {"images/Scene_000007": [0, 1]}


def test_a_damaged_image_is_named(folders):
    images, masks, add = folders
    add("a", [0, 255])
    (images / "a.png").write_bytes(b"\x89PNG half")
    with pytest.raises(ValueError, match=r"a\.png: image_undecodable.*remove it with its mask"):
        masks_of(images, masks)


def test_images_and_masks_may_lie_in_one_folder(folders):
    images, _, add = folders
    add("a", [0, 255])
    (images / "a.png").unlink()
    cv2.imwrite(str(images / "a.jpg"), np.full((1, 2, 3), 90, np.uint8))
    cv2.imwrite(str(images / "a.png"), np.array([[0, 255]], np.uint8))
    (sample,) = open_folder(images, images).load()
    assert sample.image_hwc_rgb.tolist() == [[[90, 90, 90], [90, 90, 90]]]  # not the mask
    assert sample.mask_hw.tolist() == [[0, 1]]


def test_two_images_of_one_stem_are_refused(folders):
    images, masks, add = folders
    add("a", [0, 255])
    cv2.imwrite(str(images / "a.jpg"), np.zeros((1, 2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"a\.jpg and a\.png have the same stem"):
        open_folder(images, masks)


def test_names_of_one_letter_written_two_ways_belong_together(folders):
    images, masks, add = folders
    add("Stra\u00dfe a\u0308", [0, 255], mask_stem="Stra\u00dfe \u00e4")
    assert list(masks_of(images, masks).values()) == [[0, 1]]


def test_grey_masks_with_an_alpha_channel(folders):
    images, masks, add = folders
    add("a", [0, 255])
    Image.fromarray(np.array([[0, 255]], np.uint8)).convert("LA").save(masks / "a.png")
    assert masks_of(images, masks) == {"images/a": [0, 1]}
