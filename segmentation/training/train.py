"""The training loop, whole: batches in, averaged weights out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from segmentation.config import ModelConfig, TrainConfig
from segmentation.data import SplitData
from segmentation.inference.predict import find_device, human_probability, to_images
from segmentation.metrics import THRESHOLD, HumanCounts, count_image
from segmentation.model_folder import ModelDescription, Normalisation, TrainingFacts, write_model
from segmentation.models.registry import count_parameters
from segmentation.training.batches import Batch
from segmentation.training.checkpoint import (
    HistoryRow,
    TrainState,
    fingerprint,
    load_checkpoint,
    new_state,
    save_checkpoint,
)
from segmentation.training.clips import sequences_of
from segmentation.training.curves import draw_curves
from segmentation.training.losses import training_loss
from segmentation.training.model_card import write_card
from segmentation.training.origin import model_by_content, recipe_by_content
from segmentation.training.phases import set_learning_rates, training_phase
from segmentation.training.pooled_norms import require_batch_for_norms
from segmentation.training.schedule import learning_rate, update_average
from segmentation.training.staged_batches import StagedBatches
from segmentation.training.tracking import Tracker
from segmentation.training.training_report import CURVES_FILE, published_iou, write_history


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """What a training did.

    Args:
        steps: steps taken, those before an interruption included.
        stopped_by: ``steps``, ``max_seconds`` or ``patience``.
        resumed_from_step: 0 for a training that began here.
        final_loss: mean over the last tenth of steps.
        val_iou: of the published weights on some validation images; None without validation.
        seconds: trained, over all runs; in no file, for files must not depend on the clock.
        curves: the picture; None where matplotlib is not installed.
    """

    architecture: str
    parameters: int
    images: int
    steps: int
    stopped_by: str
    resumed_from_step: int
    final_loss: float
    val_iou: float | None
    seconds: float
    data_digest: str
    weights: Path
    curves: Path | None


class DivergedError(ArithmeticError):
    """Loss or gradient is no longer a number."""


def train(
    model: ModelConfig,
    config: TrainConfig,
    data: SplitData,
    validation: SplitData | None,
    out: Path,
    *,
    work_dir: Path,
    progress: Callable[[int, int], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> TrainResult:
    """Train a network, or go on with the training that was interrupted in ``work_dir``.

    Args:
        model: the network.
        config: the recipe.
        data: what to learn from.
        validation: what to measure on along the way; None measures nothing.
        out: existing folder; receives weights.safetensors, model.json, history.parquet,
            curves.png and model_card.md.
        work_dir: for the checkpoint; one folder per training.
        progress: called with steps done and steps in all.
        clock: seconds, for ``max_seconds``.

    Raises:
        ValueError: no sample has people in it, cuda is asked for and absent, batches of one do
            not suit the network, patience is asked for without validation, or kinds without a
            split that tells them.
        FileNotFoundError: the weights to start from are missing.
        TrackingUnavailableError: MLflow is asked for and absent.
        CheckpointError: ``work_dir`` holds a file that is not ours.
        DivergedError: the loss became infinite or undefined.
    """
    device = find_device(config.device)
    work_dir.mkdir(parents=True, exist_ok=True)
    if config.patience_validations and validation is None:
        raise ValueError(
            f"patience_validations = {config.patience_validations} without validation images; give"
            " the split a validation share, or set it to 0"
        )
    if model.object_kinds and not data.tells_kinds:
        raise ValueError(
            "object_kinds = True, and no sample of the split tells kinds; open it with"
            " dataset_build.sources.object_kinds.ObjectKinds, and have VOC or COCO among them"
        )
    sequences = sequences_of(model, config)
    clips_digest = sequences.digest if sequences else ""
    digests = [data.digest, validation.digest if validation else "", clips_digest]
    name = fingerprint(model, config, digests)
    tracker = Tracker(config.mlflow_uri, model, config, work_dir, name)
    with reproducible(config, device):
        state = new_state(model, config, device)
        require_batch_for_norms(state.network, model, config)
        load_checkpoint(state, work_dir, name)
        resumed_from = state.step
        tracker.skip(resumed_from)
        started = clock() - state.elapsed_s
        source = StagedBatches(model, data, config, sequences, lambda: state.elapsed_s)
        with closing(source.stream(state.step, config.steps)) as batches:
            for batch in batches:
                if _stopping(state, config):
                    break
                state.history.append(take_step(state, batch, config, device))
                state.elapsed_s = clock() - started
                if state.step % config.validate_every == 0:
                    record_validation(state, validation, config, device)
                if state.step % config.checkpoint_every == 0:
                    tracker.send(state.history)
                    save_checkpoint(state, work_dir, name)
                if progress:
                    progress(state.step, config.steps)
        record_validation(state, validation, config, device)
        tracker.send(state.history)
        save_checkpoint(state, work_dir, name)
    tracker.finish({"stopped_by": _stopping(state, config), "data_digest": data.digest})
    description = ModelDescription(
        model=model_by_content(model),
        parameters=count_parameters(state.network),
        training=TrainingFacts(
            steps=state.step,
            stopped_by=_stopping(state, config),
            images=len(data),
            data_digest=data.digest,
            recipe=recipe_by_content(config),
            sequences_digest=clips_digest,
        ),
    )
    return _write(description, config, data, validation, state, out, resumed_from)


def take_step(
    state: TrainState, batch: Batch, config: TrainConfig, device: torch.device
) -> HistoryRow:
    """One batch forward and back; changes ``state``."""
    torch.manual_seed(config.seed + 1 + batch.step)  # dropout of this step, resumed or not
    lr = learning_rate(batch.step, config, state.elapsed_s)
    set_learning_rates(state.optimizer, lr, batch.step, config)
    images = Normalisation()(batch.images.to(device))  # (N, 3, crop, crop); of clips (N, T, ...)
    masks = batch.masks.to(device)  # (N, crop, crop)
    if images.ndim == 4:
        images = images.contiguous(memory_format=torch.channels_last)
    half = torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16")
    with training_phase(state.network, batch.step, config):
        with half:
            outputs = state.network(images)
        loss = training_loss(outputs, masks, config)
        state.optimizer.zero_grad(set_to_none=True)
        loss.total.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(state.network.parameters(), config.clip_norm)
    row = HistoryRow(
        step=batch.step + 1,
        loss=float(loss.total.detach()),
        pixel_loss=float(loss.pixels.detach()),
        region_loss=float(loss.region.detach()),
        auxiliary_loss=float(loss.auxiliary.detach()),
        detail_loss=float(loss.detail.detach()),
        lr=lr,
        grad_norm=float(norm.detach()),
    )
    _require_finite(row)
    state.optimizer.step()
    update_average(state.average, state.network, batch.step, config.ema_decay)
    state.step = batch.step + 1
    return row


def record_validation(
    state: TrainState, validation: SplitData | None, config: TrainConfig, device: torch.device
) -> None:
    """Write the averaged network's IoU into the last row, unless it stands there already."""
    if validation is None or not state.history or state.history[-1].val_iou is not None:
        return
    counts = HumanCounts()
    state.average.eval()
    for number in _spread(len(validation), config.validation_images):
        sample = validation.load(number, max_side_px=config.validation_side_px)
        image = to_images(sample.image_hwc_rgb[None]).to(device)
        found = human_probability(state.average, image, Normalisation())[0].cpu().numpy()
        counts += count_image(found >= THRESHOLD, sample.mask_hw)
    iou = counts.iou or 0.0
    state.history[-1] = replace(state.history[-1], val_iou=iou)
    if config.patience_validations:
        state.best.judge(state.average, state.step, iou)


