"""The U-Net on a ResNet: its size, its levels, and what ImageNet weights fit."""

import torch

from dataset_build.sources.object_kinds import CLASSES
from segmentation.config import ModelConfig
from segmentation.models.outputs import TrainingOutputs, inference_network
from segmentation.models.registry import build_model, size_of
from segmentation.models.residual_unet import ResidualUNet, enlarge_in_place


def test_is_what_a_unet_on_a_resnet_is_made_as():
    network = build_model(ModelConfig(architecture="unet", width=8, backbone="resnet18"))
    assert isinstance(network, ResidualUNet)


def test_number_of_parameters():
    """ResNet-18 without its classifier, and six convolutions with norms on the way up."""
    encoder = 11_176_512
    convolutions = 9 * (768 * 256 + 256 * 256 + 384 * 128 + 128 * 128 + 192 * 128 + 128 * 128)
    norms, head = 2 * (256 + 256 + 4 * 128), 128 + 1
    found = size_of(ModelConfig(architecture="unet", backbone="resnet18"))
    assert found.parameters_inference == encoder + convolutions + norms + head


def test_kinds_are_answered_in_training_and_nowhere_else():
    config = ModelConfig(architecture="unet", width=8, backbone="resnet18", object_kinds=True)
    network, images = build_model(config), torch.rand(2, 3, 33, 50)
    trained = network.train()(images)
    assert isinstance(trained, TrainingOutputs)
    assert trained.main.shape == (2, 1, 33, 50)
    assert trained.kinds.shape == (2, CLASSES, 9, 13)  # pixels 0, 4, .. 32 and 0, 4, .. 48
    assert network.eval()(images).shape == (2, 1, 33, 50)
    assert not any(name.startswith("kinds") for name in inference_network(network).state_dict())


def test_torchvisions_encoder_fits():
    from torchvision.models import resnet18

    with torch.device("meta"):
        theirs, ours = resnet18(), ResidualUNet("resnet18").backbone
    names = {name for name in theirs.state_dict() if not name.startswith("fc.")}
    assert set(ours.state_dict()) == names


def test_cells_return_to_the_pixels_that_they_came_from():
    row = torch.tensor([[[[0.0, 4.0, 8.0]]]])
    assert enlarge_in_place(row, 2)[0, 0, 0].tolist() == [0, 2, 4, 6, 8, 8]
    assert enlarge_in_place(row, 4)[0, 0, 3].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8]


def test_the_answer_at_a_pixel_depends_on_pixels_far_away():
    torch.manual_seed(0)
    network = ResidualUNet("resnet18", width=8).eval()
    image = torch.rand(1, 3, 128, 128, requires_grad=True)
    network(image)[0, 0, 64, 64].backward()
    reached = image.grad[0].abs().sum(dim=0).nonzero()
    assert (reached.max(dim=0).values - reached.min(dim=0).values).min() > 100
