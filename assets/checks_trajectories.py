"""Claims about the regions and the trajectories of a camera-day."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.claims import Claim, Finding
from camera_analysis.labelling.day_regions import REGIONS_FILE, read_regions_meta
from camera_analysis.tracks.track_tables import SUMMARY_FILE, TRACKS_FILE
from camera_analysis.tracks.trajectories import TRAJECTORIES_FILE

#: Share of the tracks that may be lost and found again as another before it is a warning.
MOST_LOST = 0.3


def regions_lie_in_the_view(folder: Path) -> Finding:
    """Every box is within the label map, and not empty."""
    meta = read_regions_meta(folder)
    table = pq.read_table(folder / REGIONS_FILE, columns=["x0", "y0", "x1", "y1"])
    x0, y0, x1, y1 = (np.asarray(column, np.int64) for column in table.columns)
    fine = (x0 >= 0) & (y0 >= 0) & (x0 < x1) & (y0 < y1) & (x1 <= meta.width) & (y1 <= meta.height)
    return Finding(passed=bool(fine.all()), seen=f"{len(fine)} regions, {(~fine).sum()} outside")


def points_of_a_track_follow_each_other(folder: Path) -> Finding:
    """The points of a track stand together, and its time rises strictly."""
    table = pq.read_table(folder / TRACKS_FILE, columns=["track_id", "time_utc"])
    ids = np.asarray(table["track_id"], np.int64)
    steps = np.diff(np.asarray(pc.cast(table["time_utc"], "int64"), np.int64))
    same = np.diff(ids) == 0
    runs = 1 + int((~same).sum()) if len(ids) else 0
    back, split = int((steps[same] <= 0).sum()), runs - len(np.unique(ids))
    return Finding(
        passed=not back and not split,
        seen=f"{len(ids)} points, {back} not later than the one before, {split} tracks in pieces",
    )


def every_walk_is_in_the_matrix(folder: Path) -> Finding:
    """Walks from zone to zone, and those of the average paths, add up to the walks."""
    told = json.loads((folder / TRAJECTORIES_FILE).read_text(encoding="utf-8"))
    paths = pq.read_table(folder / SUMMARY_FILE, columns=["path"])["path"]
    matrix = int(np.sum(told["origin_destination"]["walks"]))
    sorted_in = sum(path["walks"] for path in told["paths"])
    return Finding(
        passed=matrix == told["walks"] and sorted_in == len(paths) - paths.null_count,
        seen=f"{told['walks']} walks, {matrix} in the matrix; {sorted_in} on paths",
    )


def tracking_did_not_fail(folder: Path) -> Finding:
    """People were followed, or the camera asks for no tracks."""
    told = json.loads((folder / TRAJECTORIES_FILE).read_text(encoding="utf-8"))
    reason = told.get("reason", "")
    return Finding(passed=not reason, seen=f"no path evidence: {reason}" if reason else "no error")


def tracks_are_rarely_lost(folder: Path) -> Finding:
    """Few tracks end beside another one that begins shortly after."""
    lost = pq.read_table(folder / SUMMARY_FILE, columns=["broken_end"])["broken_end"]
    share = (pc.sum(lost).as_py() or 0) / max(len(lost), 1)
    return Finding(
        passed=share <= MOST_LOST, seen=f"{100 * share:.0f} % of {len(lost)} tracks were lost"
    )


CLAIMS: Mapping[str, Sequence[Claim]] = {
    "regions": (
        Claim(
            name="regions_lie_in_the_view",
            says="Every region's box lies within the view.",
            look=regions_lie_in_the_view,
        ),
    ),
    "trajectories": (
        Claim(
            name="points_of_a_track_follow_each_other",
            says="The points of each track stand together, in order of time.",
            look=points_of_a_track_follow_each_other,
        ),
        Claim(
            name="every_walk_is_in_the_matrix",
            says="Walks by zone and by path add up to all walks.",
            look=every_walk_is_in_the_matrix,
        ),
        Claim(
            name="tracking_did_not_fail",
            says="People were followed; where that failed, the day goes on without path evidence.",
            look=tracking_did_not_fail,
            blocking=False,  # the day's other alarms are not to be lost with its paths
        ),
        Claim(
            name="tracks_are_rarely_lost",
            says="At most 30 % of the tracks end beside another one that begins shortly after.",
            look=tracks_are_rarely_lost,
            blocking=False,
        ),
    ),
}
