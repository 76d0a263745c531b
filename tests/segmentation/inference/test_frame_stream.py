import numpy as np
import pytest
import torch

from segmentation.config import ModelConfig
from segmentation.inference.export import frame_network
from segmentation.inference.frame_stream import RememberingStream
from segmentation.inference.inference_config import InferenceConfig
from segmentation.inference.postprocess import refine_each
from segmentation.inference.postprocess_config import PostprocessConfig
from segmentation.inference.predict import IN_ORDER, HumanSegmenter
from tests.segmentation.factories_model import write_untrained

CPU = torch.device("cpu")


def frames(count, size_hw=(30, 41), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *size_hw, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_untrained(
        tmp_path_factory.mktemp("model"), ModelConfig(architecture="convlstm_unet", width=4)
    )


@pytest.fixture
def graph(model):
    """What was seen before matters visibly."""
    graph = frame_network(model)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in graph.network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        graph.network.expand.weight.mul_(20)
    return graph


def test_a_stream_sees_what_the_network_sees_of_the_whole_clip(graph):
    clip = frames(5)
    with torch.inference_mode():
        images = graph.prepared(torch.from_numpy(clip))
        whole = torch.sigmoid(graph.network(images[None]))[0, :, 0].numpy()
    stream = RememberingStream(graph, CPU)
    parts = np.concatenate([stream.probability(clip[:2]), stream.probability(clip[2:])])
    np.testing.assert_allclose(parts, whole, atol=1e-5)
    alone = RememberingStream(graph, CPU).probability(clip[4:])[0]
    assert np.abs(parts[4] - alone).max() > 1e-3


def test_streams_know_nothing_of_each_other(graph):
    clip, other = frames(3), frames(3, seed=1)
    expected = RememberingStream(graph, CPU).probability(clip)
    first, second = RememberingStream(graph, CPU), RememberingStream(graph, CPU)
    found = []
    for number in range(3):
        found.append(first.probability(clip[number : number + 1])[0])
        second.probability(other[number : number + 1])
    assert np.array_equal(np.stack(found), expected)


def test_another_size_starts_anew(graph):
    stream = RememberingStream(graph, CPU)
    first = stream.probability(frames(1))
    stream.probability(frames(1, size_hw=(16, 16)))
    assert np.array_equal(stream.probability(frames(1)), first)


def test_a_segmenter_follows_only_with_a_network_that_remembers(model, tmp_path):
    config = InferenceConfig(backend="eager")
    remembering = HumanSegmenter(model, inference=config)
    assert remembering.version == remembering.weights + IN_ORDER
    assert remembering.follow() is not remembering.follow()
    assert remembering.follow().probability(frames(2)).shape == (2, 30, 41)
    plain = HumanSegmenter(write_untrained(tmp_path), inference=config)
    assert plain.follow() is plain
    assert plain.version == plain.weights
    with pytest.raises(TypeError, match="UNet judges each frame alone"):
        RememberingStream(frame_network(tmp_path), CPU)


def blinking():
    """Answers 0.9 and 0.2 in turn, whatever is seen."""

    class Blinking:
        name = "eager-float32"
        asked = 0

        def probability(self, frames_nhwc):
            turns = np.arange(self.asked, self.asked + len(frames_nhwc)) % 2
            self.asked += len(frames_nhwc)
            out = np.empty(frames_nhwc.shape[:3], np.float32)
            out[:] = np.where(turns, 0.2, 0.9)[:, None, None]
            return out

    return Blinking()


def test_answers_about_a_camera_are_smoothed_across_batches_and_about_pictures_never(tmp_path):
    model = write_untrained(tmp_path)
    steps = PostprocessConfig(temporal_weight=0.5)
    segmenter = HumanSegmenter(model, inference=InferenceConfig(backend="eager", postprocess=steps))
    segmenter._backend = blinking()
    still = np.full((4, 30, 41, 3), 90, np.uint8)
    stream = segmenter.follow()
    found = [*stream.probability(still[:1]), *stream.probability(still[1:])]
    assert [one[0, 0] for one in found] == pytest.approx([0.9, 0.55, 0.725, 0.4625])
    assert [one[0, 0] for one in segmenter.probability(still)] == pytest.approx([0.9, 0.2] * 2)
    segmenter._backend = blinking()
    assert segmenter.follow().probability(still[:1])[0, 0, 0] == pytest.approx(0.9)  # a new clip


def test_without_smoothing_a_network_that_judges_alone_is_its_own_stream(tmp_path):
    steps = PostprocessConfig(median_px=3)
    inference = InferenceConfig(backend="eager", postprocess=steps)
    segmenter = HumanSegmenter(write_untrained(tmp_path), inference=inference)
    assert segmenter.follow() is segmenter


def test_the_steps_hold_for_a_network_that_remembers_too(model):
    noisy = frames(2)
    inference = InferenceConfig(backend="eager", postprocess=PostprocessConfig(median_px=5))
    plain = HumanSegmenter(model, inference=InferenceConfig(backend="eager"))
    refined = HumanSegmenter(model, inference=inference)
    found = refined.follow().probability(noisy)
    expected = refine_each(plain.follow().probability(noisy), noisy, inference.postprocess)
    assert np.array_equal(found, expected)
    assert refined.version == f"{plain.version}+median_px=5"
