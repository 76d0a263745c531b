"""What comparison and champion read: every evaluated model, the present champion, past choices."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from assets.champion_history import Choice, aligned, read_history, record_choice
from assets.checks import CLAIMS, audit
from assets.publishing import need
from assets.resources import GpuGuard, VersionStore
from segmentation.inference.inference_config import InferenceConfig

if TYPE_CHECKING:
    from assets.models import SplitInputs
    from segmentation.champions.champion import ChampionSummary, Entrant
    from segmentation.champions.champion_card import Order
    from segmentation.champions.champion_rule import ChampionRule
    from segmentation.data import SplitData

#: Tags of a run in which a person promotes a model.
PROMOTE_TAG = "learned-normal/promote"
BY_TAG = "learned-normal/by"
WHY_TAG = "learned-normal/force-why"  # there only when the rule is overruled
#: Who decides where nobody gave an order.
RULE = "the rule"


class EvaluatedModels:
    """Current versions of every evaluated model, and its speed as networks are run here."""

    def __init__(self, store: VersionStore, inference: InferenceConfig) -> None:
        self._store = store
        self._inference = inference
        self._names = store.partitions("model_evaluation")
        self._evaluations = {name: need(store, "model_evaluation", name) for name in self._names}
        self._models = {name: need(store, "trained_model", name) for name in self._names}
        measured = {name: store.current("model_speed", name) for name in self._names}
        self._speeds = {name: version for name, version in measured.items() if version}
        self.versions = [
            *self._evaluations.values(),
            *self._models.values(),
            *self._speeds.values(),
        ]

    def entrants(self, barred: Mapping[str, str] | None = None) -> dict[str, "Entrant"]:
        """Architecture -> folders, with checks that do not hold.

        Args:
            barred: sha256 of weights -> why they are not wanted.
        """
        return {name: self._entrant(name, barred or {}) for name in self._names}

    def _entrant(self, name: str, barred: Mapping[str, str]) -> "Entrant":
        from segmentation.champions.champion import Entrant
        from segmentation.model_folder import weights_digest
        from segmentation.speed.measured_speed import read_speed

        model = self._store.path(self._models[name])
        evaluation = self._store.path(self._evaluations[name])
        speed = self._speeds.get(name)
        return Entrant(
            model=model,
            evaluation=evaluation,
            speed=read_speed(self._store.path(speed), self._inference) if speed else None,
            warning=failed_claims({"trained_model": model, "model_evaluation": evaluation}),
            barred=barred.get(weights_digest(model), ""),
        )


def failed_claims(folders: Mapping[str, Path]) -> str:
    """Claims about a model and its evaluation that do not hold, also those that only warn."""
    alone = {(asset, one.name) for asset in folders for one in CLAIMS[asset] if not one.against}
    failed = [
        f"{outcome.claim} does not hold: {outcome.finding}"
        for asset, folder in folders.items()
        for outcome in audit(asset, folder, {})
        if (asset, outcome.claim) in alone and not outcome.passed
    ]
    return "; ".join(failed)


class ChampionContest:
    """One decision about the champion, from what the store holds.

    Args:
        context: of the asset; its run's tags may hold a person's order.
        store: where models, evaluations and the champion lie.
        data: the newest split.
        inference: how networks are run here; models are judged with its steps after the network.
        clock: tells when a decision is noted.
    """

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        store: VersionStore,
        data: "SplitInputs",
        inference: InferenceConfig,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._clock = clock
        self._data = data
        self._inference = inference
        self._steps = inference.postprocess
        self._models = EvaluatedModels(store, inference)
        self._order = order_of(context.run.tags)
        self._history = aligned(store, read_history(store))
        self._present = store.current("champion_model")
        self._summary: ChampionSummary | None = None
        # The champion before is no input: what it came from would never be pruned.
        self.versions = [*self._models.versions, *data.versions]

    def config(self, rule: "ChampionRule") -> dict[str, object]:
        """What shaped the decision beside its inputs."""
        present = self._present.digest if self._present else ""
        return {
            "rule": rule,
            "order": self._order,
            "champion_before": present,
            "inference": self._inference,
        }

    def settle(self, out: Path, rule: "ChampionRule", gpu: GpuGuard) -> "ChampionSummary":
        """Decide, and write the champion."""
        from segmentation.champions.champion import choose_champion

        entrants = self._models.entrants(self._history.barred)
        test = self._data.load("test")
        with self._incumbent(entrants, test, gpu) as present:
            self._summary = choose_champion(
                entrants,
                out,
                data_digest=test.digest,
                steps=self._steps.name,
                rule=rule,
                present=present,
                order=self._order,
            )
        return self._summary

    def record(self, _: Path) -> None:
        """Note the decision, once it is published."""
        summary, order = self._summary, self._order
        if summary is None:
            return
        record_choice(
            self._store,
            Choice(
                action=summary.action,
                by=order.by if order else RULE,
                why=summary.why,
                architecture=summary.architecture,
                weights=summary.model_version,
                version=self._store.require("champion_model").digest,
                overruled=self._overruled(summary),
            ),
            self._history,
            now=self._clock(),
        )

    def _overruled(self, summary: "ChampionSummary") -> tuple[str, ...]:
        """Weights that a forced promotion passed over: they do not come back by themselves."""
        from segmentation.model_folder import weights_digest

        if summary.action != "forced":
            return ()
        rivals = [one.model for one in self._models.entrants().values()]
        rivals += [self._store.path(self._present)] if self._present else []
        return tuple(sorted({weights_digest(model) for model in rivals} - {summary.model_version}))

    @contextmanager
    def _incumbent(
        self,
        entrants: Mapping[str, "Entrant"],
        test: "SplitData",
        gpu: GpuGuard,
    ) -> Iterator["Entrant | None"]:
        """The present champion with an evaluation on the newest test split.

        Its own is used, or that of the same weights; only where the split has changed since and
        the architecture was trained again, the champion is judged anew.
        """
        from segmentation.champions.champion import Entrant, why_left_out
        from segmentation.evaluation import evaluate

        if self._present is None:
            yield None
            return
        folder = self._store.path(self._present)
        for evaluation in (folder, *(one.evaluation for one in entrants.values())):
            if not why_left_out(evaluation, folder, test.digest, self._steps.name):
                yield Entrant(model=folder, evaluation=evaluation)
                return
        with tempfile.TemporaryDirectory() as scratch:
            with gpu.slot():
                evaluate.evaluate(folder, test, Path(scratch), device=gpu.device, steps=self._steps)
            yield Entrant(model=folder, evaluation=Path(scratch))


def order_of(tags: Mapping[str, str]) -> "Order | None":
    """A person's order, from the tags of a run; None where there is none."""
    from segmentation.champions.champion_card import Order

    if PROMOTE_TAG not in tags:
        return None
    why = tags.get(WHY_TAG, "")
    return Order(name=tags[PROMOTE_TAG], by=tags.get(BY_TAG, ""), why=why, force=bool(why))
