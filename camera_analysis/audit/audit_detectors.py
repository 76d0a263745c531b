"""Whether a detector still finds a person or a face: OpenCV's own, on each person by itself.

The person detector is histograms of oriented gradients with the linear model that OpenCV holds
(Dalal and Triggs, CVPR 2005), the face detectors its Haar cascades (Viola and Jones, CVPR 2001),
frontal and in profile. Each person is cut out with a margin and scaled to the height at which the
detector is at its best, so that small people are no excuse.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from camera_analysis.audit.audit_people import ImageRgb, Person
from camera_analysis.labelling.regions import Box

#: Heights in pixels to which a person is scaled: the model's people are 96 high, a face is an
#: eighth of a person, and the cascades' windows are 20 to 24.
PERSON_PX, FACE_PERSON_PX = 110, 320
#: What is seen around a person and around a head, as shares of the person's height: the model of
#: persons wants to see where one ends.
PERSON_MARGIN, HEAD_MARGIN = 0.3, 0.08
#: Least overlap of a detection with the true box.
LEAST_OVERLAP = 0.4
#: A head is this uppermost share of a person, be it of one who is cut off at the waist.
HEAD_SHARE = 0.35
#: Of a window of the person detector, which leaves room around the person, on each side.
_ROOM_XY = (1 / 6, 1 / 10)
_CASCADES = ("haarcascade_frontalface_default.xml", "haarcascade_profileface.xml")


def finds_person(frame_rgb: ImageRgb, person: Person) -> bool:
    """Whether the detector finds a person where one is."""
    grey, box = _cut(frame_rgb, person, 1.0, PERSON_MARGIN, PERSON_PX)
    down, across = (max(0, least - side) for least, side in zip((128, 64), grey.shape, strict=True))
    wide = cv2.copyMakeBorder(grey, 0, down, 0, across, cv2.BORDER_REFLECT)  # one window at least
    found, _ = _hog().detectMultiScale(wide, winStride=(8, 8), scale=1.05)
    for x, y, width, height in np.asarray(found, int).reshape(-1, 4).tolist():
        room_x, room_y = round(_ROOM_XY[0] * width), round(_ROOM_XY[1] * height)
        seen = Box(x + room_x, y + room_y, x + width - room_x, y + height - room_y)
        if seen.overlap(box) >= LEAST_OVERLAP:
            return True
    return False


def finds_face(frame_rgb: ImageRgb, person: Person) -> bool:
    """Whether a detector finds a face, from the front or either side, where the head is."""
    grey, box = _cut(frame_rgb, person, HEAD_SHARE, HEAD_MARGIN, FACE_PERSON_PX)
    head = cv2.equalizeHist(grey)
    for cascade in _faces():
        for mirrored in (False, True):
            picture = np.ascontiguousarray(head[:, ::-1]) if mirrored else head
            found = cascade.detectMultiScale(
                picture, scaleFactor=1.1, minNeighbors=4, minSize=(24, 24)
            )
            for x, _, width, _ in np.asarray(found, int).reshape(-1, 4).tolist():
                middle = head.shape[1] - x - width / 2 if mirrored else x + width / 2
                if box.x0 <= middle <= box.x1:
                    return True
    return False


def _cut(
    frame_rgb: ImageRgb, person: Person, share: float, margin_share: float, height_px: int
) -> tuple[Any, Box]:
    """The uppermost share of a person with a margin, grey and scaled; its box there.

    ``height_px`` is what the whole person would be high.
    """
    rows, columns = person.crop
    margin = round(margin_share * person.height_px)
    bottom = rows.start + round(share * person.height_px)
    top, left = max(0, rows.start - margin), max(0, columns.start - margin)
    part = frame_rgb[top : bottom + margin, left : columns.stop + margin]
    scale = height_px / person.height_px
    way = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    size_wh = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    grey = cv2.cvtColor(cv2.resize(part, size_wh, interpolation=way), cv2.COLOR_RGB2GRAY)
    sides = (columns.start - left, rows.start - top, columns.stop - left, bottom - top)
    return grey, Box(*(round(scale * side) for side in sides))


@lru_cache(maxsize=1)
def _hog() -> Any:  # noqa: ANN401  OpenCV has no types
    detector = cv2.HOGDescriptor()
    detector.setSVMDetector(cv2.HOGDescriptor.getDefaultPeopleDetector())
    return detector


@lru_cache(maxsize=1)
def _faces() -> tuple[Any, ...]:
    folder = Path(cv2.__file__).parent / "data"  # they come with OpenCV
    return tuple(cv2.CascadeClassifier(str(folder / name)) for name in _CASCADES)
