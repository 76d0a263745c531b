"""A store with judged models and without a dataset: what comparison and champion read."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

from assets import models
from pipelines.executors import GpuSlots
from pipelines.storage.store import Store
from segmentation.champions.champion_rule import ChampionRule
from segmentation.inference.inference_config import InferenceConfig
from tests.segmentation.factories_evaluation import DATA, write_judged_model

#: Hits of 100 human pixels on each of 20 images.
PLAIN = [40 + place for place in range(20)]
BETTER = [hits + 6 for hits in PLAIN]
#: Better on average, but not on every image.
LUCKY = [hits + (21 if place % 2 else -19) for place, hits in enumerate(PLAIN)]


def publish_judged(
    store: Store,
    scratch: Path,
    name: str,
    hits: Sequence[int],
    *,
    seed: float,
    fell: bool = True,
    **other: str,
) -> None:
    """Publish a model whose loss fell, or rose, and its evaluation."""
    model, evaluation = write_judged_model(scratch / f"{name}-{seed}", hits, seed=seed, **other)
    loss = [2.0, 1.0] if fell else [1.0, 2.0]
    pq.write_table(pa.table({"loss": loss}), model / "history.parquet")
    for asset, folder in (("trained_model", model), ("model_evaluation", evaluation)):
        with store.draft(asset, name) as draft:
            shutil.copytree(folder, draft, dirs_exist_ok=True)
            version = store.seal(draft, asset, name, code_version="1", inputs=(), config={})
        store.publish(version)


def split_of(digest: str = DATA) -> SimpleNamespace:
    """In place of ``SplitInputs``."""
    return SimpleNamespace(versions=[], load=lambda _split: SimpleNamespace(digest=digest))


def materialize(
    store: Store, folder: Path, *assets: str, tags: dict[str, str] | None = None, **rule: object
) -> dg.ExecuteInProcessResult:
    """Run some of the assets that need no dataset."""
    return dg.materialize(
        [getattr(models, name) for name in assets or ("champion_model",)],
        resources={
            "store": store,
            "dataset_config": "not read",
            "model_setup": SimpleNamespace(inference=InferenceConfig()),
            "champion_rule": ChampionRule(**rule),
            "gpu": GpuSlots(folder / "locks", slots=1, device="cpu"),
        },
        tags=tags,
        raise_on_error=False,
    )
