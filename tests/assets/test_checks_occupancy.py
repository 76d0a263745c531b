"""Claims about occupancy hold for a measured day, and each is refuted by the fault it is for."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.checks import audit
from camera_analysis.occupancy.occupancy_files import DayOccupancy, RoiDay, write_occupancy
from camera_analysis.occupancy.occupancy_rule import OccupancyRule
from camera_analysis.occupancy.stays import find_stays, occupied_frames


@pytest.fixture
def folder(tmp_path):
    """Ten frames, two stays at the desk."""
    rule = OccupancyRule(enter=0.5, leave=0.2)
    score = np.array([0, 0.6, 0.3, 0, 0, 0, 0.9, 0, 0, 0])
    times = 1.7e9 + np.arange(10.0)
    stays = find_stays(times, score, rule, step_s=1.0, gap_s=3.0)
    desk = RoiDay(
        name="desk",
        roi_px=50.0,
        score=score,
        expected_px=50 * score,
        roi_share=score,
        person_share=score,
        overlap=score,
        bottom_centre=score > 0.5,
        persons=(score > 0).astype(np.int64),
        stays=tuple(stays),
        occupied=occupied_frames(stays, 10),
    )
    day = DayOccupancy(
        status="measured",
        rule=rule,
        counted="human",
        segmenter="drawn",
        step_s=1.0,
        frame_ids=np.arange(10),
        times_s=times,
        local_hours=np.array([7] * 5 + [8] * 5),
        rois=(desk,),
    )
    write_occupancy(day, tmp_path)
    return tmp_path


def refuted(folder):
    return {outcome.claim for outcome in audit("occupancy", folder, {}) if not outcome.passed}


def change(folder, file, **columns):
    table = pq.read_table(folder / file)
    for name, values in columns.items():
        place = table.column_names.index(name)
        table = table.set_column(place, table.schema.field(name), pa.array(values))
    pq.write_table(table, folder / file)


def test_a_measured_day_bears_every_claim_out(folder):
    assert refuted(folder) == set()


def test_a_share_above_one_is_seen(folder):
    rows = pq.read_table(folder / "roi_frames.parquet").num_rows
    change(folder, "roi_frames.parquet", overlap=np.full(rows, 1.5, np.float32))
    assert refuted(folder) == {"shares_are_shares"}


def test_stays_that_run_into_each_other_are_seen(folder):
    starts = pq.read_table(folder / "stays.parquet")["start_utc"]
    change(folder, "stays.parquet", start_utc=starts.to_pylist()[::-1])
    assert "stays_do_not_overlap" in refuted(folder)


def test_a_stay_that_lasts_into_the_next_is_seen(folder):
    ends = pq.read_table(folder / "stays.parquet")["end_utc"].to_pylist()
    change(folder, "stays.parquet", end_utc=[ends[1], ends[1]])
    assert refuted(folder) == {"stays_do_not_overlap"}


def test_frames_that_do_not_add_up_are_seen(folder):
    change(folder, "hours.parquet", frames_occupied=np.array([2, 2], np.int32))
    assert refuted(folder) == {"frames_of_stays_are_the_occupied_ones"}


def test_a_day_that_could_not_be_measured_is_a_warning(folder):
    told = json.loads((folder / "occupancy.json").read_text())
    (folder / "occupancy.json").write_text(json.dumps(told | {"status": "frame_size_unknown"}))
    (found,) = (one for one in audit("occupancy", folder, {}) if not one.passed)
    assert (found.claim, found.blocking) == ("regions_could_be_measured", False)
    assert "label the day again" in found.finding


def test_files_that_are_missing_refute_what_is_read_from_them(folder):
    (folder / "stays.parquet").unlink()
    assert "stays_do_not_overlap" in refuted(folder)
