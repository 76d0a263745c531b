import numpy as np

from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.evaluation.person_recall import PersonCounts, count_persons, has_false_region

SIZE = (100, 60)


def persons(*heights, width=6):
    """Upright bars of these heights beside each other, on 100 rows."""
    mask = np.zeros(SIZE, np.uint8)
    for place, height in enumerate(heights):
        mask[:height, 10 * place : 10 * place + width] = HUMAN
    return mask


def test_persons_are_sorted_by_their_height_in_the_frame():
    mask = persons(14, 15, 49, 50)
    everybody = count_persons(mask == HUMAN, mask)
    assert everybody == PersonCounts(
        small=1, small_found=1, middle=2, middle_found=2, large=1, large_found=1
    )
    nobody = count_persons(np.zeros(SIZE, bool), mask)
    assert nobody == PersonCounts(small=1, middle=2, large=1)


def test_half_of_a_person_is_found_less_is_not():
    mask = persons(40)
    half, less = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    half[:20, :6] = True
    less[:20, :6] = True
    less[0, 0] = False
    assert count_persons(half, mask).middle_found == 1
    assert count_persons(less, mask).middle_found == 0


def test_a_person_who_is_found_does_not_find_the_other():
    mask = persons(40, 40)
    left = mask == HUMAN
    left[:, 10:] = False
    assert (count_persons(left, mask).middle, count_persons(left, mask).middle_found) == (2, 1)


def test_specks_are_no_persons():
    assert count_persons(np.ones(SIZE, bool), persons(3, width=5)) == PersonCounts()
    assert count_persons(np.ones(SIZE, bool), persons(4, width=4)).small == 1


def test_a_false_region_is_one_of_sixteen_pixels_or_more():
    empty = np.zeros(SIZE, np.uint8)
    for width, seen in ((3, False), (4, True)):
        predicted = np.zeros(SIZE, bool)
        predicted[10:14, 20 : 20 + width] = True
        assert has_false_region(predicted, empty) is seen
    specks = np.zeros(SIZE, bool)
    specks[::2, ::2] = True
    assert not has_false_region(specks, empty)


def test_images_with_people_and_unlabelled_ones_have_no_false_region():
    everywhere = np.ones(SIZE, bool)
    assert not has_false_region(everywhere, persons(40))
    assert not has_false_region(everywhere, np.full(SIZE, IGNORE, np.uint8))
    ring = np.zeros(SIZE, np.uint8)
    ring[:99] = IGNORE
    ring[99, :15] = 0
    ring[99, 15:] = IGNORE
    assert not has_false_region(everywhere, ring)
