import hashlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from dataset_build.sources.label_maps import NOT_HUMAN
from dataset_build.sources.object_kinds import FIRST_KIND
from segmentation.config import ModelConfig
from segmentation.inference.predict import HumanSegmenter
from segmentation.model_folder import load_network, read_description
from segmentation.stages import Stage
from segmentation.training import train as loop
from segmentation.training.checkpoint import CHECKPOINT_FILE, fingerprint
from segmentation.training.train import DivergedError, train
from tests.segmentation.factories_model import SMALL
from tests.segmentation.factories_split import TINY, draw, open_split, small_split, write_split

FILES = {"weights.safetensors", "model.json", "history.parquet", "curves.png", "model_card.md"}


class Killed(Exception):
    pass


@pytest.fixture(autouse=True)
def no_curves(request, monkeypatch):
    """Drawing takes longer than training here; one test draws."""
    if "curves" not in request.fixturenames:
        monkeypatch.setattr(loop, "draw_curves", lambda *args, **options: None)


@pytest.fixture
def curves():
    """Asks for real curves."""


@pytest.fixture
def data(tmp_path):
    return small_split(tmp_path / "data")


def run(data, folder, config=TINY, *, model=SMALL, validation=None, **other):
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    work_dir = other.pop("work_dir", folder / "work")
    return train(model, config, data, validation, out, work_dir=work_dir, **other)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "out").iterdir())}


def test_kinds_need_a_split_that_tells_them(data, tmp_path):
    model = ModelConfig(architecture="unet", width=2, backbone="resnet18", object_kinds=True)
    with pytest.raises(ValueError, match="no sample of the split tells kinds"):
        run(data, tmp_path, model=model)


def test_kinds_are_learned_and_left_out_of_inference(data, tmp_path, monkeypatch):
    class Cows:
        def told_beside(self, mask_hw, source, sample_id):
            return np.where(mask_hw == NOT_HUMAN, np.uint8(FIRST_KIND), mask_hw)

    monkeypatch.setattr(data, "_kinds", Cows())
    model = ModelConfig(architecture="unet", width=2, backbone="resnet18", object_kinds=True)
    run(data, tmp_path, model=model)
    history = pq.read_table(tmp_path / "out" / "history.parquet").to_pydict()
    assert min(history["auxiliary_loss"]) > 0
    assert read_description(tmp_path / "out").model.object_kinds
    assert load_network(tmp_path / "out").kinds_head is None


def test_two_runs_give_the_same_bytes(data, tmp_path, curves):
    torch.manual_seed(1)
    run(data, tmp_path / "1", validation=data)
    torch.manual_seed(2)  # the caller's generator does not matter
    run(data, tmp_path / "2", validation=data)
    first, again = contents(tmp_path / "1"), contents(tmp_path / "2")
    assert set(first) == FILES
    assert first == again


def test_seed_changes_the_weights(data, tmp_path):
    first = run(data, tmp_path / "1")
    other = run(data, tmp_path / "2", replace(TINY, seed=1))
    assert first.weights.read_bytes() != other.weights.read_bytes()


@pytest.mark.parametrize("killed_after", [1, 2, 3, 5])
def test_a_killed_training_goes_on_to_the_same_bits(data, tmp_path, killed_after):
    def kill(done, total):
        if done == killed_after:
            raise Killed

    run(data, tmp_path / "whole", validation=data)
    with pytest.raises(Killed):
        run(data, tmp_path / "killed", validation=data, progress=kill)
    resumed = run(data, tmp_path / "killed", validation=data)
    assert resumed.resumed_from_step == killed_after // 2 * 2  # a checkpoint every two steps
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.parametrize("killed_after", [2, 3, 4])
def test_a_training_in_stages_goes_on_to_the_same_bits(data, tmp_path, killed_after):
    def kill(done, total):
        if done == killed_after:
            raise Killed

    run(data, tmp_path / "whole", STAGED)
    with pytest.raises(Killed):
        run(data, tmp_path / "killed", STAGED, progress=kill)
    assert run(data, tmp_path / "killed", STAGED).resumed_from_step == killed_after // 2 * 2
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    card = (tmp_path / "whole" / "out" / "model_card.md").read_text()
    assert "| crops | 32 px, 2 a step; after 50 % of the training 64 px, 2 a step |" in card
    assert "people of 8 to 40 px" in card


def test_one_schedule_spans_all_stages(data, tmp_path):
    run(data, tmp_path / "plain")
    run(data, tmp_path / "staged", STAGED)
    plain, staged = (
        pq.read_table(tmp_path / name / "out" / "history.parquet")["lr"].to_pylist()
        for name in ("plain", "staged")
    )
    assert staged == plain


