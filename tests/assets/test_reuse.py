"""A step leaves its version as it is when nothing that decides it has changed."""

from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from assets import checks, publishing, reuse
from assets.claims import Claim, Finding
from pipelines.storage.store import Store

SHORT = Claim(
    name="is_short",
    says="The file holds at most three characters.",
    look=lambda folder: Finding(passed=len((folder / "word.txt").read_text()) <= 3, seen="counted"),
)
HAS_A = Claim(
    name="has_an_a",
    says="The file holds an a.",
    look=lambda folder: Finding(passed="a" in (folder / "word.txt").read_text(), seen="looked"),
    blocking=False,
)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as one:
        yield one


@pytest.fixture
def made():
    """Texts that were written, in order."""
    return []


@pytest.fixture
def word(monkeypatch, made):
    """An asset whose text is its configuration; the resource ``same`` says what else holds."""
    monkeypatch.setattr(checks, "CLAIMS", {"word": (SHORT, HAS_A)})

    @dg.asset(
        check_specs=checks.specs("word"),
        code_version="1",
        retry_policy=dg.RetryPolicy(max_retries=1),
    )
    def word(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        text: dg.ResourceParam[str],
        same: dg.ResourceParam[object],
    ):
        def make(out: Path) -> object:
            made.append(text)
            (out / "word.txt").write_text(text)
            return None

        yield from publishing.publish(
            context,
            store,
            make,
            config={"text": text},
            reuse=reuse.Reuse(holds=lambda: bool(same), metadata={"letters_read": 0}),
        )

    return word


def build(asset, store, instance, text, *, same=True):
    resources = {"store": store, "text": text, "same": same}
    return dg.materialize([asset], resources=resources, instance=instance, raise_on_error=False)


def checked(result):
    return {
        one.check_name: (one.passed, one.description)
        for one in result.get_asset_check_evaluations()
    }


def test_second_step_does_nothing_and_says_the_same(word, made, instance, tmp_path):
    store = Store(str(tmp_path))
    first = build(word, store, instance, "dog")
    version = store.require("word")
    second = build(word, store, instance, "dog")
    assert made == ["dog"]
    assert second.success
    assert store.require("word") == version
    assert (
        checked(second)
        == checked(first)
        == {"is_short": (True, "counted"), "has_an_a": (False, "looked")}
    )
    (event,) = second.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata["version"].value == version.digest
    assert metadata[reuse.UNCHANGED].value is True
    assert metadata["letters_read"].value == 0


def test_a_third_step_reads_what_the_second_recorded(word, made, instance, tmp_path):
    store = Store(str(tmp_path))
    for _ in range(3):
        last = build(word, store, instance, "dog")
    assert made == ["dog"]
    assert checked(last)["has_an_a"] == (False, "looked")


def test_other_configuration_is_made_anew(word, made, instance, tmp_path):
    store = Store(str(tmp_path))
    for text in ("dog", "cat", "dog"):
        build(word, store, instance, text)
    assert made == ["dog", "cat", "dog"]


def test_other_code_is_made_anew(word, made, instance, tmp_path, monkeypatch):
    store = Store(str(tmp_path))
    build(word, store, instance, "dog")
    monkeypatch.setattr(reuse, "code_fingerprint", lambda: "other")
    build(word, store, instance, "dog")
    assert made == ["dog", "dog"]


def test_code_in_folders_counts(tmp_path, monkeypatch):
    inner = tmp_path / "dataset_build" / "cleaning" / "rules.py"
    inner.parent.mkdir(parents=True)
    package = SimpleNamespace(__file__=str(tmp_path / "dataset_build" / "__init__.py"))
    monkeypatch.setattr(reuse, "dataset_build", package)
    found = []
    for code in ("LIMIT = 1", "LIMIT = 2"):
        inner.write_text(code)
        found.append(reuse.code_fingerprint.__wrapped__())
    assert found[0] != found[1]


def test_what_else_is_read_may_have_changed(word, made, instance, tmp_path):
    store = Store(str(tmp_path))
    build(word, store, instance, "dog")
    build(word, store, instance, "dog", same=False)
    assert made == ["dog", "dog"]


def test_an_instance_that_remembers_nothing_makes_it_anew(word, made, instance, tmp_path):
    store = Store(str(tmp_path))
    build(word, store, instance, "dog")
    with dg.DagsterInstance.ephemeral() as forgetful:
        build(word, store, forgetful, "dog")
    assert made == ["dog", "dog"]


def test_a_deleted_run_makes_it_anew(word, made, instance, tmp_path):
    store = Store(str(tmp_path))
    first = build(word, store, instance, "dog")
    instance.delete_run(first.run_id)
    build(word, store, instance, "dog")
    assert made == ["dog", "dog"]


def test_a_version_that_went_back_is_made_anew(word, made, instance, tmp_path):
    """The last step's version is not the current one: what was recorded says nothing of it."""
    store = Store(str(tmp_path))
    build(word, store, instance, "dog")
    older = store.require("word")
    build(word, store, instance, "cat")
    store.publish(older)
    build(word, store, instance, "cat")
    assert made == ["dog", "cat", "cat"]


def test_a_damaged_version_is_made_anew(word, made, instance, tmp_path):
    store = Store(str(tmp_path))
    build(word, store, instance, "dog")
    (store.path(store.require("word")) / "word.txt").unlink()
    assert build(word, store, instance, "dog").success
    assert made == ["dog", "dog"]
    assert (store.path(store.require("word")) / "word.txt").read_text() == "dog"


def test_a_retried_step_can_be_reused(word, made, instance, tmp_path, monkeypatch):
    """The first attempt recorded its checks, then could not publish: the log has them twice."""
    store = Store(str(tmp_path))
    publish, failures = Store.publish, iter([OSError("no room")])

    def flaky(self: Store, version: object) -> None:
        for error in failures:
            raise error
        publish(self, version)

    monkeypatch.setattr(Store, "publish", flaky)
    first = build(word, store, instance, "dog")
    assert first.success
    second = build(word, store, instance, "dog")
    assert second.success
    assert made == ["dog", "dog"]  # both of the first step; none of the second
    assert checked(second) == checked(first)


def test_wrong_input_found_while_asking_is_not_tried_again(word, made, instance, tmp_path):
    store = Store(str(tmp_path))
    build(word, store, instance, "dog")

    class Gone:
        def __bool__(self) -> bool:
            raise FileNotFoundError("source voc: /data/voc does not exist")

    result = build(word, store, instance, "dog", same=Gone())
    (failed,) = [one for one in result.all_events if one.is_step_failure]
    assert "/data/voc does not exist" in failed.step_failure_data.user_failure_data.description
    assert made == ["dog"]


def test_a_step_that_failed_its_audit_is_tried_again(word, made, instance, tmp_path):
    store = Store(str(tmp_path))
    build(word, store, instance, "dog")
    for _ in range(2):
        assert not build(word, store, instance, "horse").success
    assert build(word, store, instance, "dog").success
    assert made == ["dog", "horse", "horse"]
    assert (store.path(store.require("word")) / "word.txt").read_text() == "dog"


def test_recipe_names_inputs_and_their_content(tmp_path):
    store = Store(str(tmp_path))
    with store.draft("word") as folder:
        (folder / "word.txt").write_text("dog")
        version = store.seal(folder, "word", code_version="1", inputs=(), config={})
    alone = reuse.recipe_of("line", "all", (), {})
    assert reuse.recipe_of("line", "all", (version,), {}) != alone
    assert reuse.recipe_of("line", "all", (), {}) == alone
