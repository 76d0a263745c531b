"""Who became champion when, by whom and why: the log by which a champion is rolled back.

The log is a version of its own in the store, beside ``champion_model``. Its current version refers
to the last champions, so that retention never prunes what a rollback may need.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from assets.resources import VersionStore
from dataset_build.digests import sha256_of

ASSET = "champion_model"
LOG_ASSET = "champion_history"
LOG_FILE = "history.json"
ROLLED_BACK = "rolled_back"
#: Champions with other weights that retention leaves alone, the present one among them.
PROTECTED = 3


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One line of the log.

    Args:
        action: ``promoted``, ``forced``, ``kept`` or ``rolled_back``.
        by: who chose.
        architecture: of the champion afterwards.
        weights: sha256 of its weights.
        version: digest of its version.
        overruled: sha256 of weights that are not promoted again by the rule.
        at: ISO 8601 in UTC; written when it is recorded.
    """

    action: str
    by: str
    why: str
    architecture: str
    weights: str
    version: str
    overruled: tuple[str, ...] = ()
    at: str = ""


@dataclass(frozen=True, kw_only=True)
class ChampionHistory:
    """The log, and what follows from it.

    Args:
        choices: the oldest first.
    """

    choices: tuple[Choice, ...] = ()
    line: tuple[Choice, ...] = field(init=False)  # champions that were not rolled back
    barred: Mapping[str, str] = field(init=False)  # sha256 of weights -> why

    def __post_init__(self) -> None:
        """Replay the log."""
        line: list[Choice] = []
        barred: dict[str, str] = {}
        for one in self.choices:
            if one.action == ROLLED_BACK:
                line = _until(line, one.weights)
            elif line and line[-1].weights == one.weights:
                line[-1] = one
            else:
                line.append(one)
            verb = "rolled back" if one.action == ROLLED_BACK else "overruled"
            barred |= {w: f"{verb} by {one.by} on {one.at[:10]}: {one.why}" for w in one.overruled}
            barred.pop(one.weights, None)
        object.__setattr__(self, "line", tuple(line))
        object.__setattr__(self, "barred", barred)

    @property
    def previous(self) -> Choice | None:
        """The champion before the present one; None where there was none."""
        return self.line[-2] if len(self.line) > 1 else None


def aligned(store: VersionStore, history: ChampionHistory) -> ChampionHistory:
    """The log with the present champion at its end, also where a kill kept it from being noted.

    Champions of before there was a log are noted so, too.
    """
    current = store.current(ASSET)
    if current is None or (history.line and history.line[-1].version == current.digest):
        return history
    folder = store.path(current)
    card = json.loads((folder / "champion.json").read_text(encoding="utf-8"))
    weights = sha256_of(folder / "weights.safetensors")
    found = Choice(
        action="promoted",
        by="an earlier run",
        why=str(card["why"]),
        architecture=str(card["architecture"]),
        weights=weights,
        version=current.digest,
    )
    return ChampionHistory(choices=(*history.choices, found))


def _until(line: Sequence[Choice], weights: str) -> list[Choice]:
    """The line up to the last champion of these weights."""
    kept = list(line)
    while kept and kept[-1].weights != weights:
        kept.pop()
    return kept


def read_history(store: VersionStore) -> ChampionHistory:
    """The log of a store; empty where no champion was recorded yet."""
    version = store.current(LOG_ASSET)
    if version is None:
        return ChampionHistory()
    lines = json.loads((store.path(version) / LOG_FILE).read_text(encoding="utf-8"))
    return ChampionHistory(
        choices=tuple(Choice(**{**line, "overruled": tuple(line["overruled"])}) for line in lines)
    )


def record_choice(
    store: VersionStore,
    choice: Choice,
    before: ChampionHistory | None = None,
    *,
    now: datetime,
) -> ChampionHistory:
    """Add a line to the log, unless it says what the last one said.

    Args:
        store: where the log lies; the chosen champion is current there.
        choice: what was chosen; its time is set here.
        before: the log up to now; None reads it.
        now: with a time zone.
    """
    before = before or read_history(store)
    last = before.choices[-1] if before.choices else None
    if last and choice.action == "kept" and choice.version == last.version:
        return before
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    history = ChampionHistory(choices=(*before.choices, dataclasses.replace(choice, at=at)))
    with store.draft(LOG_ASSET) as folder:
        text = json.dumps([asdict(one) for one in history.choices], indent=1, sort_keys=True)
        (folder / LOG_FILE).write_text(text + "\n", encoding="utf-8")
        version = store.seal(
            folder, LOG_ASSET, code_version="1", inputs=_protected(store, history), config={}
        )
    store.publish(version)
    return history


def version_of(store: VersionStore, choice: Choice) -> Any:  # noqa: ANN401
    """The champion's version that a line names."""
    return dataclasses.replace(store.require(ASSET), digest=choice.version)


def _protected(store: VersionStore, history: ChampionHistory) -> list[Any]:
    return [version_of(store, one) for one in history.line[-PROTECTED:]]
