"""The queue on screen is the one that was published."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from assets import checks, review
from assets.claims import Finding
from assets.resources import ReviewSetup
from dataset_build.config import DatasetConfig
from dataset_build.review import review_fiftyone
from pipelines.storage.store import Store
from tests.dataset_build.factories_ledger import sample, write_ledger_file


@pytest.fixture
def store(tmp_path):
    """A store that holds a split of two images."""
    store = Store(str(tmp_path / "store"))
    split = write_ledger_file(tmp_path / "split", [sample("a"), sample("b")]).parent
    store.publish(store.seal(split, "dataset_split", code_version="1", inputs=(), config={}))
    return store


@pytest.fixture
def shown(monkeypatch):
    """Folders of the queues that were pushed to FiftyOne."""
    folders: list[Path] = []
    monkeypatch.setattr(review_fiftyone, "configure_fiftyone", lambda *_, **__: None)
    monkeypatch.setattr(
        review_fiftyone, "push_queue", lambda files, **_: folders.append(files.queue.parent)
    )
    return folders


def build(store, tmp_path):
    setup = ReviewSetup(
        dataset_name="review",
        database_dir=tmp_path / "db",
        uri=None,
        mask_dir=tmp_path / "masks",
        queue_limit=2,
        mistakenness_limit=10,
    )
    return dg.materialize(
        [review.review_queue],
        resources={
            "store": store,
            "dataset_config": DatasetConfig(source_roots={}),
            "review_setup": setup,
        },
        raise_on_error=False,
    )


def test_published_queue_is_shown_and_says_what_shaped_it(store, shown, tmp_path):
    assert build(store, tmp_path).success
    current = store.require("review_queue")
    assert shown == [store.path(current)]
    config = store.provenance(current).config
    assert config["limit"] == 2
    assert config["rules"]["version"] == DatasetConfig(source_roots={}).cleaning.version


def test_queue_that_failed_its_audit_is_never_shown(store, shown, tmp_path, monkeypatch):
    claim = checks.CLAIMS["review_queue"][0]
    refuses = replace(claim, look=lambda _folder: Finding(passed=False, seen="silent"))
    monkeypatch.setattr(checks, "CLAIMS", {"review_queue": (refuses,)})
    assert not build(store, tmp_path).success
    assert shown == []
