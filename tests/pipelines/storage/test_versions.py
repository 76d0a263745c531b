"""Names, digests and the provenance file."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.storage.errors import CorruptVersionError, InvalidNameError
from pipelines.storage.versions import (
    FileEntry,
    Provenance,
    Record,
    Version,
    digest_of,
    require_file_name,
)
from tests.pipelines.storage.factories_store import Tree, trees

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
versions = st.builds(
    Version,
    st.from_regex(r"[a-z0-9][a-z_]{0,8}", fullmatch=True),
    st.sampled_from(["all", "room/2020-11-10", "voc"]),
    st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
)
provenances = st.builds(
    Provenance,
    code_version=st.text(),
    inputs=st.lists(versions, max_size=3).map(tuple),
    config=st.dictionaries(st.text(), json_values, max_size=3),
    created_at=st.datetimes().map(lambda t: t.isoformat() + "+00:00"),
)


def entries(tree: Tree) -> tuple[FileEntry, ...]:
    return tuple(
        FileEntry(name, sha256(data).hexdigest(), len(data)) for name, data in sorted(tree.items())
    )


def record_of(tree: Tree, provenance: Provenance) -> Record:
    files = entries(tree)
    return Record(Version("counts", "all", digest_of(files)), provenance, files)


PLAIN = record_of({"a.txt": b"a"}, Provenance("1", (), {}, "2020-11-10T08:00:00+00:00"))


@given(trees, provenances)
def test_provenance_comes_back_as_it_was(tree: Tree, provenance: Provenance) -> None:
    record = record_of(tree, provenance)
    assert Record.from_json(record.to_json(), record.version, "here") == record


@given(trees, provenances, provenances)
def test_the_digest_is_of_content_alone(tree: Tree, one: Provenance, other: Provenance) -> None:
    backwards = dict(reversed(tree.items()))
    assert record_of(tree, one).version == record_of(backwards, other).version


@given(trees, trees)
def test_any_change_is_another_digest(one: Tree, other: Tree) -> None:
    assume(one != other)
    assert digest_of(entries(one)) != digest_of(entries(other))


@given(trees, st.data())
def test_one_flipped_bit_or_one_new_name_is_another_digest(tree: Tree, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(tree)))
    content = tree[name] or b"\0"
    at = data.draw(st.integers(0, len(content) - 1))
    flipped = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    renamed = {key: value for key, value in tree.items() if key != name} | {name + "x": tree[name]}
    digests = {digest_of(entries(t)) for t in (tree, {**tree, name: flipped}, renamed)}
    assert len(digests) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "0" * 32},
        {"partition": "../.."},
        {"files": [{"name": "../../escape", "sha256": "0" * 64, "bytes": 1}]},
        {"files": [{"name": "/etc/passwd", "sha256": "0" * 64, "bytes": 1}]},
        {"files": []},
        {"inputs": [{"asset": "a"}]},
        {"format": 2},
    ],
)
def test_a_provenance_that_was_tampered_with_is_refused(change: dict[str, object]) -> None:
    raw = json.loads(PLAIN.to_json()) | change
    with pytest.raises(CorruptVersionError, match="there"):
        Record.from_json(json.dumps(raw).encode(), PLAIN.version, "there")


def test_a_provenance_cut_anywhere_is_refused() -> None:
    whole = PLAIN.to_json()
    for end in range(len(whole) - 2):
        with pytest.raises(CorruptVersionError):
            Record.from_json(whole[:end], PLAIN.version, "there")


def test_a_provenance_of_another_version_is_refused() -> None:
    other = replace(PLAIN.version, partition="voc")
    with pytest.raises(CorruptVersionError, match="expected"):
        Record.from_json(PLAIN.to_json(), other, "there")


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "/a", "a/", "a//b", "../a", "a/../b"),
        *("a\\b", "a\nb", "a\0", "a?versionId=1", "\ud800"),
        *("provenance.json", "x" * 701),
    ],
)
def test_file_names_that_some_store_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        require_file_name(name)


@pytest.mark.parametrize(
    "name", ["a", "maps/mode.png", "Übersicht 1.html", ".hidden", "a/provenance.json"]
)
def test_ordinary_file_names_pass(name: str) -> None:
    assert require_file_name(name) == name
