import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dataset_build.sources.label_maps import IGNORE
from segmentation.metrics import HumanCounts, count_image


def count(predicted, mask):
    return count_image(np.array(predicted, bool), np.array(mask, np.uint8))


def test_counts_by_hand():
    found = count([[1, 1, 1, 0, 0, 1]], [[1, 1, 0, 1, 0, IGNORE]])
    assert (found.hits, found.false_alarms, found.misses, found.rejections) == (2, 1, 1, 1)
    assert found.iou == 2 / 4
    assert found.score("dice") == 4 / 6
    assert found.score("precision") == 2 / 3
    assert found.score("recall") == 2 / 3
    assert found.pixel_accuracy == 3 / 5


def test_undefined_scores_are_none():
    found = count([[0, 0]], [[0, 0]])
    assert all(found.score(name) is None for name in ("iou", "dice", "precision", "recall"))
    assert found.pixel_accuracy == 1.0
    assert HumanCounts().pixel_accuracy is None
    assert HumanCounts().score("empty_alarm_rate") is None


def test_an_empty_image_alarms_above_a_thousandth():
    mask = np.zeros((100, 100), np.uint8)
    exactly, above = np.zeros((100, 100), bool), np.zeros((100, 100), bool)
    exactly.flat[:10] = True
    above.flat[:11] = True
    both = count_image(exactly, mask) + count_image(above, mask)
    assert (both.empty_images, both.empty_alarms) == (2, 1)
    assert both.score("empty_alarm_rate") == 0.5
    assert both.score("empty_false_px_share") == 21 / 20_000


def test_images_with_people_are_no_empty_images():
    assert count([[1, 1]], [[1, 0]]).empty_images == 0


def test_an_unlabelled_image_is_not_an_empty_one():
    found = count([[1, 1]], [[IGNORE, IGNORE]])
    assert (found.images, found.empty_images, found.labelled_px) == (1, 0, 0)


def test_sizes_must_agree():
    with pytest.raises(ValueError, match="differ in size"):
        count([[1]], [[1, 0]])


images = st.tuples(
    arrays(bool, (3, 4)), arrays(np.uint8, (3, 4), elements=st.sampled_from([0, 1, IGNORE]))
)


@given(st.lists(images, min_size=1, max_size=5))
def test_counts_of_parts_add_up_to_the_whole(pairs):
    total = sum((count_image(p, m) for p, m in pairs), HumanCounts())
    whole = count_image(
        np.concatenate([p for p, _ in pairs]), np.concatenate([m for _, m in pairs])
    )
    for name in ("hits", "false_alarms", "misses", "rejections"):
        assert getattr(total, name) == getattr(whole, name)
    assert total.images == len(pairs)


@given(images)
def test_a_perfect_prediction_scores_one(pair):
    _, mask = pair
    found = count_image(mask == 1, mask)
    assert found.iou in (None, 1.0)
    assert found.pixel_accuracy in (None, 1.0)
