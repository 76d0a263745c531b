from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from camera_analysis.labelling.labels import (
    FAULTS,
    FRAMES,
    FootageFault,
    FrameRow,
    FrameWriter,
    LabelsMeta,
    LabelWriter,
    decode_label_png,
    encode_label_png,
    iterate_labels,
    read_labels_meta,
    write_faults,
    write_labels_meta,
)


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_label_maps_survive_encoding(labels_hw):
    assert (decode_label_png(encode_label_png(labels_hw)) == labels_hw).all()


def test_maps_are_read_back_in_order_across_row_groups(tmp_path):
    with LabelWriter(tmp_path, rows_per_group=4) as writer:
        for frame_id in range(0, 20, 2):
            writer.add(frame_id, np.full((3, 5), frame_id, np.uint8))
    assert pq.ParquetFile(tmp_path / "labels.parquet").num_row_groups == 3
    maps = list(iterate_labels(tmp_path))
    assert [shown.frame_id for shown in maps] == list(range(0, 20, 2))
    assert all((shown.labels_hw == shown.frame_id).all() for shown in maps)


def test_an_empty_day_has_a_table_of_the_right_schema(tmp_path):
    with LabelWriter(tmp_path), FrameWriter(tmp_path):
        pass
    write_faults([], tmp_path)
    assert list(iterate_labels(tmp_path)) == []
    assert pq.read_schema(tmp_path / "frames.parquet").equals(FRAMES)
    assert pq.read_schema(tmp_path / "faults.parquet").equals(FAULTS)


@pytest.mark.parametrize("wrong", [np.zeros((2, 2), np.int64), np.zeros((2, 2, 3), np.uint8)])
def test_arrays_that_are_no_label_map_are_refused(tmp_path, wrong):
    with LabelWriter(tmp_path) as writer, pytest.raises(ValueError, match="expected"):
        writer.add(0, wrong)


def test_ids_must_increase(tmp_path):
    with LabelWriter(tmp_path) as writer:
        writer.add(3, np.zeros((2, 2), np.uint8))
        with pytest.raises(ValueError, match="frame 3 after frame 3"):
            writer.add(3, np.zeros((2, 2), np.uint8))


def test_a_png_that_is_none_says_what_to_do():
    for png in (b"", b"not a png"):
        with pytest.raises(ValueError, match="rebuild label_maps"):
            decode_label_png(png)


def test_meta_reads_back(tmp_path):
    meta = LabelsMeta(classes=("static", "human"), height=4, width=6, segmenter="none")
    write_labels_meta(meta, tmp_path)
    assert read_labels_meta(tmp_path) == meta


def test_equal_rows_give_equal_bytes_and_faults_are_sorted(tmp_path):
    at = datetime(2026, 1, 5, 8, tzinfo=UTC)
    faults = [
        FootageFault(file="b.mp4", reason="truncated", detail="", start_utc=at),
        FootageFault(file="a.mp4", reason="empty_file", detail="0 bytes"),
    ]
    row = FrameRow(
        frame_id=0, time_utc=at, local_hour=8, file="b.mp4", pts_s=0.0, height=4, width=6,
        luma_mean=1.0, sharpness=2.0, sharpness_share=1.0, textured_share=1.0, repeated_rows=0.0,
        still_share=0.0, still_s=0.0, shift_px=0.0, rotation_deg=0.0, view_match=1.0,
        timing="exact", usable=True, reason="",
    )  # fmt: skip
    written = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        write_faults(faults if name == "one" else faults[::-1], folder)
        with FrameWriter(folder) as frames:
            frames.add(row)
        written.append([path.read_bytes() for path in sorted(folder.iterdir())])
    assert written[0] == written[1]
    table = pq.read_table(tmp_path / "one" / "faults.parquet")
    assert table["file"].to_pylist() == ["a.mp4", "b.mp4"]
