"""What is painted is what is read, and nothing that is no mask is taken for one."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from dataset_build.sources.mask_pictures import (
    MaskPictureError,
    PictureName,
    from_greys,
    mask_digest,
    read_picture,
    to_greys,
    write_picture,
)

MASK = np.array([[0, 1, 255], [1, 1, 0]], np.uint8)
SIZE = MASK.shape
IMAGE = "a" * 64


def png(picture: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        elements=st.sampled_from([0, 1, 255]),
    )
)
def test_greys_come_back_as_the_mask_they_were(mask):
    if (mask == 255).all():
        with pytest.raises(MaskPictureError, match="every pixel is ignored"):
            from_greys(to_greys(mask), mask.shape)
    else:
        np.testing.assert_array_equal(from_greys(to_greys(mask), mask.shape), mask)


def test_a_picture_says_whose_it_is_and_what_it_showed(tmp_path):
    path = write_picture(MASK, tmp_path, IMAGE)
    assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED).tolist() == [[0, 255, 128], [255, 255, 0]]
    assert PictureName.of(path) == PictureName(image_sha256=IMAGE, mask_sha256=mask_digest(MASK))
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_painted_picture_is_never_written_over(tmp_path):
    path = write_picture(MASK, tmp_path, IMAGE)
    cv2.imwrite(str(path), np.zeros(SIZE, np.uint8))
    assert write_picture(MASK, tmp_path, IMAGE) == path
    assert not cv2.imread(str(path), cv2.IMREAD_UNCHANGED).any()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P"])
def test_however_the_painting_program_saves_it(mode):
    picture = Image.fromarray(to_greys(MASK)).convert(mode)
    np.testing.assert_array_equal(read_picture(png(picture), SIZE), MASK)


def stained():
    greys = to_greys(MASK)
    greys[0, 0] = 7
    return png(Image.fromarray(greys))


def coloured():
    rgb = np.repeat(to_greys(MASK)[..., None], 3, axis=2)
    rgb[0, 0] = (255, 0, 0)
    return png(Image.fromarray(rgb))


def transparent():
    rgba = np.array(Image.fromarray(to_greys(MASK)).convert("RGBA"))
    rgba[0, 0, 3] = 0
    return png(Image.fromarray(rgba))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (stained(), r"1 pixels with values \[7\]; expected only 0, 128 and 255"),
        (png(Image.new("L", (3, 2), 1)), "write humans as 255, which can be seen, instead of 1"),
        (coloured(), "coloured pixels"),
        (transparent(), "transparent pixels"),
        (png(Image.new("L", (4, 2))), "4 x 2 px, the image has 3 x 2"),
        (png(Image.new("L", (3, 2), 128)), "every pixel is ignored"),
        (png(Image.fromarray(to_greys(MASK)), "JPEG"), "a JPEG, whose values are never exact"),
        (png(Image.fromarray(to_greys(MASK)))[:-20], "not readable"),
        (b"no picture", "not readable"),
        (b"", "not readable"),
    ],
)
def test_what_is_no_mask_is_refused_with_what_is_wrong(data, problem):
    with pytest.raises(MaskPictureError, match=problem):
        read_picture(data, SIZE)


def test_an_array_of_three_axes_is_refused():
    with pytest.raises(MaskPictureError, match="expected one value per pixel"):
        from_greys(np.zeros((2, 3, 3)), SIZE)
