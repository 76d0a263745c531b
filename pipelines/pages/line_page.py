"""The page on which straight edges are clicked, from which a camera's lens is calibrated."""

from __future__ import annotations

import secrets
from pathlib import Path

import numpy as np

from camera_analysis.camera_edit import set_camera_keys
from camera_analysis.camera_file import load_camera
from camera_analysis.lenses.lens import LensKind, lens_document
from camera_analysis.lenses.lens_calibration import CalibrationLimits
from camera_analysis.lenses.lens_lines import calibrate_lines
from camera_analysis.occupancy.rois import read_rois
from camera_analysis.reports.html_page import render
from pipelines.pages.drawing_page import DrawingPage, inlined
from pipelines.pages.regions_of_interest import Background, moved_regions


class LinePage(DrawingPage):
    """One camera's page of straight edges.

    Args:
        folder: of the camera's ``camera.yaml``.
        background: what is clicked on, unblurred: edges must be seen to the pixel.
        kind: of the lens.
        focal_px: its focal length, if it is known.
        limits: when a calibration is refused.
        port: on this machine; 0 takes any that is free.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        folder: Path,
        background: Background,
        kind: LensKind,
        *,
        focal_px: float | None = None,
        limits: CalibrationLimits | None = None,
        port: int = 0,
    ) -> None:
        self._folder = folder
        self._native_wh = background.native_wh
        self._kind: LensKind = kind
        self._focal_px = focal_px
        self._limits = limits
        self._plate = inlined(background.rgb)
        super().__init__(port=port)

    def html(self) -> str:
        """An empty page: lines are not kept, the lens is."""
        width, height = self._native_wh
        return render(
            "drawing_page.html.j2",
            camera_id=load_camera(self._folder).id,
            mode="lines",
            space="raw",
            day="",
            width=width,
            height=height,
            plate=self._plate,
            nonce=secrets.token_urlsafe(12),
            start={"width": width, "height": height, "drawn": [], "mode": "lines"},
        )

    def save(self, drawn: object) -> str:
        """Calibrate from the lines and write the lens into ``camera.yaml``, or refuse them."""
        lines = [np.array(line.polygon_xy) for line in read_rois(drawn)]
        found = calibrate_lines(
            lines, self._native_wh, self._kind, focal_px=self._focal_px, limits=self._limits
        )
        warning = moved_regions(load_camera(self._folder), found.lens)
        set_camera_keys(self._folder, {"lens": lens_document(found.lens)})
        matrix = found.lens.matrix or ((0.0,),)
        return (
            f"Saved: focal length {matrix[0][0]:.1f} px, error {found.error_px:.2f} px of "
            f"{found.points} points on {found.views} lines." + (f" {warning}" if warning else "")
        )
