"""The champion of a home as a segmenter, for commands that look at footage outside of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from camera_analysis.labelling.segmenter import Segmenter
from pipelines.executors import GpuSlots
from pipelines.resources import open_store
from pipelines.settings import Settings


@contextmanager
def champion_segmenter(settings: Settings) -> Iterator[Segmenter | None]:
    """The champion on this machine's device, a GPU slot held meanwhile; None without a champion."""
    store = open_store(settings)
    champion = store.current("champion_model")
    if champion is None:
        yield None
        return
    from segmentation.inference.predict import HumanSegmenter

    guard = GpuSlots(settings.home / "locks", slots=settings.gpu_slots, device=settings.device)
    with guard.slot():
        yield HumanSegmenter(
            store.path(champion),
            guard.device,
            inference=settings.inference_config(),
            cache=settings.home / "cache" / "exports",
        )
