"""The empty place at full size: what a private video shows where somebody stands.

The plate that masks are found with is reduced, and states of it are chosen pixel by pixel. Here the
same samples of a file are averaged at full size, each without whoever is in it.
"""

from __future__ import annotations

import cv2
import numpy as np

from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.footage_samples import sample_footage
from camera_analysis.footage.video import SampledFrame, VideoInfo
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.labelling.motion import ImageRgb, MotionConfig
from camera_analysis.labelling.plates import PLATE_SAMPLES, View
from camera_analysis.labelling.segmenter import Segmenter, human_probability
from camera_analysis.privacy.mask_safety import SafetyConfig, safe_mask


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

    Where somebody is in all of them, it shows the view's plate, enlarged.

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
        free = cv2.resize(
            (~mask.mask_hw).view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
        )
        cv2.accumulate(sample.frame_rgb, total, mask=free)
        seen += free
    plate = np.array(cv2.resize(view.plate.rgb, (width, height)), np.uint8)
    known = seen > 0
    plate[known] = (total[known] / seen[known][:, None]).round()
    return plate
