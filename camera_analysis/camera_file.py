"""camera.yaml: a camera read from its file, and written so that it is read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from camera_analysis.camera import CAMERA_FILE, Camera, CameraConfigError, require_camera_id
from camera_analysis.footage.file_time import FileTime
from camera_analysis.footage.image_runs import ImageClock
from camera_analysis.footage.video_plan import MOST_FPS
from camera_analysis.labelling.frame_quality import QualityLimits
from camera_analysis.lenses.lens import lens_document, read_lens
from camera_analysis.occupancy.occupancy_rule import read_rule, rule_document
from camera_analysis.occupancy.rois import read_rois, rois_document
from camera_analysis.privacy.private_video_settings import read_private_video
from camera_analysis.tracks.tracking_rule import read_tracking, tracking_document
from camera_analysis.yaml_values import mapping, require_secret, typed


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
    if not 0 < fps <= MOST_FPS:
        raise ValueError(f"{where}fps is {fps}; allowed: 0 < fps <= {MOST_FPS}")
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
