"""Where a run was begun, and what can be known of it from here.

A place is a host name, the system's start (its boot id) and the set of process numbers (the pid
namespace): containers may share the first and the second, machines the first, and a process number
means something in one place only. What is here of a run, by the place that it is tagged with:

- the same place, whatever its host is called by now: its process is looked for;
- the same host name and ``/etc/machine-id``, an earlier start, both outside of containers: the
  machine was restarted since, as after a loss of power, and the process is gone;
- the same start but other process numbers, or the same host name where more is not known: another
  container, perhaps the one that was here before. Nothing is known of its processes;
- anything else is another machine. Nothing is known of it.
"""

from __future__ import annotations

import hashlib
import socket
from dataclasses import astuple, dataclass
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path

#: The kernel's own set of process numbers: whoever has it is in no container.
OUTSIDE = "pid:[4026531836]"


class Seen(Enum):
    """What a place is to this one."""

    HERE = auto()
    RESTARTED = auto()
    BESIDE = auto()
    ELSEWHERE = auto()


@dataclass(frozen=True)
class Place:
    """Where processes can be told by their numbers; what is not known of it is empty."""

    host: str
    machine: str = ""
    boot: str = ""
    space: str = ""

    def __str__(self) -> str:
        return "/".join(astuple(self))

    @classmethod
    def read(cls, text: str) -> Place:
        """As it was written; earlier versions wrote the host name alone."""
        return cls(*text.split("/")[:4])

    def seen_from(self, here: Place) -> Seen:
        """What can be known here of what runs there."""
        if self == here:
            return Seen.HERE
        if self.boot and self.boot == here.boot:
            # Whatever it is called: a network may rename a machine that runs.
            is_here = self.space and self.space == here.space
            return Seen.HERE if is_here else Seen.BESIDE
        if self.host and self.host != here.host:
            return Seen.ELSEWHERE
        if self.machine and here.machine and self.space == here.space == short(OUTSIDE):
            return Seen.RESTARTED if self.machine == here.machine else Seen.ELSEWHERE
        return Seen.BESIDE


@lru_cache(maxsize=1)
def this_place() -> Place:
    """Of this process. Systems without ``/proc`` are told by their host name."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        space = ""
    machine, boot = _said(Path("/etc/machine-id")), _said(Path("/proc/sys/kernel/random/boot_id"))
    return Place(socket.gethostname().replace("/", "-"), short(machine), short(boot), short(space))


def short(text: str) -> str:
    """A few letters that stand for a text; nothing stays nothing."""
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""


def _said(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
