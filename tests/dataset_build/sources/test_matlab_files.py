from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataset_build.sources.matlab_files import MatlabFileError, matrix_size, read_matrix

IDS = np.arange(12, dtype=np.uint8).reshape(3, 4)


def mat(*, compressed: bool = True, **variables: object) -> bytes:
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, variables, do_compression=compressed)
    return buffer.getvalue()


@given(
    matrix=hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64]),
        st.tuples(st.integers(0, 9), st.integers(0, 9)),
        elements=st.integers(0, 200),
    ),
    compressed=st.booleans(),
    name=st.sampled_from(["a", "ids", "groundtruth", "a_name_of_twenty_nine_letters"]),
)
def test_what_scipy_writes_is_read_exactly(matrix, compressed, name):
    data = mat(compressed=compressed, first=np.eye(2), **{name: matrix})
    assert matrix_size(data, name) == matrix.shape
    assert np.array_equal(read_matrix(data, name), matrix)


def test_the_other_byte_order_is_read():
    def element(kind: int, body: bytes) -> bytes:
        return struct.pack(">II", kind, len(body)) + body.ljust(-(-len(body) // 8) * 8, b"\0")

    body = (
        element(6, struct.pack(">II", 11, 0))  # flags: uint16
        + element(5, struct.pack(">ii", 1, 2))  # one row, two columns
        + element(1, b"ids")
        + element(4, struct.pack(">HH", 258, 7))
    )
    data = b"MATLAB 5".ljust(124) + b"\x01\x00MI" + element(14, body)
    assert read_matrix(data, "ids").tolist() == [[258, 7]]


def test_a_matrix_that_is_absent_is_named_with_those_present():
    with pytest.raises(MatlabFileError, match=r"no matrix 'ids'; the file holds \['other'\]"):
        matrix_size(mat(other=IDS), "ids")


@pytest.mark.parametrize("data", [b"", b"short", b"x" * 200, b"\x89HDF\r\n\x1a\n" * 30])
def test_what_is_not_matlab_says_how_it_begins(data):
    with pytest.raises(MatlabFileError, match="not a MATLAB 5 file"):
        matrix_size(data, "ids")


def test_text_is_not_a_matrix_of_numbers():
    with pytest.raises(MatlabFileError, match="'ids' holds no numbers"):
        read_matrix(mat(ids="text"), "ids")


def test_a_size_that_the_numbers_do_not_fill_is_damage():
    data = bytearray(mat(compressed=False, ids=IDS))
    at = data.index(struct.pack("<ii", 3, 4))
    data[at : at + 8] = struct.pack("<ii", 60_000, 60_000)
    assert matrix_size(bytes(data), "ids") == (60_000, 60_000)
    with pytest.raises(MatlabFileError, match="do not fill 60000 x 60000"):
        read_matrix(bytes(data), "ids")


@given(
    damage=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    length=st.integers(0, 400),
    compressed=st.booleans(),
)
def test_damage_of_any_kind_is_an_error_and_nothing_else(damage, length, compressed):
    broken = bytearray(mat(compressed=compressed, ids=IDS))
    for at, value in damage:
        broken[at % len(broken)] = value
    for part in (bytes(broken), bytes(broken[:length])):
        try:
            read_matrix(part, "ids")
        except MatlabFileError:
            continue


@given(
    matrix=hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))),
    compressed=st.booleans(),
)
def test_a_field_of_a_structure_is_read_exactly(matrix, compressed):
    boundaries = np.empty((2, 1), object)
    boundaries[:, 0] = [np.eye(3), "text"]
    fields = {"Boundaries": boundaries, "Segmentation": matrix, "CategoriesPresent": np.eye(2)}
    data = mat(compressed=compressed, GTcls=fields)
    assert matrix_size(data, "GTcls.Segmentation") == matrix.shape
    assert np.array_equal(read_matrix(data, "GTcls.Segmentation"), matrix)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("GTcls.Mask", r"no field 'Mask' in 'GTcls'; it holds \['Segmentation'\]"),
        ("GTinst.Segmentation", r"no matrix 'GTinst'; the file holds \['GTcls', 'plain'\]"),
        ("plain.Segmentation", "'plain' is no structure of one element"),
    ],
)
def test_a_missing_field_is_named(name: str, says: str):
    data = mat(GTcls={"Segmentation": IDS}, plain=IDS)
    with pytest.raises(MatlabFileError, match=says):
        read_matrix(data, name)


@given(st.data())
def test_damage_in_a_structure_never_does_worse_than_say_so(data):
    whole = mat(compressed=data.draw(st.booleans()), GTcls={"a": np.eye(3), "Segmentation": IDS})
    damaged = bytearray(whole[: data.draw(st.integers(128, len(whole)))])
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(128, len(damaged))) - 1] = data.draw(st.integers(0, 255))
    try:
        read_matrix(bytes(damaged), "GTcls.Segmentation")
    except MatlabFileError:
        pass
