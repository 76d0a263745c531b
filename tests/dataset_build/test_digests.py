"""Digests of files."""

import hashlib
from pathlib import Path

from dataset_build.digests import sha256_of, sha256_of_code


def test_digest_is_of_the_bytes_and_not_of_the_name(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(content)
    assert sha256_of(tmp_path / "a") == sha256_of(tmp_path / "b")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_the_digest_of_code_follows_bytes_and_names_of_what_counts(tmp_path):
    inner = tmp_path / "scan" / "rows.py"
    inner.parent.mkdir()
    inner.write_text("LIMIT = 1")
    (tmp_path / "charts.py").write_text("")
    whole = sha256_of_code(tmp_path)
    of_scan = sha256_of_code(tmp_path, lambda module: module == "scan.rows")
    (tmp_path / "charts.py").write_text("WIDTH = 2")
    (tmp_path / "notes.md").write_text("no code")
    assert sha256_of_code(tmp_path, lambda module: module == "scan.rows") == of_scan
    assert sha256_of_code(tmp_path) != whole
    inner.rename(inner.with_name("other.py"))
    (tmp_path / "charts.py").write_text("")
    assert sha256_of_code(tmp_path) != whole
