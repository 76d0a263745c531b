import numpy as np
import pytest
import torch

from segmentation.config import ModelConfig
from segmentation.export import frame_network
from segmentation.frame_stream import RememberingStream
from segmentation.inference_config import InferenceConfig
from segmentation.predict import IN_ORDER, HumanSegmenter
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
