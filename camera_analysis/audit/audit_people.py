"""People in labelled frames: whom a privacy audit hides, and then tries to find again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.motion import Plate

ImageRgb = npt.NDArray[np.uint8]
BoolImage = npt.NDArray[np.bool_]
IntImage = npt.NDArray[np.int32]

#: Smaller people hold less than a detector or a matcher needs; they would make every method pass.
LEAST_HEIGHT_PX = 40
#: Share of what lies under a part, in the frame before, from which on a track is a person in it.
_SOMEBODY = 0.2
#: Grey levels in any channel by which a pixel differs from the empty view to be told from it.
_TOLD_LEVELS = 10


@dataclass(frozen=True, kw_only=True)
class AuditFrame:
    """A labelled frame.

    Attributes:
        sequence: of one camera; what is learned about frames is learned on other sequences.
        frame_rgb: (H, W, 3) uint8.
        people_hw: (H, W) True where truth says people.
        tracks_hw: (H, W) int32 track of each person's pixels, from 1; 0 elsewhere, and where
            people cannot be told apart.
        plate: the empty view; None where it is not known.
    """

    sequence: str
    frame_rgb: ImageRgb
    people_hw: BoolImage
    tracks_hw: IntImage
    plate: Plate | None = None


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person in one frame.

    Attributes:
        frame: number of the frame among those audited.
        identity: sequence and track.
        crop: rows and columns of the box around the person.
        mask_hw: (h, w) True on the person, within the box.
    """

    frame: int
    identity: str
    crop: tuple[slice, slice]
    mask_hw: BoolImage

    @property
    def height_px(self) -> int:
        """Of the box."""
        return int(self.mask_hw.shape[0])

    @property
    def foot_xy(self) -> tuple[float, float]:
        """Middle of the lowest row of the box."""
        rows, columns = self.crop
        return (columns.start + columns.stop) / 2, float(rows.stop)


def people_of(frames: Iterable[AuditFrame]) -> list[Person]:
    """Everybody who can be told apart and is tall enough, frame by frame, by track."""
    found = []
    for number, frame in enumerate(frames):
        for track in np.unique(frame.tracks_hw[frame.tracks_hw > 0]).tolist():
            here = frame.tracks_hw == track
            x, y, width, height = cv2.boundingRect(here.view(np.uint8))
            crop = np.s_[y : y + height, x : x + width]
            if height >= LEAST_HEIGHT_PX:
                identity = f"{frame.sequence}/{track}"
                person = Person(frame=number, identity=identity, crop=crop, mask_hw=here[crop])
                found.append(person)
    return found


def seen_people(
    people: Sequence[Person], frames: Sequence[AuditFrame], hidden: Sequence[ImageRgb]
) -> list[Person]:
    """The same people, less what cannot be told from the empty view.

    Whoever was replaced by it leaves no outline to be cut out. Somebody of whom a twentieth or
    less is left is not seen at all. Where no empty view is known the whole outline stays.
    """
    seen = []
    for one in people:
        plate = frames[one.frame].plate
        mask = one.mask_hw
        if plate is not None:
            off = cv2.absdiff(hidden[one.frame][one.crop], plate.rgb[one.crop]).max(axis=2)
            mask = mask & (off > _TOLD_LEVELS)
            if mask.sum() <= 0.05 * one.mask_hw.sum():
                mask = np.zeros_like(mask)
        seen.append(replace(one, mask_hw=mask))
    return seen


def link_people(masks: Iterable[BoolImage], least_px: int = 60) -> Iterator[IntImage]:
    """Tracks of people in consecutive masks: parts that overlap from frame to frame.

    Where two people's parts run together they cannot be told apart: the joined part has no track,
    and who comes out of it is somebody new.

    Args:
        masks: (H, W) True where people are, one a frame, so close in time that people overlap.
        least_px: parts with fewer pixels have no track.

    Yields:
        (H, W) int32 per frame, track of each pixel from 1, 0 for none.
    """
    previous: IntImage | None = None
    tracks = 0
    for mask in masks:
        count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
        here = np.zeros(mask.shape, np.int32)
        taken: set[int] = set()
        by_size = sorted(range(1, count), key=lambda part: -stats[part, cv2.CC_STAT_AREA])
        for part in by_size:
            if stats[part, cv2.CC_STAT_AREA] < least_px:
                continue
            inside = parts == part
            before = _tracks_under(previous, inside) if previous is not None else []
            if len(before) > 1:
                continue
            track = before[0] if before and before[0] not in taken else 0
            if not track:
                tracks += 1
                track = tracks
            taken.add(track)
            here[inside] = track
        yield here
        previous = here


def _tracks_under(tracks_hw: IntImage, inside: BoolImage) -> list[int]:
    """Tracks of the frame before under a part; a foot that was cut off by a table is nobody."""
    seen, pixels = np.unique(tracks_hw[inside & (tracks_hw > 0)], return_counts=True)
    least = _SOMEBODY * pixels.sum()
    return [int(track) for track, px in zip(seen, pixels, strict=True) if px >= least]
