"""Shared pytest set-up: the root is importable; sample footage is found or its absence said."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# No test judges time: a busy machine is not a fault of the code.
settings.register_profile("learned-normal", deadline=None)
settings.load_profile("learned-normal")

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a core per process; read when torch is imported


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays in one process, and so does all that shares the finished line, made once."""
    for item in items:
        shares_line = "line" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("line" if shares_line else str(item.path)))


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of real images and footage; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("LEARNED_NORMAL_SAMPLES", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no sample data at {folder}; set LEARNED_NORMAL_SAMPLES")
    return folder
