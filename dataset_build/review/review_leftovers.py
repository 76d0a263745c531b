"""What a review leaves behind: settled samples and mask pictures that nothing refers to go in time.

Never what is queued, bears a tag, or was painted on and is still shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dataset_build.sources.mask_pictures import (
    MaskPictureError,
    PictureName,
    mask_digest,
    read_picture,
)

#: How long a sample or a picture is kept after anybody last touched it.
UNUSED_FOR = timedelta(days=30)
#: Fields of the dataset that show mask pictures.
_SHOWING = ("ground_truth.mask_path", "prediction.mask_path")
_OURS = re.compile(r"[0-9a-f]{64}-[0-9a-f]{64}\.(png|part)")


def remove_settled(fiftyone: Any, dataset: Any, before: datetime) -> int:  # noqa: ANN401 - untyped
    """Take samples out of FiftyOne that left the queue undecided and that nobody touched since.

    Their images are queued again as new ones if there is a reason to. A sample whose mask was
    edited stays: its tag may be yet to come.

    Args:
        fiftyone: the module.
        dataset: of the review.
        before: last modified earlier than this.

    Returns:
        How many went.
    """
    kind, modified = fiftyone.ViewField("kind"), fiftyone.ViewField("last_modified_at")
    left = dataset.match((kind == "") & (fiftyone.ViewField("tags").length() == 0))
    left = left.match(modified < before.replace(tzinfo=None)).exists("ground_truth.mask", False)
    names = ["id", "ground_truth.mask_path", "metadata.height", "metadata.width"]
    settled = [
        number
        for number, path, height, width in zip(*left.values(names), strict=True)
        if not (path and is_painted(Path(path), (height or 0, width or 0)))
    ]
    dataset.delete_samples(settled)
    return len(settled)


def shown_pictures(dataset: Any) -> set[Path]:  # noqa: ANN401 - untyped library
    """Every mask picture that a sample of the dataset shows, queued or not."""
    return {Path(path) for field in _SHOWING for path in dataset.values(field) if path is not None}


def remove_pictures(folder: Path, *, shown: Iterable[Path], before: datetime) -> list[Path]:
    """Delete mask pictures that no sample shows, and what is left of ones never finished.

    Files with other names are not ours.

    Args:
        folder: of the pictures, those of predictions below it.
        shown: pictures that stay, whatever their age.
        before: only what was last written earlier than this goes.

    Returns:
        What went, sorted.
    """
    kept = {path.resolve() for path in shown}
    old = [
        path
        for path in sorted(folder.rglob("*"))
        if _OURS.fullmatch(path.name)
        and path.resolve() not in kept
        and datetime.fromtimestamp(path.stat().st_mtime, UTC) < before
    ]
    for path in old:
        path.unlink()
    return old


def is_painted(path: Path, size_hw: tuple[int, int]) -> bool:
    """Whether a picture shows anything but the mask it was written with.

    Args:
        path: named as ``PictureName`` says.
        size_hw: of its image in px.
    """
    if not path.is_file():
        return False
    try:
        digest = mask_digest(read_picture(path.read_bytes(), size_hw))
        return digest != PictureName.of(path).mask_sha256
    except MaskPictureError:
        return True  # half painted, maybe
