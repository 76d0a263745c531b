"""A fixed camera: its settings, as ``camera.yaml`` states them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from camera_analysis.footage.file_time import FileTime
from camera_analysis.footage.image_runs import ImageClock
from camera_analysis.footage.video_file import Sampling
from camera_analysis.footage.video_plan import LEAST_INTERVAL_S
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.lenses.lens import Lens
from camera_analysis.occupancy.occupancy_rule import OccupancyRule
from camera_analysis.occupancy.rois import Roi
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from camera_analysis.tracks.tracking_rule import TrackingRule

CAMERA_FILE = "camera.yaml"
#: False alarms that may be promised a day: more than one in a minute and a half is no promise.
MOST_ALARMS_PER_DAY = 1000

#: Lower case only, so that no two ids differ by case alone on any file system.
CAMERA_ID_PATTERN = r"[a-z0-9][a-z0-9_-]{0,63}"

Mode = Literal["history", "clip"]
PlatePrivacy = Literal["blurred", "clear"]
OnSceneChange = Literal["block", "report"]


class CameraConfigError(ValueError):
    """A camera's settings cannot be used; the message names the file, the key and the remedy."""


def require_camera_id(camera_id: str) -> str:
    """Return the id if it is safe as a folder name on every file system.

    Raises:
        CameraConfigError: it does not match ``^[a-z0-9][a-z0-9_-]{0,63}$``.
    """
    if not isinstance(camera_id, str) or not re.fullmatch(CAMERA_ID_PATTERN, camera_id):
        raise CameraConfigError(
            f"camera id {camera_id!r} is refused; allowed: ^{CAMERA_ID_PATTERN}$ "
            "(lower-case letters, digits, '_' and '-', starting with a letter or digit)"
        )
    return camera_id


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Settings of one fixed camera.

    Attributes:
        id: see :func:`require_camera_id`.
        folder: where its footage lies; searched recursively.
        time_zone: IANA name; file names and days are in it.
        interval_s: time between sampled frames.
        sampling: "exact" takes the frame that is shown at each target time, "key_frames" the key
            frame before it: cheaper by far, and as coarse as the key frames are apart.
        lens: its optics.
        rois: regions of interest.
        occupancy: when they count as occupied.
        tracking: how movers are followed.
        file_time: how file names say when they start.
        starts: start times that win over names, by path relative to ``folder`` or by file name.
        images: how images tell their time; None where images are no footage.
        quality: when a frame cannot be used; None takes what the pass is told.
        window_days: days of history behind the learned normal.
        mode: "history" judges a day by the days before it, "clip" one clip by its own other parts.
        max_side_px: frames are reduced to at most this height and width.
        nominal_date: the days are made up, and times count from the start of the footage.
        plate: whether the background plate that is kept is "blurred" or "clear".
        store_frames: frames, with the people on them, may be stored to be labelled.
        private_video: how people are hidden in video that is kept; None keeps none.
        tones: the grey level of each place of every sample is kept, a mosaic of the frame of 45
            squares along its longest side, so that what looks unusual is told as well.
        learn_from: first local day to learn from; earlier ones show a scene that is gone.
        scene_changes: "block" judges no day that shows another scene than the one learned,
            "report" judges it and says so.
        alarms_per_day: false events that a normal day may have in the mean; None takes what the
            settings promise of every camera.
    """

    id: str
    folder: Path
    time_zone: str = "UTC"  # no guess about where the camera hangs
    interval_s: float = 1.0  # a walking person is seen several times; a day is 86,400 maps
    sampling: Sampling = "exact"  # a frame that is somebody else's moment hides a short event
    lens: Lens = field(default_factory=Lens)  # uncalibrated
    rois: tuple[Roi, ...] = ()  # none: the whole view
    occupancy: OccupancyRule = field(default_factory=OccupancyRule)  # see there
    tracking: TrackingRule = field(default_factory=TrackingRule)  # see there
    file_time: FileTime = field(default_factory=FileTime)  # 2026-01-05T08-00-00.mp4
    starts: Mapping[str, datetime] = field(default_factory=dict)  # names suffice
    images: ImageClock | None = None  # pictures beside videos are mostly thumbnails
    quality: QualityLimits | None = None  # one set of limits serves all cameras
    window_days: int = 7  # one of each weekday
    mode: Mode = "history"  # fixed cameras run for weeks
    max_side_px: int = 640  # people of 30 px and more stay visible; decoding stays the cost
    nominal_date: bool = False  # file names and ``starts`` are believed
    plate: PlatePrivacy = "blurred"  # somebody may sit in the view all day
    store_frames: bool = False  # nothing that shows people is kept unless it is asked for
    private_video: PrivateVideoSettings | None = None  # as much room as the footage itself
    tones: bool = False  # a mosaic of people is still a picture of them
    learn_from: date | None = None  # all days of the window
    scene_changes: OnSceneChange = "block"  # what another scene taught says nothing of this one
    alarms_per_day: float | None = None  # one promise serves all, until somebody says otherwise

    def __post_init__(self) -> None:
        require_camera_id(self.id)
        self._require_zone()
        allowed = LEAST_INTERVAL_S <= self.interval_s <= 86_400
        _require(allowed, "interval_s", self.interval_s, "0.001 <= s <= 86400")
        _require(1 <= self.window_days <= 366, "window_days", self.window_days, "1 to 366")
        _require(16 <= self.max_side_px <= 8192, "max_side_px", self.max_side_px, "16 to 8192")
        _require(self.mode in get_args(Mode), "mode", self.mode, str(get_args(Mode)))
        _require(
            self.sampling in get_args(Sampling), "sampling", self.sampling, str(get_args(Sampling))
        )
        plates = get_args(PlatePrivacy)
        _require(self.plate in plates, "privacy.plate", self.plate, str(plates))
        ways = get_args(OnSceneChange)
        _require(self.scene_changes in ways, "scene_changes", self.scene_changes, str(ways))
        _require_day(self.learn_from)
        promised = self.alarms_per_day
        fits = promised is None or 0 < promised <= MOST_ALARMS_PER_DAY
        _require(fits, "alarms_per_day", promised, f"0 < n <= {MOST_ALARMS_PER_DAY}")
        names = [roi.name for roi in self.rois]
        _require(len(names) == len(set(names)), "rois", names, "names that differ")
        spaces = {roi.space for roi in self.rois}
        raw_only = self.lens.calibrated or "rectified" not in spaces
        _require(raw_only, "space", "rectified", "raw, where the lens has no matrix")

    def titled(self, day: str) -> str:
        """Camera and day, as pictures are titled; of a made-up day, the camera alone."""
        return self.id if self.nominal_date else f"{self.id} {day}"

    def _require_zone(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
            raise CameraConfigError(
                f"time_zone {self.time_zone!r} is unknown; use an IANA name such as Europe/Berlin"
            ) from error

    @property
    def tracking_step_s(self) -> float | None:
        """Seconds between the frames looked at for tracks; None for no tracks."""
        return self.tracking.step_s(self.interval_s, exact=self.sampling == "exact")

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.time_zone)


def _require_day(learn_from: object) -> None:
    plain = isinstance(learn_from, date) and not isinstance(learn_from, datetime)
    _require(learn_from is None or plain, "learn_from", learn_from, "a day such as 2026-03-02")


def _require(valid: bool, key: str, got: object, allowed: str) -> None:
    if not valid:
        raise CameraConfigError(f"{key} is {got!r}; allowed: {allowed}")
