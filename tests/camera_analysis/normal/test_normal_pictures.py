"""Pictures of a learned normal: who is drawn, and what the title says of it."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.label_classes import CLASS_NAMES, HUMAN, OTHER_MOVER, STATIC
from camera_analysis.labelling.labels import NO_SEGMENTER
from camera_analysis.normal import normal_pictures
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.learned_normal import class_frequency
from camera_analysis.normal.normal_pictures import save_normal

PLATE = np.full((4, 6, 3), 120, np.uint8)
#: Of four frames, one shows a person at the left and three a car at the right.
SHOWN = [(HUMAN, 0), (OTHER_MOVER, 5), (OTHER_MOVER, 5), (OTHER_MOVER, 5)]


def counted(segmenter):
    counts = ClassCounts(4, 6, CLASS_NAMES, segmenter=segmenter)
    for class_id, column in SHOWN:
        labels_hw = np.zeros((4, 6), np.uint8)
        labels_hw[:, column] = class_id
        counts.add(labels_hw, 8)
    return counts


@pytest.mark.parametrize(
    ("segmenter", "left", "right", "title"),
    [("unet", 25, 0, "Where people are"), (NO_SEGMENTER, 25, 75, "Where something moves")],
)
def test_without_a_segmenter_whatever_moves_is_shown_and_the_title_says_so(
    tmp_path, monkeypatch, segmenter, left, right, title
):
    drawn = {}
    monkeypatch.setattr(
        normal_pictures,
        "save_heat",
        lambda values, plate, words, unit, path: drawn.update({path.name: (values, words)}),
    )
    total = counted(segmenter)
    of_people = total.total()[HUMAN] / total.frames
    maps = {"mode": np.zeros((4, 6)), "human_frequency": of_people, "entropy_bits": of_people}
    moving = 1 - class_frequency(total.total(), STATIC)
    save_normal(maps, moving, PLATE, total, "4 frames, 1 day", tmp_path)
    values, words = drawn["human_frequency.png"]
    assert (values[0, 0], values[0, 3], values[0, 5]) == (left, 0, right)
    assert words.startswith(f"{title}, and how often\n4 frames, 1 day")
    assert ("no segmenter" in words) == (segmenter == NO_SEGMENTER)
    assert "no segmenter" not in drawn["entropy.png"][1]
