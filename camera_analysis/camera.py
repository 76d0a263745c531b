"""A fixed camera: its settings in ``camera.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from camera_analysis.footage.file_time import FileTime
from camera_analysis.footage.image_runs import ImageClock
from camera_analysis.footage.video_file import Sampling
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.lenses.lens import Lens, lens_document, read_lens
from camera_analysis.occupancy.occupancy_rule import OccupancyRule, read_rule, rule_document
from camera_analysis.occupancy.rois import Roi, read_rois, rois_document
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings, read_private_video
from camera_analysis.tracks.tracking_rule import TrackingRule, read_tracking, tracking_document
from camera_analysis.yaml_values import mapping, require_secret, typed

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
        _require(0 < self.interval_s <= 86_400, "interval_s", self.interval_s, "0 < s <= 86400")
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


def load_camera(folder: Path) -> Camera:
    """Read ``folder/camera.yaml``; without it, defaults with the folder's name as id.

    Raises:
        CameraConfigError: the file is no valid description of a camera.
    """
    document = camera_document(folder)
    if document is None:
        return Camera(id=require_camera_id(folder.resolve().name), folder=folder)
    try:
        return _from_document(document, folder)
    except (ValueError, TypeError) as error:
        raise CameraConfigError(f"{folder / CAMERA_FILE}: {error}") from error


def camera_document(folder: Path) -> object:
    """What ``folder/camera.yaml`` says, unchecked; None without the file.

    Raises:
        CameraConfigError: the file cannot be read as YAML.
    """
    path = folder / CAMERA_FILE
    if not path.exists():
        return None
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CameraConfigError(f"{path}: cannot be read as YAML: {error}") from error
    return {} if document is None else document


def _from_document(document: object, folder: Path) -> Camera:
    keys = (*_PLAIN_KEYS, "fps", *_NESTED_KEYS, "privacy", "footage", "stream")
    values = mapping(document, keys, CAMERA_FILE)
    settings: dict[str, Any] = {key: values[key] for key in _PLAIN_KEYS if key in values}
    for key, expected in _PLAIN_TYPES.items():
        if key in settings:
            typed(settings[key], expected, key)
    settings |= _read_interval(values, "")
    for key, (target, read) in _NESTED_KEYS.items():
        if key in values:
            settings[target] = read(values[key])
    settings |= _read_privacy(values.get("privacy", {}))
    require_secret(values.get("stream"), "stream", "an address such as rtsp://10.0.0.7/main")
    settings.setdefault("id", folder.resolve().name)
    footage = typed(values.get("footage", "."), (str,), "footage")
    return Camera(folder=Path(folder, footage), **settings)


def _read_file_time(value: object) -> FileTime:
    keys = mapping(value, ("pattern", "base"), "file_time")
    base = keys.get("base")
    if base is not None and (not isinstance(base, date) or isinstance(base, datetime)):
        raise ValueError(f"file_time.base is {base!r}; expected a day such as 2026-01-05")
    pattern = typed(keys.get("pattern", FileTime.pattern), (str,), "file_time.pattern")
    return FileTime(pattern=pattern, base=base)


def _read_interval(values: Mapping[str, Any], where: str) -> dict[str, float]:
    """``interval_s``, stated as such or as frames per second."""
    if "fps" not in values:
        return {}
    if "interval_s" in values:
        raise ValueError(f"{where}fps and {where}interval_s say the same; state one of them")
    fps = typed(values["fps"], (int, float), f"{where}fps")
    if not 0 < fps <= 1000:
        raise ValueError(f"{where}fps is {fps}; allowed: 0 < fps <= 1000")
    return {"interval_s": 1 / fps}


def _read_images(value: object) -> ImageClock:
    keys = mapping(value, ("fps", "interval_s", "pattern", "first_number"), "images")
    typed(keys.get("pattern", ""), (str,), "images.pattern")
    typed(keys.get("interval_s", 1), (int, float), "images.interval_s")
    typed(keys.get("first_number", 0), (int,), "images.first_number")
    settings: dict[str, Any] = {key: keys[key] for key in keys if key != "fps"}
    return ImageClock(**settings | _read_interval(keys, "images."))


def _read_quality(value: object) -> QualityLimits:
    limits = tuple(item.name for item in fields(QualityLimits))
    keys = mapping(value, limits, "quality")
    numbers = {key: typed(keys[key], (int, float), f"quality.{key}") for key in keys}
    return QualityLimits(**numbers)


def _read_starts(value: object) -> dict[str, datetime]:
    starts = typed(value, (dict,), "starts")
    for name, start in starts.items():
        typed(name, (str,), "a file name in starts")
        typed(start, (datetime,), f"starts[{name}]")
    return dict(starts)


def _read_privacy(value: object) -> dict[str, Any]:
    keys = mapping(value, ("plate", "store_frames", "tones", "video"), "privacy")
    for name in ("store_frames", "tones"):
        typed(keys.get(name, False), (bool,), f"privacy.{name}")
    plain = {key: keys[key] for key in keys if key != "video"}
    settings = {**plain, "plate": str(keys.get("plate", Camera.plate))}
    return settings | {"private_video": read_private_video(keys.get("video", False))}


_PLAIN_TYPES: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "time_zone": (str,),
    "interval_s": (int, float),
    "window_days": (int,),
    "mode": (str,),
    "max_side_px": (int,),
    "nominal_date": (bool,),
    "sampling": (str,),
    "learn_from": (date,),
    "scene_changes": (str,),
    "alarms_per_day": (int, float),
}
_PLAIN_KEYS = tuple(_PLAIN_TYPES)
#: Key of the file -> (attribute of the camera, its reader).
_NESTED_KEYS: dict[str, Any] = {
    "lens": ("lens", read_lens),
    "rois": ("rois", read_rois),
    "occupancy": ("occupancy", read_rule),
    "tracking": ("tracking", read_tracking),
    "file_time": ("file_time", _read_file_time),
    "starts": ("starts", _read_starts),
    "images": ("images", _read_images),
    "quality": ("quality", _read_quality),
}


def write_camera(camera: Camera, folder: Path) -> Path:
    """Write ``folder/camera.yaml`` so that :func:`load_camera` gives the camera back.

    An address under ``stream`` is no part of the camera and is not written.
    """
    file_time: dict[str, Any] = {"pattern": camera.file_time.pattern}
    if camera.file_time.base is not None:
        file_time["base"] = camera.file_time.base
    plain = {key: getattr(camera, key) for key in _PLAIN_KEYS}
    document: dict[str, Any] = {key: value for key, value in plain.items() if value is not None}
    privacy: dict[str, Any] = {
        "plate": camera.plate,
        "store_frames": camera.store_frames,
        "tones": camera.tones,
    }
    if camera.private_video is not None:
        privacy["video"] = asdict(camera.private_video)
    document |= {"lens": lens_document(camera.lens), "file_time": file_time, "privacy": privacy}
    document |= {"rois": rois_document(camera.rois), "starts": dict(camera.starts)}
    document["occupancy"] = rule_document(camera.occupancy)
    document["tracking"] = tracking_document(camera.tracking)
    for key, chosen in {"images": camera.images, "quality": camera.quality}.items():
        if chosen is not None:
            stated = {name: value for name, value in asdict(chosen).items() if value is not None}
            document[key] = stated
    if camera.folder.resolve() != folder.resolve():
        document["footage"] = str(camera.folder.resolve())
    path = folder / CAMERA_FILE
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    return path
