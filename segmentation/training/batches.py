"""Batch number n of a training: a function of seed and n, so that a training can be resumed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from segmentation.config import TrainConfig
from segmentation.data import SplitData
from segmentation.training.augment import Crop, random_crop
from segmentation.training.colours import recolour
from segmentation.training.pasting import (
    MAX_PEOPLE,
    cut_out_person,
    cut_out_scenery,
    cut_out_thing,
    paste,
)
from segmentation.training.sampling import BalancedSampler, SampleCache

#: Half of the crops that get people pasted in begin as a place without any.
BACKGROUND_SHARE = 0.5
#: Half of what is pasted beside people is a whole thing, where the kinds of things are told.
THING_SHARE = 0.5


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Args:
        images: (N, 3, crop_px, crop_px) float32 in [0, 1]; of clips (N, T, 3, crop_px, crop_px).
        masks: (N, crop_px, crop_px) uint8 of NOT_HUMAN, HUMAN and IGNORE, and of kinds where the
            split tells them; of clips with T.
    """

    step: int
    images: Tensor
    masks: Tensor


class Batches:
    """All batches of a training, each made when it is asked for.

    Args:
        data: the samples.
        config: the recipe; its stages are not looked at.
        cache: of decoded samples, to share between recipes; None makes one.
    """

    def __init__(
        self, data: SplitData, config: TrainConfig, cache: SampleCache | None = None
    ) -> None:
        self._data = data
        self._config = config
        self._sampler = BalancedSampler(
            data, negative_share=config.negative_share, source_power=config.source_power
        )
        self._cache = cache or sample_cache(data, config)

    def batch(self, step: int) -> Batch:
        """The batch of one step."""
        images, masks = [], []
        for place in range(self._config.batch_size):
            rng = np.random.default_rng((self._config.seed, step, place))
            crop = self._crop(rng)
            images.append(recolour(crop.image_hwc_rgb, self._config, rng))
            masks.append(torch.from_numpy(crop.mask_hw))
        return Batch(step, torch.stack(images), torch.stack(masks))

    def _crop(self, rng: np.random.Generator) -> Crop:
        pasting = rng.random() < self._config.paste_share
        if pasting and rng.random() < BACKGROUND_SHARE:
            number = self._sampler.draw_background(rng)
        else:
            number = self._sampler.draw(rng)
        person_share = self._data.tallest_person_share(number)
        crop = random_crop(self._cache.load(number), person_share, self._config, rng)
        return self._with_pasted(crop, rng) if pasting else crop

    def _with_pasted(self, crop: Crop, rng: np.random.Generator) -> Crop:
        place = self._cache.load(self._sampler.draw_background(rng))
        thing = cut_out_thing(place, rng) if rng.random() < THING_SHARE else None
        cutouts = [thing or cut_out_scenery(place, rng)]
        for _ in range(int(rng.integers(1, MAX_PEOPLE + 1))):
            donor = self._cache.load(self._sampler.draw_with_people(rng))
            cutouts.append(cut_out_person(donor, rng))
        for number in rng.permutation(len(cutouts)):  # whatever comes last stands in front
            cutout = cutouts[number]
            if cutout is not None:
                crop = paste(crop, cutout, self._config, rng)
        return crop


def sample_cache(data: SplitData, config: TrainConfig) -> SampleCache:
    """Decoded samples at the size and within the memory that the recipe says."""
    return SampleCache(data, max_side_px=config.max_side_px, max_bytes=config.cache_mb * 2**20)


def prepared_ahead(
    batch: Callable[[int], Batch], first: int, stop: int, *, workers: int
) -> Generator[Batch, None, None]:
    """Batches ``first`` to ``stop - 1``, prepared ahead by so many threads; by none with 0."""
    if workers == 0:
        yield from map(batch, range(first, stop))
        return
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="batches")
    waiting: deque[Future[Batch]] = deque()
    try:
        for step in range(first, stop):
            waiting.append(pool.submit(batch, step))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
