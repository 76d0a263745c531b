"""Digests of files, and of code that decides what may stay as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_code(folder: Path, counts: Callable[[str], bool] = lambda _: True) -> str:
    """Hex digest of the Python modules in a folder and the folders in it, names and bytes.

    Args:
        folder: of a package.
        counts: whether a module does, by its dotted name below the folder.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        module = ".".join(path.relative_to(folder).with_suffix("").parts)
        if counts(module):
            digest.update(f"{module}\0".encode() + path.read_bytes())
    return digest.hexdigest()
