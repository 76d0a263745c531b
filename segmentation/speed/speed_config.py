"""By which protocol speed is measured. Loads without torch: settings need it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SpeedConfig:
    """The protocol.

    Raises:
        ValueError: a number below one, or no time at all.
    """

    height: int = 512  # what the papers measure at, near enough
    width: int = 512
    batches: tuple[int, ...] = (1, 4)  # latency at the first; the best of all is the throughput
    warm_up: int = 2  # rounds before it counts: memory is found, kernels are chosen
    rounds: int = 20  # the fewest of which a 95th percentile can be told
    max_seconds: float = 30.0  # per batch, all ways together; then five rounds are enough
    compiled: bool = False  # torch.compile too: needs a compiler, and minutes

    def __post_init__(self) -> None:
        """Refuse a protocol that measures nothing."""
        numbers = (self.height, self.width, self.warm_up, self.rounds, *self.batches)
        if min(numbers) < 1 or not self.batches:
            raise ValueError(f"{self}: sizes, batches and rounds must be at least 1")
        if not self.max_seconds > 0:
            raise ValueError(f"max_seconds is {self.max_seconds}; it must be above 0")
