from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_build.config import DatasetConfig
from dataset_build.scan import scan as scan_module
from dataset_build.scan import scan_memory
from dataset_build.scan.mask_pack import INDEX_FILE, PACK_FILE
from dataset_build.scan.mask_preview import choose_samples
from dataset_build.scan.sample_reader import SampleReader
from dataset_build.scan.sample_rows import SAMPLES_FILE
from dataset_build.scan.scan import ScanSummary, scan_source
from dataset_build.scan.scan_memory import RACY_NS, FileStats, PreviousScan, Run, runs_of
from dataset_build.scan.scan_rules import ReadLimits
from dataset_build.sources.mask_files import PngIds
from dataset_build.sources.readers import SampleFiles, SourceFiles
from dataset_build.sources.sources import SOURCES
from tests.dataset_build import factories_sources as draw

CONFIG = DatasetConfig(workers=1)
NAMES = "abcdefg"
#: A moment at which nothing that a test has written is young any more.
LATER_NS = 10 * RACY_NS


@pytest.fixture(autouse=True)
def small_groups_and_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of three rows, so that runs cross them; the preview is always drawn anew."""
    monkeypatch.setattr(scan_module, "ROW_GROUP", 3)
    monkeypatch.setattr(scan_module, "write_preview", lambda *_, **__: None)


class Home:
    """A source, its newest scan, and what is remembered of it."""

    def __init__(self, folder: Path) -> None:
        self.root = draw.write_ade20k(
            folder / "ade", {name: draw.class_map(13) for name in NAMES[:5]}
        )
        self.folder = folder
        self.scans = 0
        self.previous: PreviousScan | None = None

    def scan(
        self, *, previous: PreviousScan | None = None, config: DatasetConfig = CONFIG
    ) -> ScanSummary:
        out = self.folder / f"scan-{self.scans}"
        self.scans += 1
        out.mkdir()
        return scan_source(
            "ade20k",
            self.root,
            out,
            out,
            config=config,
            previous=previous,
            clock_ns=lambda: time.time_ns() + LATER_NS,
        )

    def rebuild(self, config: DatasetConfig = CONFIG) -> ScanSummary:
        """Scan with what is remembered, and remember."""
        summary = self.scan(previous=self.previous, config=config)
        memory = self.folder / "memory" / "ade20k.parquet"
        summary.memory.save(memory)
        self.previous = PreviousScan(
            samples=summary.table, masks=summary.masks.pack.parent, memory=memory
        )
        return summary

    def image(self, name: str) -> Path:
        return self.root / "images" / "training" / f"{name}.jpg"

    def mask(self, name: str) -> Path:
        return self.root / "annotations" / "training" / f"{name}.png"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def written(summary: ScanSummary) -> dict[str, bytes]:
    folder = summary.table.parent
    return {name: (folder / name).read_bytes() for name in (SAMPLES_FILE, INDEX_FILE, PACK_FILE)}


# Any sequence of edits.


def draw_mask(home: Home, name: str, seed: int) -> None:
    ids = draw.class_map(13)
    ids[:, seed % 32] = 13
    draw.write_ids(home.mask(name), ids)


def draw_image(home: Home, name: str, seed: int) -> None:
    draw.write_image(home.image(name), draw.photograph(seed=seed))


def damage(home: Home, name: str, seed: int) -> None:
    if home.mask(name).exists():
        data = bytearray(home.mask(name).read_bytes())
        data[seed % len(data)] ^= 0xFF
        home.mask(name).write_bytes(data)


def damage_under_the_old_time(home: Home, name: str, seed: int) -> None:
    if home.mask(name).exists():
        before = home.mask(name).stat()
        damage(home, name, seed)
        os.utime(home.mask(name), ns=(before.st_atime_ns, before.st_mtime_ns))


def remove_image(home: Home, name: str, seed: int) -> None:
    home.image(name).unlink(missing_ok=True)


def remove_both(home: Home, name: str, seed: int) -> None:
    home.image(name).unlink(missing_ok=True)
    home.mask(name).unlink(missing_ok=True)


def exchange_masks(home: Home, name: str, seed: int) -> None:
    other = NAMES[seed % len(NAMES)]
    if home.mask(name).exists() and home.mask(other).exists() and name != other:
        aside = home.mask(name).with_suffix(".aside")
        home.mask(name).rename(aside)
        home.mask(other).rename(home.mask(name))
        aside.rename(home.mask(other))


def touch(home: Home, name: str, seed: int) -> None:
    if home.image(name).exists():
        os.utime(home.image(name))


def leave(home: Home, name: str, seed: int) -> None:
    """No edit at all."""


EDITS: tuple[Callable[[Home, str, int], None], ...] = (
    draw_mask,
    draw_image,
    damage,
    damage_under_the_old_time,
    remove_image,
    remove_both,
    exchange_masks,
    touch,
    leave,
)
STEPS = st.lists(
    st.tuples(st.sampled_from(EDITS), st.sampled_from(NAMES), st.integers(0, 10_000)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=25, deadline=None)
@given(rebuilds=st.lists(STEPS, min_size=1, max_size=3))
def test_after_any_edits_an_incremental_scan_equals_a_full_one(rebuilds: list):
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.rebuild()
        draw_mask(home, "a", 0)  # one sample always stays, or there would be no source
        draw_image(home, "a", 0)
        for steps in rebuilds:
            time.sleep(0.01)  # file times tick every few milliseconds; a person edits later still
            for edit, name, seed in steps:
                if name != "a":
                    edit(home, name, seed)
            summary = home.rebuild()
            assert written(summary) == written(home.scan())


# What is read again, and what is not.


def test_nothing_is_read_where_nothing_changed(home: Home):
    first, again = home.rebuild(), home.rebuild()
    assert (first.files_read, again.files_read) == (5, 0)
    assert written(again) == written(first)
    assert (again.readable, again.with_humans, again.rejects) == (5, 5, {})
    assert again.masks.mask_bytes == first.masks.mask_bytes


@pytest.mark.parametrize("edit", [draw_mask, draw_image, damage_under_the_old_time, touch])
def test_only_the_sample_with_an_edited_file_is_read(home: Home, edit: Callable):
    home.rebuild()
    time.sleep(0.01)
    edit(home, "c", 3)
    assert home.rebuild().files_read == 1


def test_a_new_sample_in_between_leaves_the_others_alone(home: Home):
    home.rebuild()
    remove_both(home, "b", 0)
    assert home.rebuild().files_read == 0
    draw_mask(home, "b", 0)
    draw_image(home, "b", 0)
    summary = home.rebuild()
    assert summary.files_read == 1
    assert written(summary) == written(home.scan())


def test_the_preview_is_drawn_anew_only_where_it_would_show_something_else(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    drawn: list[Path] = []

    def draw_preview(_table: Path, _root: Path, masks: Path, *, private: bool) -> Path:
        assert not private
        drawn.append(masks)
        (masks / "preview.png").write_text(f"picture {len(drawn)}")
        return masks / "preview.png"

    monkeypatch.setattr(scan_module, "write_preview", draw_preview)
    monkeypatch.setattr(scan_memory, "PREVIEW_SAMPLES", 1)
    (shown,) = choose_samples(home.rebuild().table, limit=1)
    shown = shown.rpartition("/")[2]
    another = "a" if shown != "a" else "b"

    def preview() -> Path:
        return home.rebuild().masks.pack.with_name("preview.png")

    again = preview()
    assert again.read_text() == "picture 1"
    assert again.parent == drawn[0].parent / "scan-1"
    for edited, picture in ((another, "picture 1"), (shown, "picture 2")):
        draw_image(home, edited, 7)
        draw_mask(home, edited, 3)
        assert preview().read_text() == picture
    remove_both(home, shown, 0)
    assert preview().read_text() == "picture 3"


def test_a_reject_is_not_read_again_either(home: Home):
    damage(home, "b", 200)
    first = home.rebuild()
    assert sum(first.rejects.values()) == 1
    again = home.rebuild()
    assert again.files_read == 0
    assert again.rejects == first.rejects


def test_a_file_as_young_as_the_scan_is_read_again(home: Home, tmp_path: Path):
    out = tmp_path / "young"
    out.mkdir()
    youngest = max(path.stat().st_mtime_ns for path in home.root.rglob("*.*"))
    os.utime(home.image("b"), ns=(youngest, youngest))
    scanned_at = home.image("b").stat().st_ctime_ns
    summary = scan_source(
        "ade20k", home.root, out, out, config=CONFIG, clock_ns=lambda: scanned_at + RACY_NS // 2
    )
    memory = tmp_path / "memory.parquet"
    summary.memory.save(memory)
    previous = PreviousScan(samples=summary.table, masks=out, memory=memory)
    assert home.scan(previous=previous).files_read == 5


def test_another_official_split_is_noticed(tmp_path: Path, home: Home):
    masks = {name: draw.class_map(15, other=0) for name in "abc"}
    base = draw.write_voc(tmp_path / "voc", masks)
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    later = {"config": CONFIG, "clock_ns": lambda: time.time_ns() + LATER_NS}
    first = scan_source("voc", tmp_path / "voc", one, one, **later)
    first.memory.save(tmp_path / "memory.parquet")
    (base / "ImageSets" / "Segmentation" / "train.txt").write_text("a\nc\n")
    (base / "ImageSets" / "Segmentation" / "val.txt").write_text("b\n")
    previous = PreviousScan(samples=first.table, masks=one, memory=tmp_path / "memory.parquet")
    second = scan_source("voc", tmp_path / "voc", two, two, previous=previous, **later)
    assert second.files_read == 1
    assert pq.read_table(second.table)["official_split"].to_pylist() == ["train", "val", "train"]


def test_a_file_that_the_disk_did_not_give_is_read_again(tmp_path: Path):
    files = SourceFiles(
        samples=(SampleFiles(key="a", official_split="none", image_path="a.jpg", mask_path=""),),
        decoder=PngIds(),
    )
    limits = ReadLimits.of(CONFIG)
    reader = SampleReader(spec=SOURCES["ade20k"], root=tmp_path, files=files, limits=limits)
    assert not reader.read(files.samples[0]).settled
    assert not FileStats.of(tmp_path, files.samples).known[0]


def test_a_sample_without_a_mask_is_settled(tmp_path: Path):
    draw.write_image(tmp_path / "a.jpg", draw.photograph())
    files = SourceFiles(
        samples=(SampleFiles(key="a", official_split="none", image_path="a.jpg", mask_path=""),),
        decoder=PngIds(),
    )
    limits = ReadLimits.of(CONFIG)
    reader = SampleReader(spec=SOURCES["ade20k"], root=tmp_path, files=files, limits=limits)
    assert reader.read(files.samples[0]).settled


# A memory that does not fit costs a full scan, nothing else.


def test_other_settings_read_everything(home: Home):
    home.rebuild()
    summary = home.rebuild(replace(CONFIG, min_region_px=61))
    assert summary.files_read == 5
    assert set(pq.read_table(summary.table)["human_regions"].to_pylist()) == {0}


def test_settings_that_no_row_depends_on_read_nothing(home: Home):
    home.rebuild()
    assert home.rebuild(replace(CONFIG, seed=7, workers=3)).files_read == 0


def _no_memory(previous: PreviousScan) -> None:
    previous.memory.unlink()


def _torn_memory(previous: PreviousScan) -> None:
    previous.memory.write_bytes(previous.memory.read_bytes()[:-9])


def _memory_of_another_table(previous: PreviousScan) -> None:
    pq.write_table(pq.read_table(previous.samples).slice(0, 2), previous.samples)


def _index_of_another_pack(previous: PreviousScan) -> None:
    index = pq.read_table(previous.masks / INDEX_FILE)
    pq.write_table(index.slice(0, 2), previous.masks / INDEX_FILE)


def _no_version(previous: PreviousScan) -> None:
    shutil.rmtree(previous.masks)


@pytest.mark.parametrize(
    "spoil",
    [_no_memory, _torn_memory, _memory_of_another_table, _index_of_another_pack, _no_version],
)
def test_a_memory_that_does_not_fit_is_not_used(home: Home, spoil: Callable):
    first = written(home.rebuild())
    assert home.previous is not None
    spoil(home.previous)
    summary = home.rebuild()
    assert summary.files_read == 5
    assert written(summary) == first


# Runs.


@given(st.lists(st.integers(-1, 6), max_size=30), st.integers(0, 50))
def test_runs_cover_every_row_once_and_are_as_long_as_can_be(rows: list[int], first: int):
    runs = list(runs_of(np.array(rows, np.int64), first))
    back = [run.row + (place if run.row >= 0 else 0) for run in runs for place in range(run.count)]
    assert back == rows
    assert [run.start - first for run in runs] == [
        sum(run.count for run in runs[:place]) for place in range(len(runs))
    ]
    for one, two in itertools.pairwise(runs):
        assert two.row != (one.row + one.count if one.row >= 0 else -1)


def test_a_gap_and_a_step_back_end_a_run():
    rows = np.array([4, 5, -1, -1, 6, 8, 7], np.int64)
    assert list(runs_of(rows)) == [
        Run(start=0, count=2, row=4),
        Run(start=2, count=2, row=-1),
        Run(start=4, count=1, row=6),
        Run(start=5, count=1, row=8),
        Run(start=6, count=1, row=7),
    ]
