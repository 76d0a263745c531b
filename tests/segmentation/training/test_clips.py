from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from segmentation.config import ModelConfig
from segmentation.data import Sample
from segmentation.training.augment import Crop
from segmentation.training.batches import Batches
from segmentation.training.clips import (
    CLIP_EVERY,
    SLIDE_PX,
    ClipBatches,
    Walker,
    batches_for,
    draw_walker,
    real_clip,
    sees_clips,
    sequences_of,
    slid_over,
    walked_through,
)
from segmentation.training.pasting import ScaledCutout
from tests.segmentation.factories_split import TINY, small_split

CLIPS = replace(TINY, batch_size=8, clip_frames=4)
REMEMBERING = ModelConfig(architecture="convlstm_unet", width=2)


@pytest.fixture
def data(tmp_path):
    return small_split(tmp_path / "split")


def square(side=4, level=200, label=HUMAN):
    return ScaledCutout(
        np.full((side, side, 3), level, np.float32), np.ones((side, side), np.float32), label
    )


def empty_crop(side=32):
    return Crop(np.zeros((side, side, 3), np.uint8), np.full((side, side), NOT_HUMAN, np.uint8))


def box_of(mask_hw):
    ys, xs = np.nonzero(mask_hw == HUMAN)
    return (ys.min(), xs.min(), ys.max() + 1, xs.max() + 1)


def write_sequence(folder, frames=6, layout=("images", "masks"), size_hw=(40, 60)):
    """A bright square that moves two pixels to the right, over a dark picture."""
    for name in layout:
        (folder / name).mkdir(parents=True)
    for number in range(frames):
        image, mask = np.full((*size_hw, 3), 30, np.uint8), np.zeros(size_hw, np.uint8)
        image[10:30, 2 * number : 2 * number + 8] = 220
        mask[10:30, 2 * number : 2 * number + 8] = 255
        cv2.imwrite(str(folder / layout[0] / f"in{number:04}.png"), image)
        cv2.imwrite(str(folder / layout[1] / f"gt{number:04}.png"), mask)


def test_a_walker_moves_at_an_even_pace_and_the_place_stands_still():
    still = empty_crop()
    clip = walked_through(still, [Walker(square(), y0=2, x0=-4, dy=1, dx=5)], 4)
    assert not (clip[0].mask_hw == HUMAN).any()  # still outside
    assert [box_of(one.mask_hw) for one in clip[1:]] == [
        (3, 1, 7, 5), (4, 6, 8, 10), (5, 11, 9, 15),
    ]  # fmt: skip
    for one in clip:
        assert np.array_equal(one.image_hwc_rgb[..., 0] == 200, one.mask_hw == HUMAN)
    assert not still.image_hwc_rgb.any()


def test_moving_scenery_is_not_human():
    clip = walked_through(empty_crop(), [Walker(square(label=NOT_HUMAN), 2, 2, 0, 3)], 3)
    assert all(one.image_hwc_rgb.any() and not (one.mask_hw == HUMAN).any() for one in clip)


def test_a_drawn_way_is_in_the_picture_halfway():
    for seed in range(200):
        walker = draw_walker(square(8), CLIPS, np.random.default_rng(seed))
        middle = (CLIPS.clip_frames - 1) / 2
        y, x = walker.y0 + middle * walker.dy, walker.x0 + middle * walker.dx
        assert -8 <= y <= CLIPS.crop_px
        assert -8 <= x <= CLIPS.crop_px
        assert np.hypot(walker.dy, walker.dx) <= 0.8 * 8 + 1e-9


def test_a_window_slides_over_the_picture_or_stands_still():
    side = CLIPS.crop_px + SLIDE_PX
    rows, columns = np.mgrid[:side, :side].astype(np.uint8)
    large = Crop(np.dstack([rows, columns, rows]), np.zeros((side, side), np.uint8))
    moved = 0
    for seed in range(30):
        clip = slid_over(large, CLIPS, np.random.default_rng(seed))
        starts = np.array([one.image_hwc_rgb[0, 0, :2] for one in clip], int)
        assert len(clip) == 4
        assert all(one.mask_hw.shape == (32, 32) for one in clip)
        steps = np.diff(starts, axis=0)
        assert np.ptp(steps, axis=0).max() <= 1  # an even pace, rounded
        moved += bool(steps.any())
    assert 5 < moved < 25


