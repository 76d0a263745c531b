"""Files that appear whole or not at all: half a video with people in it must not be left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def written_whole(targets: Sequence[Path], *, replace: bool) -> Iterator[Path]:
    """A folder to write files of the targets' names in; they take their places at the end.

    It lies beside the targets, is its owner's alone, and goes with all that is in it when writing
    fails or is interrupted.

    Args:
        targets: all in one folder.
        replace: replace files that exist.

    Raises:
        ValueError: a target exists, or its folder does not.
    """
    folder = targets[0].parent
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder")
    there = [str(target) for target in targets if target.exists()]
    if there and not replace:
        raise ValueError(f"{', '.join(there)} exists; name another --output, or give --force")
    with TemporaryDirectory(dir=folder, prefix=f".{targets[0].stem}-") as aside:
        yield Path(aside)
        for target in targets:
            (Path(aside) / target.name).replace(target)
