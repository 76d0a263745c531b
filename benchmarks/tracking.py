"""Who is who: tracks of PETS 2009 S2.L1 against its boxes, beside a plain tracker by overlap.

Detections are the regions of our own pass over the video, whole, and split by the usual size of a
person; and the truth's own boxes, which shows the tracker without the segmentation. MOTA, IDF1 and
what they are made of are computed by ``trackers.eval`` at an overlap of 0.5. The interval of MOTA
is a bootstrap over blocks of ten seconds, of which the sequence has eight: it is wide.
"""

from __future__ import annotations

import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from measuring import parser_of, report
from trackers.eval import box_iou, compute_clear_metrics, compute_identity_metrics

from camera_analysis.camera import Camera
from camera_analysis.labelling.day_regions import RegionsMeta, iterate_regions, read_regions_meta
from camera_analysis.labelling.label_pass import process_day
from camera_analysis.tracks.tracker import NO_TRACK, Tracker
from camera_analysis.tracks.tracking import seen_frames
from camera_analysis.tracks.tracking_rule import TrackingRule
from camera_analysis.tracks.trajectories import person_size

Boxes = npt.NDArray[np.float64]
DAY = "2009-01-01"
VIDEO, TRUTH = "vtest_480x360.mp4", "PETS2009-S2L1.xml"
#: Truth is drawn at 768 x 576, the video is 480 x 360.
SCALE = 0.625
VIDEO_FPS, FRAMES = 10, 795
LEAST_OVERLAP, BLOCK_S = 0.5, 10
BOOTSTRAPS = 2000


@dataclass(frozen=True)
class Tracked:
    """Boxes of one frame with their tracks."""

    boxes: Boxes
    ids: npt.NDArray[np.int64]


def read_truth(path: Path) -> dict[int, Tracked]:
    """Frame -> people, in pixels of the video."""
    truth = {}
    for frame in ET.parse(path).getroot().iter("frame"):
        rows = []
        for person in frame.iter("object"):
            box = person.find("box")
            if box is None:
                raise ValueError(f"{path.name}: frame {frame.get('number')} has a person of no box")
            h, w, x, y = (SCALE * float(box.attrib[name]) for name in ("h", "w", "xc", "yc"))
            rows.append((float(person.attrib["id"]), x - w / 2, y - h / 2, x + w / 2, y + h / 2))
        table = np.array(rows).reshape(-1, 5)
        truth[int(frame.attrib["number"])] = Tracked(table[:, 1:], table[:, 0].astype(np.int64))
    return truth


def run_pass(folder: Path, fps: float, out: Path) -> tuple[Path, RegionsMeta]:
    """Regions of the video by motion alone, looked at so often."""
    footage = out / "pets"
    footage.mkdir()
    (footage / f"{DAY}T12-00-00.mp4").symlink_to((folder / VIDEO).resolve())
    places = [out / name for name in ("index", "labels", "regions")]
    for place in places:
        place.mkdir()
    camera = Camera(id="pets", folder=footage, tracking=TrackingRule(fps=fps))
    process_day(camera, DAY, None, *places[:2], regions_out=places[2])
    return places[2], read_regions_meta(places[2])


def detections(regions: Path, meta: RegionsMeta, *, split: bool) -> dict[int, Boxes]:
    """Number of each frame looked at -> boxes."""
    size = person_size(regions, meta) if split else None
    found = {number: np.empty((0, 4)) for number in looked_at(meta.step_s)}
    frames = list(seen_frames(iterate_regions(regions), size, only_people=False))
    start_us = min(frame.time_us for frame in frames) // 60_000_000 * 60_000_000
    for frame in frames:
        found[round((frame.time_us - start_us) / 1e6 * VIDEO_FPS)] = frame.boxes_xyxy
    return found


def looked_at(step_s: float) -> range:
    """Numbers of the frames looked at."""
    return range(0, FRAMES, round(step_s * VIDEO_FPS))


def by_us(boxes: dict[int, Boxes], step_s: float) -> dict[int, Tracked]:
    """Our tracker."""
    tracker = Tracker(step_s)
    tracked = {}
    for number in sorted(boxes):
        if len(boxes[number]):
            ids = tracker.update(number / VIDEO_FPS, boxes[number])
            known = ids != NO_TRACK
            tracked[number] = Tracked(boxes[number][known], ids[known])
        else:
            tracked[number] = Tracked(boxes[number], np.zeros(0, np.int64))
    return tracked


