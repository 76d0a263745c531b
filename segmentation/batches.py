"""Batch number n of a training: a function of seed and n, so that a training can be resumed."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from segmentation.augment import Crop, random_crop
from segmentation.colours import recolour
from segmentation.config import TrainConfig
from segmentation.data import SplitData
from segmentation.pasting import (
    MAX_PEOPLE,
    cut_out_person,
    cut_out_scenery,
    cut_out_thing,
    paste,
)
from segmentation.sampling import BalancedSampler, SampleCache

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
    """All batches of a training, each made when it is asked for."""

    def __init__(self, data: SplitData, config: TrainConfig) -> None:
        self._data = data
        self._config = config
        self._sampler = BalancedSampler(
            data, negative_share=config.negative_share, source_power=config.source_power
        )
        self._cache = SampleCache(
            data, max_side_px=config.max_side_px, max_bytes=config.cache_mb * 2**20
        )

    def batch(self, step: int) -> Batch:
        """The batch of one step."""
        images, masks = [], []
        for place in range(self._config.batch_size):
            rng = np.random.default_rng((self._config.seed, step, place))
            crop = self._crop(rng)
            images.append(recolour(crop.image_hwc_rgb, self._config, rng))
            masks.append(torch.from_numpy(crop.mask_hw))
        return Batch(step, torch.stack(images), torch.stack(masks))

    def stream(self, first: int, stop: int) -> Generator[Batch, None, None]:
        """Batches ``first`` to ``stop - 1``, prepared ahead by ``workers`` threads."""
        ahead = self._config.workers
        if ahead == 0:
            yield from map(self.batch, range(first, stop))
            return
        pool = ThreadPoolExecutor(max_workers=ahead, thread_name_prefix="batches")
        waiting: deque[Future[Batch]] = deque()
        try:
            for step in range(first, stop):
                waiting.append(pool.submit(self.batch, step))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

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
