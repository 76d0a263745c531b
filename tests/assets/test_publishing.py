"""Write, audit, publish: what fails its audit never becomes current."""

import threading
from dataclasses import dataclass
from pathlib import Path

import cv2
import dagster as dg
import numpy as np
import pytest

from assets import checks, publishing
from assets.claims import Claim, Finding
from pipelines.storage.store import Store

MAX_SIZE = Claim(
    name="is_short",
    says="The file holds at most three characters.",
    look=lambda folder: Finding(
        passed=len((folder / "word.txt").read_text()) <= 3, seen=(folder / "word.txt").read_text()
    ),
)
HAS_A = Claim(
    name="has_an_a",
    says="The file holds an a.",
    look=lambda folder: Finding(passed="a" in (folder / "word.txt").read_text(), seen="looked"),
    blocking=False,
)


@dataclass(frozen=True)
class Summary:
    letters: int


@pytest.fixture
def seen_afterwards():
    """What ``afterwards`` was called with."""
    return []


@pytest.fixture
def word_asset(monkeypatch, seen_afterwards):
    """An asset ``word`` whose content is a resource and whose claims are the two above."""
    monkeypatch.setattr(checks, "CLAIMS", {"word": (MAX_SIZE, HAS_A)})

    @dg.asset(check_specs=checks.specs("word"), code_version="7")
    def word(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        text: dg.ResourceParam[str],
    ):
        def make(out: Path) -> Summary:
            if text == "raise":
                raise ValueError("the text is at fault")
            (out / "word.txt").write_bytes(b"\xff" if text == "damaged" else text.encode())
            return Summary(letters=len(text))

        def afterwards(folder: Path) -> None:
            seen_afterwards.append((folder / "word.txt").read_text())
            assert folder == store.path(store.require("word"))

        yield from publishing.publish(
            context, store, make, config={"text": text}, afterwards=afterwards
        )

    return word


def build(asset, store, text):
    return dg.materialize([asset], resources={"store": store, "text": text}, raise_on_error=False)


def test_good_version_becomes_current_with_provenance(word_asset, tmp_path):
    store = Store(str(tmp_path))
    result = build(word_asset, store, "cat")
    assert result.success
    current = store.require("word")
    assert (store.path(current) / "word.txt").read_text() == "cat"
    assert store.provenance(current).code_version == "7"
    assert store.provenance(current).config == {"text": "cat"}
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["letters"].value == 3
    assert event.materialization.metadata["version"].value == current.digest


def test_version_that_fails_a_blocking_claim_is_kept_aside(word_asset, tmp_path):
    store = Store(str(tmp_path))
    build(word_asset, store, "cat")
    good = store.require("word")
    result = build(word_asset, store, "caterpillar")
    assert not result.success
    assert store.require("word") == good
    assert not result.get_asset_materialization_events()
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert [check.check_name for check in failed] == ["is_short"]
    (rejection,) = store.rejections("word")
    assert "caterpillar" in " ".join(rejection.findings)


def test_what_must_not_be_kept_leaves_a_version_that_fails_and_no_other(monkeypatch, tmp_path):
    """A secret beside the word: readers of a good version get it, nobody one of a rejected one."""
    monkeypatch.setattr(checks, "CLAIMS", {"word": (MAX_SIZE,)})

    @dg.asset(check_specs=checks.specs("word"), code_version="1")
    def word(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        text: dg.ResourceParam[str],
    ):
        def make(out: Path) -> Summary:
            (out / "word.txt").write_text(text)
            (out / "secret.txt").write_text("who it is")
            return Summary(letters=len(text))

        yield from publishing.publish(
            context, store, make, forget=lambda folder: (folder / "secret.txt").unlink()
        )

    store = Store(str(tmp_path))
    assert not build(word, store, "caterpillar").success
    kept = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert "word.txt" in kept and "secret.txt" not in kept
    assert build(word, store, "cat").success
    assert (store.path(store.require("word")) / "secret.txt").read_text() == "who it is"


def test_a_picture_is_drawn_of_what_is_audited_and_lies_in_the_version(monkeypatch, tmp_path):
    drawn = threading.Event()
    waits = Claim(
        name="waits",
        says="The picture is drawn while this claim is looked at.",
        look=lambda _: Finding(passed=drawn.wait(timeout=30), seen="looked"),
    )
    monkeypatch.setattr(checks, "CLAIMS", {"word": (waits,)})

    @dg.asset(check_specs=checks.specs("word"))
    def word(context: dg.AssetExecutionContext, store: dg.ResourceParam[Store]):
        def draw(folder: Path) -> None:
            assert (folder / "word.txt").read_text() == "cat"
            cv2.imwrite(str(folder / "word.png"), np.zeros((8, 8, 3), np.uint8))
            drawn.set()

        yield from publishing.publish(
            context, store, lambda out: (out / "word.txt").write_text("cat"), draw=draw
        )

    store = Store(str(tmp_path))
    result = dg.materialize([word], resources={"store": store})
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["word"].value.startswith("![word](data:image/")
    assert (store.path(store.require("word")) / "word.png").exists()


