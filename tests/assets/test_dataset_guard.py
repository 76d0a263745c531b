"""Whatever breaks a blocking claim of the dataset publishes nothing: the last good one stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets import dataset
from assets.checks import CLAIMS
from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.duplicates.duplicate_memory import find_changed_duplicates
from pipelines.storage.store import Store
from tests.dataset_build.factories_sources import class_map, write_ids, write_image

# Great Expectations leaves its ephemeral context's temporary folders to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

PERSON, NOBODY = 15, 3  # VOC's ids
SIDE_PX = 64
PARTITIONED = ("source_samples", "human_masks")
LEDGERS = ("merged_dataset", "cleaned_dataset", "dataset_split")
STAGES = {
    "source_samples": (dataset.scan.ScanPlan, "carry_out"),
    "human_masks": (dataset.scan.ScanPlan, "carry_out"),
    "merged_dataset": (dataset.merging, "merge_sources"),
    "cleaned_dataset": (dataset.cleaning, "clean"),
    "dataset_split": (dataset.splits, "split_dataset"),
    "dataset_statistics": (dataset.statistics, "dataset_statistics"),
}


def write_source(root: Path, *, people: int, nobody: int) -> None:
    """VOC's layout; every photograph is another pattern of 8 x 8 patches."""
    base = root / "VOCdevkit" / "VOC2012"
    names = [f"2007_{number:06}" for number in range(people + nobody)]
    for number, name in enumerate(names):
        patches = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        image = patches.repeat(SIDE_PX // 8, 0).repeat(SIDE_PX // 8, 1)
        write_image(base / "JPEGImages" / f"{name}.jpg", image)
        ids = class_map(PERSON if number < people else NOBODY, height=SIDE_PX, width=SIDE_PX)
        write_ids(base / "SegmentationClass" / f"{name}.png", ids, palette=True)
    lists = base / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("".join(f"{name}\n" for name in names[::2]))
    (lists / "val.txt").write_text("".join(f"{name}\n" for name in names[1::2]))


@dataclass(frozen=True)
class Home:
    """A store with one good build of one source, and the stages that it went through."""

    folder: Path
    store: Store
    stages_run: set[str]

    def materialize(
        self, *names: str, source: Path | None = None, **options: Any
    ) -> dg.ExecuteInProcessResult:
        """Run the real assets of these names."""
        config = DatasetConfig(
            source_roots={"voc": source or self.folder / "voc"},
            val_share=0.25,
            test_share=0.25,
            cleaning=CleaningRules(min_sharpness=0.0),
        )
        wanted = {dg.AssetKey(name) for name in names}
        definitions = [
            one
            for one in vars(dataset).values()
            if isinstance(one, dg.AssetsDefinition) and one.keys & wanted
        ]
        return dg.materialize(
            definitions,
            partition_key="voc" if set(names) & set(PARTITIONED) else None,
            resources={
                "store": self.store,
                "dataset_config": config,
                "scan_memory": self.folder / "scan_memory",
                "duplicate_memory": self.folder / "duplicates.parquet",
            },
            raise_on_error=False,
            **options,
        )

    def state(self) -> dict[str, str]:
        """Digest of every current version."""
        return {
            f"{name}/{partition}": self.store.require(name, partition).digest
            for name in STAGES
            for partition in self.store.partitions(name)
        }


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    folder = tmp_path_factory.mktemp("guarded")
    write_source(folder / "voc", people=40, nobody=30)
    built = Home(folder, Store(str(folder / "store")), set())
    with pytest.MonkeyPatch.context() as patch:
        for name in STAGES:
            spoil(patch, name, lambda _out, name=name: built.stages_run.add(name))
        for names in (PARTITIONED, *((one,) for one in (*LEDGERS, "dataset_statistics"))):
            assert built.materialize(*names).success, names
    assert len(built.state()) == len(STAGES)
    return built


def test_a_full_rebuild_compares_every_image_though_nothing_changed(home, monkeypatch):
    remembered = []

    def noted(*arguments):
        remembered.append(arguments[-1].exists())
        return find_changed_duplicates(*arguments)

    monkeypatch.setattr(dataset.cleaning, "find_changed_duplicates", noted)
    before = home.state()
    with dg.DagsterInstance.ephemeral() as instance:
        for tags in ({}, {}, {dataset.FULL_SCAN: "yes"}):
            assert home.materialize("cleaned_dataset", instance=instance, tags=tags).success
    assert remembered == [True, False]  # the first run, unknown to Dagster; and the full one
    assert home.state() == before


Change = Callable[[list[dict]], list[dict]]


def rewritten(file: str, change: Change) -> Callable[[Path], None]:
    """Replace the rows of a table that a stage wrote."""

    def spoil(out: Path) -> None:
        table = pq.read_table(out / file)
        rows = change(table.to_pylist())
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), out / file)

    return spoil


def first(**values) -> Change:
    """The first row that is not removed gets other values."""

    def change(rows):
        number = next(i for i, row in enumerate(rows) if row.get("fate") != "removed")
        return [row | values if i == number else row for i, row in enumerate(rows)]

    return change


def without_first(rows):
    return rows[1:]


def nothing(rows):
    return []


def one_more(rows):
    return [rows[0] | {"value": rows[0]["value"] + 1}, *rows[1:]]


def without_negatives(rows):
    gone = {"fate": "removed", "split": "", "reason": "negative_surplus", "stage": "split"}
    said = {"measured": "0 wanted"}
    return [row if row["human_px"] else row | gone | said for row in rows]


