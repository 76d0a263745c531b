"""Which model is the champion: the present one, until another is surely better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segmentation.champions.champion_card import (
    Contest,
    Decision,
    Order,
    read_card,
    write_champion,
)
from segmentation.champions.champion_rule import ChampionRule
from segmentation.evaluation.evaluated import read_evaluated
from segmentation.evaluation.paired import paired_improvement
from segmentation.evaluation.scores import overall_score
from segmentation.metrics import LESS_IS_BETTER
from segmentation.model_folder import read_description, weights_digest
from segmentation.speed.measured_speed import MeasuredSpeed


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A model that was evaluated.

    Args:
        model: folder with its weights.
        evaluation: folder with what ``evaluate`` wrote.
        speed: as it is run here; None where that was not measured.
        warning: a check that does not hold; such a model never replaces a champion.
        barred: why a person does not want it, or "".
    """

    model: Path
    evaluation: Path
    speed: MeasuredSpeed | None = None
    warning: str = ""
    barred: str = ""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """An entrant that may be promoted."""

    name: str
    entrant: Entrant
    score: float
    rank: tuple[float, float, int, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ChampionSummary:
    """Which model is champion now.

    Args:
        action: ``promoted``, ``forced`` or ``kept``.
        model_version: sha256 of its weights.
        score: by ``metric``, on the newest test split.
        why: one sentence.
        candidates: model -> score.
        left_out: models that did not take part -> why.
    """

    architecture: str
    action: str
    model_version: str
    metric: str
    score: float | None
    why: str
    candidates: Mapping[str, float]
    unscored: tuple[str, ...]
    left_out: Mapping[str, str]


def choose_champion(
    entrants: Mapping[str, Entrant],
    out: Path,
    *,
    data_digest: str,
    steps: str = "",
    rule: ChampionRule | None = None,
    present: Entrant | None = None,
    order: Order | None = None,
) -> ChampionSummary:
    """Keep the present champion, or promote the first candidate that surely beats it.

    Without a champion the best candidate is promoted without a contest. Otherwise the candidates
    challenge in the order of their scores; the improvement is paired image by image, and its whole
    95 % interval must lie above zero. Of equals, the one with fewer false alarms challenges first,
    then the smaller, then the first by name.

    Args:
        entrants: architecture -> what was evaluated.
        out: existing folder; receives the champion's files, its evaluation and champion.json.
        data_digest: of the newest test split; nothing else is compared.
        steps: what is done to answers here, by ``PostprocessConfig.name``; other evaluations are
            left out.
        rule: None takes the defaults.
        present: the champion until now, evaluated on the newest test split; None for the first.
        order: a person's wish to promote one of the entrants; None leaves it to the rule.

    Raises:
        ValueError: nothing can be promoted, or the order cannot be followed; says why.
    """
    rule = rule or ChampionRule()
    if order and order.name not in entrants:
        known = ", ".join(sorted(entrants)) or "none"
        raise ValueError(f"{order.name} was never evaluated; evaluated: {known}")
    left_out = _left_out(entrants, data_digest, steps, rule, present, order)
    fit = [name for name in sorted(entrants) if name not in left_out]
    scored = {name: one for name in fit if (one := _scored(name, entrants[name], rule))}
    ranked = sorted(scored.values(), key=lambda one: one.rank)
    decision = Decision(
        rule=rule,
        candidates={one.name: one.score for one in ranked},
        unscored=tuple(name for name in fit if name not in scored),
        left_out=left_out,
        order=order,
    )
    chosen = _decide(decision, ranked, present, rule)
    winner = scored[chosen.name].entrant if chosen.action != "kept" else present
    if winner is None:
        raise ValueError("no champion to keep; this is a fault of the program")
    write_champion(chosen, winner.model, winner.evaluation, out)
    return _summary(chosen, out)


def why_left_out(evaluation: Path, model: Path, data_digest: str, steps: str) -> str:
    """Why an evaluation says nothing about these weights on this split; empty where it does.

    Args:
        evaluation: its folder.
        model: folder of the weights.
        data_digest: of the split.
        steps: what is done to answers after the network, by ``PostprocessConfig.name``.
    """
    judged = read_evaluated(evaluation)
    if judged is None:
        return "the evaluation does not say enough to be compared; evaluate again"
    if judged.model_version != weights_digest(model):
        return "trained again since it was evaluated; evaluate again"
    if judged.data_digest != data_digest:
        return "evaluated on another test split than the newest; evaluate again"
    if judged.steps != steps:
        return (
            f"evaluated with {judged.steps or 'no steps'} after the network instead of"
            f" {steps or 'none'}; evaluate again"
        )
    return ""


def _summary(decision: Decision, out: Path) -> ChampionSummary:
    return ChampionSummary(
        architecture=decision.name,
        action=decision.action,
        model_version=weights_digest(out),
        metric=decision.rule.metric,
        score=decision.score,
        why=decision.why,
        candidates=decision.candidates,
        unscored=decision.unscored,
        left_out=decision.left_out,
    )


def _left_out(
    entrants: Mapping[str, Entrant],
    data_digest: str,
    steps: str,
    rule: ChampionRule,
    present: Entrant | None,
    order: Order | None,
) -> dict[str, str]:
    """Entrant -> why it does not take part; force lifts all but a missing evaluation."""
    found = {}
    for name, one in sorted(entrants.items()):
        why = why_left_out(one.evaluation, one.model, data_digest, steps)
        forced = order is not None and order.force and order.name == name
        if not why and not forced:
            why = one.barred or _too_slow(one, rule) or (one.warning if present else "")
        if why:
            found[name] = why
    if order and order.name in found:
        raise ValueError(f"{order.name} is not promoted: {found[order.name]}")
    return found


def _too_slow(one: Entrant, rule: ChampionRule) -> str:
    if rule.min_fps is None:
        return ""
    speed = one.speed
    if speed is None:
        return f"its speed was not measured, {rule.min_fps:g} images/s are asked for"
    if speed.images_per_s < rule.min_fps:
        return f"{speed.images_per_s:.1f} images/s ({speed.how}), {rule.min_fps:g} are asked for"
    return ""


def _scored(name: str, one: Entrant, rule: ChampionRule) -> Scored | None:
    score = overall_score(one.evaluation, rule.metric)
    if score is None:
        return None
    alarms = overall_score(one.evaluation, "empty_alarm_rate")
    size = read_description(one.model).parameters.total
    place = score if rule.metric in LESS_IS_BETTER else -score
    rank = (place, 1.0 if alarms is None else alarms, size, name)
    return Scored(name=name, entrant=one, score=score, rank=rank)


def _decide(
    decision: Decision, ranked: Sequence[Scored], present: Entrant | None, rule: ChampionRule
) -> Decision:
    """The decision with its action, its champion and its reason."""
    order = decision.order
    if order and order.name in decision.unscored:
        raise ValueError(f"{order.name} has no {rule.metric}; evaluate it where people are seen")
    challengers = [one for one in ranked if order is None or one.name == order.name]
    if present is None:
        return _first(decision, challengers)
    held = weights_digest(present.model)
    rivals = [one for one in challengers if weights_digest(one.entrant.model) != held]
    contests = [_contest(one, present, rule) for one in rivals]
    decision = decision.with_contests(contests)
    for one, contest in zip(rivals, contests, strict=True):
        if contest.wins or (order and order.force):
            return decision.promoting(one.name, one.score, contest.why)
    if order:
        why = contests[0].why if contests else "it is the champion already"
        raise ValueError(f"{order.name} is not promoted: {why}")
    score = overall_score(present.evaluation, rule.metric)
    return decision.keeping(read_card(present.model), score)


def _first(decision: Decision, ranked: Sequence[Scored]) -> Decision:
    if ranked:
        best = ranked[0]
        return decision.promoting(best.name, best.score, "the first champion, without a contest")
    if decision.left_out and not decision.unscored:
        reasons = "; ".join(f"{name}: {why}" for name, why in decision.left_out.items())
        raise ValueError(
            f"no model to promote: none of {len(decision.left_out)} can be compared ({reasons})"
        )
    raise ValueError(
        f"no model to promote: {len(decision.unscored)} evaluated, none with a"
        f" {decision.rule.metric}; evaluate on a test split that has people in it"
    )


def _contest(one: Scored, present: Entrant, rule: ChampionRule) -> Contest:
    found = paired_improvement(one.entrant.evaluation, present.evaluation, rule.metric)
    return Contest.of(one.name, found, rule)
