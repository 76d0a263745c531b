"""The words of an asset check: a claim, what was found, and the outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Whether a claim holds, and what was seen."""

    passed: bool
    seen: str
    metadata: Mapping[str, dg.MetadataValue] = field(default_factory=dict)


#: Versions of one asset that went in: partition -> local folder.
Inputs = Mapping[str, Path]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One named claim about an asset's files.

    ``look`` gets the folder that was written and, for every asset in ``against``, its ``Inputs``.
    """

    name: str
    says: str  # one sentence, shown in Dagster
    look: Callable[..., Finding]
    blocking: bool = True
    against: tuple[str, ...] = ()  # assets among the inputs that the files are compared with
    apart: Callable[[], None] | None = None  # starts the process of its own that looks, if any


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A claim after the look."""

    claim: str
    blocking: bool
    passed: bool
    finding: str
    metadata: Mapping[str, dg.MetadataValue]

    def as_check_result(self, asset: str) -> dg.AssetCheckResult:
        """The outcome as Dagster records it."""
        severity = dg.AssetCheckSeverity.ERROR if self.blocking else dg.AssetCheckSeverity.WARN
        return dg.AssetCheckResult(
            asset_key=asset,
            check_name=self.claim,
            passed=self.passed,
            severity=severity,
            description=self.finding,
            metadata=dict(self.metadata),
        )
