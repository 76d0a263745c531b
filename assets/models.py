"""Dataset to trained, measured, promoted model."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from assets.champions import ChampionContest, EvaluatedModels
from assets.checks import specs
from assets.dataset import dataset_split, human_masks
from assets.partitions import ARCHITECTURE
from assets.progress import log_progress
from assets.publishing import RETRY, Event, need, publish
from assets.resources import GpuGuard, ModelSetup, VersionStore
from dataset_build.config import DatasetConfig
from segmentation.champions.champion_rule import ChampionRule
from segmentation.config import ModelConfig
from segmentation.training.origin import model_by_content, recipe_by_content

if TYPE_CHECKING:
    from segmentation.data import SplitData

STORE = dg.ResourceParam[VersionStore]
CONFIG = dg.ResourceParam[DatasetConfig]
GPU = dg.ResourceParam[GpuGuard]
MODELS = dg.ResourceParam[ModelSetup]
RULE = dg.ResourceParam[ChampionRule]
#: What a step asks of a Ray cluster, when the executor is ``ray``.
RAY_GPU_STEP = {"dagster-ray/config": '{"num_cpus": 1, "num_gpus": 0.25}'}


@dg.asset(
    group_name="models",
    partitions_def=ARCHITECTURE,
    deps=[dataset_split, human_masks],
    check_specs=specs("trained_model"),
    code_version="2",
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
    """Weights (safetensors, ONNX), history, curves and card of one architecture; resumable."""
    from segmentation.inference import export
    from segmentation.training import train

    model = model_setup.models.get(context.partition_key) or ModelConfig(
        architecture=context.partition_key
    )
    data = SplitInputs(store, dataset_config)
    training = replace(model_setup.training, device=gpu.device)
    work_dir = model_setup.work_dir / data.split.digest / context.partition_key

    def make(out: Path) -> object:
        summary = train.train(
            model,
            training,
            data.load("train", object_kinds=model.object_kinds),
            data.load("val"),
            out,
            work_dir=work_dir,
            progress=log_progress(context),
        )
        export.export_beside(out)
        return summary

    with gpu.slot():
        yield from publish(
            context,
            store,
            make,
            inputs=data.versions,
            config={"model": _by_content(model), "training": recipe_by_content(training)},
            afterwards=lambda _: shutil.rmtree(work_dir),  # nothing is left to resume
        )


def _by_content(model: ModelConfig) -> ModelConfig:
    """The network, for provenance: the weights that it starts from are named by content."""
    try:
        return model_by_content(model)
    except (ValueError, FileNotFoundError) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error


@dg.asset(
    group_name="models",
    partitions_def=ARCHITECTURE,
    deps=[trained_model, dataset_split, human_masks],
    check_specs=specs("model_evaluation"),
    code_version="6",
    pool="gpu",
    op_tags=RAY_GPU_STEP,
    retry_policy=RETRY,
    kinds={"python", "pytorch"},
)
def model_evaluation(
    context: dg.AssetExecutionContext,
    store: STORE,
    dataset_config: CONFIG,
    model_setup: MODELS,
    gpu: GPU,
) -> Iterator[Event]:
    """Scores with intervals on the test split, by source; counts of every image are kept."""
    from segmentation.evaluation import evaluate

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
                steps=model_setup.inference.postprocess,
                progress=log_progress(context),
            ),
            inputs=[model, *data.versions],
            config={"device": gpu.device, "steps": model_setup.inference.postprocess},
        )


@dg.asset(
    group_name="models",
    deps=[trained_model, model_evaluation, "model_speed"],
    check_specs=specs("model_comparison"),
    code_version="3",
    retry_policy=RETRY,
    kinds={"python", "parquet"},
)
def model_comparison(
    context: dg.AssetExecutionContext,
    store: STORE,
    dataset_config: CONFIG,
    model_setup: MODELS,
    champion_rule: RULE,
) -> Iterator[Event]:
    """Every evaluated model on the same test images: accuracy, speed and size, with intervals."""
    from segmentation.champions import comparison

    models, data = EvaluatedModels(store, model_setup.inference), SplitInputs(store, dataset_config)
    yield from publish(
        context,
        store,
        lambda out: comparison.compare_models(
            models.entrants(),
            out,
            data_digest=data.load("test").digest,
            steps=model_setup.inference.postprocess.name,
            metric=champion_rule.metric,
        ),
        inputs=[*models.versions, *data.versions],
        config={"rule": champion_rule, "inference": model_setup.inference},
    )


@dg.asset(
    group_name="models",
    deps=[trained_model, model_evaluation, "model_speed"],
    check_specs=specs("champion_model"),
    code_version="5",
    pool="gpu",
    op_tags=RAY_GPU_STEP,
    retry_policy=RETRY,
    kinds={"python", "pytorch"},
)
def champion_model(
    context: dg.AssetExecutionContext,
    store: STORE,
    dataset_config: CONFIG,
    model_setup: MODELS,
    champion_rule: RULE,
    gpu: GPU,
) -> Iterator[Event]:
    """The champion: it stays until a candidate is surely better on the newest test split."""
    data = SplitInputs(store, dataset_config)
    contest = ChampionContest(context, store, data, model_setup.inference)
    yield from publish(
        context,
        store,
        lambda out: contest.settle(out, champion_rule, gpu),
        inputs=contest.versions,
        config=contest.config(champion_rule),
        afterwards=contest.record,
    )


@dg.asset(
    group_name="models",
    partitions_def=ARCHITECTURE,
    deps=[trained_model],
    check_specs=specs("model_speed"),
    code_version="2",
    pool="gpu",
    op_tags=RAY_GPU_STEP,
    retry_policy=RETRY,
    kinds={"python", "pytorch"},
)
def model_speed(
    context: dg.AssetExecutionContext, store: STORE, model_setup: MODELS, gpu: GPU
) -> Iterator[Event]:
    """Latency, throughput, memory, FLOPs by backend: about this machine, never twice the same."""
    from segmentation.speed import speed

    model = need(store, "trained_model", context.partition_key)
    with gpu.slot():
        yield from publish(
            context,
            store,
            lambda out: speed.measure_speed(
                store.path(model), out, device=gpu.device, config=model_setup.speed
            ),
            inputs=[model],
            config={
                "device": gpu.device,
                "protocol": model_setup.speed,
                "reproducible": "not to the byte: these are times",
            },
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

    def load(self, split: str, *, object_kinds: bool = False) -> "SplitData":
        """``segmentation.data.SplitData`` of one split, with the kinds of things or without."""
        from dataset_build.sources.object_kinds import ObjectKinds
        from segmentation.data import SplitData

        kinds = ObjectKinds(self._roots) if object_kinds else None
        return SplitData(self._ledger, self._packs, self._roots, split, kinds=kinds)
