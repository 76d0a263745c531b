import numpy as np
import pytest

from dataset_build.sources.label_maps import HUMAN
from segmentation.training.sequences import MAX_STRIDE, open_sequences
from tests.segmentation.training.test_clips import write_sequence


def position(sample):
    return int(np.nonzero((sample.mask_hw == HUMAN).any(axis=0))[0][0]) // 2


def test_a_clip_runs_at_an_even_pace_either_way(tmp_path):
    write_sequence(tmp_path / "door", frames=24)
    sequences = open_sequences(tmp_path)
    paces = set()
    for seed in range(60):
        clip = sequences.clip(4, np.random.default_rng(seed))
        steps = np.diff([position(one) for one in clip])
        assert len(set(steps)) == 1
        paces.add(int(steps[0]))
    assert paces == {*range(-MAX_STRIDE, 0), *range(1, MAX_STRIDE + 1)}


def test_a_short_sequence_ends_with_its_last_frame_again(tmp_path):
    write_sequence(tmp_path / "door", frames=2)
    clip = open_sequences(tmp_path).clip(4, np.random.default_rng(3))
    assert sorted(position(one) for one in clip) == [0, 1, 1, 1]


def test_the_digest_follows_the_content(tmp_path):
    write_sequence(tmp_path / "one" / "door")
    write_sequence(tmp_path / "other" / "door", frames=7)
    first = open_sequences(tmp_path / "one").digest
    assert open_sequences(tmp_path / "one").digest == first
    assert open_sequences(tmp_path / "other").digest != first


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_sequences_is_refused(tmp_path, name):
    (tmp_path / "empty" / "door" / "images").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"is no folder|no sequence of two labelled frames"):
        open_sequences(tmp_path / name)
