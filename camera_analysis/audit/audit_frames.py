"""Labelled sequences on disk become the frames of a privacy audit, a few in memory at a time."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from camera_analysis.audit.audit_people import AuditFrame, BoolImage, link_people
from camera_analysis.audit.audit_walks import WalkFrames
from camera_analysis.benchmark.layouts.change_detection import ChangeSequence
from camera_analysis.benchmark.layouts.clip_files import LayoutError, read_mask
from camera_analysis.labelling.motion import MotionConfig, learn_plate
from camera_analysis.labelling.plates import PLATE_SAMPLES

#: Code of people in the masks of the layouts ``input`` and ``groundtruth``.
PEOPLE_CODE = 255
#: Frames a second of sequences that do not say it, and at which people are followed.
FPS, WALK_FPS = 25.0, 8.0


class LabelledFootage:
    """A sequence whose truth marks people, every frame or nearly: read again whenever it is needed.

    People are followed through all frames, so that they are known again in those that are asked
    for; the empty view is learned from all of it. Kept in memory are the empty view and, packed,
    who is where: about a hundredth of the pixels.

    Args:
        sequence: of one camera.
        fps: frames a second, where the sequence does not say it.

    Raises:
        ValueError: no frame has a mask, or a mask has no frame.
    """

    def __init__(self, sequence: ChangeSequence, fps: float = FPS) -> None:
        self.fps = sequence.fps or fps
        self._sequence = sequence
        self._numbers = sequence.judged
        if not self._numbers:
            raise ValueError(f"{sequence.name}: no frame has a mask")
        spread = set(_spread(self._numbers, PLATE_SAMPLES))
        samples = dict(sequence.pick(spread.__contains__))
        if missing := sorted(spread - samples.keys()):
            raise LayoutError(f"{sequence.masks[missing[0]]}: there is no frame of this number")
        self._plate = learn_plate(list(samples.values()), MotionConfig())
        self.with_people: list[int] = []
        self._tracks: dict[int, bytes] = {}
        for number, tracks_hw in zip(self._numbers, link_people(self._masks()), strict=True):
            self._tracks[number] = zlib.compress(tracks_hw.tobytes(), level=1)

    def _masks(self) -> Iterator[BoolImage]:
        for number in self._numbers:
            people_hw = read_mask(self._sequence.masks[number]) == PEOPLE_CODE
            if people_hw.any():
                self.with_people.append(number)
            yield people_hw

    def every(self, step: int) -> list[int]:
        """Numbers of every so manieth labelled frame."""
        return self._numbers[::step]

    def frames(self, numbers: Collection[int]) -> Iterator[AuditFrame]:
        """The labelled frames of some numbers, in the order of time.

        Raises:
            LayoutError: a frame cannot be read, or differs in size from its mask.
        """
        wanted = frozenset(numbers)
        for number, frame_rgb in self._sequence.pick(wanted.__contains__):
            codes = self._sequence.codes(number, frame_rgb)
            tracks = np.frombuffer(zlib.decompress(self._tracks[number]), np.int32)
            yield AuditFrame(
                sequence=self._sequence.name,
                frame_rgb=frame_rgb,
                people_hw=codes == PEOPLE_CODE,
                tracks_hw=tracks.reshape(codes.shape),
                plate=self._plate,
            )


@dataclass(frozen=True)
class FramesOnDisk(Iterable[AuditFrame]):
    """Some labelled frames of a sequence, read anew each time somebody goes through them."""

    footage: LabelledFootage
    numbers: Sequence[int]

    def __iter__(self) -> Iterator[AuditFrame]:
        return self.footage.frames(self.numbers)


def audit_frames(footage: LabelledFootage, most: int) -> list[AuditFrame]:
    """At most so many frames with people in them, evenly spread."""
    return list(footage.frames(_spread(footage.with_people, most)))


def walk_frames(footage: LabelledFootage) -> WalkFrames:
    """Frames about eight a second, at which we follow people too: every third one of 25."""
    step = max(1, round(footage.fps / WALK_FPS))
    numbers = footage.every(step)
    return WalkFrames(frames=FramesOnDisk(footage, numbers), step_s=step / footage.fps)


def _spread(numbers: Sequence[int], most: int) -> list[int]:
    """At most so many of them, evenly spread."""
    places = np.linspace(0, len(numbers) - 1, min(most, len(numbers))).round().astype(int)
    return [numbers[place] for place in places.tolist()]
