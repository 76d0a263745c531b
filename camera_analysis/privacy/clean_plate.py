"""The empty place at full size: what a private video shows where somebody stands.

The plate that masks are found with is reduced, and states of it are chosen pixel by pixel. Here the
same samples of a file are averaged at full size, each without whoever is in it. Who is in all of
them is part of that plate, and is not drawn either: what is around them goes on there.
"""

from __future__ import annotations

import cv2
import numpy as np

from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.footage_samples import sample_footage
from camera_analysis.footage.sampled_frame import SampledFrame, VideoInfo
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.labelling.motion import ImageRgb, MotionConfig
from camera_analysis.labelling.plates import PLATE_SAMPLES, View
from camera_analysis.labelling.segmenter import Segmenter, human_probability
from camera_analysis.privacy.background_filters import masked_blur
from camera_analysis.privacy.mask_safety import SafetyConfig, enlarged, safe_mask, widened
from camera_analysis.privacy.privacy_frame import BoolImage

#: Standard deviation of what goes on where people are taken out, as a share of the height: four of
#: them reach across a person.
_AROUND_SHARE = 0.1


def clean_plate(
    file: FootageFile,
    info: VideoInfo,
    view: View,
    segmenter: Segmenter | None,
    *,
    motion: MotionConfig,
    safety: SafetyConfig,
) -> ImageRgb:
    """(H, W, 3) uint8 mean of the samples of a file wherever nobody is in them.

    Where somebody is in all of them, what is around goes on.

    Args:
        file: a video, or a run of images.
        info: its header.
        view: the file's, at the size that masks are found at.
        segmenter: says where people are; None leaves out what moves alone.
        motion: thresholds of motion.
        safety: how wide masks are.
    """
    width, height = view.native_wh
    total = np.zeros((height, width, 3), np.float32)
    seen = np.zeros((height, width), np.float32)
    interval_s = (info.duration_s or 0.0) / (PLATE_SAMPLES - 1) or 5.0
    for sample in sample_footage(file, interval_s, config=ReadConfig()):
        if not isinstance(sample, SampledFrame) or sample.native_wh != view.native_wh:
            continue
        small = cv2.resize(sample.frame_rgb, view.grey.shape[::-1], interpolation=cv2.INTER_AREA)
        small = np.asarray(small, np.uint8)
        human = human_probability(segmenter, small)
        mask = safe_mask(small, view.plate, human, motion=motion, safety=safety)
        if mask.distrust:
            continue
        free = enlarged(~mask.mask_hw, (width, height)).view(np.uint8)
        cv2.accumulate(sample.frame_rgb, total, mask=free)
        seen += free
    free_hw = seen > 0
    plate = np.zeros((height, width, 3), np.uint8)
    plate[free_hw] = (total[free_hw] / seen[free_hw][:, None]).round()
    return _continued(plate, free_hw)


def without_people(
    plate_rgb: ImageRgb, size_wh: tuple[int, int], segmenter: Segmenter | None, safety: SafetyConfig
) -> ImageRgb:
    """An empty place without whom the network finds in it all the same: who never went away.

    Args:
        plate_rgb: (H, W, 3) uint8.
        size_wh: width and height at which masks are found.
        segmenter: says where people are; without one the place is left as it is.
        safety: how sure it must be, and the margin.
    """
    small = np.asarray(cv2.resize(plate_rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    human_hw = human_probability(segmenter, small)
    if human_hw is None or not (human_hw > safety.human_probability).any():
        return plate_rgb
    people = widened(human_hw > safety.human_probability, safety.margin_share * size_wh[1])
    return _continued(plate_rgb, enlarged(~people, plate_rgb.shape[1::-1]))


def _continued(plate_rgb: ImageRgb, free_hw: BoolImage) -> ImageRgb:
    """The plate where it is free, elsewhere the mean of what is near; black where nothing is."""
    if free_hw.all():
        return plate_rgb
    around = masked_blur(plate_rgb, free_hw, _AROUND_SHARE * plate_rgb.shape[0])
    return np.where(free_hw[:, :, None], plate_rgb, around)
