from dataclasses import replace

import pytest
import torch

from segmentation.config import ModelConfig
from segmentation.model_folder import load_network, read_description
from segmentation.training import train as loop
from segmentation.training.train import train
from tests.segmentation.factories_split import TINY, small_split
from tests.segmentation.training.test_clips import write_sequence

CLIPS = replace(TINY, batch_size=4, clip_frames=3)


class Killed(Exception):
    pass


@pytest.fixture(autouse=True)
def no_curves(monkeypatch):
    monkeypatch.setattr(loop, "draw_curves", lambda *args, **options: None)


@pytest.fixture
def data(tmp_path):
    return small_split(tmp_path / "data")


def run(data, folder, config=CLIPS, *, clip_output="each", **other):
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    model = ModelConfig(architecture="convlstm_unet", width=2, clip_output=clip_output)
    return train(model, config, data, data, out, work_dir=folder / "work", **other)


def memory_of(folder):
    return load_network(folder / "out").get_parameter("cell.gates.weight")


@pytest.mark.parametrize("clip_output", ["each", "last"])
def test_a_network_that_remembers_learns_from_clips(data, tmp_path, clip_output):
    run(data, tmp_path / "clips", clip_output=clip_output)
    run(data, tmp_path / "stills", replace(CLIPS, clip_frames=1), clip_output=clip_output)
    assert not torch.equal(memory_of(tmp_path / "clips"), memory_of(tmp_path / "stills"))


def test_an_interrupted_training_on_clips_goes_on_to_the_same_bits(data, tmp_path):
    def kill(done, total):
        if done == 3:
            raise Killed

    write_sequence(tmp_path / "sequences" / "door")
    config = replace(CLIPS, sequences=str(tmp_path / "sequences"))
    whole = run(data, tmp_path / "whole", config)
    with pytest.raises(Killed):
        run(data, tmp_path / "killed", config, progress=kill)
    (tmp_path / "sequences").rename(tmp_path / "moved")  # the same sequences elsewhere
    resumed = run(data, tmp_path / "killed", replace(config, sequences=str(tmp_path / "moved")))
    assert resumed.resumed_from_step == 2
    assert resumed.weights.read_bytes() == whole.weights.read_bytes()
    described = [
        (tmp_path / name / "out" / "model.json").read_bytes() for name in ("whole", "killed")
    ]
    assert described[0] == described[1]


def test_sequences_are_part_of_what_was_seen(data, tmp_path):
    write_sequence(tmp_path / "sequences" / "door")
    run(data, tmp_path / "real", replace(CLIPS, sequences=str(tmp_path / "sequences")))
    run(data, tmp_path / "drawn")
    facts = read_description(tmp_path / "real" / "out").training
    assert len(facts.sequences_digest) == 64
    assert str(tmp_path) not in (tmp_path / "real" / "out" / "model.json").read_text()
    assert read_description(tmp_path / "drawn" / "out").training.sequences_digest == ""
    assert not torch.equal(memory_of(tmp_path / "real"), memory_of(tmp_path / "drawn"))
