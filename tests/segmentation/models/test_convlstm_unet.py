import pytest
import torch

from segmentation.config import TrainConfig
from segmentation.models.convlstm_unet import STILL_FRAMES, ConvLSTMCell, ConvLSTMUNet, Memory
from segmentation.models.registry import count_parameters
from segmentation.training.losses import training_loss


@pytest.fixture
def network():
    """No layer is dead, and frames that were seen before matter visibly."""
    torch.manual_seed(0)
    network = ConvLSTMUNet(width=4).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        network.expand.weight.mul_(20)
    return network


def clip_of(frames, seed=1):
    return torch.rand(2, frames, 3, 17, 20, generator=torch.manual_seed(seed))


@pytest.mark.parametrize(
    ("channels_in", "channels", "parameters"),
    [
        (1024, 1024, 75_501_568),
        (1024, 512, 28_313_600),
        (1024, 256, 11_797_504),
        (512, 512, 18_876_416),
    ],
)
def test_a_cell_has_the_size_of_the_formula(channels_in, channels, parameters):
    with torch.device("meta"):
        cell = ConvLSTMCell(channels_in, channels)
    assert count_parameters(cell).trainable == parameters


def test_the_whole_is_a_unet_and_a_small_memory():
    with torch.device("meta"):
        network = ConvLSTMUNet()
    assert count_parameters(network.unet).trainable == 31_043_521
    assert count_parameters(network).trainable == 36_288_705


def test_a_cell_keeps_what_its_gates_let_through():
    """One channel, gates at 0 except bias: sigmoid(0) = 1/2, sigmoid(ln 3) = 3/4."""
    cell = ConvLSTMCell(1, 1, kernel=1)
    with torch.no_grad():
        cell.gates.weight.zero_()
        cell.gates.bias.copy_(torch.tensor([0.0, torch.tensor(3.0).log(), 0.0, 1e3]))
    before = Memory(shown=torch.zeros(1, 1, 1, 1), kept=torch.full((1, 1, 1, 1), 2.0))
    after = cell(torch.zeros(1, 1, 1, 1), before)
    assert after.kept.item() == pytest.approx(0.75 * 2 + 0.5 * 1)
    assert after.shown.item() == pytest.approx(0.5 * torch.tensor(2.0).tanh().item())


def test_many_to_many_answers_every_frame_and_many_to_one_the_last(network):
    clip = clip_of(3)
    with torch.inference_mode():
        each = network(clip)
        network.last_only = True
        last = network(clip)
    assert each.shape == (2, 3, 1, 17, 20)
    torch.testing.assert_close(last, each[:, -1])


def test_no_frame_sees_the_future_and_each_sees_the_past(network):
    clip, other = clip_of(3), clip_of(3, seed=2)
    with torch.inference_mode():
        known = network(clip)
        future = network(torch.cat([clip[:, :2], other[:, 2:]], dim=1))
        past = network(torch.cat([other[:, :1], clip[:, 1:]], dim=1))
    torch.testing.assert_close(future[:, :2], known[:, :2])
    assert not torch.allclose(past[:, 2], known[:, 2], atol=1e-4)


def test_footage_frame_by_frame_gives_what_the_clip_gives(network):
    clip, memory = clip_of(4), None
    with torch.inference_mode():
        whole = network(clip)
        for number, frame in enumerate(clip.unbind(1)):
            logits, memory = network.advance(frame, memory)
            torch.testing.assert_close(logits, whole[:, number])


def test_a_single_image_is_a_scene_that_stands_still(network):
    images = clip_of(1)[:, 0]
    with torch.inference_mode():
        still = network(images)
        clip = network(images[:, None].expand(-1, STILL_FRAMES, -1, -1, -1))
    torch.testing.assert_close(still, clip[:, -1])


@pytest.mark.parametrize("shape", [(2, 3, 32, 32), (2, 2, 3, 32, 32)], ids=["images", "clips"])
def test_what_was_seen_before_is_learned_from(network, shape):
    masks = torch.randint(0, 2, (*shape[:-3], *shape[-2:])).byte()
    training_loss(network.train()(torch.rand(shape)), masks, TrainConfig()).total.backward()
    seen_before = network.cell.gates.weight.grad[:, network.cell.channels :]
    assert seen_before.any()
