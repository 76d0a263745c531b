"""Claims about regions and trajectories hold for what stages write, and fail for what is not so."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.checks_trajectories import (
    every_walk_is_in_the_matrix,
    points_of_a_track_follow_each_other,
    regions_lie_in_the_view,
    tracking_did_not_fail,
    tracks_are_rarely_lost,
)
from camera_analysis.labelling.day_regions import write_regions_meta
from tests.camera_analysis.factories_tracks import film
from tests.camera_analysis.tracks.test_trajectories import META, WALKS, Day

pytestmark = pytest.mark.usefixtures("coarse_pictures")


@pytest.fixture
def made(tmp_path):
    _, out = Day(tmp_path).make("day", film(140, *WALKS))
    return out.parent / "regions", out


def test_what_the_stages_write_is_as_claimed(made):
    regions, out = made
    assert regions_lie_in_the_view(regions).passed
    assert points_of_a_track_follow_each_other(out).passed
    assert every_walk_is_in_the_matrix(out).passed
    assert tracks_are_rarely_lost(out).passed
    assert tracking_did_not_fail(out).passed


def test_a_tracker_that_failed_is_seen(made):
    _, out = made
    path = out / "trajectories.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "reason": "IndexError: 7"}))
    finding = tracking_did_not_fail(out)
    assert (finding.passed, finding.seen) == (False, "no path evidence: IndexError: 7")


def test_a_box_outside_of_the_view_is_seen(made):
    regions, _ = made
    write_regions_meta(replace(META, width=200), regions)
    finding = regions_lie_in_the_view(regions)
    assert not finding.passed
    assert finding.seen == "357 regions, 140 outside"


def test_points_out_of_order_and_tracks_in_pieces_are_seen(made):
    _, out = made
    table = pq.read_table(out / "tracks.parquet")
    pq.write_table(table.take(pa.array(range(table.num_rows - 1, -1, -1))), out / "tracks.parquet")
    assert not points_of_a_track_follow_each_other(out).passed
    pieces = pa.concat_tables([table.slice(0, 10), table.slice(60, 10), table.slice(10, 10)])
    pq.write_table(pieces, out / "tracks.parquet")
    assert "1 tracks in pieces" in points_of_a_track_follow_each_other(out).seen


def test_a_walk_that_is_missing_in_the_matrix_is_seen(made):
    _, out = made
    path = out / "trajectories.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "walks": told["walks"] + 1}))
    assert not every_walk_is_in_the_matrix(out).passed


def test_tracks_that_are_often_lost_are_seen(made):
    _, out = made
    table = pq.read_table(out / "track_summary.parquet")
    place = table.column_names.index("broken_end")
    lost = pa.array([True] * 4 + [False] * (table.num_rows - 4))
    pq.write_table(table.set_column(place, "broken_end", lost), out / "track_summary.parquet")
    assert tracks_are_rarely_lost(out).seen == "57 % of 7 tracks were lost"
    assert not tracks_are_rarely_lost(out).passed
