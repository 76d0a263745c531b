"""Whatever refers to whatever: what a current version came from stays."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.storage.retention import referred, surplus
from pipelines.storage.store import Store, Version
from tests.pipelines.storage.factories_store import TickingClock, read_tree, seal

#: Per version: which asset, and which earlier versions it was made from, as positions.
steps = st.lists(
    st.tuples(st.sampled_from(["labels", "counts", "normal"]), st.sets(st.integers(0, 9))),
    min_size=1,
    max_size=10,
)


def ancestors(start: set[int], parents: list[set[int]]) -> set[int]:
    """The slow and obvious way."""
    found = set(start)
    while True:
        more = found | {parent for one in found for parent in parents[one]}
        if more == found:
            return found
        found = more


@settings(max_examples=40, deadline=None)
@given(steps=steps, keep=st.integers(0, 3), data=st.data())
def test_prune_never_removes_what_is_protected(
    steps: list[tuple[str, set[int]]], keep: int, data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder, patch.object(os, "fsync"):  # no crash here: be quick
        store = Store(Path(folder), clock=TickingClock())
        versions: list[Version] = []
        parents: list[set[int]] = []
        for number, (asset, wanted) in enumerate(steps):
            parents.append({one for one in wanted if one < number})
            inputs = [versions[one] for one in sorted(parents[-1])]
            versions.append(seal(store, {"n": str(number).encode()}, asset, inputs=inputs))
        for number in data.draw(st.lists(st.sampled_from(range(len(versions))), max_size=5)):
            store.publish(versions[number])
        current = {
            versions.index(version)
            for asset in ("labels", "counts", "normal")
            if (version := store.current(asset)) is not None
        }
        newest = {
            number
            for asset in ("labels", "counts", "normal")
            for number in [n for n, step in enumerate(steps) if step[0] == asset][::-1][:keep]
        }
        removed = {versions.index(version) for version in store.prune(keep)}
        expected = ancestors(current, parents) | newest
        assert removed == set(range(len(versions))) - expected
        for number in expected:
            assert read_tree(store.path(versions[number])) == {"n": str(number).encode()}


def version(letter: str) -> Version:
    return Version("counts", "all", letter * 32)


def test_a_circle_of_references_ends() -> None:
    a, b, c = version("a"), version("b"), version("c")
    made_from = {a: [b], b: [a]}
    assert referred([a], lambda wave: {v: made_from.get(v, []) for v in wave}) == {a, b}
    assert referred([c], lambda wave: {}) == {c}


def test_surplus_is_what_is_older_than_the_newest_few() -> None:
    made_at = {version("a"): "2020-01", version("b"): "2020-03", version("c"): "2020-02"}
    assert surplus(made_at, 1, frozenset()) == (version("c"), version("a"))
    assert surplus(made_at, 1, frozenset({version("c")})) == (version("a"),)
