import json

import pytest
import torch

from segmentation.config import ModelConfig
from segmentation.model_folder import (
    DESCRIPTION_FILE,
    WEIGHTS_FILE,
    Normalisation,
    load_network,
    read_description,
    weights_digest,
    write_model,
)
from segmentation.models.registry import build_model
from segmentation.tensor_file import TensorFileError, write_tensors
from tests.segmentation.factories_model import SMALL, describe, write_untrained


def test_network_and_description_come_back(tmp_path):
    network = build_model(SMALL)
    description = describe(network)
    write_model(tmp_path, network, description)
    assert read_description(tmp_path) == description
    found = load_network(tmp_path)
    assert not found.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor)


def test_same_weights_same_bytes(tmp_path):
    first, again = write_untrained(tmp_path / "1"), write_untrained(tmp_path / "2")
    assert weights_digest(first) == weights_digest(again)
    assert (first / DESCRIPTION_FILE).read_bytes() == (again / DESCRIPTION_FILE).read_bytes()


def test_description_states_all_parameters(tmp_path):
    values = json.loads((write_untrained(tmp_path) / DESCRIPTION_FILE).read_text())
    counts = values["parameters"]
    assert counts["total"] == counts["trainable"] + counts["statistics"]


def test_no_model_no_guess(tmp_path):
    with pytest.raises(FileNotFoundError, match="train a model first"):
        load_network(tmp_path)


@pytest.mark.parametrize(
    "change", [{"format": 99}, {"model": {"layers": 3}}, {"normalisation": {"mean": [1], "std": 2}}]
)
def test_a_description_that_cannot_be_read_is_refused(tmp_path, change):
    path = write_untrained(tmp_path) / DESCRIPTION_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match="train the model again"):
        read_description(tmp_path)


def test_weights_of_another_network_are_refused(tmp_path):
    write_untrained(tmp_path)
    other = build_model(ModelConfig(width=3))
    write_tensors(other.state_dict(), tmp_path / WEIGHTS_FILE)
    with pytest.raises(TensorFileError, match="does not fit"):
        load_network(tmp_path)


def test_pickled_weights_are_refused(tmp_path):
    write_untrained(tmp_path)
    torch.save(build_model(SMALL).state_dict(), tmp_path / WEIGHTS_FILE)
    with pytest.raises(TensorFileError, match="is a pickle"):
        load_network(tmp_path)


def test_normalisation_by_hand():
    scale = Normalisation(mean=(0.5, 0.0, 1.0), std=(0.5, 1.0, 2.0))
    found = scale(torch.tensor([1.0, 0.25, 0.0]).reshape(1, 3, 1, 1))
    assert found.flatten().tolist() == [1.0, 0.25, -0.5]
