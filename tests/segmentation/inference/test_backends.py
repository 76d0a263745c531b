"""The fast ways give the answers of the plain one, or the plain one is taken."""

import importlib.util
import logging
import os

import numpy as np
import pytest
import torch

from segmentation.inference import backends
from segmentation.inference.export import ExportError, frame_network, write_onnx
from segmentation.inference.inference_config import InferenceConfig
from segmentation.inference.predict import HumanSegmenter
from segmentation.model_folder import weights_digest
from tests.segmentation.factories_model import write_untrained
from tests.segmentation.factories_trained import drawn_batch, write_trained

EAGER = InferenceConfig(backend="eager")
OPENVINO = InferenceConfig(backend="openvino")
needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None or importlib.util.find_spec("onnx") is None,
    reason="openvino or onnx is not installed",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return write_trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def pictures():
    return drawn_batch(12, (97, 131), start=10_000)


def with_bfloat16() -> bool:
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def same_side(a, b):
    return np.mean((a > 0.5) == (b > 0.5))


def test_the_trained_network_sees_the_drawn_people(trained, pictures):
    frames, masks = pictures
    found = HumanSegmenter(trained, inference=EAGER).probability(frames) > 0.5
    labelled = masks != 255
    assert np.mean(found[labelled] == (masks == 1)[labelled]) > 0.98
    assert 0.02 < found.mean() < 0.5


@needs_openvino
def test_openvino_agrees_with_eager(trained, pictures):
    frames, _ = pictures
    plain = HumanSegmenter(trained, inference=EAGER).probability(frames)
    fast = HumanSegmenter(trained, inference=OPENVINO)
    assert same_side(fast.probability(frames), plain) >= 0.999
    np.testing.assert_allclose(fast.probability(frames), plain, atol=1e-4)
    np.testing.assert_allclose(fast.probability(frames[:1]), plain[:1], atol=1e-4)


@needs_openvino
def test_bfloat16_agrees_with_eager_but_not_to_the_bit(trained, pictures):
    if not with_bfloat16():
        pytest.skip("this processor computes no bfloat16")
    frames, _ = pictures
    plain = HumanSegmenter(trained, inference=EAGER).probability(frames)
    config = InferenceConfig(backend="openvino", precision="bfloat16")
    found = HumanSegmenter(trained, inference=config).probability(frames)
    assert same_side(found, plain) >= 0.999
    assert np.abs(found - plain).max() > 1e-4  # it really is another arithmetic


@needs_openvino
def test_the_same_frames_give_the_same_bits(trained, pictures):
    frames, _ = pictures
    first, again = (HumanSegmenter(trained, inference=OPENVINO) for _ in range(2))
    assert np.array_equal(first.probability(frames), again.probability(frames))


@needs_openvino
def test_versions_name_what_runs_the_weights(trained):
    digest = weights_digest(trained)
    assert HumanSegmenter(trained, inference=EAGER).version == digest
    assert HumanSegmenter(trained, inference=OPENVINO).version == f"{digest}+openvino-float32"


@needs_openvino
@pytest.mark.parametrize("any_size", [False, True])
def test_more_sizes_than_are_kept_change_nothing(trained, monkeypatch, any_size):
    from segmentation.inference import openvino_backend

    monkeypatch.setattr(openvino_backend, "MAX_SIZES", 2)
    plain = HumanSegmenter(trained, inference=EAGER)
    monkeypatch.setattr(openvino_backend, "MAX_COMPILED", 2)
    fast = HumanSegmenter(trained, inference=OPENVINO, any_size=any_size)
    for height in (40, 41, 42, 43, 40):
        frames, _ = drawn_batch(2, (height, 64))
        np.testing.assert_allclose(fast.probability(frames), plain.probability(frames), atol=1e-4)
    assert len(fast._backend._sizes) <= 2
    assert len(fast._backend._queues) <= 2


def test_without_openvino_eager_takes_its_place(trained, monkeypatch, caplog):
    monkeypatch.setattr(backends.importlib.util, "find_spec", lambda _name: None)
    with caplog.at_level(logging.WARNING):
        segmenter = HumanSegmenter(trained)
    assert segmenter.backend == "eager-float32"
    assert [record.getMessage() for record in caplog.records] == [
        "eager PyTorch instead of OpenVINO, which is faster: openvino is not installed;"
        " pip install openvino onnx"
    ]
    with pytest.raises(ImportError, match="openvino is not installed"):
        HumanSegmenter(trained, inference=OPENVINO)


@needs_openvino
def test_a_graph_that_answers_otherwise_is_not_used(trained, tmp_path, monkeypatch, caplog):
    stranger = tmp_path / "stranger.onnx"
    write_onnx(frame_network(write_untrained(tmp_path / "other", bias=3.0)), stranger)
    monkeypatch.setattr(backends, "exported", lambda *_: stranger)
    with caplog.at_level(logging.WARNING):
        assert HumanSegmenter(trained).backend == "eager-float32"
    assert "differs from eager PyTorch by" in caplog.text
    with pytest.raises(ExportError, match="differs from eager PyTorch by"):
        HumanSegmenter(trained, inference=OPENVINO)


@needs_openvino
def test_a_damaged_export_is_not_used(trained, tmp_path, caplog):
    HumanSegmenter(trained, cache=tmp_path)
    next(tmp_path.glob("*.onnx")).write_bytes(b"half a file")
    with caplog.at_level(logging.WARNING):
        assert HumanSegmenter(trained, cache=tmp_path).backend == "eager-float32"
    assert "eager PyTorch instead of OpenVINO" in caplog.text


@needs_openvino
def test_exports_are_made_once_per_weights(trained, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(
        backends, "write_onnx", lambda graph, path: (made.append(path), write_onnx(graph, path))
    )
    for _ in range(2):
        HumanSegmenter(trained, cache=tmp_path / "cache")
    HumanSegmenter(write_untrained(tmp_path / "other"), cache=tmp_path / "cache")
    assert len(made) == len(set(made)) == 2


def test_exports_unused_for_longest_go(tmp_path, monkeypatch):
    monkeypatch.setattr(backends, "write_onnx", lambda _graph, path: path.write_bytes(b"graph"))
    monkeypatch.setattr(backends, "KEPT_EXPORTS", 2)
    paths = [backends.exported(None, weights, tmp_path) for weights in "ab"]
    for age, path in zip((50, 100), paths, strict=True):
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    assert backends.exported(None, "b", tmp_path) == paths[1]  # the older one is used again
    paths.append(backends.exported(None, "c", tmp_path))
    assert [path.exists() for path in paths] == [False, True, True]


def test_workers_give_back_the_threads(trained, pictures):
    frames, _ = pictures
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        HumanSegmenter(trained, inference=EAGER).probability(frames)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
