"""What every architecture promises, whatever is inside.

Small widths, for the promises do not depend on size; test_registry.py holds the published sizes.
torchvision's networks have one size each.
"""

import copy
import importlib.util
from dataclasses import replace

import numpy as np
import pytest
import torch

from dataset_build.sources.label_maps import IGNORE
from segmentation.config import ARCHITECTURES, BACKBONES, TORCHVISION, ModelConfig, TrainConfig
from segmentation.inference.export import FrameNetwork, drawn_frames, eager_answer, write_onnx
from segmentation.inference.fold import fold_batch_norms
from segmentation.inference.openvino_backend import OpenVinoBackend
from segmentation.model_folder import Normalisation, load_network, write_model
from segmentation.models.outputs import (
    TrainingOutputs,
    inference_network,
    main_logits,
    training_only,
)
from segmentation.models.registry import build_model
from segmentation.training.batches import Batch
from segmentation.training.checkpoint import new_state
from segmentation.training.losses import training_loss
from segmentation.training.train import take_step
from tests.segmentation.factories_model import describe

RECIPE = TrainConfig(steps=2, warmup_steps=0, threads=1)
ODD_SIZES = [(1, 1), (17, 31), (33, 64), (50, 7)]
#: A deeper stack of the same blocks would tell nothing new where time is short.
DEEPER = {
    *(f"segformer_b{size}" for size in range(1, 6)),
    "torchvision_deeplabv3_resnet50",
    "torchvision_deeplabv3_resnet101",
}
IMAGES = torch.rand(2, 3, 64, 64, generator=torch.manual_seed(3)) * 2 - 1
MASKS = torch.zeros(2, 64, 64, dtype=torch.uint8)
MASKS[:, 16:40, 20:44] = 1
MASKS[:, 40:48] = IGNORE


@pytest.fixture(scope="module", params=ARCHITECTURES)
def config(request):
    return ModelConfig(architecture=request.param, width=4)


@pytest.fixture(scope="module")
def built(config):
    """Random weights that let everything through: norms count, nothing is zero."""
    torch.manual_seed(0)
    network = build_model(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return network


@pytest.fixture
def network(built):
    """As built; a test may train it."""
    return copy.deepcopy(built)


def outputs_of(outputs):
    """All tensors of a training answer."""
    if isinstance(outputs, torch.Tensor):
        return [outputs]
    return [outputs.main, *outputs.auxiliary, *([] if outputs.detail is None else [outputs.detail])]


def without_skipping(network):
    """Skipping of blocks off: then every block learns in every step."""
    for layer in network.modules():
        if type(layer).__name__ == "StochasticDepth":
            layer.p = 0.0
    return network


@pytest.mark.parametrize("size_hw", ODD_SIZES, ids=str)
def test_logits_have_the_size_of_the_input(built, size_hw):
    with torch.inference_mode():
        assert built.eval()(torch.zeros(2, 3, *size_hw)).shape == (2, 1, *size_hw)


def test_there_is_a_logit_per_class(config):
    if config.architecture in DEEPER:
        pytest.skip("the same head as on fewer blocks")
    network = build_model(replace(config, classes=3)).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 17, 31)).shape == (1, 3, 17, 31)


def test_logits_are_no_probabilities(built):
    with torch.inference_mode():
        logits = built.eval()(10 * IMAGES)
    assert logits.min() < 0 or logits.max() > 1


def test_images_of_a_batch_do_not_touch_in_evaluation(built):
    images = torch.rand(3, 3, 32, 48, generator=torch.manual_seed(1))
    with torch.inference_mode():
        together, alone = built.eval()(images), built(images[1:2])
    torch.testing.assert_close(together[1:2], alone, rtol=1e-3, atol=1e-4)


def test_training_adds_heads_and_evaluation_answers_one_tensor(network):
    trained, evaluated = network.train()(IMAGES), network.eval()(IMAGES)
    assert isinstance(evaluated, torch.Tensor)
    assert isinstance(trained, TrainingOutputs) == bool(heads_of(network))
    assert main_logits(trained).shape == evaluated.shape == (2, 1, 64, 64)
    assert {answer.shape for answer in outputs_of(trained)} == {(2, 1, 64, 64)}


def heads_of(network):
    return [name for name in training_only(network) if getattr(network, name) is not None]


def test_inference_needs_no_head_of_training(network):
    left = inference_network(network)
    assert heads_of(left) == []
    assert not left.training
    assert len(left.state_dict()) < len(network.state_dict()) or not heads_of(network)
    with torch.inference_mode():
        assert torch.equal(left(IMAGES), network.eval()(IMAGES))


