import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from segmentation.speed import memory_peak
from segmentation.speed.memory_peak import MemoryPeak

ROOT = Path(__file__).resolve().parents[3]


def test_memory_that_was_freed_again_is_in_the_peak():
    peak = MemoryPeak(torch.device("cpu"))
    peak.restart()
    if peak.added_mb() is None:
        pytest.skip("this system does not tell the memory of a process, or forgets no peak")
    np.ones(25_000_000).sum()  # 200 MB, written to
    assert 190 < peak.added_mb() < 400
    peak.restart()
    after = peak.added_mb()
    assert after is None or after < 150


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is of glibc")
def test_memory_that_the_allocator_keeps_is_given_back_before_the_next_peak():
    """Where a library told it to keep large blocks; in a process of its own, as that stays."""
    code = """
import ctypes, numpy as np, torch
from segmentation.speed.memory_peak import MemoryPeak
ctypes.CDLL(None).mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD: large blocks come from the heap
ctypes.CDLL(None).mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD: and stay there
peak = MemoryPeak(torch.device("cpu"))
peak.restart()
np.ones(25_000_000).sum()
peak.restart()
after = peak.added_mb()
assert after is None or after < 150, after
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_peak_that_the_system_does_not_forget_is_not_told_as_a_new_one(monkeypatch, tmp_path):
    """As in containers whose /proc lacks or ignores clear_refs."""
    status = tmp_path / "status"
    monkeypatch.setattr(memory_peak, "_STATUS", status)
    monkeypatch.setattr(memory_peak, "_CLEAR", tmp_path / "none" / "clear_refs")
    _tell(status, peak_mb=100, now_mb=100)
    peak = MemoryPeak(torch.device("cpu"))
    _tell(status, peak_mb=300, now_mb=100)
    assert peak.added_mb() == pytest.approx(200, abs=0.01)
    peak.restart()
    assert peak.added_mb() is None
    _tell(status, peak_mb=350, now_mb=100)
    assert peak.added_mb() == pytest.approx(250, abs=0.01)


def test_a_system_that_does_not_tell_gives_none(monkeypatch, tmp_path):
    monkeypatch.setattr(memory_peak, "_STATUS", tmp_path / "status")
    monkeypatch.setattr(memory_peak, "_CLEAR", tmp_path / "clear_refs")
    peak = MemoryPeak(torch.device("cpu"))
    peak.restart()
    assert peak.added_mb() is None


def _tell(status, *, peak_mb, now_mb):
    kib = 1_000_000 / 1024
    status.write_text(f"VmHWM: {peak_mb * kib:.0f} kB\nVmRSS: {now_mb * kib:.0f} kB\n")
