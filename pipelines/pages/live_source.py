"""What a live preview looks at: a file, an address, or a camera of this home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from camera_analysis.camera import Camera
from camera_analysis.camera_file import camera_document
from camera_analysis.footage.footage_files import FootageFile, find_footage
from camera_analysis.footage.footage_samples import probe_footage
from camera_analysis.footage.stream_address import redacted, require_address, stream_address
from camera_analysis.footage.stream_record import RecordConfig
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.labelling.label_pass import PassConfig
from camera_analysis.labelling.plates import learn_view
from camera_analysis.privacy.clean_plate import clean_plate
from camera_analysis.privacy.live_hiding import EmptyPlace
from camera_analysis.privacy.live_sources import ArrivedFrame, LiveClock, file_frames, stream_frames
from camera_analysis.privacy.mask_safety import SafetyConfig
from camera_analysis.privacy.private_frames import MASK_PX
from pipelines.footage import load_own_camera, own_camera_folder

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class LiveSource:
    """Frames of one camera.

    Attributes:
        name: what is said of it; holds no password.
        frames: opens it.
        empty: the empty place, learned from footage; None where there is none yet.
        camera: its settings; None of a file or an address.
    """

    name: str
    frames: Callable[[], Iterator[ArrivedFrame]]
    empty: EmptyPlace | None
    camera: Camera | None = None


def live_source(
    named: str, footage_root: Path, clock: LiveClock, *, max_side_px: int, again: bool
) -> LiveSource:
    """Find out what was named: an address, a file, or else a camera.

    A camera with a ``stream`` is seen live, and its newest footage says what is empty; one without
    is seen from its newest footage.

    Args:
        named: the address, the path or the camera's id.
        footage_root: the folder of all cameras.
        clock: by which frames come.
        max_side_px: frames are reduced to at most this height and width.
        again: a file begins anew at its end.

    Raises:
        ValueError: it is none of these, or nothing of it can be read.
    """
    stream = partial(
        stream_frames, clock=clock, config=RecordConfig(total_s=None), max_side_px=max_side_px
    )
    replay = partial(file_frames, clock=clock, max_side_px=max_side_px, again=again)
    if "://" in named:
        address = require_address(named)
        return LiveSource(name=redacted(address), frames=partial(stream, address), empty=None)
    if Path(named).is_file():
        file = FootageFile(path=Path(named), start_utc=_NO_TIME)
        return LiveSource(name=named, frames=partial(replay, file), empty=_empty_place(file))
    folder = own_camera_folder(footage_root, named, "name a file, an address or a camera")
    camera = load_own_camera(folder)
    files = find_footage(camera).files
    empty = _empty_place(files[-1]) if files else None
    document = camera_document(folder)
    if isinstance(document, dict) and "stream" in document:
        frames = partial(stream, stream_address(folder))
    elif files:
        frames = partial(replay, files[-1])
    else:
        raise ValueError(f"camera {named} has neither a stream nor footage")
    return LiveSource(name=f"camera {named}", frames=frames, empty=empty, camera=camera)


def _empty_place(file: FootageFile) -> EmptyPlace | None:
    """What a file shows when nobody is there; None where no frame of it can be read."""
    config, read = PassConfig(), ReadConfig(max_side_px=MASK_PX)
    info = probe_footage(file, config=read)
    view = learn_view(file, info, None, read=read, motion=config.motion, limits=config.quality)
    if view is None:
        return None
    fill = clean_plate(file, info, view, None, motion=config.motion, safety=SafetyConfig())
    return EmptyPlace(view=view, fill_rgb=fill)
