"""Which regions of interest were occupied on a camera-day: by how much, when, for how long.

Label maps are read again, footage is not: regions may be drawn after a day was labelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camera_analysis.camera import Camera
from camera_analysis.label_classes import HUMAN, OTHER_MOVER
from camera_analysis.labelling.day_regions import REGIONS_FILE
from camera_analysis.labelling.labels import (
    NO_SEGMENTER,
    LabelsMeta,
    iterate_labels,
    read_labels_meta,
)
from camera_analysis.labelling.regions import Box
from camera_analysis.labelling.segmenter import MAX_GAP_INTERVALS
from camera_analysis.occupancy.occupancy_files import DayOccupancy, RoiDay, write_occupancy
from camera_analysis.occupancy.occupancy_pictures import save_hours, save_regions, save_stays
from camera_analysis.occupancy.occupancy_rule import OccupancyRule
from camera_analysis.occupancy.roi_masks import Grid, RoiMask, pixel_weights, roi_masks
from camera_analysis.occupancy.roi_overlap import FrameOverlap, LikelyBox, RoiMeter
from camera_analysis.occupancy.stays import find_stays, occupied_frames
from camera_analysis.pictures import read_plate

FloatVector = npt.NDArray[np.float64]

#: Of a day whose camera has no regions, or that was labelled before frame sizes were kept.
NO_REGIONS, SIZE_UNKNOWN, MEASURED = "no_regions", "frame_size_unknown", "measured"


@dataclass(frozen=True, kw_only=True)
class OccupancySummary:
    """What was found, for metadata.

    Attributes:
        status: "measured", "no_regions" or "frame_size_unknown".
        frames: looked at.
        stays: of all regions.
        frames_occupied: region -> frames that belong to one of its stays.
        pictures: in the order in which they are worth looking at.
    """

    status: str
    frames: int
    stays: int
    frames_occupied: Mapping[str, int]
    pictures: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class DayScores:
    """Scores of a day's usable frames in R regions.

    Attributes:
        names: of the regions.
        frame_ids: (N,) ascending.
        times_s: (N,) seconds since 1970.
        local_hours: (N,) in 0 to 23.
        expected_px: (N, R) expected human pixels, in pixels of the view's centre.
        roi_share: (N, R).
        person_share: (N, R).
        overlap: (N, R).
        bottom_centre: (N, R) whether a person's bottom centre is inside.
        person_px: (frame, region) -> weights of the persons inside.
        roi_px: (R,) weight of each region.
    """

    names: tuple[str, ...]
    frame_ids: npt.NDArray[np.int64]
    times_s: FloatVector
    local_hours: npt.NDArray[np.int64]
    expected_px: FloatVector
    roi_share: FloatVector
    person_share: FloatVector
    overlap: FloatVector
    bottom_centre: npt.NDArray[np.bool_]
    person_px: Mapping[tuple[int, int], FloatVector]
    roi_px: FloatVector

    def score(self, rule: OccupancyRule) -> FloatVector:
        """(N, R) what the rule compares with its thresholds."""
        return {
            "overlap": self.overlap,
            "roi_share": self.roi_share,
            "person_share": self.person_share,
        }[rule.score]


def find_occupancy(
    camera: Camera,
    day: str,
    index_dir: Path,
    labels_dir: Path,
    out: Path,
    regions_dir: Path | None = None,
) -> OccupancySummary:
    """Measure one camera-day and write its tables and pictures.

    Args:
        camera: its regions, lens and rule.
        day: "YYYY-MM-DD", for titles.
        index_dir: of frames.parquet.
        labels_dir: of labels.parquet, labels.json and plate.png.
        out: existing folder for what :mod:`camera_analysis.occupancy.occupancy_files` lists,
            regions.png, occupancy.png and occupancy_by_hour.png.
        regions_dir: of regions.parquet, which holds the network's mean probabilities; None of a day
            that was labelled before they were kept.

    Raises:
        ValueError: a region lies outside of the frame, or the lens is of other frames.
    """
    meta = read_labels_meta(labels_dir)
    status = _status(camera, meta)
    if status != MEASURED or meta.native_wh is None:
        write_occupancy(DayOccupancy(status=status, rule=camera.occupancy), out)
        return OccupancySummary(status=status, frames=0, stays=0, frames_occupied={}, pictures=())
    grid = Grid(native_wh=meta.native_wh, label_wh=(meta.width, meta.height))
    masks = roi_masks(camera.rois, camera.lens, grid)
    likely = read_likely(regions_dir) if regions_dir else {}
    scores = day_scores(camera, masks, grid, meta, index_dir, labels_dir, likely)
    found = judge_scores(camera, scores, meta)
    write_occupancy(found, out)
    title = camera.titled(day)
    plate = read_plate(labels_dir / "plate.png", meta.height, meta.width)
    pictures = tuple(
        out / name for name in ("regions.png", "occupancy.png", "occupancy_by_hour.png")
    )
    save_regions(plate, masks, camera.lens, grid, title, pictures[0])
    save_stays(found, camera.zone, title, pictures[1])
    save_hours(found, title, pictures[2])
    return OccupancySummary(
        status=status,
        frames=found.frames,
        stays=sum(len(roi.stays) for roi in found.rois),
        frames_occupied={roi.name: int(roi.occupied.sum()) for roi in found.rois},
        pictures=pictures,
    )


def read_likely(regions_dir: Path) -> dict[int, list[LikelyBox]]:
    """frame_id -> how probable a person is over what lies together in that frame."""
    columns = ["frame_id", "x0", "y0", "x1", "y1", "human_probability"]
    table = pq.read_table(regions_dir / REGIONS_FILE, columns=columns).drop_null()
    likely: dict[int, list[LikelyBox]] = {}
    for row in table.to_pylist():
        box = Box(row["x0"], row["y0"], row["x1"], row["y1"])
        found = LikelyBox(box=box, probability=row["human_probability"])
        likely.setdefault(row["frame_id"], []).append(found)
    return likely


def _status(camera: Camera, meta: LabelsMeta) -> str:
    if not camera.rois or not meta.height:
        return NO_REGIONS
    return MEASURED if meta.native_wh else SIZE_UNKNOWN


def counted_class(meta: LabelsMeta) -> int:
    """Persons; where no segmenter told them from other movers, everything that moves."""
    return OTHER_MOVER if meta.segmenter == NO_SEGMENTER else HUMAN


def day_scores(
    camera: Camera,
    masks: Sequence[RoiMask],
    grid: Grid,
    meta: LabelsMeta,
    index_dir: Path,
    labels_dir: Path,
    likely: Mapping[int, Sequence[LikelyBox]] | None = None,
) -> DayScores:
    """Measure every label map of a day; one is in memory at a time."""
    frames = pq.read_table(
        index_dir / "frames.parquet", columns=["frame_id", "time_utc", "local_hour", "usable"]
    )
    frames = frames.filter(pc.field("usable"))
    frame_ids = frames["frame_id"].to_numpy().astype(np.int64)
    place_of = {int(frame_id): place for place, frame_id in enumerate(frame_ids)}
    meter = RoiMeter(masks, pixel_weights(camera.lens, grid), camera.occupancy.leave)
    person = counted_class(meta)
    shape = (len(frame_ids), len(masks))
    expected, roi_share, person_share, overlap = (np.zeros(shape) for _ in range(4))
    bottom = np.zeros(shape, bool)
    person_px: dict[tuple[int, int], FloatVector] = {}
    for label_map in iterate_labels(labels_dir):
        place = place_of[label_map.frame_id]
        of_frame = likely.get(label_map.frame_id, ()) if likely else ()
        seen = meter.measure(label_map.labels_hw == person, of_frame)
        if seen is None:
            continue
        expected[place], roi_share[place] = seen.expected_px, seen.roi_share
        person_share[place], overlap[place] = seen.person_share, seen.overlap
        bottom[place] = seen.bottom_centre
        person_px.update(_persons(place, seen))
    return DayScores(
        names=tuple(mask.name for mask in masks),
        frame_ids=frame_ids,
        times_s=frames["time_utc"].to_numpy().astype("datetime64[us]").astype(np.int64) / 1e6,
        local_hours=frames["local_hour"].to_numpy().astype(np.int64),
        expected_px=expected,
        roi_share=roi_share,
        person_share=person_share,
        overlap=overlap,
        bottom_centre=bottom,
        person_px=person_px,
        roi_px=meter.roi_px,
    )


def _persons(place: int, seen: FrameOverlap) -> dict[tuple[int, int], FloatVector]:
    return {(place, roi): px for roi, px in enumerate(seen.person_px) if px.size}


def judge_scores(camera: Camera, scores: DayScores, meta: LabelsMeta) -> DayOccupancy:
    """Stays, counts of persons and frames by hour, by the camera's rule."""
    rule, step_s = camera.occupancy, camera.interval_s
    score = scores.score(rule)
    rois = []
    for number, name in enumerate(scores.names):
        stays = find_stays(
            scores.times_s,
            score[:, number],
            rule,
            step_s=step_s,
            gap_s=MAX_GAP_INTERVALS * step_s,
        )
        rois.append(
            RoiDay(
                name=name,
                roi_px=float(scores.roi_px[number]),
                score=score[:, number],
                expected_px=scores.expected_px[:, number],
                roi_share=scores.roi_share[:, number],
                person_share=scores.person_share[:, number],
                overlap=scores.overlap[:, number],
                bottom_centre=scores.bottom_centre[:, number],
                persons=persons_at_once(scores, number, of_one_kind=meta.segmenter != NO_SEGMENTER),
                stays=tuple(stays),
                occupied=occupied_frames(stays, len(score)),
            )
        )
    return DayOccupancy(
        status=MEASURED,
        rule=rule,
        counted=meta.classes[counted_class(meta)],
        segmenter=meta.segmenter,
        step_s=step_s,
        frame_ids=scores.frame_ids,
        times_s=scores.times_s,
        local_hours=scores.local_hours,
        rois=tuple(rois),
    )


def persons_at_once(scores: DayScores, roi: int, *, of_one_kind: bool) -> npt.NDArray[np.int64]:
    """(N,) how many persons seem to be in a region at once.

    One for each connected region of the label map, more where it is larger than the day's median
    there: two who stand before each other are one region of nearly twice the size. An estimate:
    people differ in size, and the median is of pairs where people mostly come in pairs.

    Args:
        scores: of the day.
        roi: number of the region.
        of_one_kind: only persons were measured; else a large one may be a vehicle, and counts once.
    """
    here = {place: px for (place, number), px in scores.person_px.items() if number == roi}
    persons = np.zeros(len(scores.frame_ids), np.int64)
    if here:
        usual = float(np.median(np.concatenate(list(here.values()))))
        for place, px in here.items():
            alike = np.round(px / max(usual, 1e-12)) if of_one_kind else np.ones(len(px))
            persons[place] = int(np.maximum(1, alike).sum())
    return persons
