import numpy as np
import pytest
import torch

from segmentation.config import ModelConfig
from segmentation.inference.inference_config import InferenceConfig
from segmentation.inference.postprocess_config import PostprocessConfig
from segmentation.inference.predict import HumanSegmenter, find_device, to_images
from segmentation.luminance import equalize_luminance
from segmentation.model_folder import weights_digest
from tests.segmentation.factories_model import write_untrained
from tests.segmentation.factories_trained import drawn_batch, write_trained


def frames(count=3, size_hw=(30, 41)):
    return np.random.default_rng(0).integers(0, 256, (count, *size_hw, 3), dtype=np.uint8)


@pytest.fixture
def model(tmp_path):
    return write_untrained(tmp_path / "model")


def test_gives_one_probability_per_pixel(model):
    found = HumanSegmenter(model).probability(frames())
    assert found.shape == (3, 30, 41)
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1


def test_a_constant_logit_is_its_sigmoid(tmp_path):
    found = HumanSegmenter(write_untrained(tmp_path, bias=2.0)).probability(frames())
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-2.0)), rtol=1e-6)


def test_two_classes_give_the_softmax(tmp_path):
    model = write_untrained(tmp_path, ModelConfig(width=2, classes=2), bias=1.0)
    np.testing.assert_allclose(HumanSegmenter(model).probability(frames()), 0.5, rtol=1e-6)


def test_small_batches_change_nothing(model):
    whole = HumanSegmenter(model).probability(frames(5))
    alone = HumanSegmenter(model, max_batch_px=1).probability(frames(5))
    np.testing.assert_allclose(whole, alone, atol=1e-6)


def test_no_frames_no_probabilities(model):
    assert HumanSegmenter(model).probability(frames(0)).shape == (0, 30, 41)


def test_frames_of_a_reversed_view_are_read_right(model):
    segmenter = HumanSegmenter(model)
    turned = frames()[:, :, ::-1]
    expected = segmenter.probability(np.ascontiguousarray(turned))
    assert np.array_equal(segmenter.probability(turned), expected)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 8, 8, 3), np.float32),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((2, 3, 8, 8), np.uint8),
        np.zeros((2, 0, 8, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(model, wrong):
    with pytest.raises(ValueError, match="frames"):
        HumanSegmenter(model).probability(wrong)


def test_version_names_the_weights(model, tmp_path):
    segmenter = HumanSegmenter(model)
    other = HumanSegmenter(write_untrained(tmp_path / "other", bias=1.0))
    assert segmenter.weights == weights_digest(model) != other.weights
    assert segmenter.version.startswith(segmenter.weights)
    assert segmenter.architecture == "unet"


def test_threads_are_set_where_asked_for(model):
    before = torch.get_num_threads()
    try:
        HumanSegmenter(model, threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_workers_agree_with_one_thread(model):
    before = torch.get_num_threads()
    try:
        alone = HumanSegmenter(model, threads=1).probability(frames(5))
        shared = HumanSegmenter(model, threads=2).probability(frames(5))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose(shared, alone, atol=1e-6)


def test_colours_become_numbers_up_to_one():
    image = to_images(np.array([[[[255, 0, 51]]]], np.uint8))
    assert image.shape == (1, 3, 1, 1)
    assert image.flatten().tolist() == pytest.approx([1.0, 0.0, 0.2])


def test_cuda_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="torch sees no CUDA device"):
        find_device("cuda")
    assert find_device("auto") == torch.device("cpu")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_half_precision_on_cuda_agrees_with_the_cpu(tmp_path):
    model = write_trained(tmp_path)
    pictures, _ = drawn_batch(16, (96, 128))
    full = HumanSegmenter(model, inference=InferenceConfig(backend="eager")).probability(pictures)
    gpu = HumanSegmenter(model, "cuda", max_batch_px=3 * 96 * 128)  # six parts, in flight together
    assert gpu.version.endswith("+cuda-float16")
    half = gpu.probability(pictures)
    assert np.array_equal(half, gpu.probability(pictures))
    assert np.mean((full > 0.5) == (half > 0.5)) >= 0.999


def test_a_network_may_see_equalized_frames_alone_and_in_a_stream(tmp_path):
    """As crops are equalized in training; dark frames then look like bright ones."""
    model = write_untrained(tmp_path)
    steps = PostprocessConfig(equalize_luminance=True, temporal_weight=0.5)
    plain = HumanSegmenter(model, inference=InferenceConfig(backend="eager"))
    inference = InferenceConfig(backend="eager", postprocess=steps)
    equalizing = HumanSegmenter(model, inference=inference)
    dark = frames(1) // 4
    expected = plain.probability(equalize_luminance(dark[0])[None])
    assert not np.array_equal(plain.probability(dark), expected)
    assert np.array_equal(equalizing.probability(dark), expected)
    assert np.array_equal(equalizing.follow().probability(dark), expected)
    assert equalizing.version == f"{plain.version}+equalize_luminance=True,temporal_weight=0.5"


def test_steps_after_the_network_are_taken_and_named(tmp_path):
    model = write_untrained(tmp_path, bias=2.0)
    steps = PostprocessConfig(min_region_share=0.99)  # the whole frame is larger
    plain = HumanSegmenter(model, inference=InferenceConfig(backend="eager"))
    inference = InferenceConfig(backend="eager", postprocess=steps)
    refined = HumanSegmenter(model, inference=inference)
    assert (refined.probability(frames(2)) == plain.probability(frames(2))).all()
    assert refined.probability(frames(0)).shape == (0, 30, 41)
    assert refined.version == f"{plain.version}+min_region_share=0.99"
    assert refined.weights == plain.weights
