"""Metrics of a method as they are written: a number, or null with a reason."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.benchmark.benchmark_scores import METRICS, ClipScores, MethodScores
from camera_analysis.benchmark.layouts.clips import FrameTruth, TruthRegion
from camera_analysis.channels.channel_regions import FoundRegion
from camera_analysis.labelling.regions import Box

BOX = Box(0, 0, 10, 10)


def of_clip(scores: list[float], abnormal: str, *, fps: float = 1.0) -> ClipScores:
    flags = np.array([mark == "x" for mark in abnormal])
    return ClipScores("a", fps, np.array(scores), flags, None, 0.5)


def test_a_perfect_method():
    method = MethodScores({}, 1.0)
    truth = [
        FrameTruth(abnormal=False, regions=()),
        FrameTruth(abnormal=True, regions=(TruthRegion(0, BOX),)),
    ]
    seldom = of_clip([0.0, 1.0], ".x", fps=0.1)  # a frame lasts longer than an alarm has to
    method.add_clip(seldom, [[], [FoundRegion(BOX, 1.0)]], truth)
    mask = np.zeros((2, 2), bool)
    mask[0, 0] = True
    method.pixels.add(mask.astype(np.float32), mask)
    document = method.document()
    assert [document[name] for name in METRICS] == [1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    assert (document["events"], document["events_found"]) == (1, 1)
    assert document["reasons"] == {}


def test_what_the_truth_does_not_allow_is_null_with_a_reason():
    method = MethodScores({"rbdc": "no boxes", "tbdc": "no boxes", "pixel_auc": "no pixels"}, 1.0)
    method.add_clip(of_clip([0.2, 1.0], "xx"), [[], []], [FrameTruth(abnormal=True)] * 2)
    document = method.document()
    nothing = {"frame_auc_micro", "pixel_auc", "rbdc", "tbdc", "false_alarms_per_hour"}
    assert {name for name in METRICS if document[name] is None} == nothing
    assert set(document["reasons"]) == nothing
    assert "needs both" in document["reasons"]["frame_auc_micro"]


def test_false_alarms_are_counted_at_the_thresholds():
    method = MethodScores({}, 1.0)
    flash, stay, event = "..9........", "99999......", "xxxxx"
    drawn = flash + stay + event
    truth = [FrameTruth(abnormal=mark == "x", regions=()) for mark in drawn]
    scores = [0.9 if mark == "9" else 0.0 for mark in drawn]
    method.add_clip(of_clip(scores, drawn), [[]] * len(drawn), truth)
    document = method.document()
    assert document["false_alarms"] == 1  # the flash is gone within five seconds
    assert document["false_alarms_per_hour"] == pytest.approx(3600 / 22)
    low, high = document["false_alarms_per_hour_interval"]
    assert 0 < low < 3600 / 22 < high
    assert document["normal_share_in_alarm"] == pytest.approx(5 / 22)
    assert document["events_found"] == 0
