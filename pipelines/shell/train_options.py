"""Settings of one training run, changed by options of ``learned-normal train``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.settings import Settings, SettingsError
from segmentation.config import WEIGHTS_CACHE


def with_train_options(
    settings: Settings,
    architecture: str,
    *,
    weights: str | None = None,
    width: int | None = None,
    steps: int | None = None,
    head_steps: int | None = None,
) -> Settings:
    """Settings for one run; what is None stays as the home has it.

    Args:
        settings: of the home; its file is not changed.
        architecture: the one to be trained.
        weights: to start from: a file, or "cache" for torchvision's.
        width: channels, as in ``ModelConfig``.
        steps: as in ``TrainConfig``.
        head_steps: as in ``TrainConfig``.

    Raises:
        SettingsError: no such file, values that no training could use, or an executor whose other
            processes would not see the options.
    """
    model = _given(weights=_found(weights), width=width)
    training = _given(steps=steps, head_steps=head_steps)
    if not (model or training):
        return settings
    if settings.executor != "in_process":
        raise SettingsError(
            f"options of train hold in this process only, and executor = {settings.executor!r}"
            f" trains in another; write them to {settings.home / 'settings.yaml'}, under"
            f" models.{architecture} and training"
        )
    models = {**settings.models, architecture: {**settings.models.get(architecture, {}), **model}}
    changed = replace(settings, models=models, training={**settings.training, **training})
    changed.model_configs()  # refuses what does not fit, before anything runs
    changed.train_config()
    return changed


def _given(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _found(weights: str | None) -> str | None:
    """The file's full path: a run may start in another folder."""
    if weights is None or weights == WEIGHTS_CACHE:
        return weights
    path = Path(weights).resolve()
    if not path.is_file():
        raise SettingsError(f"--weights: no file {path}; name an existing one, or 'cache'")
    return str(path)
