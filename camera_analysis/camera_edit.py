"""One key of a ``camera.yaml`` written anew, every other line left as it is."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from camera_analysis.camera import CAMERA_FILE, Camera
from camera_analysis.camera_file import camera_document, load_camera


def set_camera_keys(folder: Path, changes: Mapping[str, Any]) -> Camera:
    """Write some keys of ``folder/camera.yaml`` at once; comments elsewhere stay.

    Whoever reads the file meanwhile sees the old one or the new one, whole.

    Args:
        folder: of the camera; the file is made if there is none.
        changes: top-level key -> its value as YAML holds it.

    Returns:
        The camera as it is then.

    Raises:
        CameraConfigError: the file cannot be used, before or afterwards; it is as it was.
    """
    path = folder / CAMERA_FILE
    before = camera_document(folder)
    load_camera(folder)  # a file that is wrong already is not ours to change
    known = before if isinstance(before, dict) else {}
    wanted = {**known, **changes}
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for key, value in changes.items():
        text = _with_block(text, key, _dumped({key: value}))
    if not _same(text, wanted):  # the keys do not stand on lines of their own
        text = _dumped(wanted)
    _require_usable(folder, text)
    aside = folder / f".{CAMERA_FILE}.new"
    aside.write_text("", encoding="utf-8")
    if path.exists():
        shutil.copymode(path, aside)  # it may hold a password that its owner alone may read
    aside.write_text(text, encoding="utf-8")
    aside.replace(path)
    return load_camera(folder)


def _with_block(text: str, key: str, block: str) -> str:
    """The text with a top-level key's lines, up to the next such key, exchanged or appended."""
    lines = text.splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if re.match(rf"{re.escape(key)}\s*:", line)]
    if not starts:
        return (text.rstrip() + "\n" if text.strip() else text) + block
    first = starts[0]
    end = first + 1
    while end < len(lines) and re.match(r"[ \t-]|\s*$", lines[end]):
        end += 1
    while end > first + 1 and not lines[end - 1].strip():
        end -= 1  # empty lines belong to what follows
    return "".join(lines[:first]) + block + "".join(lines[end:])


def _dumped(document: Mapping[str, Any]) -> str:
    """Each key on a line of its own, what it holds in short lines."""
    return "".join(
        yaml.safe_dump(
            {key: value},
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None if isinstance(value, dict | list) else False,
            width=100,
        )
        for key, value in document.items()
    )


def _same(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return bool(yaml.safe_load(text) == wanted)
    except yaml.YAMLError:
        return False


def _require_usable(folder: Path, text: str) -> None:
    """Read the new text as a camera's, in a folder of the same name."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as trial:
        place = Path(trial, folder.resolve().name)
        place.mkdir()
        (place / CAMERA_FILE).write_text(text, encoding="utf-8")
        load_camera(place)
