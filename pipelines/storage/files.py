"""Which file backend a root means."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.storage.local import LocalFiles
from pipelines.storage.remote import RemoteFiles

Files = LocalFiles | RemoteFiles


def open_files(root: str, cache_dir: Path | None, options: Mapping[str, Any]) -> Files:
    """The backend of a root; touches neither disk nor network.

    Args:
        root: Local folder, ``file://`` URL, or URL of an fsspec file system.
        cache_dir: For a remote root; by default below the user's ``~/.cache``.
        options: For a remote root, of its fsspec file system.
    """
    scheme, separator, rest = root.partition("://")
    if not separator:
        return LocalFiles(Path(root))
    if scheme == "file":
        return LocalFiles(Path(rest))
    if cache_dir is None:
        name = hashlib.sha256(root.encode()).hexdigest()[:16]
        cache_dir = Path.home() / ".cache" / "learned-normal" / name
    return RemoteFiles(root, cache_dir, options)