def test_gradient_reaches_every_parameter_that_is_to_be_trained(network):
    without_skipping(network).train()
    training_loss(network(IMAGES), MASKS, RECIPE).total.backward()
    named = dict(network.named_parameters())
    idle = {name for name, p in named.items() if p.grad is None}
    assert idle == {name for name, p in named.items() if not p.requires_grad}
    untouched = [
        name for name in set(named) - idle if named[name].ndim > 1 and not named[name].grad.any()
    ]
    assert untouched == []


def test_ignored_pixels_change_no_loss(network):
    outputs = network.train()(IMAGES)
    loss = training_loss(outputs, MASKS, RECIPE)
    ignored = (MASKS == IGNORE)[:, None]
    changed = [torch.where(ignored, 7.0, answer) for answer in outputs_of(outputs)]
    if isinstance(outputs, TrainingOutputs):
        count = len(outputs.auxiliary)
        detail = None if outputs.detail is None else changed[-1]
        again = TrainingOutputs(changed[0], tuple(changed[1 : 1 + count]), detail)
    else:
        again = changed[0]
    found = float(training_loss(again, MASKS, RECIPE).total.detach())
    assert found == pytest.approx(float(loss.total.detach()), rel=1e-5)  # sums in another order


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_step_of_the_one_loop_trains_it(config, precision):
    if config.architecture in DEEPER or config.architecture.startswith(TORCHVISION):
        pytest.skip("the same layers as on fewer blocks, and large")
    recipe = replace(RECIPE, precision=precision)
    torch.manual_seed(0)
    state = new_state(config, recipe, torch.device("cpu"))
    before = copy.deepcopy(state.network.state_dict())
    pixels = ((IMAGES + 1) / 2).float()
    row = take_step(state, Batch(step=0, images=pixels, masks=MASKS), recipe, torch.device("cpu"))
    assert row.loss > 0
    after = state.network.state_dict()
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.slow  # emulated on most processors
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_answers_about_the_same(config, network, dtype):
    if config.architecture in DEEPER:
        pytest.skip("the same layers as on fewer blocks")
    left = inference_network(network)
    with torch.inference_mode():
        full, half = left(IMAGES), left.to(dtype)(IMAGES.to(dtype))
    assert half.dtype == dtype
    scale = full.std() + 0.1 * full.abs().max()  # untrained, some answer nearly the same everywhere
    assert (half.float() - full).abs().mean() < 0.25 * scale


def test_saved_and_loaded_it_answers_the_same(config, network, tmp_path):
    if config.architecture in DEEPER:
        pytest.skip("the same layers as on fewer blocks")
    write_model(tmp_path, network, describe(network, config))
    with torch.inference_mode():
        assert torch.equal(load_network(tmp_path)(IMAGES), network.eval()(IMAGES))


@pytest.mark.slow  # traces every network
def test_torch_export_answers_the_same(config, network):
    if config.architecture in DEEPER:
        pytest.skip("the same layers as on fewer blocks")
    left = inference_network(network)
    program = torch.export.export(left, (IMAGES,))
    with torch.inference_mode():
        torch.testing.assert_close(program.module()(IMAGES), left(IMAGES))


@pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None or importlib.util.find_spec("onnx") is None,
    reason="openvino or onnx is not installed",
)
def test_the_graph_that_is_handed_on_answers_the_same(config, network, tmp_path):
    if config.architecture in DEEPER:
        pytest.skip("the same layers as on fewer blocks")
    left = fold_batch_norms(inference_network(network))
    graph = FrameNetwork(left, Normalisation()).eval()
    write_onnx(graph, tmp_path / "graph.onnx")
    frames = drawn_frames((61, 83))
    found = OpenVinoBackend(tmp_path / "graph.onnx", any_size=True).probability(frames)
    np.testing.assert_allclose(found, eager_answer(graph, frames), atol=1e-4)


def test_a_seed_decides_the_weights(config):
    if config.architecture in DEEPER or config.architecture.startswith(TORCHVISION):
        pytest.skip("the same layers as on fewer blocks, and large")
    torch.manual_seed(7)
    first = build_model(config).state_dict()
    torch.manual_seed(7)
    again = build_model(config).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize(
    ("architecture", "backbone"),
    [(name, backbone) for name, offered in BACKBONES.items() for backbone in offered[1:]],
)
def test_every_encoder_keeps_the_contract(architecture, backbone):
    torch.manual_seed(0)
    network = build_model(ModelConfig(architecture=architecture, width=4, backbone=backbone))
    training_loss(network.train()(IMAGES), MASKS, RECIPE).total.backward()
    assert [name for name, p in network.named_parameters() if p.grad is None] == []
    with torch.inference_mode():
        assert network.eval()(torch.zeros(1, 3, 33, 17)).shape == (1, 1, 33, 17)
