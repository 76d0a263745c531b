"""The pass over a source: both assets at once, and only what changed is read."""

from __future__ import annotations

import time
from pathlib import Path

import dagster as dg
import pytest

from assets.dataset import FULL_SCAN, source_pass
from dataset_build.config import DatasetConfig
from pipelines.storage.store import Store
from tests.dataset_build import factories_sources as draw

BOTH = ("source_samples", "human_masks")


@pytest.fixture(autouse=True)
def nothing_is_young(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that a test has just written would be read again."""
    monkeypatch.setattr("dataset_build.scan.scan_memory.RACY_NS", -(10**12))


class Line:
    def __init__(self, folder: Path) -> None:
        self.root = draw.write_ade20k(
            folder / "ade", {f"{n}": draw.class_map(13) for n in range(20)}
        )
        self.store = Store(str(folder / "store"))
        self.memory = folder / "home" / "scan"

    def run(self, **tags: str) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [source_pass],
            partition_key="ade20k",
            tags=tags,
            resources={
                "store": self.store,
                "dataset_config": DatasetConfig(source_roots={"ade20k": self.root}, workers=1),
                "scan_memory": self.memory,
            },
            raise_on_error=False,
        )

    def versions(self) -> list[str]:
        return [self.store.require(name, "ade20k").digest for name in BOTH]

    def mask(self, name: str) -> Path:
        return self.root / "annotations" / "training" / f"{name}.png"


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def read(result: dg.ExecuteInProcessResult) -> int:
    """Samples whose files a run has read."""
    assert result.success
    events = result.get_asset_materialization_events()
    assert [event.asset_key.path[-1] for event in events] == list(BOTH)
    return events[0].materialization.metadata["files_read"].value


def test_both_assets_come_from_one_pass_and_an_unchanged_source_is_not_read_again(line: Line):
    assert read(line.run()) == 20
    before = line.versions()
    assert read(line.run()) == 0
    assert line.versions() == before


def test_only_a_changed_file_is_read_and_its_mask_is_the_new_one(line: Line):
    line.run()
    before = line.versions()
    time.sleep(0.01)
    draw.write_ids(line.mask("7"), draw.class_map(4))
    assert read(line.run()) == 1
    after = line.versions()
    assert [one == two for one, two in zip(before, after, strict=True)] == [False, False]
    assert read(line.run(**{FULL_SCAN: "yes"})) == 20
    assert line.versions() == after


def test_a_source_that_fails_its_audit_leaves_the_last_good_memory_in_use(line: Line):
    line.run()
    good, masks = line.versions(), {path: path.read_bytes() for path in line.root.rglob("*.png")}
    time.sleep(0.01)
    for path in masks:
        path.unlink()
    assert not line.run().success
    assert line.versions() == good
    line.mask("3").write_bytes(masks[line.mask("3")])
    time.sleep(0.01)
    for path, data in masks.items():
        path.write_bytes(data)
    assert read(line.run()) == 20  # the masks are new files, whatever they hold
    assert line.versions() == good


def test_a_damaged_current_version_is_made_anew(line: Line):
    line.run()
    good = line.versions()
    (line.store.path(line.store.require("human_masks", "ade20k")) / "masks.pack").unlink()
    assert read(line.run()) == 20
    assert line.versions() == good
    line.store.verify(line.store.require("human_masks", "ade20k"))


def test_a_pointer_that_cannot_be_read_is_made_anew(line: Line):
    line.run()
    good = line.versions()
    folder = line.store.path(line.store.require("human_masks", "ade20k")).parent
    (folder / "current.json").write_text("{half")
    assert read(line.run()) == 20
    assert line.versions() == good


def test_a_memory_that_cannot_be_written_does_no_harm(line: Line):
    line.memory.parent.mkdir(parents=True)
    line.memory.write_text("a file where the folder should be")
    assert read(line.run()) == 20
    assert read(line.run()) == 20
