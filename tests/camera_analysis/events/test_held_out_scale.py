"""Departures of the days behind a normal, written and read again."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.events.departures import Departure, HeldOutFold
from camera_analysis.events.held_out_scale import CLASS_SCALE_FILE, HeldOutScale


def test_it_is_read_as_it_was_written(tmp_path):
    found = Departure(1767427200.25, 1767427209.5, 20.0), Departure(1767427300.0, 1767427300.0, 8.5)
    folds = HeldOutFold("2026-01-03", 600, found), HeldOutFold("2026-01-04", 600, ())
    HeldOutScale(folds).save(tmp_path / CLASS_SCALE_FILE)
    assert HeldOutScale.load(tmp_path / CLASS_SCALE_FILE) == HeldOutScale(folds)


def test_one_of_before_departures_had_times_is_none(tmp_path):
    assert HeldOutScale.load(tmp_path / CLASS_SCALE_FILE) is None
    before = pa.table({"fold": ["2026-01-03"], "frames": [600], "strength_bits": [[20.0]]})
    pq.write_table(before, tmp_path / CLASS_SCALE_FILE)
    assert HeldOutScale.load(tmp_path / CLASS_SCALE_FILE) is None
