import json
import pickle

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.tensor_file import TensorFileError, read_tensors, write_tensors

TENSORS = {
    "b.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "a.count": torch.tensor(7),
    "half": torch.tensor([0.5], dtype=torch.float16),
    "flags": torch.tensor([True, False]),
    "none": torch.zeros(0, 4),
}


def same(found, expected):
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert torch.equal(found[name], tensor)


def test_round_trip(tmp_path):
    write_tensors(TENSORS, tmp_path / "t.safetensors")
    same(read_tensors(tmp_path / "t.safetensors"), TENSORS)
    assert [path.name for path in tmp_path.iterdir()] == ["t.safetensors"]


def test_other_readers_open_it(tmp_path):
    write_tensors(TENSORS, tmp_path / "t.safetensors")
    same(safetensors.torch.load_file(tmp_path / "t.safetensors"), TENSORS)


def test_opens_what_others_wrote(tmp_path):
    safetensors.torch.save_file(TENSORS, tmp_path / "t.safetensors", metadata={"format": "pt"})
    same(read_tensors(tmp_path / "t.safetensors"), TENSORS)


def test_same_tensors_same_bytes_in_any_order_and_layout(tmp_path):
    image = torch.rand(2, 3, 4, 4)
    write_tensors({"x": image, **TENSORS}, tmp_path / "1")
    turned = {**TENSORS, "x": image.contiguous(memory_format=torch.channels_last)}
    write_tensors(dict(reversed(turned.items())), tmp_path / "2")
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


class Spy:
    called = False

    def __reduce__(self):
        return (setattr, (Spy, "called", True))


@pytest.mark.parametrize(
    "write", [lambda o, p: torch.save(o, p), lambda o, p: p.write_bytes(pickle.dumps(o))]
)
def test_pickles_are_refused_unopened(tmp_path, write):
    write({"w": Spy()}, tmp_path / "weights.safetensors")
    with pytest.raises(TensorFileError, match="is a pickle"):
        read_tensors(tmp_path / "weights.safetensors")
    assert not Spy.called


def header(**entry):
    text = json.dumps(
        {"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **entry}}
    ).encode()
    return len(text).to_bytes(8, "little") + text + b"\0\0\0\0"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 8,
        (10).to_bytes(8, "little") + b"not json!!",
        header(dtype="F99"),
        header(data_offsets=[0, 400]),
        header(data_offsets=[-8, 4]),
        header(shape=[2]),
        header()[:-2],
        (2).to_bytes(8, "little") + b"[]",
    ],
)
def test_damaged_files_are_named(tmp_path, data):
    (tmp_path / "w").write_bytes(data)
    with pytest.raises(TensorFileError, match="w: "):
        read_tensors(tmp_path / "w")


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_crash_the_reader(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "w"
    path.write_bytes(header()[:20] + data)
    try:
        read_tensors(path)
    except TensorFileError:
        pass


def test_a_dtype_without_a_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"c: torch\.complex64"):
        write_tensors({"c": torch.zeros(1, dtype=torch.complex64)}, tmp_path / "t")
