"""What does hiding people cost per 1280 x 720 frame?

Every filter on one drawn frame with two people, on one thread, beside what a user would write with
OpenCV (the whole frame, then ``np.where``) and beside supervision's annotators, which work on boxes
and hide what is around people too; supervision may be missing. Methods are interleaved; ratios are
those of medians. Blurs are as strong as each other where a row says so: supervision's default is a
box filter of 15 pixels, which leaves faces to be seen.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

# Beside this script lies one named like a package: look above first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Cost, Row, interleave, parser_of, report

from camera_analysis.privacy.privacy_filters import FILTERS, apply_filter
from camera_analysis.privacy.privacy_frame import FilterInput, boxes_of
from pipelines.synthetic.privacy_sheet import draw_scene, tracks_of

Picture = npt.NDArray[np.uint8]

SIZE_WH = (1280, 720)
#: Ours, beside which peer, and the ratio of medians (peer / ours) that was set as the goal.
COMPARED: tuple[tuple[str, str, float | None], ...] = (
    ("blur", "OpenCV: Gaussian of the frame, np.where", 20.0),
    ("blur", "supervision: box blur, 15 px", 0.8),
    ("blur", "supervision: box blur, as strong", None),
    ("pixelate", "OpenCV: frame reduced and enlarged, np.where", None),
    ("pixelate", "supervision: pixelate, as coarse", None),
    ("background_blur", "OpenCV: Gaussian of the frame, np.where", None),
    ("mask", "OpenCV: np.where", None),
)


def main() -> None:
    """Measure, print, write."""
    arguments = parser_of(__doc__).parse_args()
    cv2.setNumThreads(1)
    scene = draw_scene(SIZE_WH)
    given = FilterInput(
        frame_rgb=scene.frame_rgb,
        mask_hw=scene.mask_hw,
        plate_rgb=scene.plate_rgb,
        tracks_hw=tracks_of(scene.mask_hw),
    )
    methods: dict[str, Callable[[], object]] = {
        name: partial(apply_filter, name, given) for name in FILTERS
    }
    methods |= _opencv(given) | _supervision(given)
    costs = interleave(methods, 5 if arguments.quick else 60)
    rows: list[Row] = [_row(name, cost) for name, cost in costs.items()]
    report("privacy_filters", [*rows, *_ratios(costs)], arguments.json)


def _row(name: str, cost: Cost) -> Row:
    return {"method": name, "cpu_ms": 1000 * cost.cpu_s, "wall_ms": 1000 * cost.wall_s}


def _ratios(costs: Mapping[str, Cost]) -> list[Row]:
    return [
        {
            "method": f"{ours} beside {peer}",
            "ratio": costs[peer].cpu_s / costs[ours].cpu_s,
            "goal": goal,
        }
        for ours, peer, goal in COMPARED
        if peer in costs
    ]


def _opencv(given: FilterInput) -> dict[str, Callable[[], object]]:
    frame, side = given.frame_rgb, given.detail_px
    mask = given.mask_hw[:, :, None]

    def gaussian() -> Picture:
        return np.where(mask, cv2.GaussianBlur(frame, (0, 0), side / 2), frame)

    def pixels() -> Picture:
        small = (frame.shape[1] // side, frame.shape[0] // side)
        coarse = cv2.resize(frame, small, interpolation=cv2.INTER_AREA)
        large = cv2.resize(coarse, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        return np.where(mask, large, frame)

    def grey() -> Picture:
        return np.where(mask, np.uint8(128), frame)

    return {
        "OpenCV: Gaussian of the frame, np.where": gaussian,
        "OpenCV: frame reduced and enlarged, np.where": pixels,
        "OpenCV: np.where": grey,
    }


def _supervision(given: FilterInput) -> dict[str, Callable[[], object]]:
    if importlib.util.find_spec("supervision") is None:
        return {}
    import supervision as sv

    boxes = [(x.start, y.start, x.stop, y.stop) for y, x in boxes_of(given.mask_hw)]
    found = sv.Detections(xyxy=np.array(boxes, np.float32), class_id=np.zeros(len(boxes), np.int64))
    annotators = {
        "supervision: box blur, 15 px": sv.BlurAnnotator(kernel_size=15),
        # A box of w pixels has the standard deviation w / sqrt(12).
        "supervision: box blur, as strong": sv.BlurAnnotator(
            kernel_size=round(given.detail_px / 2 * 12**0.5)
        ),
        "supervision: pixelate, as coarse": sv.PixelateAnnotator(pixel_size=given.detail_px),
    }

    def run(annotator: sv.annotators.base.BaseAnnotator) -> Picture:
        return np.asarray(annotator.annotate(given.frame_rgb.copy(), found))  # ours copies too

    return {name: partial(run, annotator) for name, annotator in annotators.items()}


if __name__ == "__main__":
    main()
