"""CDnet 2014 and SBI: which pixels move, by our plate beside OpenCV's MOG2 and KNN.

Our plate is learned from frames before the judged ones, or from the whole sequence where there are
none: the sequences of SBI begin with people in view. MOG2 and KNN see every frame once, in the
order of time, with OpenCV's defaults; what they call shadow counts as static.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from operator import eq
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.benchmark.change_scores import ChangeCounts, count_frame, mean_figures
from camera_analysis.benchmark.layouts.change_detection import ChangeBenchmark, ChangeSequence
from camera_analysis.benchmark.layouts.clip_files import ImageRgb, picked_images
from camera_analysis.label_classes import CLASS_NAMES, STATIC
from camera_analysis.labelling.label_fusion import FusionConfig, label_frame
from camera_analysis.labelling.motion import MotionConfig, Plate, learn_plate
from camera_analysis.labelling.segmenter import Segmenter, human_probability
from camera_analysis.normal.learned_normal import modal_map

BoolImage = npt.NDArray[np.bool_]

METHODS = ("ours", "delta_map", "mog2", "knn")
_SHADOW_FREE = 255  # OpenCV's subtractors call foreground 255 and shadow 127


@dataclass(frozen=True, kw_only=True)
class ChangeConfig:
    """How the plate is learned."""

    plate_frames: int = 60
    least_before: int = 30  # judged from the first frame on, or soon after: the plate sees all
    motion: MotionConfig = field(default_factory=MotionConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)


@dataclass(frozen=True)
class SequenceCounts:
    """Pixels of one sequence by method."""

    name: str
    category: str
    counts: dict[str, ChangeCounts]


def run_change_benchmark(
    benchmark: ChangeBenchmark,
    segmenter: Segmenter | None,
    *,
    config: ChangeConfig | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[SequenceCounts]:
    """Count every sequence.

    Args:
        benchmark: from :mod:`camera_analysis.benchmark.layouts.registry`.
        segmenter: joins motion in our labels; None judges by movers alone.
        config: see there.
        progress: called as progress(sequence, frames done, frames in all).

    Raises:
        LayoutError: an image cannot be read or has another size, told before the first sequence
            is counted where the first judged frame shows it.
    """
    config = config or ChangeConfig()
    for sequence in benchmark.sequences:
        first = sequence.judged[0]
        for _, frame in sequence.pick(partial(eq, first)):
            sequence.codes(first, frame)
    return [
        _count_sequence(sequence, segmenter, config, progress) for sequence in benchmark.sequences
    ]


def change_summary(found: list[SequenceCounts]) -> dict[str, Any]:
    """Figures of each method: mean over categories, and by sequence."""
    return {
        method: {
            "change_detection": mean_figures((one.category, one.counts[method]) for one in found),
            "sequences": {one.name: one.counts[method].figures() for one in found},
        }
        for method in METHODS
    }


def _count_sequence(
    sequence: ChangeSequence,
    segmenter: Segmenter | None,
    config: ChangeConfig,
    progress: Callable[[str, int, int], None] | None,
) -> SequenceCounts:
    counts = dict.fromkeys(METHODS, ChangeCounts())
    plate = learn_plate(list(_sampled(sequence, config)), config.motion)
    plate_human = human_probability(segmenter, plate.rgb)
    mode = _mode(sequence, plate, config)
    mog2, knn = cv2.createBackgroundSubtractorMOG2(), cv2.createBackgroundSubtractorKNN()
    for number, (frame, codes) in enumerate(sequence.read(), start=1):
        bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        peers = {"mog2": mog2.apply(bgr), "knn": knn.apply(bgr)}
        if codes is not None:
            human = human_probability(segmenter, frame)
            labels = label_frame(
                frame, plate, human, plate_human, motion=config.motion, fusion=config.fusion
            )
            answers = {"ours": labels != STATIC, "delta_map": labels != mode}
            answers |= {name: mask == _SHADOW_FREE for name, mask in peers.items()}
            for method, moving in answers.items():
                counts[method] += count_frame(np.asarray(moving, bool), codes)
        if progress:
            progress(sequence.name, number, len(sequence.frames))
    return SequenceCounts(sequence.name, sequence.category, counts)


def _sampled(sequence: ChangeSequence, config: ChangeConfig) -> Iterator[ImageRgb]:
    before = sequence.frames[: sequence.first]
    files = before if len(before) >= config.least_before else sequence.frames
    step = max(1, len(files) // config.plate_frames)
    return (frame for _, frame in picked_images(files, lambda number: number % step == 0))


def _mode(sequence: ChangeSequence, plate: Plate, config: ChangeConfig) -> npt.NDArray[np.int16]:
    """What each pixel usually is, over the frames that the plate was learned from."""
    counts = np.zeros((len(CLASS_NAMES), *plate.rgb.shape[:2]), np.uint32)
    for frame in _sampled(sequence, config):
        labels = label_frame(frame, plate, None, None, motion=config.motion, fusion=config.fusion)
        for class_id in range(len(CLASS_NAMES)):
            counts[class_id] += labels == class_id
    return modal_map(counts)