def one_group(rows):
    return [row | {"duplicate_group": "g"} for row in rows]


def reject_all(out: Path) -> None:
    kept = pq.read_table(out / "ledger.parquet", columns=["image_sha256"])
    pq.write_table(kept, out / "rejected_by_review.parquet")


def ledger(change: Change) -> Callable[[Path], None]:
    return rewritten("ledger.parquet", change)


#: Asset and claim -> what goes wrong between the stage and its audit.
SPOILERS: dict[tuple[str, str], Callable[[Path], None]] = {
    ("source_samples", "some_samples_are_readable"): rewritten("samples.parquet", nothing),
    ("source_samples", "expectations_hold"): rewritten("samples.parquet", first(luma_mean=300.0)),
    ("human_masks", "masks_come_back"): rewritten("masks.parquet", first(sha256="0" * 64)),
    ("human_masks", "expectations_hold"): rewritten("masks.parquet", first(length=0)),
    ("merged_dataset", "ledger_balances"): ledger(without_first),
    ("merged_dataset", "expectations_hold"): ledger(first(split="train")),
    ("cleaned_dataset", "ledger_balances"): ledger(without_first),
    ("cleaned_dataset", "reviewed_rejects_are_gone"): reject_all,
    ("cleaned_dataset", "corrected_masks_are_used"): ledger(first(mask_correction="0" * 64)),
    ("cleaned_dataset", "expectations_hold"): ledger(first(rule_version=-1)),
    ("dataset_split", "ledger_balances"): ledger(without_first),
    ("dataset_split", "negative_share_is_held"): ledger(without_negatives),
    ("dataset_split", "duplicate_groups_stay_together"): ledger(one_group),
    ("dataset_split", "corrected_masks_are_used"): ledger(first(mask_correction="0" * 64)),
    ("dataset_split", "expectations_hold"): ledger(first(fate="lost")),
    ("dataset_statistics", "totals_add_up"): rewritten("statistics.parquet", one_more),
    ("dataset_statistics", "expectations_hold"): rewritten("statistics.parquet", first(value=-1.0)),
    ("dataset_statistics", "thesis_tables_balance"): rewritten("thesis_tables.parquet", one_more),
    ("dataset_statistics", "thesis_expectations_hold"): rewritten(
        "thesis_tables.parquet", first(value=-1.0)
    ),
}


def spoil(monkeypatch, asset: str, spoiler: Callable[[Path], None]) -> None:
    """Let the stage behind an asset work as always and spoil what it wrote."""
    owner, name = STAGES[asset]
    real = getattr(owner, name)

    def spoiled(*arguments, **options):
        made = real(*arguments, **options)
        outs = [one for one in arguments if isinstance(one, Path)]
        spoiler(outs[-2] if asset == "source_samples" else outs[-1])
        return made

    monkeypatch.setattr(owner, name, spoiled)


def test_what_is_spoiled_is_what_a_build_goes_through(home):
    assert home.stages_run == set(STAGES)


def test_every_blocking_claim_of_the_dataset_has_a_spoiler():
    blocking = {(name, claim.name) for name in STAGES for claim in CLAIMS[name] if claim.blocking}
    assert set(SPOILERS) == blocking


@pytest.mark.slow  # a build for each claim
@pytest.mark.parametrize(("asset", "claim"), SPOILERS)
def test_a_version_that_breaks_a_claim_is_kept_aside(home, monkeypatch, asset, claim):
    before = home.state()
    spoil(monkeypatch, asset, SPOILERS[asset, claim])
    names = PARTITIONED if asset in PARTITIONED else (asset,)
    result = home.materialize(*names)
    assert not result.success
    failed = {
        (one.asset_key.path[-1], one.check_name)
        for one in result.get_asset_check_evaluations()
        if not one.passed
    }
    assert (asset, claim) in failed
    assert result.get_asset_materialization_events() == []
    assert home.state() == before
    rejections = home.store.rejections(asset, "voc" if asset in PARTITIONED else "all")
    assert any(f"{claim} does not hold" in " ".join(one.findings) for one in rejections)


def test_a_failed_suite_names_the_rows_in_its_table_and_in_the_run(home, monkeypatch):
    spoil(monkeypatch, "dataset_split", SPOILERS["dataset_split", "expectations_hold"])
    result = home.materialize("dataset_split")
    (evaluation,) = (
        one for one in result.get_asset_check_evaluations() if one.check_name == "expectations_hold"
    )
    assert "fate: 1 of 70 rows, such as lost (voc/2007_0000" in evaluation.description
    table = evaluation.metadata["expectations"].value
    assert "| **failed** | expect_column_values_to_be_in_set | fate |" in table


def test_a_bad_source_publishes_nothing_from_scan_to_statistics(home, tmp_path):
    before = home.state()
    write_source(tmp_path / "voc", people=4, nobody=2)
    for mask in tmp_path.rglob("SegmentationClass/*.png"):
        mask.write_bytes(b"not a picture")
    assert not home.materialize(*PARTITIONED, source=tmp_path / "voc").success
    assert home.state() == before
    for name in (*LEDGERS, "dataset_statistics"):
        assert home.materialize(name).success  # of the last good source
    assert home.state() == before


def test_the_good_source_is_published_again_after_the_bad_one(home):
    before = home.state()
    assert home.materialize(*PARTITIONED).success
    assert home.state() == before
