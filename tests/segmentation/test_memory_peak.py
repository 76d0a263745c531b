import numpy as np
import pytest
import torch

from segmentation import memory_peak
from segmentation.memory_peak import MemoryPeak


def test_memory_that_was_freed_again_is_in_the_peak():
    peak = MemoryPeak(torch.device("cpu"))
    peak.restart()
    if peak.added_mb() is None:
        pytest.skip("this system does not tell the memory of a process")
    np.ones(25_000_000).sum()  # 200 MB, written to
    assert 190 < peak.added_mb() < 400
    peak.restart()
    assert peak.added_mb() < 150


def test_a_system_that_does_not_tell_gives_none(monkeypatch, tmp_path):
    monkeypatch.setattr(memory_peak, "_STATUS", tmp_path / "status")
    monkeypatch.setattr(memory_peak, "_CLEAR", tmp_path / "clear_refs")
    peak = MemoryPeak(torch.device("cpu"))
    peak.restart()
    assert peak.added_mb() is None