def by_overlap(boxes: dict[int, Boxes], least: float = 0.3) -> dict[int, Tracked]:
    """A plain tracker: a box is who it overlaps most in the frame before, the best pairs first."""
    before, begun = Tracked(np.empty((0, 4)), np.zeros(0, np.int64)), 0
    tracked = {}
    for number in sorted(boxes):
        now = boxes[number]
        ids = np.full(len(now), NO_TRACK, np.int64)
        if len(before.boxes) and len(now):
            overlap = box_iou(before.boxes, now)
            while overlap.max() >= least:
                old, new = np.unravel_index(int(overlap.argmax()), overlap.shape)
                ids[new] = before.ids[old]
                overlap[old], overlap[:, new] = -1, -1
        fresh = np.flatnonzero(ids == NO_TRACK)
        ids[fresh] = begun + np.arange(len(fresh))
        begun += len(fresh)
        before = tracked[number] = Tracked(now, ids)
    return tracked


def metrics(
    truth: dict[int, Tracked], tracked: dict[int, Tracked], numbers: Sequence[int]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """CLEAR and identity metrics of some frames."""
    overlaps = [
        box_iou(truth[n].boxes, tracked[n].boxes)
        if len(truth[n].boxes) and len(tracked[n].boxes)
        else np.zeros((len(truth[n].boxes), len(tracked[n].boxes)))
        for n in numbers
    ]
    ids = [truth[n].ids for n in numbers], [tracked[n].ids for n in numbers]
    clear = compute_clear_metrics(*ids, overlaps, threshold=LEAST_OVERLAP)
    return clear, compute_identity_metrics(*ids, overlaps, threshold=LEAST_OVERLAP)


def mota_interval(truth: dict[int, Tracked], tracked: dict[int, Tracked]) -> tuple[float, float]:
    """95 % interval: the errors of blocks, drawn again and again."""
    numbers = sorted(tracked)
    blocks = [
        [n for n in numbers if n // (BLOCK_S * VIDEO_FPS) == block]
        for block in range(FRAMES // (BLOCK_S * VIDEO_FPS) + 1)
    ]
    errors, people = [], []
    for block in filter(None, blocks):
        clear, _ = metrics(truth, tracked, block)
        errors.append(clear["CLR_FN"] + clear["CLR_FP"] + clear["IDSW"])
        people.append(clear["CLR_TP"] + clear["CLR_FN"])
    drawn = np.random.default_rng(0).integers(0, len(errors), (BOOTSTRAPS, len(errors)))
    mota = 1 - np.array(errors)[drawn].sum(axis=1) / np.array(people)[drawn].sum(axis=1)
    low, high = np.quantile(mota, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Every tracker over every kind of detections, at one rate after the other."""
    parser = parser_of(__doc__)
    parser.add_argument("pets", type=Path, help=f"folder of {VIDEO} and {TRUTH}")
    options = parser.parse_args()
    truth = read_truth(options.pets / TRUTH)
    rows: list[dict[str, str | float | None]] = []
    for fps in (5,) if options.quick else (5, 10):
        with tempfile.TemporaryDirectory() as work:
            regions, meta = run_pass(options.pets, fps, Path(work))
            kinds = {
                "regions": detections(regions, meta, split=False),
                "regions, split": detections(regions, meta, split=True),
                "truth boxes": {n: truth[n].boxes for n in looked_at(meta.step_s)},
            }
        for kind, boxes in kinds.items():
            trackers = {"overlap": by_overlap(boxes), "ByteTrack": by_us(boxes, meta.step_s)}
            for name, tracked in trackers.items():
                clear, identity = metrics(truth, tracked, sorted(tracked))
                low, high = mota_interval(truth, tracked)
                rows.append(
                    {
                        "what": f"{fps} fps, {kind}, {name}",
                        "frames": len(tracked),
                        "boxes": clear["CLR_TP"] + clear["CLR_FN"],
                        "MOTA": clear["MOTA"],
                        "low": low,
                        "high": high,
                        "IDF1": identity["IDF1"],
                        "switches": clear["IDSW"],
                        "missed": clear["CLR_FN"],
                        "false": clear["CLR_FP"],
                    }
                )
    report("tracking", rows, options.json)


if __name__ == "__main__":
    main()
