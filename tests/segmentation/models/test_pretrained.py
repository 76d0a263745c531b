"""Weights from torchvision's cache or a file; a cache of our own stands in for torchvision's."""

import hashlib
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import resnet18
from torchvision.models.segmentation import lraspp_mobilenet_v3_large

from segmentation.config import ModelConfig
from segmentation.models import pretrained
from segmentation.models.blocks import human_logit
from segmentation.models.pretrained import cached_file, read_weights
from segmentation.models.registry import build_model, starting_model
from segmentation.tensor_file import TensorFileError

LRASPP = "torchvision_lraspp_mobilenet_v3_large"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """torchvision's cache, empty; saves a network's weights under a name that tells its sha256."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)

    def publish(network, stem, checksum=None):
        draft = folder / "draft"
        torch.save(network.state_dict(), draft)
        digits = checksum or hashlib.sha256(draft.read_bytes()).hexdigest()[:8]
        name = f"{stem}-{digits}.pth"
        monkeypatch.setattr(pretrained, "_published_urls", lambda _: [f"https://host/{name}"])
        return draft.rename(folder / name)

    return publish


@pytest.fixture(scope="module")
def lraspp():
    torch.manual_seed(0)
    return lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=21).eval()


def images():
    return torch.rand(1, 3, 33, 40, generator=torch.manual_seed(1))


def test_a_network_of_torchvision_answers_the_odds_of_its_person(cache, lraspp):
    cache(lraspp, "lraspp")
    network = starting_model(ModelConfig(architecture=LRASPP, weights="cache")).eval()
    with torch.inference_mode():
        odds = human_logit(lraspp(images())["out"], 15)
        torch.testing.assert_close(network(images())[:, 0], odds)


def test_with_its_own_classes_person_comes_where_human_is_expected(lraspp, tmp_path):
    torch.save(lraspp.state_dict(), tmp_path / "weights.pth")
    config = ModelConfig(architecture=LRASPP, classes=21, weights=str(tmp_path / "weights.pth"))
    with torch.inference_mode():
        theirs = lraspp(images())["out"]
        ours = starting_model(config).eval()(images())
    torch.testing.assert_close(ours[:, [15, 1, 0, 7]], theirs[:, [1, 15, 0, 7]])
    torch.testing.assert_close(human_logit(ours), human_logit(theirs, 15))


def test_our_deeplabv3_is_torchvisions():
    """The same weights in the same order give the same answer: layers, strides and dilations."""
    from torchvision.models.segmentation import deeplabv3_resnet50

    torch.manual_seed(0)
    theirs = deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=21).eval()
    ours = build_model(ModelConfig(architecture="deeplabv3", classes=21)).eval()
    tensors = list(theirs.state_dict().values())
    names = list(ours.state_dict())
    assert len(tensors) == len(names)
    ours.load_state_dict(dict(zip(names, tensors, strict=True)))
    x = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        torch.testing.assert_close(ours(x), theirs(x)["out"], rtol=1e-4, atol=1e-4)


def test_an_encoder_takes_imagenet_weights_and_leaves_the_classifier(cache):
    published = resnet18()
    cache(published, "resnet18")
    config = ModelConfig(architecture="deeplabv3plus", backbone="resnet18", weights="cache")
    network = starting_model(config)
    assert torch.equal(network.backbone.conv1.weight, published.conv1.weight)
    found = network.backbone.get_submodule("layer4.1.bn2").state_dict()
    torch.testing.assert_close(found, published.layer4[1].bn2.state_dict())


def test_a_file_is_read_whole(tmp_path):
    other = build_model(ModelConfig(width=2))
    save_file(other.state_dict(), tmp_path / "mine.safetensors")
    network = starting_model(ModelConfig(width=2, weights=str(tmp_path / "mine.safetensors")))
    torch.testing.assert_close(network.state_dict(), other.state_dict())


def test_weights_of_another_width_are_named(tmp_path):
    save_file(build_model(ModelConfig(width=3)).state_dict(), tmp_path / "wide.safetensors")
    with pytest.raises(TensorFileError, match=r"wide.safetensors does not fit unet of width 2"):
        starting_model(ModelConfig(width=2, weights=str(tmp_path / "wide.safetensors")))


class Harmful:
    def __reduce__(self):
        return (print, ("ran",))


def test_a_file_that_could_run_code_is_not_opened(tmp_path, capsys):
    torch.save({"weight": Harmful()}, tmp_path / "strange.pth")
    with pytest.raises(TensorFileError, match="pickle that could run anybody's code"):
        read_weights(tmp_path / "strange.pth")
    assert capsys.readouterr().out == ""


def test_other_things_than_tensors_are_refused(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "state.pth")
    with pytest.raises(TensorFileError, match="no state dict"):
        read_weights(tmp_path / "state.pth")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no weights at .*nowhere.pth"):
        read_weights(tmp_path / "nowhere.pth")


def test_a_damaged_cache_is_told_by_the_name(cache):
    cache(torch.nn.Conv2d(1, 1, 1), "resnet18", checksum="00000000")
    with pytest.raises(TensorFileError, match="expected 00000000"):
        cached_file(ModelConfig(architecture="bisenetv1"))


@pytest.mark.parametrize(
    ("config", "file"),
    [
        (ModelConfig(architecture="torchvision_deeplabv3_resnet50"), "deeplabv3_resnet50_coco"),
        (ModelConfig(architecture=LRASPP), "lraspp_mobilenet_v3_large-d234d4ea.pth"),
        (ModelConfig(architecture="deeplabv3plus"), "resnet50-11ad3fa6.pth"),
        (ModelConfig(architecture="deeplabv3", backbone="mobilenet_v2"), "mobilenet_v2-7ebf99e0"),
        (ModelConfig(architecture="bisenetv1"), "resnet18-f37072fd.pth"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.architecture,
)
def test_an_empty_cache_says_what_belongs_into_it(config, file, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=file):
        cached_file(config)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (ModelConfig(architecture="stdc1"), "torchvision publishes none for stdc1"),
        (ModelConfig(architecture="bisenetv1", width=16), "have width 64"),
    ],
)
def test_the_cache_has_nothing_for_some(config, said):
    with pytest.raises(ValueError, match=said):
        cached_file(config)


@pytest.mark.parametrize("before", [True, False])
def test_a_head_for_training_only_may_be_on_one_side_alone(before, tmp_path):
    config = ModelConfig(architecture="unet", width=8, backbone="resnet18", object_kinds=before)
    trained = build_model(config)
    save_file(trained.state_dict(), tmp_path / "weights.safetensors")
    weights = str(tmp_path / "weights.safetensors")
    network = starting_model(replace(config, object_kinds=not before, weights=weights))
    assert torch.equal(network.head.weight, trained.head.weight)
    assert torch.equal(network.backbone.conv1.weight, trained.backbone.conv1.weight)
    assert (network.kinds_head is None) == before
