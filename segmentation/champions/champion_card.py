"""``champion.json``: who is champion, since when in words, and who was refused why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from segmentation.champions.champion_rule import ChampionRule
from segmentation.evaluation import worst
from segmentation.evaluation.bootstrap import Interval
from segmentation.evaluation.evaluated import EVALUATION_FILE
from segmentation.evaluation.image_table import IMAGES_FILE
from segmentation.evaluation.paired import Improvement
from segmentation.evaluation.scores import METRICS_FILE
from segmentation.inference.export import EXPORT_FILE, ONNX_FILE
from segmentation.model_folder import DESCRIPTION_FILE, WEIGHTS_FILE
from segmentation.training.model_card import CARD_FILE
from segmentation.training.training_report import CURVES_FILE, HISTORY_FILE

CHAMPION_FILE = "champion.json"
#: What is promoted of a model's folder, where it is there; never what a store adds to it.
MODEL_FILES = (
    WEIGHTS_FILE,
    DESCRIPTION_FILE,
    ONNX_FILE,
    EXPORT_FILE,
    CARD_FILE,
    CURVES_FILE,
    HISTORY_FILE,
)
#: What stays beside the weights, so that later candidates are compared without running them again;
#: the card with metrics takes the place of the model's own.
EVALUATION_FILES = (
    IMAGES_FILE,
    METRICS_FILE,
    EVALUATION_FILE,
    CARD_FILE,
    worst.TABLE_FILE,
    worst.PREDICTIONS,
)
#: Of the card; what they say changes from one decision to the next though nothing happened.
_OF_THE_DAY = ("decision", "why")


@dataclass(frozen=True, kw_only=True)
class Order:
    """A person's wish to promote a model.

    Args:
        name: its architecture.
        by: who wishes it.
        why: required with ``force``.
        force: also when the rule refuses it.
    """

    name: str
    by: str
    why: str = ""
    force: bool = False

    def __post_init__(self) -> None:
        """Nobody overrules a measurement without saying why."""
        if self.force and not self.why.strip():
            raise ValueError(f"{self.name} is forced without a reason; give one")


@dataclass(frozen=True, kw_only=True)
class Contest:
    """A candidate against the present champion, on the same images.

    Args:
        difference: how much better the candidate is; None where a score is not defined.
        low: lower end of its 95 % interval.
        high: upper end.
    """

    candidate: str
    difference: float | None
    low: float | None
    high: float | None
    images: int
    wins: bool
    why: str

    @classmethod
    def of(cls, candidate: str, found: Improvement | None, rule: ChampionRule) -> Contest:
        """Judge a paired improvement by the rule."""
        if found is None or found.interval is None:
            why = f"{candidate}: {rule.metric} is not defined for both"
            return cls(
                candidate=candidate,
                difference=None,
                low=None,
                high=None,
                images=0,
                wins=False,
                why=why,
            )
        wins = found.is_sure and found.difference >= rule.min_improvement
        return cls(
            candidate=candidate,
            difference=found.difference,
            low=found.interval.low,
            high=found.interval.high,
            images=found.images,
            wins=wins,
            why=_reason(candidate, found, found.interval, rule, wins),
        )


def _reason(
    candidate: str, found: Improvement, interval: Interval, rule: ChampionRule, wins: bool
) -> str:
    direction = "better" if found.difference >= 0 else "worse"
    measured = (
        f"{candidate}: {rule.metric} {direction} by {100 * abs(found.difference):.2f} points,"
        f" 95 % interval of the gain {100 * interval.low:+.2f} to {100 * interval.high:+.2f}"
        f" over {found.images} images"
    )
    if wins:
        return measured
    if interval.high < 0:
        return f"{measured}: surely worse"
    if not found.is_sure:
        return f"{measured}: not surely better"
    return f"{measured}: surely better, but {100 * rule.min_improvement:g} points are asked for"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Which model is champion, and why.

    Args:
        action: ``promoted``, ``forced`` or ``kept``.
        name: architecture of the champion.
        score: its score by the rule's metric, on the newest test split.
        why: one sentence about this decision.
        promoted_because: why the champion once became it.
        candidates: model -> score, the best first.
        unscored: models whose score nothing defines.
        left_out: models that did not take part -> why.
    """

    rule: ChampionRule
    candidates: Mapping[str, float]
    unscored: tuple[str, ...]
    left_out: Mapping[str, str]
    order: Order | None = None
    contests: tuple[Contest, ...] = ()
    action: str = ""
    name: str = ""
    score: float | None = None
    why: str = ""
    promoted_because: str = ""
    card: Mapping[str, Any] | None = None  # of the champion that was kept

    def with_contests(self, contests: Sequence[Contest]) -> Decision:
        """The same with its contests."""
        return replace(self, contests=tuple(contests))

    def promoting(self, name: str, score: float, why: str) -> Decision:
        """A new champion; an order that was needed is named."""
        contest = next((one for one in self.contests if one.candidate == name), None)
        shown = f"{self.rule.metric} {100 * score:.1f} % on the test split"
        forced = self.order is not None and self.order.force
        because = f"{shown}; {why}"
        if forced and self.order:
            because = f"forced by {self.order.by}: {self.order.why} ({because})"
        elif contest:
            because = f"{shown}; against the champion before, {why}"
        return replace(
            self,
            action="forced" if forced else "promoted",
            name=name,
            score=score,
            why=because,
            promoted_because=because,
        )

    def keeping(self, card: Mapping[str, Any], score: float | None) -> Decision:
        """The present champion stays."""
        refused = [one.why for one in self.contests]
        refused += [f"{name}: {why}" for name, why in self.left_out.items()]
        return replace(
            self,
            action="kept",
            name=str(card["architecture"]),
            score=score,
            why=f"{card['architecture']} stays; " + ("; ".join(refused) or "nobody challenged it"),
            promoted_because=str(card.get("promoted_because", card["why"])),
            card=card,
        )


def read_card(folder: Path) -> dict[str, Any]:
    """The card in a champion's folder.

    Raises:
        FileNotFoundError: the folder holds no champion.
    """
    card: dict[str, Any] = json.loads((folder / CHAMPION_FILE).read_text(encoding="utf-8"))
    return card


def write_champion(decision: Decision, model: Path, evaluation: Path, out: Path) -> Path:
    """Copy the champion's files and write its card; the same decision gives the same bytes."""
    for folder, names in ((model, MODEL_FILES), (evaluation, EVALUATION_FILES)):
        for name in names:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, out / name)
            elif (folder / name).is_dir():
                shutil.copytree(folder / name, out / name)
    values = _card(decision)
    kept = decision.card
    if kept is not None and _lasting(kept) == _lasting(values):
        values = dict(kept)  # nothing happened: the same version as before
    text = json.dumps(values, indent=1, sort_keys=True)
    (out / CHAMPION_FILE).write_text(text + "\n", encoding="utf-8")
    return out / CHAMPION_FILE


def _card(decision: Decision) -> dict[str, Any]:
    order, kept = decision.order, decision.card or {}
    forced_by = order.by if order and decision.action == "forced" else kept.get("forced_by")
    return {
        "architecture": decision.name,
        "decision": decision.action,
        "metric": decision.rule.metric,
        "score": decision.score,
        "why": decision.why,
        "promoted_because": decision.promoted_because,
        "forced_by": forced_by,
        "rule": asdict(decision.rule),
        "contests": [asdict(one) for one in decision.contests],
        "candidates": dict(sorted(decision.candidates.items())),
        "unscored": list(decision.unscored),
        "left_out": dict(decision.left_out),
    }


def _lasting(card: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in card.items() if name not in _OF_THE_DAY}
