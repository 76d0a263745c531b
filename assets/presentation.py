"""Pictures and tables in Dagster's metadata, made from what a stage wrote."""

import base64
import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

import cv2
import dagster as dg

#: Wider pictures are shrunk: every event is stored in Dagster's database.
PICTURE_WIDTH_PX = 640
PICTURES_PER_VERSION = 4
JPEG_QUALITY = 80


def picture(path: Path) -> dg.MarkdownMetadataValue:
    """Inline picture, at most ``PICTURE_WIDTH_PX`` wide; PNG or JPEG, whichever is smaller."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path.name}: not a picture; the stage that wrote it is at fault")
    height, width = image.shape[:2]
    if width > PICTURE_WIDTH_PX:
        size = (PICTURE_WIDTH_PX, round(height * PICTURE_WIDTH_PX / width))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    encoded = {
        "png": cv2.imencode(".png", image)[1].tobytes(),
        "jpeg": cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes(),
    }
    kind = min(encoded, key=lambda name: len(encoded[name]))
    data = base64.b64encode(encoded[kind]).decode()
    return dg.MetadataValue.md(f"![{path.stem}](data:image/{kind};base64,{data})")


def describe(folder: Path, summary: object) -> dict[str, dg.MetadataValue]:
    """Metadata of one version: plain numbers of its summary, its tables, its pictures."""
    metadata = numbers(summary)
    for table in sorted(folder.glob("*.md")):
        metadata[table.stem] = dg.MetadataValue.md(table.read_text())
    for path in pictures_to_show(folder, summary):
        metadata[path.stem] = picture(path)
    return metadata


def pictures_to_show(folder: Path, summary: object) -> list[Path]:
    """The folder's first pictures: those that the summary names in its order, then the others.

    Among the others a picture of the whole comes before numbered ones, and all kinds of the first
    number (``marked_1``, ``delta_1``) before the second.
    """
    there = sorted(folder.glob("*.png"), key=_rank)
    named = [Path(path).name for path in getattr(summary, "pictures", ())]
    there.sort(key=lambda path: named.index(path.name) if path.name in named else len(named))
    return there[:PICTURES_PER_VERSION]


def _rank(path: Path) -> tuple[int, bool, str]:
    number = re.search(r"_(\d+)$", path.stem)
    return int(number[1]) if number else -1, not path.stem.startswith("marked"), path.name


def numbers(summary: object) -> dict[str, dg.MetadataValue]:
    """Numbers, words and small tables of a summary dataclass, by field name."""
    if not dataclasses.is_dataclass(summary):
        return {}
    values = {field.name: getattr(summary, field.name) for field in dataclasses.fields(summary)}
    metadata = {name: shown for name, value in values.items() if (shown := _shown(value))}
    if "rows" in metadata:
        metadata["dagster/row_count"] = metadata["rows"]
    return metadata


def _shown(value: object) -> dg.MetadataValue | None:
    match value:
        case bool():
            return dg.MetadataValue.bool(value)
        case int():
            return dg.MetadataValue.int(value)
        case float():
            return dg.MetadataValue.float(value)
        case str():
            return dg.MetadataValue.text(value)
        case Mapping():
            return dg.MetadataValue.md(two_columns(value))
        case _:
            return None


def two_columns(mapping: Mapping[object, object]) -> str:
    """Markdown table of a mapping."""
    rows = "\n".join(f"| {key} | {value} |" for key, value in mapping.items())
    return f"| name | value |\n|---|---|\n{rows}"
