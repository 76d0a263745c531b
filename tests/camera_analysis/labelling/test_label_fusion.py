from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.label_classes import HUMAN, OTHER_MOVER, STATIC
from camera_analysis.labelling.label_fusion import FusionConfig, human_evidence, label_frame
from camera_analysis.labelling.motion import MotionConfig, learn_plate
from camera_analysis.labelling.plate_memory import remember
from tests.camera_analysis.factories_scene import noisy, room, walker_box, with_walker

MOTION, FUSION = MotionConfig(), FusionConfig()


def evidence(human, plate, sigma):
    one = [np.full((1, 1), value, np.float32) for value in (human, plate, sigma)]
    return float(human_evidence(*one, MOTION, FUSION)[0, 0])


@pytest.mark.parametrize(
    ("human", "plate", "sigma", "is_human"),
    [
        (0.99, 0.01, 20, True),  # walks, and the network sees it
        (0.99, 0.01, 0, True),  # stands still, was not there on the plate
        (0.99, 0.99, 0, False),  # furniture that the network takes for a person
        (0.30, 0.01, 20, True),  # a doubtful network, tipped by motion
        (0.70, 0.01, 0, False),  # a doubtful network, nothing moved
        (0.01, 0.01, 20, False),  # a car
        (0.01, 0.01, 0, False),
    ],
)
def test_the_camera_corrects_its_segmenter(human, plate, sigma, is_human):
    assert (evidence(human, plate, sigma) > 0) is is_human


def test_certain_answers_stay_finite():
    assert np.isfinite(evidence(1.0, 1.0, 1e9))


def test_labels_of_a_walker_with_and_without_a_network():
    scene = room()
    plate = learn_plate([scene] * 3, MOTION)
    frame = with_walker(scene, 9)
    x0, y0, x1, y1 = walker_box(9)
    middle = (y0 + y1) // 2, (x0 + x1) // 2
    yes, no = np.full(scene.shape[:2], 0.02, np.float32), np.full(scene.shape[:2], 0.02, np.float32)
    yes[y0:y1, x0:x1] = 0.97
    settings = {"motion": MOTION, "fusion": FUSION}
    assert label_frame(frame, plate, None, None, **settings)[middle] == OTHER_MOVER
    assert label_frame(frame, plate, no, no, **settings)[middle] == OTHER_MOVER
    labels = label_frame(frame, plate, yes, no, **settings)
    assert labels[middle] == HUMAN
    assert labels[2, 2] == STATIC
    assert labels.dtype == np.uint8


def test_who_stands_still_for_a_whole_file_stays_human():
    standing, (x0, y0, x1, y1) = with_walker(room(), 9), walker_box(9)
    plates = [
        learn_plate([noisy(scene, 20 * number + n) for n in range(12)], MOTION)
        for number, scene in enumerate((room(), standing))
    ]
    earlier = remember(plates[0], None, 0.0, MOTION)
    later = remember(plates[1], earlier, 3600.0, MOTION).plate

    def network(frame):  # takes what is much redder than green for a person
        return np.where(frame[..., 0] > 100.0 + frame[..., 1], 0.9, 0.02).astype(np.float32)

    frame = noisy(standing, 99)
    answers = network(frame.astype(float)), network(later.rgb.astype(float))
    labels = label_frame(frame, later, *answers, motion=MOTION, fusion=FUSION)
    assert (labels[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1] == HUMAN).mean() > 0.9
    movers = label_frame(frame, later, None, None, motion=MOTION, fusion=FUSION)
    assert (movers[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1] == OTHER_MOVER).mean() > 0.9
