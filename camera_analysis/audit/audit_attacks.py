"""All attacks on hidden people, and which of them restores most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from camera_analysis.audit.audit_people import ImageRgb
from camera_analysis.audit.audit_restoring import (
    Attack,
    Dictionary,
    HiddenPerson,
    leave,
    richardson_lucy,
    wiener,
)
from camera_analysis.audit.picture_likeness import psnr_db, ssim

_PLAIN = "none"
#: Sequences are dealt to so many parts; who is in one is restored by what the others taught.
_PARTS = 3


@dataclass(frozen=True, kw_only=True)
class AttackResult:
    """What the best attack restores, as means over people, on person pixels.

    Attributes:
        name: of the attack.
        similarity: structural similarity to the clear picture.
        psnr_db: peak signal-to-noise ratio to it.
        similarity_left: structural similarity without any attack.
    """

    name: str
    similarity: float
    psnr_db: float
    similarity_left: float


def best_attack(
    people: Sequence[HiddenPerson], sequences: Sequence[str], *, blurred: bool
) -> AttackResult:
    """Try every attack; the one with the highest mean similarity counts.

    Args:
        people: hidden by one method.
        sequences: of each; a person is restored by what was learned on the other sequences.
        blurred: whether the method is a Gaussian blur, which deconvolution undoes.
    """
    scores = {
        name: np.array([_score(restored, one) for restored, one in zip(of(), people, strict=True)])
        for name, of in _attacks(people, sequences, blurred).items()
    }
    means = {name: of.mean(axis=0) for name, of in scores.items()}
    best = max(means, key=lambda name: float(means[name][0]))
    return AttackResult(
        name=best,
        similarity=float(means[best][0]),
        psnr_db=float(means[best][1]),
        similarity_left=float(means[_PLAIN][0]),
    )


def _attacks(
    people: Sequence[HiddenPerson], sequences: Sequence[str], blurred: bool
) -> Mapping[str, Callable[[], list[ImageRgb]]]:
    plain: dict[str, Attack] = {_PLAIN: leave}
    if blurred:
        plain |= {"Wiener": wiener, "Richardson-Lucy": richardson_lucy}

    def each(attack: Attack) -> Callable[[], list[ImageRgb]]:
        return lambda: [attack(one) for one in people]

    attacks = {name: each(attack) for name, attack in plain.items()}
    attacks["dictionary"] = lambda: _by_dictionary(people, sequences, leave)
    if blurred:
        attacks["Wiener and dictionary"] = lambda: _by_dictionary(people, sequences, wiener)
    return attacks


def _by_dictionary(
    people: Sequence[HiddenPerson], sequences: Sequence[str], first: Attack
) -> list[ImageRgb]:
    """Everybody restored by a dictionary of other sequences: as many as there are parts."""
    parts = {name: place % _PARTS for place, name in enumerate(dict.fromkeys(sequences))}
    together = [(one, parts[name]) for one, name in zip(people, sequences, strict=True)]
    dictionaries = {
        part: Dictionary([one for one, of in together if of != part], first)
        for part in sorted(set(parts.values()))
    }
    return [dictionaries[of].restore(one) for one, of in together]


def _score(restored: ImageRgb, one: HiddenPerson) -> tuple[float, float]:
    return (
        ssim(restored, one.clear_rgb, one.person_hw),
        psnr_db(restored, one.clear_rgb, one.person_hw),
    )
