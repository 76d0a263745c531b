"""What a private video leaves beside itself: one row for each frame, and a sheet of pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from camera_analysis.labelling.labels import RowGroups
from camera_analysis.labelling.motion import ImageRgb
from camera_analysis.labelling.plates import Spread
from camera_analysis.privacy.private_frames import PrivateFrame

FRAMES_FILE = "private_frames.parquet"

#: One row per frame of the videos, in order.
PRIVATE_FRAMES = pa.schema(
    [
        ("video", pa.string()),
        ("frame", pa.int64()),  # number in the video, from 0
        ("offset_s", pa.float64()),  # since the video's first frame
        ("hidden_share", pa.float32()),  # of the pixels, in [0, 1]
        ("doubtful_share", pa.float32()),  # that may have changed and is not covered, in [0, 1]
        ("reason", pa.string()),  # why the whole frame is hidden; "" where it is not
    ]
)

_ROWS_PER_GROUP = 65_536
#: Pictures of the sheet: so many, so wide, in so many columns.
_PICTURES, _PICTURE_PX, _COLUMNS = 6, 320, 3


class FramesWriter(RowGroups):
    """Appends rows to ``private_frames.parquet``; memory is bounded by one row group."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FRAMES_FILE, PRIVATE_FRAMES)
        self._rows: list[dict[str, object]] = []

    def add(self, video: str, number: int, frame: PrivateFrame) -> None:
        """Append the row of one frame."""
        self._rows.append(
            {
                "video": video,
                "frame": number,
                "offset_s": frame.offset_s,
                "hidden_share": float(frame.mask_hw.mean()),
                "doubtful_share": frame.doubtful_share,
                "reason": frame.reason,
            }
        )
        if len(self._rows) >= _ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=PRIVATE_FRAMES))
            self._rows = []


class Preview:
    """A sheet of frames as they are shown, spread over those in which somebody was hidden."""

    def __init__(self) -> None:
        self._with_people: Spread[ImageRgb] = Spread(2 * _PICTURES)
        self._others: Spread[ImageRgb] = Spread(2 * _PICTURES)

    def add(self, frame: PrivateFrame) -> None:
        """Offer the next frame."""
        height, width = frame.shown_rgb.shape[:2]
        size = (_PICTURE_PX, max(1, round(height * _PICTURE_PX / width)))
        small = cv2.resize(frame.shown_rgb, size, interpolation=cv2.INTER_AREA)
        kept = self._with_people if frame.mask_hw.any() and not frame.reason else self._others
        kept.add(np.asarray(small, np.uint8))

    def save(self, path: Path) -> None:
        """Write the PNG, if any frame was offered."""
        pictures = list(self._with_people.items or self._others.items)
        if not pictures:
            return
        places = np.linspace(0, len(pictures) - 1, min(_PICTURES, len(pictures))).round()
        height = max(picture.shape[0] for picture in pictures)
        chosen = [_padded(pictures[int(place)], height) for place in places]
        columns = min(_COLUMNS, len(chosen))
        chosen += [np.full_like(chosen[0], 255)] * (-len(chosen) % columns)
        rows = [np.hstack(chosen[at : at + columns]) for at in range(0, len(chosen), columns)]
        cv2.imwrite(str(path), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def _padded(picture_rgb: ImageRgb, height: int) -> ImageRgb:
    missing = height - picture_rgb.shape[0]
    return np.pad(picture_rgb, ((3, 3 + missing), (3, 3), (0, 0)), constant_values=255)
