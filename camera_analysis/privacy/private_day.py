"""A camera-day as video with people hidden, a file for each of its footage; and what became of it.

Where a camera does not ask for it, nothing but a note is written: the video of a day takes as much
room as the footage itself.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from camera_analysis.camera import Camera
from camera_analysis.footage.footage_files import FootageFile, find_footage, local_day
from camera_analysis.footage.footage_samples import probe_footage
from camera_analysis.footage.sampled_frame import Fault, VideoInfo
from camera_analysis.footage.video_file import ReadConfig, VideoError
from camera_analysis.labelling.label_pass import PassConfig
from camera_analysis.labelling.labels import NO_SEGMENTER
from camera_analysis.labelling.plates import View, learn_view
from camera_analysis.labelling.segmenter import Segmenter, version_of
from camera_analysis.privacy.privacy_filters import FILTERS
from camera_analysis.privacy.private_files import FramesWriter, Preview
from camera_analysis.privacy.private_frames import PrivateFrame
from camera_analysis.privacy.private_video import (
    FileOutcome,
    HidingRules,
    Progress,
    write_private_video,
)
from camera_analysis.privacy.scramble_file import SCRAMBLED_SUFFIX, people_beside

PRIVATE_FILE, PREVIEW_FILE = "private_video.json", "preview.png"
VIDEO_FOLDER = "videos"
#: What the note says where a camera asks for no private video, and where it does.
OFF, WRITTEN = "off", "written"


@dataclass(frozen=True, kw_only=True)
class PrivateSummary:
    """What was made of a day.

    Attributes:
        status: "written", or "off" where the camera does not ask for it.
        method: name of the filter.
        strength: of the filter; 0 where it has none.
        segmenter: version of the network, or "none".
        videos: number of files.
        frames: written.
        hidden_frames: of these, hidden as a whole.
        reasons: why, with the number of frames.
        hidden_share: mean share of the pixels hidden in the other frames.
        seconds: of video.
        megabytes: of video and encrypted people.
        faults: stretches of footage that are in no video.
        pictures: names of pictures.
    """

    status: str
    method: str = ""
    strength: float = 0.0
    segmenter: str = NO_SEGMENTER
    videos: int = 0
    frames: int = 0
    hidden_frames: int = 0
    reasons: Mapping[str, int] | None = None
    hidden_share: float = 0.0
    seconds: float = 0.0
    megabytes: float = 0.0
    faults: int = 0
    pictures: tuple[str, ...] = ()


def write_private_day(
    camera: Camera,
    day: str,
    segmenter: Segmenter | None,
    out: Path,
    *,
    config: PassConfig | None = None,
    key: bytes | None = None,
    progress: Progress | None = None,
) -> PrivateSummary:
    """Hide people in the footage of one local day.

    Args:
        camera: whose footage, and how people are hidden in it.
        day: "YYYY-MM-DD" in the camera's time zone.
        segmenter: says where people are; None hides what moves alone.
        out: existing directory.
        config: thresholds of motion and quality; those of the camera, if it states any, win.
        key: 32 bytes, by which hidden people can be shown again, where the camera asks for it.
        progress: called with frames done and frames expected.

    Raises:
        ValueError: people are to be shown again by a key and there is none, or sound cannot be
            copied, or only people are to be hidden and there is no segmenter.
    """
    settings = camera.private_video
    if settings is None:
        _write_note(out, {"status": OFF})
        return PrivateSummary(status=OFF)
    if settings.reversible and key is None:
        raise ValueError(
            f"camera {camera.id}: privacy.video.reversible needs a key; make one with "
            "'learned-normal privacy key FILE' and name it in LEARNED_NORMAL_PRIVACY_KEY_FILE"
        )
    config = config or PassConfig()
    rules = HidingRules(
        settings=settings,
        segmenter=segmenter,
        motion=config.motion,
        limits=camera.quality or config.quality,
    )
    day_writer = _DayWriter(camera, day, rules, out, key if settings.reversible else None, progress)
    files = [one for one in find_footage(camera).files if local_day(camera, one.start_utc) == day]
    with FramesWriter(out) as frames:
        for file in files:
            day_writer.add(file, frames)
    return day_writer.finish()


class _DayWriter:
    """Writes the files of a day one after the other, and counts."""

    def __init__(
        self,
        camera: Camera,
        day: str,
        rules: HidingRules,
        out: Path,
        key: bytes | None,
        progress: Progress | None,
    ) -> None:
        self._camera = camera
        self._day = day
        self._rules = rules
        self._out = out
        self._key = key
        self._progress = progress
        self._read = ReadConfig(max_side_px=camera.max_side_px)
        self._files: list[dict[str, Any]] = []
        self._faults: list[dict[str, Any]] = []
        self._reasons: Counter[str] = Counter()
        self._hidden_sum = 0.0
        self._preview = Preview()
        (out / VIDEO_FOLDER).mkdir()

    def add(self, file: FootageFile, frames: FramesWriter) -> None:
        """Write the private video of one file, if any of its frames can be read."""
        source = file.path.relative_to(self._camera.folder).as_posix()
        try:
            info = probe_footage(file, config=self._read)
        except VideoError as error:
            self._fault(source, Fault(reason=error.reason, detail=error.detail))
            return
        view = self._view_of(file, info)
        if view is None:
            self._fault(source, Fault(reason="no_frames", detail="no frame can be read"))
            return
        target = self._target_of(source)

        def note(number: int, frame: PrivateFrame) -> None:
            frames.add(target.name, number, frame)
            self._count(frame)

        camera, day = self._camera.id, self._day
        with people_beside(
            target, self._key, camera=camera, day=day, size_wh=view.native_wh
        ) as people:
            outcome = write_private_video(
                file, info, view, target, self._rules, note, people=people, progress=self._progress
            )
        self._record(source, target, outcome)

    def _count(self, frame: PrivateFrame) -> None:
        self._reasons[frame.reason] += 1
        self._hidden_sum += 0.0 if frame.reason else float(frame.mask_hw.mean())
        self._preview.add(frame)

    def finish(self) -> PrivateSummary:
        """Write the note and the picture."""
        settings = self._rules.settings
        shown, hidden = self._reasons.pop("", 0), self._reasons.total()
        summary = PrivateSummary(
            status=WRITTEN,
            method=settings.method,
            strength=settings.strength if FILTERS[settings.method].strengths else 0.0,
            segmenter=version_of(self._rules.segmenter),
            videos=len(self._files),
            frames=shown + hidden,
            hidden_frames=hidden,
            reasons=dict(sorted(self._reasons.items())),
            hidden_share=round(self._hidden_sum / max(shown, 1), 6),
            seconds=round(sum(one["seconds"] for one in self._files), 3),
            megabytes=round(sum(one["bytes"] for one in self._files) / 1e6, 3),
            faults=len(self._faults),
            pictures=(PREVIEW_FILE,) if self._files else (),
        )
        if self._files:
            self._preview.save(self._out / PREVIEW_FILE)
        note = asdict(summary)
        note |= {"settings": asdict(settings), "files": self._files, "left_out": self._faults}
        _write_note(self._out, note)
        return summary

    def _target_of(self, source: str) -> Path:
        """A name of its own, also beside a file that differs in its ending alone."""
        flat = source.replace("/", "__")
        target = self._out / VIDEO_FOLDER / f"{flat.rsplit('.', 1)[0]}.mp4"
        return target.with_name(f"{flat}.mp4") if target.exists() else target

    def _view_of(self, file: FootageFile, info: VideoInfo) -> View | None:
        return learn_view(
            file,
            info,
            None,
            read=self._read,
            motion=self._rules.motion,
            limits=self._rules.limits,
        )

    def _record(self, source: str, target: Path, outcome: FileOutcome) -> None:
        for fault in outcome.faults:
            self._fault(source, fault)
        scrambled = target.with_suffix(SCRAMBLED_SUFFIX)
        size = target.stat().st_size + (scrambled.stat().st_size if scrambled.exists() else 0)
        self._files.append(
            {
                "source": source,
                "video": f"{VIDEO_FOLDER}/{target.name}",
                "frames": outcome.frames,
                "seconds": outcome.seconds,
                "bytes": size,
                "sound": outcome.sound,
                "people_encrypted": scrambled.exists(),
            }
        )

    def _fault(self, source: str, fault: Fault) -> None:
        self._faults.append({"source": source, **asdict(fault)})


def read_private_note(folder: Path) -> dict[str, Any]:
    """What ``private_video.json`` of a version says; ``status`` is "written" or "off"."""
    note: dict[str, Any] = json.loads((folder / PRIVATE_FILE).read_text(encoding="utf-8"))
    return note


def may_show_somebody(name: str) -> bool:
    """Whether a file of a version, by its name there, is one that :func:`forget_pictures` takes."""
    return name == PREVIEW_FILE or name.startswith(f"{VIDEO_FOLDER}/")


def forget_pictures(folder: Path) -> None:
    """Take out of a version all in which somebody may be seen; numbers and reasons stay.

    Raises:
        OSError: something of it is still there; the version must not be kept.
    """
    if (folder / VIDEO_FOLDER).exists():
        shutil.rmtree(folder / VIDEO_FOLDER)
    (folder / PREVIEW_FILE).unlink(missing_ok=True)


def _write_note(out: Path, note: Mapping[str, object]) -> None:
    text = json.dumps(note, indent=1, sort_keys=True)
    (out / PRIVATE_FILE).write_text(text + "\n", encoding="utf-8")
