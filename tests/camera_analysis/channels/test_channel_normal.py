"""Learning, calibrating and judging on frames that are drawn: something fast among the slow."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.benchmark.layouts.clips import Clip
from camera_analysis.channels.channel_calibration import Calibration
from camera_analysis.channels.channel_codes import CodeConfig, CodeReader
from camera_analysis.channels.channel_fusion import ChannelConfig, join_evidence
from camera_analysis.channels.channel_normal import clip_scores, learn_channels
from camera_analysis.channels.channel_segments import KeptCodes, SegmentConfig, cut_segments
from tests.camera_analysis.factories_footage import clip_of

SIZE_HW = (48, 96)


def frames_of(count: int, *, seed: int, fast_from: int | None = None) -> list[np.ndarray]:
    """A textured block walks to and fro at 1 pixel a frame; from a frame on, at 7."""
    rng = np.random.default_rng(seed)
    ground = np.random.default_rng(0).integers(90, 130, SIZE_HW)
    body = np.random.default_rng(1).integers(0, 255, (20, 12))
    place, way, found = float(rng.uniform(0, 80)), 1.0, []
    for number in range(count):
        speed = 7.0 if fast_from is not None and number >= fast_from else 1.0
        place += way * speed
        if not 0 <= place <= 80:
            way, place = -way, float(np.clip(place, 0, 80))
        image = ground + rng.normal(0, 1.0, SIZE_HW)
        image[14:34, round(place) : round(place) + 12] = body
        found.append(np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2))
    return found


def clip(name: str, frames: list[np.ndarray]) -> Clip:
    return clip_of(frames, 10.0, name)


@pytest.fixture(scope="module")
def normal():
    train = [clip(f"t{seed}", frames_of(120, seed=seed)) for seed in range(4)]
    return learn_channels(train, ChannelConfig(segments=SegmentConfig(segments=12)))


def test_what_is_faster_than_ever_stands_out(normal):
    frames = frames_of(40, seed=9, fast_from=20)
    verdicts = list(normal.judge(iter(frames), 10.0))
    peaks, regions = [v.peak for v in verdicts], [v.regions for v in verdicts]
    scores, _ = clip_scores(peaks, regions, 10.0, normal.config)
    assert scores[24:].min() > scores[:16].max()
    assert scores[30] > 5


def test_held_out_footage_is_calm(normal):
    scores = np.concatenate([scores for scores, _ in normal.held_out])
    assert [scores.size for scores, _ in normal.held_out] == [120] * 4  # segments of a clip are one
    # Nats: a usual frame's p of a half in each of four channels comes to log(1 + 4) = 1.6. Three
    # other clips leave places unknown: a little more, and no less than calibrated channels say.
    assert np.median(scores) == pytest.approx(np.log(1 + 4), abs=0.35)


def test_footage_that_is_left_out_is_scored_as_it_is_judged():
    frames = frames_of(60, seed=5)  # one fold: there is no other, so that nothing is left out
    config = ChannelConfig(segments=SegmentConfig(segments=1, folds=1))
    alone = learn_channels([clip("t", frames)], config)
    verdicts = list(alone.judge(iter(frames), 10.0))
    judged, _ = clip_scores([v.peak for v in verdicts], [v.regions for v in verdicts], 10.0, config)
    np.testing.assert_allclose(alone.held_out[0][0], judged, rtol=1e-3)


def test_what_could_not_be_calibrated_says_nothing(normal):
    # Clips of twelve seconds in thirds: too short for what looks back for five.
    assert sorted(normal.calibrations) == ["direction", "size", "speed", "stiff", "tone"]
    stayed = normal.judge(iter(frames_of(80, seed=9, fast_from=0)), 10.0)
    assert max(verdict.channels["stay"] for verdict in stayed) == 0.0


def test_counts_hold_every_training_frame(normal):
    assert normal.counts.frames == 480


def joined(**nats: float) -> float:
    """Evidence of a place at which the channels say so much."""
    linear = Calibration(np.zeros(1), threshold=0.0, tail_share=1.0, scale=1.0)  # evidence = score
    places = {channel: np.full((5, 5), value, np.float32) for channel, value in nats.items()}
    total, of_channel = join_evidence(places, dict.fromkeys(nats, linear), ChannelConfig())
    assert {channel: evidence[2, 2] for channel, evidence in of_channel.items()} == nats
    return float(total[2, 2])


def test_evidence_of_all_channels_is_that_of_the_likelihood_ratios_added_up():
    assert joined(speed=0.0, tone=0.0) == pytest.approx(0.0)
    assert joined(speed=0.2, tone=0.0) == pytest.approx(0.2, abs=0.001)
    assert joined(speed=8.0, tone=8.0) == pytest.approx(8.0 + np.log(2), abs=0.01)
    assert joined(speed=800.0, tone=0.0) == pytest.approx(800.0)


def test_one_channel_that_is_sure_outweighs_several_that_are_not():
    assert joined(speed=8.0, tone=0.0, stay=0.0) > joined(speed=5.0, tone=5.0, stay=5.0)
    assert joined(speed=5.0, tone=5.0, stay=0.0) > joined(speed=5.0, tone=0.0, stay=0.0)


def test_size_is_told_beside_the_evidence_that_it_is_no_part_of():
    assert joined(speed=2.0, size=9.0) == pytest.approx(2.0, abs=0.001)


def test_kept_codes_and_flow_are_those_that_were_read():
    frames = frames_of(12, seed=3)
    ticks = []
    kept = KeptCodes(iter(frames), CodeConfig(), lambda: ticks.append(1))
    reader = CodeReader(*SIZE_HW, CodeConfig())
    assert len(kept) == len(ticks) == 12
    for frame, codes, step in zip(frames, kept, kept.steps(), strict=True):
        read = reader.read(frame)
        for channel, code in read.codes.items():
            np.testing.assert_array_equal(codes[channel], code)
        np.testing.assert_allclose(step, read.stiffness.step_hw2, rtol=1e-3, atol=1e-4)


def test_segments_are_spread_evenly_and_folds_are_whole_clips():
    long = [clip(f"t{n}", [np.zeros((2, 2, 3), np.uint8)] * 100) for n in range(4)]
    kept = cut_segments(long, SegmentConfig(segments=40, most_frames=200))
    assert sum(segment.stop - segment.start for segment in kept) == 200
    assert [segment.start for segment in kept[:3]] == [0, 20, 40]
    assert {(segment.clip.name, segment.fold) for segment in kept} == {
        ("t0", 0), ("t1", 1), ("t2", 2), ("t3", 3),
    }  # fmt: skip


def test_folds_of_few_clips_are_parts_of_them():
    kept = cut_segments([clip("t", [np.zeros((2, 2, 3), np.uint8)] * 400)], SegmentConfig())
    folds = [segment.fold for segment in kept]
    assert folds == sorted(folds)
    assert set(folds) == set(range(16))


def test_clips_are_cut_into_parts_alike():
    clips = [clip(f"t{n}", [np.zeros((2, 2, 3), np.uint8)] * 150) for n in range(16)]
    kept = cut_segments(clips, SegmentConfig(segments=20))
    assert [segment.stop - segment.start for segment in kept] == [150] * 16


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(ValueError, match="no training frames"):
        learn_channels([clip("t", [])], ChannelConfig())
