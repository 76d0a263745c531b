"""Counts add up, subtract, and survive the disk bit for bit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from camera_analysis.label_classes import CLASS_NAMES
from camera_analysis.normal.counts import ClassCounts, counted_by
from tests.camera_analysis.factories_days import fresh

LABELS = hnp.arrays(np.uint8, (3, 4), elements=st.integers(0, 2))
FRAMES = st.lists(st.tuples(LABELS, st.integers(0, 23)), max_size=12)


def build(frames, height=3, width=4):
    counts = ClassCounts(height, width, CLASS_NAMES)
    for labels, hour in frames:
        counts.add(labels, hour)
    return counts


def saved(counts, folder):
    fresh(folder)
    counts.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_pixel_counts_its_class_in_its_hour():
    labels = np.array([[0, 1], [2, 0]], np.uint8)
    counts = build([(labels, 8), (labels, 8), (labels, 9)], 2, 2)
    assert counts.hour(8).tolist() == [[[2, 0], [0, 2]], [[0, 2], [0, 0]], [[0, 0], [2, 0]]]
    assert counts.total()[1].tolist() == [[0, 3], [0, 0]]
    assert counts.frames_by_hour == {8: 2, 9: 1}


def test_counts_beyond_eight_bits_are_not_lost():
    labels = np.array([[1]], np.uint8)
    counts = build([(labels, 3)] * 700, 1, 1)
    assert counts.total().ravel().tolist() == [0, 700, 0]


@settings(deadline=None)  # a busy machine is no failure
@given(FRAMES, FRAMES)
def test_merging_equals_counting_together(some, more):
    assert build(some) + build(more) == build(some + more)


@settings(deadline=None)  # a busy machine is no failure
@given(FRAMES, FRAMES)
def test_subtracting_undoes_merging(some, more):
    assert build(some) + build(more) - build(more) == build(some)


@settings(deadline=None, max_examples=25)
@given(FRAMES, FRAMES)
def test_equal_counts_give_equal_bytes_and_survive_the_disk(tmp_path_factory, some, more):
    tmp_path = tmp_path_factory.mktemp("counts")
    merged, together = build(some) + build(more), build(more + some)
    assert saved(merged, tmp_path / "a") == saved(together, tmp_path / "b")
    assert ClassCounts.load(tmp_path / "a") == together


def test_every_pixel_of_an_hour_sums_to_its_frames(tmp_path):
    rng = np.random.default_rng(0)
    counts = build([(rng.integers(0, 3, (3, 4), np.uint8), 5) for _ in range(40)])
    assert (counts.hour(5).sum(axis=0) == 40).all()


def test_taking_away_what_was_never_counted_is_refused():
    one = build([(np.zeros((3, 4), np.uint8), 1)])
    with pytest.raises(ValueError, match="would be taken"):
        one - build([(np.ones((3, 4), np.uint8), 1)])


def test_another_size_is_refused_with_both_sizes():
    with pytest.raises(ValueError, match=r"4 x 3 and of 5 x 3"):
        build([]) + build([], 3, 5)
    with pytest.raises(ValueError, match=r"\(3, 5\), expected uint8 \(3, 4\)"):
        build([(np.zeros((3, 5), np.uint8), 0)])


def test_counts_of_two_segmenters_do_not_add():
    one, other = (ClassCounts(3, 4, CLASS_NAMES, segmenter=name) for name in ("a1", "b2"))
    with pytest.raises(ValueError, match="segmenters 'a1' and 'b2' do not add"):
        one + other


def test_the_segmenter_survives_the_disk(tmp_path):
    saved(ClassCounts(3, 4, CLASS_NAMES, segmenter="a1"), tmp_path / "a")
    assert counted_by(tmp_path / "a") == ClassCounts.load(tmp_path / "a").segmenter == "a1"


def test_a_label_without_a_class_is_refused():
    with pytest.raises(ValueError, match="label 7 has no class"):
        build([(np.full((3, 4), 7, np.uint8), 0)])


def test_many_classes_count_like_few():
    names = tuple(f"class {i}" for i in range(21))
    counts = ClassCounts(2, 2, names)
    counts.add(np.array([[20, 0], [5, 5]], np.uint8), 0)
    assert counts.total()[[0, 5, 20]].tolist() == [
        [[0, 1], [0, 0]],
        [[0, 0], [1, 1]],
        [[1, 0], [0, 0]],
    ]


def test_damaged_counts_are_refused(tmp_path):
    saved(build([(np.ones((3, 4), np.uint8), 1)] * 2), tmp_path / "a")
    meta = tmp_path / "a" / "counts.json"
    meta.write_text(meta.read_text().replace('"1": 2', '"1": 1'))
    with pytest.raises(ValueError, match=r"hours \[1\] exceed"):
        ClassCounts.load(tmp_path / "a")


def test_days_stored_before_differences_were_are_still_read(tmp_path):
    counts = build([(np.eye(3, 4, dtype=np.uint8), 1), (np.zeros((3, 4), np.uint8), 1)])
    saved(counts, folder := tmp_path / "a")
    rows = [
        {"local_hour": 1, "class_id": class_id, "y": y, "n": counts.hour(1)[class_id, y].tolist()}
        for class_id in (0, 1)
        for y in range(3)
    ]
    fields = [("local_hour", pa.int8()), ("class_id", pa.int16()), ("y", pa.int32())]
    schema = pa.schema([*fields, ("n", pa.list_(pa.uint32()))])
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "counts.parquet", row_group_size=3)
    assert ClassCounts.load(folder) == counts
