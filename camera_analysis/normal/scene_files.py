"""The scene of a camera-day against the days before it: a verdict in words, a table, a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.canvas import draw_box, figure, save
from camera_analysis.labelling.registration import VIEW_FILE, read_view
from camera_analysis.normal.scene_change import (
    AS_LEARNED,
    SCENE_CHANGED,
    SUSPECTED,
    SceneChange,
    find_change,
)
from camera_analysis.normal.scene_views import (
    CHANGED,
    MOVED,
    VEILED,
    GreyImage,
    SceneLimits,
    ViewDifference,
)

SCENE_FILE = "scene.json"
SCENE_TABLE = "scene.parquet"
SCENE_PICTURE = "scene.png"

#: One row per day before the judged one that was compared with it, ascending.
SCENE = pa.schema(
    [
        ("day", pa.string()),
        ("kind", pa.string()),  # "moved", "veiled", "changed", or "" for the same scene
        ("shift_share", pa.float64()),  # of the width
        ("rotation_deg", pa.float64()),
        ("view_match", pa.float64()),  # correlation of the edges, in [-1, 1]
        ("contrast_share", pa.float64()),  # contrast of the judged day as a share of that day's
        ("changed_share", pa.float64()),  # of the view, in [0, 1]
    ]
)


@dataclass(frozen=True, kw_only=True)
class SceneFinding:
    """What was found out about the scene of a day.

    Args:
        status: "as_learned", "suspected" or "changed".
        kind: "moved", "veiled", "changed" or "".
        since: first day of the new scene; "" where it is as it was learned.
        days_before: days of the window that show the old scene.
        left_out: day -> kind, of days that are not to be learned from.
        says: what changed, since when and by how much; "" where nothing did.
        ends: first day whose window holds the old scene no more; "" where nothing changed.
    """

    status: str
    kind: str
    since: str
    days_before: tuple[str, ...]
    left_out: Mapping[str, str]
    says: str
    ends: str

    @property
    def is_changed(self) -> bool:
        """Whether the day shows another scene than the one that was learned."""
        return self.status == SCENE_CHANGED

    @property
    def what_next(self) -> str:
        """What ends the block; "" where there is none."""
        if not self.is_changed:
            return ""
        return (
            "If this is the scene from now on, learn it anew with `learned-normal cameras relearn "
            f"CAMERA --from {self.since}`. If not, set the camera right: days that show the old "
            f"scene are judged again. Left alone, the window holds the old scene no more on "
            f"{self.ends}."
        )


@dataclass(frozen=True, kw_only=True)
class SceneSummary:
    """What a comparison found, for metadata."""

    status: str
    kind: str
    since: str
    says: str
    days_compared: int
    pictures: tuple[Path, ...]


def check_scene(
    day: str,
    plate: Path,
    counts: Mapping[str, Path],
    out: Path,
    *,
    window_days: int,
    limits: SceneLimits | None = None,
) -> SceneSummary:
    """Compare the scene of a day with the views that are stored with the counts of days before it.

    Args:
        day: the judged day, "YYYY-MM-DD".
        plate: its ``plate.png``; without it, nothing is compared.
        counts: day -> folder of its activity counts; a day without a view is not compared.
        out: existing folder; gets scene.json, scene.parquet and, of a change, scene.png.
        window_days: length of the window, to say when it will have passed.
        limits: when two views differ.
    """
    limits = limits or SceneLimits()
    view = read_view(plate)
    views = {
        d: seen
        for d, folder in counts.items()
        if (seen := read_view(folder / VIEW_FILE)) is not None
    }
    change = find_change(day, view, views, limits) if view is not None else None
    finding = finding_of(change, limits, window_days) if change else _nothing_known()
    text = json.dumps(asdict(finding), indent=1, sort_keys=True)
    (out / SCENE_FILE).write_text(text + "\n", encoding="utf-8")
    by_day = change.by_day if change else {}
    rows = [_row(d, found, limits) for d, found in by_day.items()]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCENE), out / SCENE_TABLE, compression="zstd")
    pictures: tuple[Path, ...] = ()
    if view is not None and change is not None and change.before:
        pictures = (out / SCENE_PICTURE,)
        _save_picture(views[change.before[-1]], view, day, change, pictures[0])
    return SceneSummary(
        status=finding.status,
        kind=finding.kind,
        since=finding.since,
        says=finding.says,
        days_compared=len(rows),
        pictures=pictures,
    )


def read_scene(folder: Path) -> SceneFinding:
    """Read what :func:`check_scene` wrote."""
    told = json.loads((folder / SCENE_FILE).read_text(encoding="utf-8"))
    return SceneFinding(**(told | {"days_before": tuple(told["days_before"])}))


def finding_of(change: SceneChange, limits: SceneLimits, window_days: int) -> SceneFinding:
    """A change in words."""
    ends = ""
    if change.before:
        ends = (date.fromisoformat(change.before[-1]) + timedelta(days=window_days + 1)).isoformat()
    return SceneFinding(
        status=change.status,
        kind=change.kind,
        since=change.since,
        days_before=change.before,
        left_out=dict(change.left_out),
        says=_sentence(change, limits),
        ends=ends,
    )


def _nothing_known() -> SceneFinding:
    return SceneFinding(
        status=AS_LEARNED, kind="", since="", days_before=(), left_out={}, says="", ends=""
    )


def _sentence(change: SceneChange, limits: SceneLimits) -> str:
    found = change.difference
    if found is None:
        return ""
    if change.kind == VEILED:
        return (
            f"Since {change.since} the view has {100 * found.contrast_share:.0f} % of the contrast "
            "that the days before show: fog, dirt, or something before the lens."
        )
    if change.kind == MOVED:
        return f"Since {change.since} the camera shows another view: {_moved_by(found)}."
    x0, y0, x1, y1 = (round(100 * value) for value in change.box_xyxy or (0, 0, 1, 1))
    where = (
        f"{x0} to {x1} % of the width from the left and {y0} to {y1} % of the height from the top"
    )
    what = (
        f"something else stands in {100 * change.changed_share:.0f} % of the view, within {where}"
    )
    if change.status == SUSPECTED:
        return f"On {change.since} {what}; if it is there tomorrow, the scene counts as changed."
    return f"Since {change.since} {what}."


def _moved_by(found: ViewDifference) -> str:
    share = 100 * found.shift.shift_px / found.width
    if not share and not found.shift.rotation_deg:
        return f"it is not recognised (its edges agree by {found.shift.match:.2f})"
    parts = [f"displaced by {share:.0f} % of the width"] if share else []
    if found.shift.rotation_deg:
        parts.append(f"turned by {abs(found.shift.rotation_deg):.1f} degrees")
    return ", ".join(parts)


def _row(day: str, found: ViewDifference, limits: SceneLimits) -> dict[str, object]:
    return {
        "day": day,
        "kind": found.kind(limits),
        "shift_share": round(found.shift.shift_px / found.width, 4),
        "rotation_deg": round(found.shift.rotation_deg, 2),
        "view_match": round(found.shift.match, 4),
        "contrast_share": round(found.contrast_share, 3),
        "changed_share": round(found.changed_share, 4),
    }


def _save_picture(
    before: GreyImage, after: GreyImage, day: str, change: SceneChange, path: Path
) -> None:
    """The last view of the old scene beside the judged one, what changed in a box."""
    height, width = after.shape
    sheet = figure(0.6 + 3.0 * height / width)
    for place, (title, view) in enumerate({change.before[-1]: before, day: after}.items()):
        axes = sheet.add_subplot(1, 2, place + 1)
        axes.set_axis_off()
        axes.set_title(title)
        shown = np.repeat(np.asarray(view, np.uint8)[:, :, None], 3, axis=2)
        axes.imshow(cv2.resize(shown, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC))
        if change.kind == CHANGED and change.box_xyxy:
            x0, y0, x1, y1 = change.box_xyxy
            scaled = (4 * x0 * width, 4 * y0 * height, 4 * x1 * width, 4 * y1 * height)
            left, top, right, bottom = (round(value) for value in scaled)
            draw_box(axes, (left, top, right, bottom))
    save(sheet, path)
