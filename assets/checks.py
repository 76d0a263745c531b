"""Every asset check, named as a claim about what was just written.

Claims run between writing and publishing (``assets.publishing``). A blocking claim that does not
hold keeps the version from becoming current; the others are warnings. The claims themselves stand
in the modules ``checks_*``.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pyarrow as pa

from assets import (
    checks_cameras,
    checks_dataset,
    checks_events,
    checks_models,
    checks_occupancy,
    checks_privacy,
    checks_review,
    checks_trajectories,
)
from assets.claims import Claim, Finding, Inputs, Outcome

#: What reading a missing, damaged or half-written file raises.
UNREADABLE = (ValueError, OSError, KeyError, pa.ArrowException)

CLAIMS: Mapping[str, Sequence[Claim]] = {
    **checks_dataset.CLAIMS,
    **checks_review.CLAIMS,
    **checks_models.CLAIMS,
    **checks_cameras.CLAIMS,
    **checks_events.CLAIMS,
    **checks_occupancy.CLAIMS,
    **checks_privacy.CLAIMS,
    **checks_trajectories.CLAIMS,
}


def specs(asset: str) -> list[dg.AssetCheckSpec]:
    """Dagster's specs of an asset's claims."""
    return [
        dg.AssetCheckSpec(claim.name, asset=asset, blocking=claim.blocking, description=claim.says)
        for claim in CLAIMS[asset]
    ]


def compared_with(asset: str) -> set[str]:
    """Assets whose input folders ``audit`` needs."""
    return {name for claim in CLAIMS[asset] for name in claim.against}


def prepare(asset: str) -> None:
    """Start what will look at an asset's claims in processes of their own; returns at once."""
    for claim in CLAIMS[asset]:
        if claim.apart is not None:
            claim.apart()


def audit(asset: str, folder: Path, inputs: Mapping[str, Inputs]) -> list[Outcome]:
    """Look at every claim of an asset in the folder that was just written.

    Claims with a process of their own are looked at beside the others.

    Args:
        asset: Whose claims.
        folder: What was written.
        inputs: Asset -> partition -> folder of what was read, for those in ``compared_with``.
    """
    claims = CLAIMS[asset]
    with ThreadPoolExecutor(max_workers=1) as beside:
        apart = {
            claim.name: beside.submit(_look, claim, folder, inputs)
            for claim in claims
            if claim.apart is not None
        }
        here = {claim.name: _look(claim, folder, inputs) for claim in claims if claim.apart is None}
        findings = here | {name: waiting.result() for name, waiting in apart.items()}
    return [
        Outcome(
            claim=claim.name,
            blocking=claim.blocking,
            passed=findings[claim.name].passed,
            finding=findings[claim.name].seen,
            metadata=findings[claim.name].metadata,
        )
        for claim in claims
    ]


def _look(claim: Claim, folder: Path, inputs: Mapping[str, Inputs]) -> Finding:
    """Files that cannot be read bear no claim out: the version is kept aside with the reason."""
    try:
        return claim.look(folder, *(inputs.get(name, {}) for name in claim.against))
    except UNREADABLE as error:
        return Finding(passed=False, seen=f"not readable: {type(error).__name__}: {error}")
