"""Dataset to trained, measured, promoted model."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from assets.checks import specs
from assets.dataset import dataset_split, human_masks
from assets.partitions import ARCHITECTURE
from assets.progress import log_progress
from assets.publishing import RETRY, Event, need, publish
from assets.resources import GpuGuard, ModelSetup, VersionStore
from dataset_build.config import DatasetConfig
from segmentation.config import ModelConfig

if TYPE_CHECKING:
    from segmentation.data import SplitData

STORE = dg.ResourceParam[VersionStore]
CONFIG = dg.ResourceParam[DatasetConfig]
GPU = dg.ResourceParam[GpuGuard]
MODELS = dg.ResourceParam[ModelSetup]
#: What a step asks of a Ray cluster, when the executor is ``ray``.
RAY_GPU_STEP = {"dagster-ray/config": '{"num_cpus": 1, "num_gpus": 0.25}'}


@dg.asset(
    group_name="models",
    partitions_def=ARCHITECTURE,
    deps=[dataset_split, human_masks],
    check_specs=specs("trained_model"),
    code_version="1",
    pool="gpu",
    op_tags=RAY_GPU_STEP,
    retry_policy=RETRY,
    kinds={"python", "pytorch"},
)
def trained_model(
    context: dg.AssetExecutionContext,
    store: STORE,
    dataset_config: CONFIG,
    model_setup: MODELS,
    gpu: GPU,
) -> Iterator[Event]:
    """Weights (safetensors), history, curves and card of one architecture; resumes after a kill."""
    from segmentation import train

    model = model_setup.models.get(context.partition_key) or ModelConfig(
        architecture=context.partition_key
    )
    data = SplitInputs(store, dataset_config)
    training = replace(model_setup.training, device=gpu.device)
    work_dir = model_setup.work_dir / data.split.digest / context.partition_key
    with gpu.slot():
        yield from publish(
            context,
            store,
            lambda out: train.train(
                model,
                training,
                data.load("train"),
                data.load("val"),
                out,
                work_dir=work_dir,
                progress=log_progress(context),
            ),
            inputs=data.versions,
            config={"model": model, "training": training},
            afterwards=lambda _: shutil.rmtree(work_dir),  # nothing is left to resume
        )


@dg.asset(
    group_name="models",
    partitions_def=ARCHITECTURE,
    deps=[trained_model, dataset_split, human_masks],
    check_specs=specs("model_evaluation"),
    code_version="2",
    pool="gpu",
    op_tags=RAY_GPU_STEP,
    retry_policy=RETRY,
    kinds={"python", "pytorch"},
)
def model_evaluation(
    context: dg.AssetExecutionContext, store: STORE, dataset_config: CONFIG, gpu: GPU
) -> Iterator[Event]:
    """IoU, Dice, pixel accuracy and no-human false positives on the test split, by source."""
    from segmentation import evaluate

    model = need(store, "trained_model", context.partition_key)
    data = SplitInputs(store, dataset_config)
    with gpu.slot():
        yield from publish(
            context,
            store,
            lambda out: evaluate.evaluate(
                store.path(model),
                data.load("test"),
                out,
                device=gpu.device,
                progress=log_progress(context),
            ),
            inputs=[model, *data.versions],
            config={"device": gpu.device},
        )


@dg.asset(
    group_name="models",
    deps=[trained_model, model_evaluation],
    check_specs=specs("champion_model"),
    code_version="2",
    retry_policy=RETRY,
    kinds={"python", "pytorch"},
)
def champion_model(
    context: dg.AssetExecutionContext, store: STORE, dataset_config: CONFIG
) -> Iterator[Event]:
    """The model with the best human IoU on the newest test split, and why it was chosen."""
    from segmentation import champion

    names = store.partitions("model_evaluation")
    evaluations = {name: need(store, "model_evaluation", name) for name in names}
    models = {name: need(store, "trained_model", name) for name in names}
    data = SplitInputs(
        store, dataset_config
    )  # comes before every evaluation, so no arrow of its own
    yield from publish(
        context,
        store,
        lambda out: champion.choose_champion(
            {name: store.path(version) for name, version in evaluations.items()},
            {name: store.path(version) for name, version in models.items()},
            out,
            data_digest=data.load("test").digest,
        ),
        inputs=[*evaluations.values(), *models.values(), *data.versions],
    )


class SplitInputs:
    """Current split and mask packs, as training and evaluation read them."""

    def __init__(self, store: VersionStore, config: DatasetConfig) -> None:
        self.split = need(store, "dataset_split")
        packs = {name: need(store, "human_masks", name) for name in config.source_roots}
        self.versions = [self.split, *packs.values()]
        self._ledger = store.path(self.split) / "ledger.parquet"
        self._packs: dict[str, Path] = {name: store.path(v) for name, v in packs.items()}
        self._roots = config.source_roots

    def load(self, split: str) -> "SplitData":
        """``segmentation.data.SplitData`` of one split."""
        from segmentation.data import SplitData

        return SplitData(self._ledger, self._packs, self._roots, split)
