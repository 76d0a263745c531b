"""Shared pytest set-up: the root is importable; sample footage is found or its absence said."""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# No test judges time: a busy machine is not a fault of the code.
settings.register_profile("learned-normal", deadline=None)
settings.load_profile("learned-normal")

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a core per process; read when torch is imported


def pytest_configure(config: pytest.Config) -> None:
    """What is imported and collected stays: nothing of it is garbage; xdist's own collects none."""
    if not config.getoption("numprocesses", None):
        gc.disable()


def pytest_collection_finish() -> None:
    """Collections need not look at a million objects that stay for the whole session."""
    gc.freeze()
    gc.enable()


#: An argument of a test or of a fixture.
TAKES_LINE = re.compile(r"^def \w+\([^)]*\bline\b", re.MULTILINE)


@cache
def asks_for_the_line(file: Path) -> bool:
    """Whether a file asks for the session's finished line, which is made once; it may own one."""
    text = file.read_text(encoding="utf-8")
    below = file.is_relative_to(ROOT / "tests" / "pipelines")
    return below and "\ndef line(" not in text and TAKES_LINE.search(text) is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole lines come first: no process begins a long one when the others have finished."""
    lines = ROOT / "tests" / "pipelines"
    items.sort(
        key=lambda item: (not asks_for_the_line(item.path), not item.path.is_relative_to(lines))
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file stays in one process, and so does all that shares the finished line.

    Marks of groups would say the same, but are lost between pytest 9.2 and xdist 3.8
    (pytest-xdist#1386).
    """
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return "line" if asks_for_the_line(ROOT / file) else file

    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False  # as collected
    return ByFile(config, log)


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of real images and footage; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("LEARNED_NORMAL_SAMPLES", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no sample data at {folder}; set LEARNED_NORMAL_SAMPLES")
    return folder


@pytest.fixture(scope="module")
def coarse_pictures() -> Iterator[None]:
    """Pictures whose looks are judged where they are drawn, or by a test with ``fine_pictures``."""
    from tests.factories_pictures import draw_coarsely

    with pytest.MonkeyPatch.context() as patch:
        draw_coarsely(patch)
        yield


@pytest.fixture
def fine_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """As users see them, in a file of coarse ones."""
    from tests.factories_pictures import draw_finely

    draw_finely(monkeypatch)
