"""A stage that loses a row does not get published."""

import dagster as dg
import pyarrow.parquet as pq
import pytest

from assets import checks, publishing
from assets.checks_dataset import ledger_balances, most_samples_are_readable
from dataset_build.ledger.merging import merge_sources
from pipelines.storage.store import Store
from tests.dataset_build.factories_ledger import (
    new_folder,
    reject,
    sample,
    samples_table,
    write_samples,
)

BALANCES = ledger_balances("ledger.parquet", before="merged_dataset")


@pytest.fixture
def merged(tmp_path):
    """A ledger of two images."""
    samples = write_samples(tmp_path / "voc", [sample("a"), sample("b")])
    merge_sources({"voc": samples}, new_folder(tmp_path / "merged"))
    return tmp_path / "merged"


def stage(store, *, rows):
    """``cleaned_dataset`` that keeps the first ``rows`` rows of ``merged_dataset``."""

    @dg.asset(check_specs=checks.specs("cleaned_dataset"), code_version="1")
    def cleaned_dataset(context: dg.AssetExecutionContext):
        before = store.require("merged_dataset")

        def make(out):
            table = pq.read_table(store.path(before) / "ledger.parquet")
            pq.write_table(table.slice(0, rows), out / "ledger.parquet")

        yield from publishing.publish(context, store, make, inputs=[before])

    return dg.materialize([cleaned_dataset], raise_on_error=False)


@pytest.mark.parametrize(("rows", "success"), [(2, True), (1, False)])
def test_stage_that_drops_a_row_is_kept_aside(merged, tmp_path, monkeypatch, rows, success):
    monkeypatch.setattr(checks, "CLAIMS", {"cleaned_dataset": (BALANCES,)})
    store = Store(str(tmp_path / "store"))
    version = store.seal(merged, "merged_dataset", code_version="1", inputs=(), config={})
    store.publish(version)
    assert stage(store, rows=rows).success is success
    assert (store.current("cleaned_dataset") is not None) is success
    if not success:
        (rejection,) = store.rejections("cleaned_dataset")
        assert "2 images went in, 1 fates came out" in " ".join(rejection.findings)


@pytest.mark.parametrize("asset", ["merged_dataset", "cleaned_dataset", "dataset_split"])
def test_every_ledger_is_compared_with_what_its_stage_read(asset):
    expected = {
        "merged_dataset": {"source_samples"},
        "cleaned_dataset": {"merged_dataset"},
        "dataset_split": {"cleaned_dataset"},
    }
    assert checks.compared_with(asset) == expected[asset]


def test_sources_are_counted_together(merged, tmp_path):
    claim = ledger_balances("samples.parquet", before="source_samples")
    ade = write_samples(tmp_path / "ade20k", [sample("c", source="ade20k")]).parent
    assert claim.look(merged, {"voc": tmp_path / "voc"}).passed
    assert not claim.look(merged, {"voc": tmp_path / "voc", "ade20k": ade}).passed


def test_ledger_out_of_nothing_does_not_balance(merged):
    assert samples_table([]).num_rows == 0
    assert not BALANCES.look(merged, {}).passed


def found_readable(folder, good, *, maskless, split):
    """What the claim says of readable training samples and of some without a mask."""
    rows = [sample(f"good{n}", official_split="train") for n in range(good)]
    rows += [reject(f"maskless{n}", official_split=split) for n in range(maskless)]
    return most_samples_are_readable(write_samples(folder / "voc", rows).parent)


def test_photographs_that_nobody_segmented_are_left_out_and_named(tmp_path):
    found = found_readable(tmp_path, 2, maskless=18, split="none")
    assert found.passed
    assert found.seen == (
        "100.0 % of the images are readable; 18 in no official split have no mask and are left out"
    )


def test_a_missing_mask_in_an_official_split_counts(tmp_path):
    found = found_readable(tmp_path, 2, maskless=1, split="val")
    assert (found.passed, found.seen) == (False, "66.7 % of the images are readable")


def test_a_missing_mask_counts_where_a_source_has_no_official_splits(tmp_path):
    rows = [
        sample("a", official_split="none"),
        reject("b", official_split="none"),
    ]
    found = most_samples_are_readable(write_samples(tmp_path / "voc", rows).parent)
    assert (found.passed, found.seen) == (False, "50.0 % of the images are readable")