@pytest.mark.parametrize(("text", "told"), [("caterpillar", "is_short"), ("cat", "no picture")])
def test_what_cannot_be_drawn_is_told_where_no_finding_says_why(monkeypatch, tmp_path, text, told):
    monkeypatch.setattr(checks, "CLAIMS", {"word": (MAX_SIZE,)})

    @dg.asset(check_specs=checks.specs("word"), code_version="1")
    def word(context: dg.AssetExecutionContext, store: dg.ResourceParam[Store]):
        def draw(folder: Path) -> None:
            (folder / "word.png").write_text("half a picture")
            raise RuntimeError("no picture")

        yield from publishing.publish(
            context, store, lambda out: (out / "word.txt").write_text(text), draw=draw
        )

    store = Store(str(tmp_path))
    result = dg.materialize([word], resources={"store": store}, raise_on_error=False)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data
    assert told in f"{error.user_failure_data} {error.error.to_string()}"
    assert store.current("word") is None
    assert len(store.rejections("word")) == (told == "is_short")


def test_warning_does_not_keep_a_version_back(word_asset, tmp_path):
    store = Store(str(tmp_path))
    result = build(word_asset, store, "dog")
    assert result.success
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True, False]
    assert (store.path(store.require("word")) / "word.txt").read_text() == "dog"


def test_afterwards_follows_only_what_became_current(word_asset, tmp_path, seen_afterwards):
    store = Store(str(tmp_path))
    build(word_asset, store, "caterpillar")
    assert seen_afterwards == []
    build(word_asset, store, "cat")
    assert seen_afterwards == ["cat"]


def test_file_that_a_claim_cannot_read_is_kept_aside_with_the_reason(word_asset, tmp_path):
    store = Store(str(tmp_path))
    build(word_asset, store, "cat")
    good = store.require("word")
    result = build(word_asset, store, "damaged")
    assert not result.success
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
    assert store.require("word") == good
    (rejection,) = store.rejections("word")
    assert "not readable: UnicodeDecodeError" in " ".join(rejection.findings)


def test_fault_of_the_input_is_told_in_its_own_words_and_not_tried_again(word_asset, tmp_path):
    store = Store(str(tmp_path))
    result = build(word_asset, store, "raise")
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_failure_data.user_failure_data.description == "the text is at fault"
    assert store.current("word") is None


def test_missing_input_says_what_to_materialize(tmp_path):
    with pytest.raises(dg.Failure, match="dataset_split"):
        publishing.need(Store(str(tmp_path)), "dataset_split")


def test_assets_of_one_pass_are_all_current_before_any_is_recorded(monkeypatch, tmp_path):
    names = ("left", "right")
    monkeypatch.setattr(checks, "CLAIMS", {name: () for name in names})
    store = Store(str(tmp_path))
    current_at_result = []

    @dg.multi_asset(specs=[dg.AssetSpec(name, code_version="1") for name in names])
    def both(context: dg.AssetExecutionContext):
        def make(folders):
            for name, folder in folders.items():
                (folder / "word.txt").write_text(name)
            return dict.fromkeys(names, Summary(letters=1))

        for event in publishing.publish_together(context, store, make):
            current_at_result.append([name for name in names if store.current(name)])
            yield event

    assert dg.materialize([both]).success
    assert current_at_result == [["left", "right"], ["left", "right"]]


def test_assets_of_one_pass_are_recorded_after_those_they_depend_on(monkeypatch, tmp_path):
    names = ("a_needs_b", "b")
    monkeypatch.setattr(checks, "CLAIMS", {name: () for name in names})
    store = Store(str(tmp_path))

    @dg.multi_asset(
        specs=[
            dg.AssetSpec("a_needs_b", deps=["b", "elsewhere"], code_version="1"),
            dg.AssetSpec("b", code_version="1"),
        ]
    )
    def both(context: dg.AssetExecutionContext):
        def make(folders):
            for name, folder in folders.items():
                (folder / "word.txt").write_text(name)
            return dict.fromkeys(names, Summary(letters=1))

        yield from publishing.publish_together(context, store, make)

    result = dg.materialize([both])
    recorded = [event.asset_key.path[-1] for event in result.get_asset_materialization_events()]
    assert recorded == ["b", "a_needs_b"]
