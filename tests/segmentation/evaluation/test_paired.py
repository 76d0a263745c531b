import numpy as np
import pytest

from segmentation.evaluation.bootstrap import interval_of
from segmentation.evaluation.paired import DifferentImagesError, paired_improvement, resample
from tests.segmentation.factories_evaluation import image_score, scores_of_hits, write_evaluation


@pytest.fixture
def evaluation(tmp_path):
    def write(name, scores, **other):
        return write_evaluation(tmp_path / name, scores, model=name, **other)

    return write


def test_a_model_that_is_better_on_every_image_is_surely_better(evaluation):
    hits = np.random.default_rng(0).integers(10, 90, 40)
    good = evaluation("good", scores_of_hits(hits + 5))
    poor = evaluation("poor", scores_of_hits(hits))
    found = paired_improvement(good, poor, "iou")
    assert found.difference == pytest.approx(0.05)
    # Paired, the luck of the draw hits both alike: five points, whichever images are drawn.
    assert (found.interval.low, found.interval.high) == pytest.approx((0.05, 0.05))
    assert found.is_sure
    assert found.images == 41
    assert not paired_improvement(poor, good, "iou").is_sure


def test_unpaired_the_same_difference_would_drown(evaluation):
    hits = np.random.default_rng(0).integers(10, 90, 40)
    drawn = resample(
        {
            "good": evaluation("good", scores_of_hits(hits + 5)),
            "poor": evaluation("poor", scores_of_hits(hits)),
        },
        "iou",
    )
    good, poor = (interval_of(drawn.draws[name]) for name in ("good", "poor"))
    assert good.low < poor.high


def test_a_model_that_is_better_on_half_of_the_images_is_not_surely_better(evaluation):
    hits = np.full(40, 50)
    mixed = hits + np.where(np.arange(40) % 2, 12, -10)
    found = paired_improvement(
        evaluation("mixed", scores_of_hits(mixed)), evaluation("plain", scores_of_hits(hits)), "iou"
    )
    assert found.difference == pytest.approx(0.01)
    assert found.interval.low < 0 < found.interval.high
    assert not found.is_sure


def test_less_error_is_better(evaluation):
    calm = [image_score(str(n), 0, people=False) for n in range(9)]
    loud = [image_score(str(n), 0, people=False, false=100) for n in range(9)]
    found = paired_improvement(
        evaluation("calm", calm), evaluation("loud", loud), "empty_false_px_share"
    )
    assert found.difference == pytest.approx(0.1)
    assert found.is_sure


def test_a_score_that_nothing_defines_cannot_be_compared(evaluation):
    people = evaluation("people", [image_score("a", 50), image_score("b", 50)])
    assert paired_improvement(people, people, "empty_alarm_rate") is None


def test_different_test_sets_are_refused_with_both_digests(evaluation):
    one = evaluation("one", scores_of_hits([50]), data="a" * 64)
    other = evaluation("other", scores_of_hits([50]), data="b" * 64)
    with pytest.raises(DifferentImagesError, match=f"{'a' * 64}.*{'b' * 64}"):
        paired_improvement(one, other, "iou")


def test_other_sizes_and_other_images_are_refused(evaluation):
    one = evaluation("one", scores_of_hits([50]))
    with pytest.raises(DifferentImagesError, match="640 and at 320 px"):
        paired_improvement(one, evaluation("small", scores_of_hits([50]), max_side_px=320), "iou")
    with pytest.raises(DifferentImagesError, match="other images"):
        paired_improvement(one, evaluation("more", scores_of_hits([50, 50])), "iou")


def test_an_evaluation_of_an_older_version_is_refused(evaluation):
    one, old = evaluation("one", scores_of_hits([5])), evaluation("old", scores_of_hits([5]))
    (old / "evaluation.json").write_text('{"model_version": "x", "data_digest": "y"}')
    with pytest.raises(DifferentImagesError, match="older version"):
        paired_improvement(one, old, "iou")
