"""Every asset check, named as a claim about what was just written.

Claims run between writing and publishing (``assets.publishing``). A blocking claim that does not
hold keeps the version from becoming current; the others are warnings. The claims themselves stand
in ``checks_dataset``, ``checks_models`` and ``checks_cameras``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg

from assets import checks_cameras, checks_dataset, checks_models
from assets.claims import Claim, Outcome

CLAIMS: Mapping[str, Sequence[Claim]] = {
    **checks_dataset.CLAIMS,
    **checks_models.CLAIMS,
    **checks_cameras.CLAIMS,
}


def specs(asset: str) -> list[dg.AssetCheckSpec]:
    """Dagster's specs of an asset's claims."""
    return [
        dg.AssetCheckSpec(claim.name, asset=asset, blocking=claim.blocking, description=claim.says)
        for claim in CLAIMS[asset]
    ]


def audit(asset: str, folder: Path) -> list[Outcome]:
    """Look at every claim of an asset in the folder that was just written."""
    outcomes = []
    for claim in CLAIMS[asset]:
        finding = claim.look(folder)
        outcomes.append(
            Outcome(
                claim=claim.name,
                blocking=claim.blocking,
                passed=finding.passed,
                finding=finding.seen,
                metadata=finding.metadata,
            )
        )
    return outcomes