#: Trains ``killed`` in a process of its own, slowly enough to be caught in the middle.
CHILD = """
import sys, time
from pathlib import Path
from tests.segmentation.factories_split import open_split
from tests.segmentation.training.test_train import LONGER, run

folder = Path(sys.argv[1])
data = open_split(folder / "data", ["ade20k", "voc"], "train")
options = {"progress": lambda done, total: time.sleep(0.1)}
run(data, folder / "killed", LONGER, validation=data, **options)
"""
_LARGER = Stage(begins=0.5, crop_px=64, max_person_px=40)
STAGED = replace(TINY, stages=(_LARGER,))
LONGER = replace(TINY, steps=40, checkpoint_every=3, patience_validations=20, stages=(_LARGER,))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
def test_a_process_killed_outright_goes_on_to_the_same_bits(data, tmp_path):
    work_dir = tmp_path / "killed" / "work"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], cwd=Path(__file__).parents[3]
    )
    try:
        while not (work_dir / CHECKPOINT_FILE).exists() and child.poll() is None:
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "out" / "weights.safetensors").exists()
    resumed = run(data, tmp_path / "killed", LONGER, validation=data)
    assert 0 < resumed.resumed_from_step < LONGER.steps
    run(data, tmp_path / "whole", LONGER, validation=data)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_a_finished_training_is_not_repeated(data, tmp_path):
    run(data, tmp_path)
    before = contents(tmp_path)
    again = run(data, tmp_path)
    assert again.resumed_from_step == TINY.steps
    assert contents(tmp_path) == before


def test_another_recipe_starts_anew(data, tmp_path):
    run(data, tmp_path)
    other = run(data, tmp_path, replace(TINY, max_lr=0.01))
    assert other.resumed_from_step == 0


def test_history_has_a_row_per_step_and_no_clock(data, tmp_path):
    result = run(data, tmp_path, validation=data)
    history = pq.read_table(tmp_path / "out" / "history.parquet")
    assert history["step"].to_pylist() == [1, 2, 3, 4, 5, 6]
    assert [v is not None for v in history["val_iou"].to_pylist()] == [False, False, True] * 2
    assert result.val_iou == history["val_iou"].to_pylist()[-1]
    assert not {"seconds", "time"} & set(history.column_names)


def test_published_weights_are_the_average(data, tmp_path):
    run(data, tmp_path / "average")
    run(data, tmp_path / "last", replace(TINY, ema_decay=0.0))
    first, last = (load_network(tmp_path / name / "out") for name in ("average", "last"))
    assert not torch.equal(first.head.weight, last.head.weight)


def test_description_says_what_was_seen(data, tmp_path):
    result = run(data, tmp_path)
    found = read_description(tmp_path / "out")
    assert found.training.data_digest == data.digest == result.data_digest
    assert found.training.stopped_by == "steps"
    assert found.parameters.total == result.parameters
    card = (tmp_path / "out" / "model_card.md").read_text()
    assert "4 images, 3 with people and 1 without" in card
    assert "| ade20k | 1 |" in card
    assert json.loads((tmp_path / "out" / "model.json").read_text())["training"]["images"] == 4


def test_time_that_runs_out_stops_at_a_step(data, tmp_path):
    ticks = iter(range(1000))
    config = replace(TINY, max_seconds=3.0)
    result = run(data, tmp_path, config, clock=lambda: float(next(ticks)))
    assert (result.steps, result.stopped_by) == (3, "max_seconds")
    assert read_description(tmp_path / "out").training.stopped_by == "max_seconds"


def test_progress_counts_steps(data, tmp_path):
    seen = []
    run(data, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(step, 6) for step in range(1, 7)]


def test_torch_is_left_as_it_was(data, tmp_path):
    torch.manual_seed(5)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    run(data, tmp_path)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_a_loss_that_is_no_number_stops_the_training(data, tmp_path, monkeypatch):
    real = loop.training_loss

    def broken(*args, **options):
        parts = real(*args, **options)
        return replace(parts, total=parts.total * float("nan"))

    monkeypatch.setattr(loop, "training_loss", broken)
    with pytest.raises(DivergedError, match=r"step 1: loss nan.*lower max_lr"):
        run(data, tmp_path)


def test_bfloat16_trains_too(data, tmp_path):
    result = run(data, tmp_path, replace(TINY, precision="bfloat16"))
    assert result.final_loss < 10


def test_learns_four_drawn_images_by_heart(tmp_path):
    drawn = [draw(name, size_hw=(64, 64)) for name in "abcd"]
    data = write_split(tmp_path, drawn)
    config = replace(
        TINY,
        crop_px=64,
        batch_size=4,
        steps=60,
        max_lr=1e-2,
        warmup_steps=5,
        ema_decay=0.8,
        paste_share=0.0,
        grey_share=0.0,
        min_person_px=24,
        max_person_px=32,
        checkpoint_every=100,
        validate_every=100,
        validation_images=4,
        validation_side_px=64,
    )
    result = run(data, tmp_path, config, model=ModelConfig(width=4), validation=data)
    assert result.val_iou > 0.9
    seen = HumanSegmenter(tmp_path / "out").probability(drawn[0].image_hwc_rgb[None])[0] >= 0.5
    assert seen[drawn[0].mask_hw == 1].mean() > 0.9
    assert seen[drawn[0].mask_hw == 0].mean() < 0.05