def test_every_other_batch_holds_clips_of_as_many_frames(data):
    batches = ClipBatches(data, CLIPS, None)
    assert CLIP_EVERY == 2
    assert batches.batch(0).images.shape == (8, 3, 32, 32)
    clips = batches.batch(1)
    assert clips.images.shape == (2, 4, 3, 32, 32)
    assert clips.masks.shape == (2, 4, 32, 32)
    assert (clips.images.dtype, clips.masks.dtype) == (torch.float32, torch.uint8)
    assert set(np.unique(clips.masks.numpy())) <= {NOT_HUMAN, HUMAN, IGNORE}
    again = ClipBatches(data, CLIPS, None).batch(1)
    assert torch.equal(again.images, clips.images)
    assert not torch.equal(batches.batch(3).images, clips.images)


def test_frames_of_a_clip_have_the_same_colours_and_each_its_own_noise(data):
    plain = replace(
        CLIPS, paste_share=0.0, noise_share=0.0, blur_share=0.0, low_light_share=0.0,
        salt_pepper_share=0.0, jpeg_share=0.0,
    )  # fmt: skip
    noisy = replace(plain, noise_share=1.0)
    same, other = 0, 0
    for step in range(1, 21, 2):
        for clip in ClipBatches(data, plain, None).batch(step).images:
            same += int(torch.allclose(clip[0], clip[-1], atol=1e-6))
        for clip in ClipBatches(data, noisy, None).batch(step).images:
            other += int(torch.allclose(clip[0], clip[-1], atol=1e-6))
    assert same > 3  # windows that stand still
    assert other == 0


def test_only_networks_that_remember_see_clips(data):
    assert sees_clips(REMEMBERING, CLIPS)
    assert not sees_clips(REMEMBERING, replace(CLIPS, clip_frames=1))
    assert not sees_clips(ModelConfig(width=2), CLIPS)
    assert isinstance(batches_for(REMEMBERING, data, CLIPS, None), ClipBatches)
    assert type(batches_for(ModelConfig(width=2), data, CLIPS, None)) is Batches


def test_a_real_clip_is_seen_through_one_window():
    def frame(x):
        image, mask = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.uint8)
        image[5:35, 20:24] = (0, 255, 0)  # a post
        image[10:30, x : x + 8] = (255, 0, 0)
        mask[10:30, x : x + 8] = HUMAN
        return Sample(sample_id=f"s/{x}", source="s", image_hwc_rgb=image, mask_hw=mask)

    for seed in range(10):
        rng = np.random.default_rng(seed)
        clip = real_clip([frame(x) for x in (28, 34, 40, 46)], CLIPS, rng)
        posts = [one.image_hwc_rgb[..., 1] > 127 for one in clip]
        assert all(np.array_equal(post, posts[0]) for post in posts[1:])
        shown = [one.mask_hw == HUMAN for one in clip]
        for one, human in zip(clip, shown, strict=True):
            red = one.image_hwc_rgb[..., 0] > 127
            assert (red ^ human).mean() < 0.1


def test_sequences_are_half_of_the_clips_and_named_by_content(data, tmp_path):
    root = tmp_path / "sequences"
    write_sequence(root / "door")
    write_sequence(root / "yard", layout=("input", "groundtruth"))
    config = replace(CLIPS, sequences=str(root))
    found = sequences_of(REMEMBERING, config)
    assert [one.name for one in found.folders] == ["door", "yard"]
    assert sequences_of(ModelConfig(width=2), config) is None
    assert sequences_of(REMEMBERING, CLIPS) is None
    batches = batches_for(REMEMBERING, data, config, found)
    assert batches.batch(1).images.shape == (2, 4, 3, 32, 32)
    root.rename(tmp_path / "elsewhere")
    moved = sequences_of(REMEMBERING, replace(CLIPS, sequences=str(tmp_path / "elsewhere")))
    assert moved.digest == found.digest
