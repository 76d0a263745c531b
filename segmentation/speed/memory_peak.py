"""The most memory that something takes: of a GPU, or resident of this process."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from pathlib import Path

import torch

_MB = 1_000_000
_STATUS = Path("/proc/self/status")
#: Writing a 5 makes the kernel forget the peak so far.
_CLEAR = Path("/proc/self/clear_refs")
#: Bytes by which a peak that was just forgotten may exceed what is resident.
_SLACK = 16_000_000


class MemoryPeak:
    """Peak above what was in use when this object was made.

    Args:
        device: whose memory; that of a CPU is read from Linux's /proc.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        _give_back()
        self._before = self._in_use()
        self._kept: int | None = None

    def restart(self) -> None:
        """Forget the peak so far, but not where it is counted from."""
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            return
        _give_back()
        with contextlib.suppress(OSError):  # absent or read-only in some containers
            _CLEAR.write_text("5")
        self._kept = _kept_peak()

    def added_mb(self) -> float | None:
        """Peak since ``restart``, in megabytes.

        None where the system does not say, and where it could not forget an earlier peak that was
        as high.
        """
        if self._device.type == "cuda":
            peak: int | None = torch.cuda.max_memory_allocated(self._device)
        else:
            peak = _resident("VmHWM")
        if peak is None or self._before is None:
            return None
        if self._kept is not None and peak <= self._kept:
            return None
        return max(0, peak - self._before) / _MB

    def _in_use(self) -> int | None:
        if self._device.type == "cuda":
            return int(torch.cuda.memory_allocated(self._device))
        return _resident("VmRSS")


def _kept_peak() -> int | None:
    """The old peak, in bytes, where the system went on remembering it."""
    peak, now = _resident("VmHWM"), _resident("VmRSS")
    return peak if peak is not None and now is not None and peak > now + _SLACK else None


def _give_back() -> None:
    """Freed memory goes back to the system, lest what comes next take it and seem to need less."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim:
        trim(0)


def _resident(field: str) -> int | None:
    """Bytes; None where there is no /proc."""
    if not _STATUS.is_file():
        return None
    for line in _STATUS.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return None
