import hashlib
import importlib.util
import json

import numpy as np
import pytest
import torch
from torch import nn

from segmentation.inference import export
from segmentation.inference.export import (
    DisagreementError,
    ExportError,
    FrameNetwork,
    drawn_frames,
    eager_answer,
    export_beside,
    export_model,
    frame_network,
    require_agreement,
    write_onnx,
)
from segmentation.model_folder import Normalisation, weights_digest
from segmentation.tensor_file import TensorFileError, read_tensors
from tests.segmentation.factories_model import write_untrained

needs_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnx") is None, reason="onnx is not installed"
)


class Brightness(nn.Module):
    """Its logit is the red channel: what the graph does to colours can be read off."""

    def forward(self, x):
        return x[:, :1]


class Odd(nn.Module):
    """An operation that ONNX does not have."""

    def forward(self, x):
        return torch.special.i0(x[:, :1])


@pytest.fixture
def model(tmp_path):
    return write_untrained(tmp_path / "model")


def test_frames_are_normalised_inside_the_graph():
    graph = FrameNetwork(Brightness(), Normalisation(mean=(0.2, 0, 0), std=(0.5, 1, 1)))
    frames = np.full((1, 2, 3, 3), 0, np.uint8)
    frames[0, 0, 0] = (255, 7, 7)
    logits = torch.logit(graph(torch.from_numpy(frames)))
    assert logits.shape == (1, 2, 3)
    assert float(logits[0, 0, 0]) == pytest.approx((1 - 0.2) / 0.5, abs=1e-5)
    assert float(logits[0, 1, 2]) == pytest.approx(-0.2 / 0.5, abs=1e-5)


@needs_onnx
@pytest.mark.parametrize("size_hw", [(16, 16), (33, 50), (48, 31)])
def test_an_onnx_file_takes_frames_of_any_size_and_number(model, tmp_path, size_hw):
    from onnx.reference import ReferenceEvaluator

    summary = export_model(model, "onnx", tmp_path / "out" / "model.onnx")
    assert summary.max_difference < 1e-5
    assert summary.bytes == summary.file.stat().st_size
    frames = drawn_frames(size_hw, count=3)
    found = ReferenceEvaluator(str(summary.file)).run(None, {"frames": frames})[0]
    np.testing.assert_allclose(found, eager_answer(frame_network(model), frames), atol=1e-5)


class Classes(nn.Module):
    """Three classes whose logits are the colours: green is the human one."""

    def forward(self, x):
        return 3 * x


@needs_onnx
def test_a_network_of_several_classes_answers_the_softmax(tmp_path):
    """OpenVINO gets the sum over the others wrong where ONNX has one operation for it."""
    graph = FrameNetwork(Classes(), Normalisation(mean=(0, 0, 0), std=(1, 1, 1)))
    write_onnx(graph, tmp_path / "graph.onnx")
    frames = drawn_frames((17, 23))
    softmax = np.exp(3 * (frames / 255))
    expected = softmax[..., 1] / softmax.sum(axis=-1)
    found = export._runtime(tmp_path / "graph.onnx")(frames)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_weights_are_copied_as_they_are(model, tmp_path):
    summary = export_model(model, "safetensors", tmp_path / "w.safetensors")
    assert summary.file.read_bytes() == (model / "weights.safetensors").read_bytes()
    assert set(read_tensors(summary.file)) == set(read_tensors(model / "weights.safetensors"))


def test_damaged_weights_are_not_handed_on(model, tmp_path):
    (model / "weights.safetensors").write_bytes(b"\x80\x04 a pickle")
    with pytest.raises(TensorFileError, match="pickle"):
        export_model(model, "safetensors", tmp_path / "w.safetensors")
    assert not (tmp_path / "w.safetensors").exists()


def test_other_formats_are_refused(model, tmp_path):
    with pytest.raises(ValueError, match="format = 'pickle'; expected one of onnx, safetensors"):
        export_model(model, "pickle", tmp_path / "w.pt")


@needs_onnx
def test_what_onnx_does_not_have_leaves_no_file(tmp_path):
    with pytest.raises(ExportError, match=r"graph\.onnx cannot be written"):
        write_onnx(FrameNetwork(Odd(), Normalisation()), tmp_path / "graph.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (np.full((1, 2, 2), 0.52, np.float32), r"differs from eager PyTorch by 0\.02"),
        (np.full((1, 2, 2), np.nan, np.float32), "by nan"),
        (np.full((1, 2, 3), 0.5, np.float32), r"answers \(1, 2, 3\); expected \(1, 2, 2\)"),
    ],
)
def test_other_answers_are_refused(found, message):
    with pytest.raises(ExportError, match=message):
        require_agreement(np.full((1, 2, 2), 0.5, np.float32), found, "graph")


def test_drawn_frames_are_always_the_same():
    frames = drawn_frames((45, 75))
    assert frames.shape == (2, 45, 75, 3)
    assert frames.dtype == np.uint8
    assert np.array_equal(frames, drawn_frames((45, 75)))
    assert len(np.unique(frames)) > 100


@needs_onnx
def test_a_model_gets_its_onnx_file_and_a_record_of_the_trial(model):
    record = json.loads(export_beside(model).read_text())
    onnx = (model / "model.onnx").read_bytes()
    assert record["onnx_sha256"] == hashlib.sha256(onnx).hexdigest()
    assert record["weights"] == weights_digest(model)
    assert record["agrees"]
    assert 0 <= record["max_difference"] < 1e-5
    assert {path.name for path in model.iterdir()} == {
        "export.json", "model.json", "model.onnx", "weights.safetensors",
    }  # fmt: skip


@needs_onnx
@pytest.mark.parametrize(
    ("error", "agrees"),
    [(ExportError("no such operation"), True), (DisagreementError("differs by 0.5"), False)],
)
def test_a_model_without_an_onnx_file_says_why(model, monkeypatch, error, agrees):
    def fail(*_):
        raise error

    monkeypatch.setattr(export, "write_onnx", fail)
    record = json.loads(export_beside(model).read_text())
    assert (record["agrees"], record["why_not"]) == (agrees, str(error))
    assert not (model / "model.onnx").exists()
