"""Clips to train a network on that remembers: real sequences, or people who move over a still.

Data sets hold single images. A clip is made of one in three ways: people of other images walk
through it; the window slides over it, so that its own people move; or nothing moves but the noise
of the sensor. So the memory learns when the past helps and when it is over. Where labelled
sequences are given, half of the clips are real.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from dataset_build.sources.label_maps import HUMAN
from segmentation.config import ModelConfig, TrainConfig
from segmentation.data import Sample, SplitData
from segmentation.training.augment import Crop, log_uniform, random_crop
from segmentation.training.batches import Batch, Batches
from segmentation.training.colours import recolour
from segmentation.training.pasting import (
    MAX_PEOPLE,
    ScaledCutout,
    cut_out_person,
    cut_out_scenery,
    put,
    scaled_cutout,
)
from segmentation.training.sampling import SampleCache
from segmentation.training.sequences import LabelledSequences, open_sequences

#: Networks that see clips in training.
REMEMBERING = ("convlstm_unet",)
#: Every other step shows single images: they are what most data is, and more of them fit a batch.
CLIP_EVERY = 2
#: Share of the clips that are real, where there are sequences.
REAL_SHARE = 0.5
#: Share of the other clips in which people walk through the picture; in half of the rest the
#: window slides.
WALKING_SHARE = 0.5
#: A window slides by at most so much over a whole clip; a multiple of the deepest stride.
SLIDE_PX = 32
#: Of their height, people move between two frames: from hardly to a walk seen once a second.
_STEP_OF_HEIGHT = (0.02, 0.8)
_STANDING_SHARE = 0.25
#: How often a real clip's window is drawn again to have people in it.
_TRIES = 4


@dataclass(frozen=True)
class Walker:
    """Somebody or something on a straight way through a clip.

    Args:
        who: cut out and scaled.
        y0: of the upper edge in the first frame, px.
        x0: of the left edge, px.
        dy: px down, per frame.
        dx: px to the right, per frame.
    """

    who: ScaledCutout
    y0: float
    x0: float
    dy: float
    dx: float


class ClipBatches(Batches):
    """Batches of which every other holds clips, with as many frames as images otherwise.

    Args:
        data: single images.
        config: the recipe; ``clip_frames`` in a clip, ``batch_size`` frames in all.
        sequences: real clips; None where there are none.
        cache: of decoded samples, as in ``Batches``.
    """

    def __init__(
        self,
        data: SplitData,
        config: TrainConfig,
        sequences: LabelledSequences | None,
        cache: SampleCache | None = None,
    ) -> None:
        super().__init__(data, config, cache)
        self._sequences = sequences

    def batch(self, step: int) -> Batch:
        """The batch of one step: (N, T, 3, crop, crop) and (N, T, crop, crop) where it is clips."""
        if step % CLIP_EVERY == 0:
            return super().batch(step)
        config = self._config
        images, masks = [], []
        for place in range(max(1, config.batch_size // config.clip_frames)):
            rng = np.random.default_rng((config.seed, step, place))
            crops = self._clip(rng)
            tall = recolour(np.concatenate([crop.image_hwc_rgb for crop in crops]), config, rng)
            # As one tall picture they all get the same colours, and each its own noise.
            images.append(tall.reshape(3, len(crops), config.crop_px, -1).transpose(0, 1))
            masks.append(torch.from_numpy(np.stack([crop.mask_hw for crop in crops])))
        return Batch(step, torch.stack(images), torch.stack(masks))

    def _clip(self, rng: np.random.Generator) -> list[Crop]:
        if self._sequences and rng.random() < REAL_SHARE:
            return real_clip(self._sequences.clip(self._config.clip_frames, rng), self._config, rng)
        walking = self._config.paste_share > 0 and rng.random() < WALKING_SHARE
        draw = self._sampler.draw_background if walking else self._sampler.draw
        number = draw(rng)
        share = self._data.tallest_person_share(number)
        roomy = replace(self._config, crop_px=self._config.crop_px + SLIDE_PX)
        still = random_crop(self._cache.load(number), share, roomy, rng)
        if walking:
            still = _cut(still, SLIDE_PX // 2, SLIDE_PX // 2, self._config.crop_px)
            return walked_through(still, self._walkers(rng), self._config.clip_frames)
        return slid_over(still, self._config, rng)

    def _walkers(self, rng: np.random.Generator) -> list[Walker]:
        """People, and a piece of scenery: not all that moves is human."""
        scenery = self._cache.load(self._sampler.draw_background(rng))
        cutouts = [cut_out_scenery(scenery, rng)]
        for _ in range(int(rng.integers(1, MAX_PEOPLE + 1))):
            donor = self._cache.load(self._sampler.draw_with_people(rng))
            cutouts.append(cut_out_person(donor, rng))
        scaled = [
            scaled_cutout(cutout, self._config.crop_px, self._config, rng)
            for cutout in cutouts
            if cutout is not None
        ]
        return [draw_walker(who, self._config, rng) for who in scaled]


def sees_clips(model: ModelConfig, config: TrainConfig) -> bool:
    """Whether clips are part of a training: the network remembers, and the recipe has them."""
    return model.architecture in REMEMBERING and config.clip_frames > 1


def sequences_of(model: ModelConfig, config: TrainConfig) -> LabelledSequences | None:
    """The real clips of a training; None where the recipe names no folder.

    Raises:
        ValueError: the folder holds no sequence.
    """
    wanted = sees_clips(model, config) and config.sequences
    return open_sequences(Path(config.sequences)) if wanted else None


def batches_for(
    model: ModelConfig,
    data: SplitData,
    config: TrainConfig,
    sequences: LabelledSequences | None,
    cache: SampleCache | None = None,
) -> Batches:
    """What a network is trained on, by one recipe."""
    if sees_clips(model, config):
        return ClipBatches(data, config, sequences, cache)
    return Batches(data, config, cache)


def walked_through(still: Crop, walkers: Sequence[Walker], frames: int) -> list[Crop]:
    """One picture, through which they walk; ``still`` stays as it is."""
    clip = []
    for time in range(frames):
        frame = still
        for walker in walkers:
            y0, x0 = walker.y0 + time * walker.dy, walker.x0 + time * walker.dx
            frame = put(frame, walker.who, round(y0), round(x0))
        clip.append(frame)
    return clip


def draw_walker(who: ScaledCutout, config: TrainConfig, rng: np.random.Generator) -> Walker:
    """A straight way, mostly sideways, that is in the picture halfway through the clip."""
    height, width = who.inside_hw.shape
    step = 0.0 if rng.random() < _STANDING_SHARE else height * log_uniform(*_STEP_OF_HEIGHT, rng)
    angle = rng.normal(0.0, 0.3) + (np.pi if rng.random() < 0.5 else 0.0)  # mostly sideways
    dy, dx = step * float(np.sin(angle)), step * float(np.cos(angle))
    halfway = (config.clip_frames - 1) / 2
    y0 = float(rng.uniform(-0.25, 1.25) * (config.crop_px - height)) - halfway * dy
    x0 = float(rng.uniform(0.0, 1.0) * config.crop_px - width / 2) - halfway * dx
    return Walker(who, y0, x0, dy, dx)


def slid_over(still: Crop, config: TrainConfig, rng: np.random.Generator) -> list[Crop]:
    """A window of ``crop_px`` that slides over a larger crop, or stands still."""
    spare = still.mask_hw.shape[0] - config.crop_px
    start, end = rng.uniform(0, spare, 2), rng.uniform(0, spare, 2)
    if rng.random() < 0.5:
        end = start
    clip = []
    for time in range(config.clip_frames):
        y, x = np.rint(start + (end - start) * time / (config.clip_frames - 1)).astype(int)
        clip.append(_cut(still, int(y), int(x), config.crop_px))
    return clip


def real_clip(
    samples: Sequence[Sample], config: TrainConfig, rng: np.random.Generator
) -> list[Crop]:
    """The same window, warp and flip of every frame; drawn again a few times to show people."""
    anywhere = replace(config, person_centred_share=0.0)
    middle = samples[len(samples) // 2]
    rows = np.flatnonzero((middle.mask_hw == HUMAN).any(axis=1))
    share = float(np.ptp(rows) + 1) / middle.mask_hw.shape[0] if rows.size else 0.0
    seed = 0
    for _ in range(_TRIES):
        seed = int(rng.integers(2**32))
        shown = random_crop(middle, share, anywhere, np.random.default_rng(seed))
        if np.any(shown.mask_hw == HUMAN):
            break
    return [random_crop(one, share, anywhere, np.random.default_rng(seed)) for one in samples]


def _cut(crop: Crop, y0: int, x0: int, crop_px: int) -> Crop:
    window = (slice(y0, y0 + crop_px), slice(x0, x0 + crop_px))
    return Crop(crop.image_hwc_rgb[window], np.ascontiguousarray(crop.mask_hw[window]))
