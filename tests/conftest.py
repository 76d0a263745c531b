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


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of real images and footage; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("LEARNED_NORMAL_SAMPLES", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no sample data at {folder}; set LEARNED_NORMAL_SAMPLES")
    return folder
