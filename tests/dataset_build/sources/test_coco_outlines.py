"""Outlines of persons: read in pieces, drawn as COCO itself draws them."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.sources import coco_outlines
from dataset_build.sources.coco_outlines import CROWD, PERSON, OutlineError, draw, read_instances

IMAGE = {"id": 7, "file_name": "000000000007.jpg", "height": 6, "width": 8}
SQUARE = {
    "id": 1,
    "image_id": 7,
    "category_id": 1,
    "iscrowd": 0,
    "segmentation": [[2, 1, 5, 1, 5, 4, 2, 4]],
}


def write(folder: Path, *annotations: dict, images: tuple[dict, ...] = (IMAGE,), **more) -> Path:
    path = folder / "instances_val2017.json"
    document = {"info": {}, "images": list(images), **more, "annotations": list(annotations)}
    path.write_text(json.dumps(document))
    return path


def drawn(folder: Path, *annotations: dict) -> np.ndarray:
    (image,) = read_instances(write(folder, *annotations))
    return draw(image.outlines)


def test_a_square_is_filled(tmp_path: Path):
    expected = np.zeros((6, 8), np.uint8)
    expected[1:4, 2:5] = PERSON
    assert np.array_equal(drawn(tmp_path, SQUARE), expected)


def test_other_categories_leave_no_trace(tmp_path: Path):
    assert not drawn(tmp_path, {**SQUARE, "category_id": 3}).any()


def test_an_image_without_persons_is_all_nothing(tmp_path: Path):
    assert drawn(tmp_path).shape == (6, 8)
    assert not drawn(tmp_path).any()


def test_a_crowd_is_no_person_and_a_person_in_it_stays_one(tmp_path: Path):
    inside = np.zeros((6, 8), np.uint8)
    inside[:, 4:] = 1
    runs = {"counts": [24, 24], "size": [6, 8]}  # column by column: 4 columns out, 4 in
    crowd = {**SQUARE, "id": 2, "iscrowd": 1, "segmentation": runs}
    for order in ((SQUARE, crowd), (crowd, SQUARE)):
        ids = drawn(tmp_path, *order)
        assert (ids[1:4, 2:5] == PERSON).all()
        assert (ids[:, 5:] == CROWD).all()
        assert (ids == PERSON).sum() == 9


#: What pycocotools 2.0.11 makes of the triangle below.
GOLDEN = ["........", ".#......", ".##.....", ".###....", ".#####..", ".######."]


def test_a_slanted_edge_is_filled_as_coco_fills_it(tmp_path: Path):
    triangle = {**SQUARE, "segmentation": [[0.5, 0.5, 7.25, 5.75, 0.5, 5.75]]}
    rows = ["".join("#" if one else "." for one in row) for row in drawn(tmp_path, triangle)]
    assert rows == GOLDEN


corner = st.tuples(st.integers(0, 800), st.integers(0, 600)).map(lambda xy: [v / 100 for v in xy])
polygon = st.lists(corner, min_size=3, max_size=8).map(lambda corners: list(chain(*corners)))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@settings(max_examples=300)
@given(st.lists(polygon, min_size=1, max_size=3))
def test_persons_are_drawn_to_the_pixel_as_coco_draws_them(tmp_path_factory, polygons):
    coco_mask = pytest.importorskip("pycocotools.mask", reason="compares with COCO's own tools")
    folder = tmp_path_factory.mktemp("coco")
    theirs = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(polygons, 6, 8)))
    ours = drawn(folder, {**SQUARE, "segmentation": polygons})
    assert np.array_equal(ours == PERSON, theirs.astype(bool))


def test_compressed_runs_are_the_runs(tmp_path: Path):
    runs = {"counts": "h0h0", "size": [6, 8]}  # 24 and 24, five bits a letter
    ids = drawn(tmp_path, {**SQUARE, "segmentation": runs})
    assert (ids[:, 4:] == PERSON).all()
    assert not ids[:, :4].any()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@given(st.lists(st.booleans(), min_size=48, max_size=48))
def test_what_cocos_tools_compress_is_drawn_again(tmp_path_factory, inside):
    coco_mask = pytest.importorskip("pycocotools.mask", reason="compares with COCO's own tools")
    mask = np.array(inside, np.uint8).reshape(6, 8)
    packed = coco_mask.encode(np.asfortranarray(mask))
    runs = {"counts": packed["counts"].decode("ascii"), "size": [6, 8]}
    ids = drawn(tmp_path_factory.mktemp("coco"), {**SQUARE, "segmentation": runs})
    assert np.array_equal(ids == PERSON, mask.astype(bool))


@given(st.integers(1, 60))
def test_pieces_may_end_anywhere(tmp_path_factory, size: int):
    folder = tmp_path_factory.mktemp("coco")
    table = write(folder, SQUARE, {**SQUARE, "id": 12, "bbox": [1.5, 22]}, categories=[{"id": 1}])
    whole = read_instances(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coco_outlines, "_PIECE_CHARS", size)
        assert read_instances(table) == whole


@pytest.mark.parametrize(
    "segmentation",
    [
        [[1, 1, 2, 2]],
        [[1, 1, 2, 2, 3]],
        {"counts": [1, 2, 3], "size": [6, 8]},
        {"counts": [50, -2], "size": [6, 8]},
    ],
)
def test_what_cannot_be_drawn_is_a_fault_of_this_image(tmp_path: Path, segmentation):
    (image,) = read_instances(write(tmp_path, {**SQUARE, "segmentation": segmentation}))
    with pytest.raises(OutlineError):
        draw(image.outlines)


def test_corners_far_outside_cost_no_memory(tmp_path: Path):
    far = {**SQUARE, "segmentation": [[-1e9, -1e9, 1e9, -1e9, 1e9, 1e9, -1e9, 1e9]]}
    assert (drawn(tmp_path, far) == PERSON).all()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"images": [',
        '{"images": [{"id": 1}], "annotations": []}',
        '{"images": [], "annotations": [{"id": 1, "image_id": 3, "category_id": 1,'
        ' "segmentation": []}]}',
        '{"images": [], "annotations": [{"id": 1, "image_id": 3, "category_id": 1,'
        ' "segmentation": [[NaN, 1]]}]}',
        '{"images": [{"id": 1, "file_name": "a.jpg", "height": 0, "width": 3}]}',
        '{"images": [], "annotations": [{"id": 1, "image_id": 3, "category_id": 1,'
        ' "segmentation": {"counts": "h", "size": [6, 8]}}]}',
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "instances_val2017.json"
    path.write_text(text)
    with pytest.raises(OutlineError):
        read_instances(path)
