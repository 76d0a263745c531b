"""Pictures and tables in Dagster's metadata, made from what a stage wrote."""

import base64
import dataclasses
from collections.abc import Mapping
from pathlib import Path

import cv2
import dagster as dg

#: Wider pictures are shrunk: every event is stored in Dagster's database.
PICTURE_WIDTH_PX = 900
PICTURES_PER_VERSION = 6


def picture(path: Path) -> dg.MarkdownMetadataValue:
    """Inline PNG, at most ``PICTURE_WIDTH_PX`` wide."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path.name}: not a picture; the stage that wrote it is at fault")
    height, width = image.shape[:2]
    if width > PICTURE_WIDTH_PX:
        size = (PICTURE_WIDTH_PX, round(height * PICTURE_WIDTH_PX / width))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".png", image)
    data = base64.b64encode(encoded.tobytes()).decode()
    return dg.MetadataValue.md(f"![{path.stem}](data:image/png;base64,{data})")


def describe(folder: Path, summary: object) -> dict[str, dg.MetadataValue]:
    """Metadata of one version: plain numbers of its summary, its tables, its pictures."""
    metadata = numbers(summary)
    for table in sorted(folder.glob("*.md")):
        metadata[table.stem] = dg.MetadataValue.md(table.read_text())
    for path in sorted(folder.glob("*.png"))[:PICTURES_PER_VERSION]:
        metadata[path.stem] = picture(path)
    return metadata


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
