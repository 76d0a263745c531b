"""The page on which regions of interest are drawn, on the background plate, into camera.yaml."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from camera_analysis.camera_edit import set_camera_keys
from camera_analysis.camera_file import load_camera
from camera_analysis.lenses.lens import lens_at, rectify_frame
from camera_analysis.occupancy.roi_masks import Grid, roi_masks
from camera_analysis.occupancy.rois import Space, read_rois, rois_document
from camera_analysis.reports.html_page import render
from pipelines.pages.drawing_page import DrawingPage, inlined
from pipelines.pages.regions_of_interest import Background


class RoiPage(DrawingPage):
    """One camera's page of regions.

    Args:
        folder: of the camera's ``camera.yaml``.
        background: what is drawn on.
        space: of the pixels that are drawn in; regions of the other space are left as they are.
        port: on this machine; 0 takes any that is free.

    Raises:
        ValueError: the rectified view of a lens that is not calibrated is asked for.
        OSError: the port is taken.
    """

    def __init__(
        self, folder: Path, background: Background, space: Space, *, port: int = 0
    ) -> None:
        self._folder = folder
        self._background = background
        self._space: Space = space
        camera = load_camera(folder)
        rgb = background.rgb
        if space == "rectified":
            if not camera.lens.calibrated:
                raise ValueError(
                    f"the lens is not calibrated; learned-normal cameras calibrate-lens {camera.id}"
                )
            native = replace(
                lens_at(camera.lens, background.native_wh), size_wh=background.native_wh
            )
            rgb = rectify_frame(rgb, lens_at(native, (rgb.shape[1], rgb.shape[0])))
        self._plate = inlined(rgb)
        super().__init__(port=port)

    def html(self) -> str:
        """The regions as the file holds them now."""
        camera = load_camera(self._folder)
        (width, height) = self._background.native_wh
        own = [roi for roi in camera.rois if roi.space == self._space]
        return render(
            "drawing_page.html.j2",
            camera_id=camera.id,
            mode="regions",
            space=self._space,
            day=self._background.day,
            width=width,
            height=height,
            plate=self._plate,
            nonce=secrets.token_urlsafe(12),
            start={
                "width": width,
                "height": height,
                "drawn": rois_document(own),
                "mode": "regions",
            },
        )

    def save(self, drawn: object) -> str:
        """Write the regions into ``camera.yaml``."""
        rois = [replace(roi, space=self._space) for roi in read_rois(drawn)]
        rows, columns = self._background.rgb.shape[:2]
        grid = Grid(native_wh=self._background.native_wh, label_wh=(columns, rows))
        camera = load_camera(self._folder)
        roi_masks(rois, camera.lens, grid)  # refuses a region that holds no pixel
        others = [roi for roi in camera.rois if roi.space != self._space]
        set_camera_keys(self._folder, {"rois": rois_document([*others, *rois])})
        return f"Saved: {len(rois)} {'region' if len(rois) == 1 else 'regions'}."