def _stopping(state: TrainState, config: TrainConfig) -> str:
    """Why no further step is taken; empty while there is one to take."""
    if state.step >= config.steps:
        return "steps"
    if state.best.exhausted(config.patience_validations):
        return "patience"
    if config.max_seconds is not None and state.elapsed_s >= config.max_seconds:
        return "max_seconds"
    return ""


def _spread(available: int, wanted: int) -> list[int]:
    """At most ``wanted`` numbers, evenly spread over ``0 .. available - 1``."""
    count = min(available, wanted)
    return [number * available // count for number in range(count)]


@contextmanager
def reproducible(config: TrainConfig, device: torch.device) -> Iterator[None]:
    """Seeded, with a fixed number of threads; the caller's torch is as before afterwards."""
    threads = torch.get_num_threads()
    devices = [device] if device.type == "cuda" else []
    with (
        torch.random.fork_rng(devices=devices),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True),
    ):
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _require_finite(row: HistoryRow) -> None:
    if not (math.isfinite(row.loss) and math.isfinite(row.grad_norm)):
        raise DivergedError(
            f"step {row.step}: loss {row.loss}, gradient {row.grad_norm}, learning rate"
            f" {row.lr:.2g}; lower max_lr or raise warmup_steps"
        )


def _write(
    description: ModelDescription,
    config: TrainConfig,
    data: SplitData,
    validation: SplitData | None,
    state: TrainState,
    out: Path,
    resumed_from: int,
) -> TrainResult:
    if state.best.weights:
        state.average.load_state_dict(state.best.weights)
    weights = write_model(out, state.average, description)
    write_history(state.history, out)
    write_card(description, data, validation, state.history, out)
    tail = state.history[-max(1, len(state.history) // 10) :]
    model = description.model
    return TrainResult(
        architecture=model.architecture,
        parameters=description.parameters.total,
        images=len(data),
        steps=state.step,
        stopped_by=description.training.stopped_by,
        resumed_from_step=resumed_from,
        final_loss=sum(row.loss for row in tail) / max(1, len(tail)),
        val_iou=published_iou(state.history, best=bool(config.patience_validations)),
        seconds=state.elapsed_s,
        data_digest=data.digest,
        weights=weights,
        curves=draw_curves(
            state.history, out / CURVES_FILE, title=f"{model.architecture}, width {model.width}"
        ),
    )
