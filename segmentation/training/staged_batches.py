"""The batches of a training that goes through stages: other crops from a share of it on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Generator

from segmentation.config import ModelConfig, TrainConfig
from segmentation.data import SplitData
from segmentation.training.batches import Batch, prepared_ahead, sample_cache
from segmentation.training.clips import batches_for
from segmentation.training.schedule import share_done
from segmentation.training.sequences import LabelledSequences


class StagedBatches:
    """Every batch by the recipe of the stage that its step falls into.

    By steps alone that is a function of the step. With ``max_seconds`` it is the time at which a
    batch is prepared that counts, one step ahead of its own.

    Args:
        model: whether it sees clips.
        data: single images.
        config: the recipe with its stages.
        sequences: real clips; None where there are none.
        elapsed_s: seconds trained so far.
    """

    def __init__(
        self,
        model: ModelConfig,
        data: SplitData,
        config: TrainConfig,
        sequences: LabelledSequences | None,
        elapsed_s: Callable[[], float],
    ) -> None:
        self._config = config
        self._elapsed_s = elapsed_s
        self._begins = [stage.begins for stage in config.stages]
        cache = sample_cache(data, config)
        self._batches = [
            batches_for(model, data, recipe, sequences, cache) for recipe in config.recipes
        ]

    def batch(self, step: int) -> Batch:
        """The batch of one step."""
        done = share_done(step, self._config, self._elapsed_s())
        return self._batches[bisect_right(self._begins, done)].batch(step)

    def stream(self, first: int, stop: int) -> Generator[Batch, None, None]:
        """Batches ``first`` to ``stop - 1``, prepared ahead by ``workers`` threads."""
        return prepared_ahead(self.batch, first, stop, workers=self._config.workers)
