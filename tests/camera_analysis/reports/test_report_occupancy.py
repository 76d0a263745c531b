"""The report says how long each region was occupied, by what rule, and when it was not measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from camera_analysis.labelling.labels import read_labels_meta, write_labels_meta
from camera_analysis.occupancy.occupancy import find_occupancy
from camera_analysis.reports.report import write_report
from tests.camera_analysis import factories_days
from tests.camera_analysis.factories_report import DAY, QUIET, START, draw_day

#: Full-frame and label-map pixels are the same in the drawn report's room.
SIZE = (180, 120)


@pytest.fixture
def inputs(tmp_path):
    """A quiet day on whose frames 2 to 4 somebody stands in the door, by a drawn pass."""
    inputs = draw_day(tmp_path / "day", QUIET)
    labels = [np.zeros(SIZE[::-1], np.uint8) for _ in range(9)]
    for n in (2, 3, 4):
        labels[n][60:100, 20:40] = 1
    day = factories_days.draw_day(
        tmp_path / "regions", labels, start=START, interval_s=60.0, offset_h=1
    )
    meta = read_labels_meta(day.labels)
    write_labels_meta(replace(meta, native_wh=SIZE), day.labels)
    return inputs, day


def page_of(inputs, day, tmp_path, camera=None):
    camera = camera or inputs.camera
    found, out = tmp_path / "occupancy", tmp_path / "out"
    found.mkdir()
    out.mkdir()
    find_occupancy(camera, DAY, day.index, day.labels, found)
    write_report(replace(inputs, camera=camera, occupancy=found), out)
    return (out / "report.html").read_text(encoding="utf-8")


def test_the_page_counts_frames_stays_and_time_of_each_region(inputs, tmp_path):
    page = page_of(*inputs, tmp_path)
    row = page[page.index(">door</th>") :]
    row = row[: row.index("</tr>")]
    for cell in (">3<", ">33.3\u00a0%<", ">1<", ">3\u00a0min<"):
        assert cell in row
    assert ">desk</th>" in page
    assert "5\u00a0% or more of the region inside" in page
    assert "08:02:00\u201308:05:00" in page
    assert 'alt="Stays.' in page
    assert "recorded, and not used" not in page


def test_a_day_labelled_before_frame_sizes_were_kept_says_so(inputs, tmp_path):
    drawn, day = inputs
    write_labels_meta(replace(read_labels_meta(day.labels), native_wh=None), day.labels)
    page = page_of(drawn, day, tmp_path)
    assert "Not measured: this day was labelled before" in page
    assert "They were not measured" in page


def test_a_camera_without_regions_has_no_table(inputs, tmp_path):
    drawn, day = inputs
    page = page_of(drawn, day, tmp_path, replace(drawn.camera, rois=()))
    assert "None are drawn for this camera" in page
