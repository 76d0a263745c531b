"""A stage of a training: other crops from a share of it on. Loads without torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What changes from a share of a training on; ``None`` stays as it was before.

    Args:
        begins: share of the steps, or of ``max_seconds``, in (0, 1).
        crop_px: as in ``TrainConfig``, like all that follow.

    Raises:
        ValueError: a share out of range, or nothing that changes.
    """

    begins: float
    crop_px: int | None = None
    batch_size: int | None = None
    max_person_px: int | None = None
    paste_share: float | None = None
    negative_share: float | None = None

    def __post_init__(self) -> None:
        """Refuse a stage that is none."""
        if not 0.0 < self.begins < 1.0:
            raise ValueError(f"begins = {self.begins}; expected a share above 0 and below 1")
        if not self.changes:
            raise ValueError(f"the stage that begins at {self.begins} changes nothing")

    @property
    def changes(self) -> dict[str, Any]:
        """Field of the recipe -> its value from here on."""
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: v for name, v in given.items() if name != "begins" and v is not None}
