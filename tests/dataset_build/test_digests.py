"""Digests of files."""

import hashlib
from pathlib import Path

from dataset_build.digests import sha256_of


def test_digest_is_of_the_bytes_and_not_of_the_name(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(content)
    assert sha256_of(tmp_path / "a") == sha256_of(tmp_path / "b")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(content).hexdigest()
