import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.evaluation.image_table import COUNT_NAMES
from segmentation.evaluation.scores import METRICS, overall_score, score_scopes, write_metrics
from segmentation.metrics import RATIOS, SCORES, HumanCounts
from tests.segmentation.factories_evaluation import image_score, scores_of_hits, write_evaluation


def scopes_of(folder, scores, **options):
    write_evaluation(folder, scores, model="m")
    return {scope.scope: scope for scope in score_scopes(folder, **options)}


def test_scores_by_source_and_over_all_by_hand(tmp_path):
    scores = [image_score("a", 50), image_score("b", 100), image_score("c", 20, source="ade20k")]
    scopes = scopes_of(tmp_path, scores)
    assert list(scopes) == ["all", "ade20k", "voc"]
    assert {name: scope.images for name, scope in scopes.items()} == {
        "all": 3,
        "ade20k": 1,
        "voc": 2,
    }
    assert scopes["all"].scores["iou"] == pytest.approx(170 / 300)
    assert scopes["ade20k"].scores["iou"] == pytest.approx(20 / 100)
    # 130 of 3,000 pixels were called 0 and are human.
    assert scopes["all"].scores["ece"] == pytest.approx(130 / 3_000)
    assert scopes["all"].scores["empty_alarm_rate"] is None


def test_the_interval_holds_what_the_images_allow(tmp_path):
    scopes = scopes_of(tmp_path, scores_of_hits([0, 100] * 50))
    found = scopes["all"].intervals["iou"]
    # The mean of 100 coins: 0.5 with a deviation of 0.05.
    assert found.low == pytest.approx(0.40, abs=0.02)
    assert found.high == pytest.approx(0.60, abs=0.02)


def test_neighbours_that_are_drawn_together_widen_the_interval(tmp_path):
    """Two halves of a film, one all right and one all wrong, are two observations, not 64."""
    scores = scores_of_hits([0] * 32 + [100] * 31)
    alone = scopes_of(tmp_path / "alone", scores)["all"].intervals["iou"]
    runs = scopes_of(tmp_path / "runs", scores, images_per_draw=32)["all"].intervals["iou"]
    assert (runs.low, runs.high) == (0.0, 1.0)
    assert 0.3 < alone.low < alone.high < 0.7
    one = scopes_of(tmp_path / "one", scores, images_per_draw=64)["all"]
    assert (one.intervals["iou"], one.images) == (None, 64)


def test_a_single_image_says_nothing_of_others(tmp_path):
    scope = scopes_of(tmp_path, [image_score("a", 50)])["all"]
    assert scope.scores["iou"] == 0.5
    assert scope.intervals["iou"] is None


def test_intervals_are_the_same_for_the_same_seed(tmp_path):
    scores = scores_of_hits([10, 40, 70, 90])
    first = scopes_of(tmp_path, scores, resamples=300)["all"].intervals
    assert scopes_of(tmp_path, scores, resamples=300)["all"].intervals == first
    assert scopes_of(tmp_path, scores, resamples=300, seed=1)["all"].intervals != first


def test_tables_of_many_row_groups_are_read_whole(tmp_path):
    scores = [image_score(str(n), 50, source="voc" if n % 3 else "coco") for n in range(2_500)]
    scopes = scopes_of(tmp_path, scores, resamples=20)
    assert {name: scope.images for name, scope in scopes.items()} == {
        "all": 2_500,
        "coco": 834,
        "voc": 1_666,
    }
    assert scopes["all"].intervals["iou"].low == scopes["all"].intervals["iou"].high == 0.5


def test_metrics_are_written_with_their_intervals(tmp_path):
    write_evaluation(tmp_path, scores_of_hits([20, 40, 60]), model="m")
    table = pq.read_table(write_metrics(score_scopes(tmp_path), tmp_path))
    assert table.schema == METRICS
    row = table.to_pylist()[0]
    assert row["iou_low"] <= row["iou"] <= row["iou_high"]
    assert overall_score(tmp_path, "iou") == row["iou"] == pytest.approx(0.4)
    with pytest.raises(ValueError, match="no 'beauty'"):
        overall_score(tmp_path, "beauty")


@given(st.builds(HumanCounts, **{name: st.integers(0, 50) for name in COUNT_NAMES}))
def test_counts_and_matrices_give_the_same_scores(counts):
    import numpy as np

    from segmentation.evaluation.image_table import MATRIX_COLUMNS
    from segmentation.evaluation.scores import scores_of

    sums = np.zeros(MATRIX_COLUMNS)
    sums[: len(COUNT_NAMES)] = [getattr(counts, name) for name in COUNT_NAMES]
    found = scores_of(sums)
    assert set(found) == set(SCORES)
    for name in RATIOS:
        expected = counts.score(name)
        assert np.isnan(found[name]) if expected is None else found[name] == expected
