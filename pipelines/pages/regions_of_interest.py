"""What commands about regions need of a home: the plate to draw on, and scores of labelled days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.camera import Camera
from camera_analysis.footage.footage_files import find_footage
from camera_analysis.footage.footage_samples import probe_footage
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.labelling.label_pictures import save_plate
from camera_analysis.labelling.labels import read_labels_meta
from camera_analysis.labelling.motion import MotionConfig
from camera_analysis.labelling.plates import learn_view
from camera_analysis.lenses.lens import Lens
from camera_analysis.occupancy.occupancy import DayScores, day_scores
from camera_analysis.occupancy.roi_masks import Grid, roi_masks
from pipelines.resources import open_store
from pipelines.settings import Settings

#: Larger frames are reduced: a plate keeps some forty of them in memory.
LARGEST_SIDE_PX = 1920


@dataclass(frozen=True, kw_only=True)
class Background:
    """A camera's background plate.

    Attributes:
        rgb: (H, W, 3) uint8.
        native_wh: width and height of the footage, whose pixels regions are drawn in.
        day: of which it is; "" where it was learned from footage just now.
    """

    rgb: npt.NDArray[np.uint8]
    native_wh: tuple[int, int]
    day: str


def background_of(settings: Settings, camera: Camera, scratch: Path) -> Background:
    """The plate of the newest labelled day, else one learned from the newest footage.

    Args:
        settings: of the home.
        camera: whose.
        scratch: folder for a file on the way.

    Raises:
        ValueError: there is neither a labelled day nor footage that can be read.
    """
    store = open_store(settings)
    keys = [key.split("/") for key in store.partitions("label_maps")]
    for day in sorted((day for owner, day in keys if owner == camera.id), reverse=True):
        folder = store.path(store.require("label_maps", f"{camera.id}/{day}"))
        native_wh = read_labels_meta(folder).native_wh
        if native_wh and (folder / "plate.png").is_file():
            return Background(rgb=_read(folder / "plate.png"), native_wh=native_wh, day=day)
    found = _learned(camera, camera.max_side_px)
    save_plate(found.rgb, camera.plate, scratch / "plate.png")
    return replace(found, rgb=_read(scratch / "plate.png"))


def clear_background_of(camera: Camera) -> Background:
    """The plate of the newest footage at its full size, as sharp as it is; for lenses, never kept.

    Raises:
        ValueError: there is no footage that can be read.
    """
    return _learned(camera, LARGEST_SIDE_PX)


def _learned(camera: Camera, max_side_px: int) -> Background:
    read = ReadConfig(max_side_px=max_side_px, sampling=camera.sampling)
    for file in reversed(find_footage(camera).files):
        try:
            info = probe_footage(file, config=read)
        except ValueError:
            continue  # named as a fault when the day is labelled; an older file may do
        view = learn_view(
            file, info, None, read=read, motion=MotionConfig(), limits=QualityLimits()
        )
        if view is not None:
            return Background(rgb=view.plate.rgb, native_wh=view.native_wh, day="")
    raise ValueError(f"camera {camera.id} has no footage that can be read")


def _read(path: Path) -> npt.NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError(f"{path}: not a picture; label the day again")
    return np.asarray(image, np.uint8)


def moved_regions(camera: Camera, lens: Lens) -> str:
    """Warning that names the camera's regions which another lens moves; "" where there are none.

    Regions in raw pixels stay where they were drawn; those in rectified pixels were drawn on what
    the lens of then made of the frame.
    """
    names = [roi.name for roi in camera.rois if roi.space == "rectified"]
    if not names or lens == camera.lens:
        return ""
    return (
        f"warning: drawn in rectified pixels, and at other places with this lens: "
        f"{', '.join(names)}; draw them again: learned-normal cameras draw-rois {camera.id}"
    )


def scores_of_days(settings: Settings, camera: Camera, days: Sequence[str]) -> list[DayScores]:
    """Scores of the camera's regions on labelled days.

    Raises:
        ValueError: the camera has no regions, or a day is not labelled, or was labelled before
            the size of its frames was kept.
    """
    if not camera.rois:
        raise ValueError(
            f"camera {camera.id} has no regions; learned-normal cameras draw-rois {camera.id}"
        )
    store = open_store(settings)
    found = []
    for day in days:
        key = f"{camera.id}/{day}"
        index, labels = store.current("frame_index", key), store.current("label_maps", key)
        if index is None or labels is None:
            raise ValueError(
                f"{day} is not labelled; learned-normal cameras backfill {camera.id} --from {day}"
            )
        meta = read_labels_meta(store.path(labels))
        if meta.native_wh is None:
            raise ValueError(
                f"{day} was labelled before the size of its frames was kept; "
                f"learned-normal cameras backfill {camera.id} --from {day} --to {day} --again"
            )
        grid = Grid(native_wh=meta.native_wh, label_wh=(meta.width, meta.height))
        masks = roi_masks(camera.rois, camera.lens, grid)
        found.append(day_scores(camera, masks, grid, meta, store.path(index), store.path(labels)))
    return found
