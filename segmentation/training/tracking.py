"""Figures of a training sent to MLflow while it runs; the one place that knows MLflow."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from segmentation.config import ModelConfig, TrainConfig
from segmentation.training.checkpoint import HistoryRow

EXPERIMENT = "learned-normal"
#: In the folder of the checkpoint: fingerprint and run of a training that may go on.
RUN_FILE = "mlflow_run.txt"
#: A request may hold so many metrics at most, by MLflow's own limit.
_BATCH = 1000


class TrackingUnavailableError(RuntimeError):
    """Tracking is asked for, and MLflow is not installed."""


class Tracker:
    """Sends rows of history to one run; without an address it does nothing.

    A training that goes on after a kill goes on in the same run. Rows after the last checkpoint
    are then sent twice, with the same steps and values.

    Args:
        uri: where MLflow keeps runs; empty for nowhere.
        model: the network, sent as parameters.
        config: the recipe, sent as parameters.
        work_dir: of the checkpoint.
        fingerprint: names the training.

    Raises:
        TrackingUnavailableError: an address, and no MLflow.
    """

    def __init__(
        self, uri: str, model: ModelConfig, config: TrainConfig, work_dir: Path, fingerprint: str
    ) -> None:
        self._client: Any = _client(uri) if uri else None
        self._run_id = ""
        self._sent = 0
        if self._client is not None:
            parameters = {**_named("model", asdict(model)), **_named("training", asdict(config))}
            self._run_id = self._open_run(work_dir / RUN_FILE, fingerprint, parameters)

    def skip(self, rows: int) -> None:
        """Say that so many rows were sent before the training was interrupted."""
        self._sent = rows

    def send(self, history: Sequence[HistoryRow]) -> None:
        """Send the rows that were not sent yet."""
        if self._client is None:
            return
        from mlflow.entities import Metric

        now_ms = int(time.time() * 1000)
        metrics = [
            Metric(name, float(value), now_ms, row.step)
            for row in history[self._sent :]
            for name, value in asdict(row).items()
            if name != "step" and value is not None
        ]
        for start in range(0, len(metrics), _BATCH):
            self._client.log_batch(self._run_id, metrics=metrics[start : start + _BATCH])
        self._sent = len(history)

    def finish(self, results: Mapping[str, str]) -> None:
        """Close the run, with what became of the training as tags."""
        if self._client is None:
            return
        for name, value in results.items():
            self._client.set_tag(self._run_id, name, value)
        self._client.set_terminated(self._run_id)

    def _open_run(self, note: Path, fingerprint: str, parameters: Mapping[str, str]) -> str:
        if note.exists():
            known, _, run_id = note.read_text(encoding="utf-8").strip().partition(" ")
            if known == fingerprint:
                return run_id
        found = self._client.get_experiment_by_name(EXPERIMENT)
        experiment = found.experiment_id if found else self._client.create_experiment(EXPERIMENT)
        name = parameters["model.architecture"]
        run_id = str(self._client.create_run(experiment, run_name=name).info.run_id)
        for key, value in parameters.items():
            self._client.log_param(run_id, key, value)
        note.write_text(f"{fingerprint} {run_id}\n", encoding="utf-8")
        return run_id


def _client(uri: str) -> Any:  # noqa: ANN401 - MLflow has no types where it is not installed
    if find_spec("mlflow") is None:
        raise TrackingUnavailableError(
            f"training.mlflow_uri = {uri!r}, but MLflow is not installed; install"
            " learned-normal[mlflow], or leave mlflow_uri empty"
        )
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def _named(group: str, values: Mapping[str, object]) -> dict[str, str]:
    return {f"{group}.{name}": str(value) for name, value in values.items()}
