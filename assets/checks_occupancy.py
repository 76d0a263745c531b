"""Claims about the occupancy of a camera-day."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from assets.claims import Claim, Finding
from camera_analysis.occupancy.occupancy import MEASURED, NO_REGIONS
from camera_analysis.occupancy.occupancy_files import read_occupancy


def shares_are_shares(folder: Path) -> Finding:
    """Shares of a region and of a person lie in [0, 1]."""
    table = pq.read_table(folder / "roi_frames.parquet")
    names = ("roi_share", "person_share", "overlap")
    values = np.concatenate([table[name].to_numpy() for name in names])
    wrong = int((~((values >= 0) & (values <= 1 + 1e-5))).sum())
    return Finding(passed=wrong == 0, seen=f"{len(values)} shares, {wrong} outside of 0 to 1")


def stays_do_not_overlap(folder: Path) -> Finding:
    """Each stay of a region begins after the last frame of the one before, and none is empty."""
    rows = pq.read_table(folder / "stays.parquet").to_pylist()
    step = timedelta(seconds=read_occupancy(folder)["step_s"])  # for which a last frame stands
    wrong = [
        f"{later['roi']} {later['start_utc']:%H:%M:%S}"
        for earlier, later in pairwise(rows)
        if earlier["roi"] == later["roi"] and earlier["end_utc"] - step >= later["start_utc"]
    ]
    wrong += [f"{row['roi']}: no time" for row in rows if row["end_utc"] <= row["start_utc"]]
    return Finding(passed=not wrong, seen=f"{len(rows)} stays, wrong: {wrong}")


def frames_of_stays_are_the_occupied_ones(folder: Path) -> Finding:
    """Frames by stay, by hour and by region say the same."""
    told = read_occupancy(folder)
    wrong = []
    for roi in told["rois"]:
        own = [("roi", "==", roi["name"])]
        by_stay = sum(pq.read_table(folder / "stays.parquet", filters=own)["frames"].to_pylist())
        hours = pq.read_table(folder / "hours.parquet", filters=own)
        by_hour = sum(hours["frames_occupied"].to_pylist())
        if not by_stay == by_hour == roi["frames_occupied"]:
            wrong.append(f"{roi['name']}: {by_stay}, {by_hour}, {roi['frames_occupied']}")
    return Finding(passed=not wrong, seen=f"{len(told['rois'])} regions; {wrong}")


def regions_could_be_measured(folder: Path) -> Finding:
    """What a camera's regions need was kept with its label maps."""
    status = read_occupancy(folder)["status"]
    remedy = "" if status in (MEASURED, NO_REGIONS) else "; label the day again (cameras backfill)"
    return Finding(passed=not remedy, seen=status + remedy)


CLAIMS: Mapping[str, Sequence[Claim]] = {
    "occupancy": (
        Claim(
            name="shares_are_shares",
            says="Shares of regions and persons lie in [0, 1].",
            look=shares_are_shares,
        ),
        Claim(
            name="stays_do_not_overlap",
            says="The stays of a region follow each other.",
            look=stays_do_not_overlap,
        ),
        Claim(
            name="frames_of_stays_are_the_occupied_ones",
            says="Frames add up alike by stay, by hour and by region.",
            look=frames_of_stays_are_the_occupied_ones,
        ),
        Claim(
            name="regions_could_be_measured",
            says="The label maps say how large the frames were that regions are drawn on.",
            look=regions_could_be_measured,
            blocking=False,
        ),
    ),
}