def test_validation_is_read_from_its_own_split(tmp_path):
    drawn = [draw("a"), draw("b", split="val")]
    (tmp_path / "d").mkdir()
    data = write_split(tmp_path / "d", drawn)
    validation = open_split(tmp_path / "d", ["voc"], "val")
    result = run(data, tmp_path, validation=validation)
    assert 0.0 <= result.val_iou <= 1.0


# Early stopping.


@pytest.fixture
def scores(monkeypatch):
    """Validation IoUs to come, one after the other, each the share of a weight in the average."""
    given = iter([0.1, 0.4, 0.3, 0.2, 0.9, 0.9])

    def judge(state, validation, config, device):
        if state.history and state.history[-1].val_iou is None:
            iou = next(given)
            state.history[-1] = replace(state.history[-1], val_iou=iou)
            state.best.judge(state.average, state.step, iou)

    monkeypatch.setattr(loop, "record_validation", judge)


def test_patience_ends_training_and_publishes_the_best(data, tmp_path, scores, monkeypatch):
    config = replace(TINY, validate_every=1, patience_validations=2)
    result = run(data, tmp_path / "patient", config, validation=data)
    assert (result.steps, result.stopped_by, result.val_iou) == (4, "patience", 0.4)
    assert "the best of all steps" in (tmp_path / "patient" / "out" / "model_card.md").read_text()
    history = pq.read_table(tmp_path / "patient" / "out" / "history.parquet")
    assert history["val_iou"].to_pylist() == [0.1, 0.4, 0.3, 0.2]

    published = load_network(tmp_path / "patient" / "out").state_dict()
    with pytest.raises(Killed):  # a checkpoint every two steps: the average after the second
        whole = replace(config, patience_validations=0)
        monkeypatch.setattr(loop, "record_validation", lambda *arguments: None)
        run(data, tmp_path / "two", whole, progress=stop_after_saving(3))
    average = torch.load(tmp_path / "two" / "work" / CHECKPOINT_FILE, weights_only=True)["average"]
    assert all(torch.equal(published[name], average[name]) for name in published)


def stop_after_saving(step):
    def stop(done, total):
        if done == step:
            raise Killed

    return stop


def test_an_exhausted_training_is_not_taken_up_again(data, tmp_path):
    config = replace(TINY, steps=30, validate_every=1, patience_validations=1, max_lr=1e-9)
    first = run(data, tmp_path, config, validation=data)
    before = contents(tmp_path)
    assert first.stopped_by == "patience"
    assert run(data, tmp_path, config, validation=data).resumed_from_step == first.steps
    assert contents(tmp_path) == before


def test_patience_needs_validation(data, tmp_path):
    with pytest.raises(ValueError, match=r"patience_validations = 3.*validation share"):
        run(data, tmp_path, replace(TINY, patience_validations=3))


# Weights from elsewhere.


def test_weights_are_named_by_their_content(data, tmp_path):
    run(data, tmp_path / "a")
    run(data, tmp_path / "b", replace(TINY, seed=1))
    a, b = (tmp_path / name / "out" / "weights.safetensors" for name in "ab")
    copied = tmp_path / "moved.safetensors"
    copied.write_bytes(a.read_bytes())
    model = replace(SMALL, weights=str(a))
    name = fingerprint(model, TINY, [])
    assert name == fingerprint(replace(SMALL, weights=str(copied)), TINY, [])
    assert name != fingerprint(replace(SMALL, weights=str(b)), TINY, [])
    copied.write_bytes(b.read_bytes())
    assert name != fingerprint(replace(SMALL, weights=str(copied)), TINY, [])
    with pytest.raises(FileNotFoundError, match="no weights at"):
        fingerprint(replace(SMALL, weights=str(tmp_path / "absent")), TINY, [])


def test_training_goes_on_from_given_weights_and_says_so(data, tmp_path):
    run(data, tmp_path / "a")
    given = tmp_path / "a" / "out" / "weights.safetensors"
    still = replace(TINY, steps=1, max_lr=1e-12, ema_decay=0.0)
    run(data, tmp_path / "b", still, model=replace(SMALL, weights=str(given)))
    before, after = (load_network(tmp_path / name / "out").head.weight for name in "ab")
    torch.testing.assert_close(before, after)
    digest = hashlib.sha256(given.read_bytes()).hexdigest()
    card = (tmp_path / "b" / "out" / "model_card.md").read_text()
    assert f"`sha256:{digest[:16]}`; the backbone kept them for the first 0 steps" in card
    assert read_description(tmp_path / "b" / "out").model.weights == f"sha256:{digest}"


def test_batches_of_one_are_refused_before_training(data, tmp_path):
    model = ModelConfig(architecture="bisenetv1", width=8)
    with pytest.raises(ValueError, match="batch_size = 1: bisenetv1 pools"):
        run(data, tmp_path, replace(TINY, batch_size=1), model=model)
