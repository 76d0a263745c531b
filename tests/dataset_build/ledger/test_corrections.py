"""A corrected mask travels with the ledger, is measured in place of the old, and is read first."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import numpy as np
import pytest

from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.ledger.cleaning import clean
from dataset_build.ledger.corrections import (
    SampleMasks,
    carry_corrections,
    open_corrections,
    write_corrections,
)
from dataset_build.ledger.decisions import Decision, write_decisions
from dataset_build.ledger.ledger import read_ledger
from dataset_build.ledger.splits import split_dataset
from dataset_build.sources.mask_pictures import mask_digest
from tests.dataset_build.factories_ledger import (
    by_id,
    new_folder,
    reject,
    sample,
    sha,
    write_ledger_file,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIZE = {"height": 20, "width": 30}
ANY_SIZE = DatasetConfig(cleaning=CleaningRules(min_side_px=1), min_region_px=1)


def person(x0=10, x1=16):
    """A 10 px high person in a frame of 20 x 30."""
    mask = np.zeros((20, 30), np.uint8)
    mask[5:15, x0:x1] = 1
    return mask


def relabel(folder, masks):
    """Decisions of a review that corrected the masks of these images of voc."""
    new_folder(folder)
    keyed = {sha(f"voc/{name}"): mask for name, mask in masks.items()}
    write_corrections(keyed, folder)
    return write_decisions(
        [
            Decision(
                image_sha256=image,
                decision="relabel",
                tags=("relabel",),
                decided_by="ann",
                decided_at=NOON,
                mask_correction=mask_digest(mask),
            )
            for image, mask in keyed.items()
        ],
        folder,
    ).path


def cleaned(tmp_path, rows, masks):
    ledger = write_ledger_file(tmp_path / "merged", rows)
    decisions = relabel(tmp_path / "decisions", masks)
    out = new_folder(tmp_path / "cleaned")
    clean(ledger, out, config=ANY_SIZE, decisions=decisions)
    return out


def test_a_relabelled_row_is_measured_by_its_corrected_mask(tmp_path):
    out = cleaned(tmp_path, [sample("a", **SIZE), sample("b", **SIZE)], {"a": person()})
    rows = by_id(read_ledger(out))
    a, b = rows["voc/a"], rows["voc/b"]
    assert (a["human_px"], a["human_regions"], a["human_share"]) == (60, 1, 0.1)
    assert a["tallest_region_share"] == 0.5
    assert a["mask_correction"] == mask_digest(person())
    assert (b["human_px"], b["mask_correction"]) == (sample("b")["human_px"], "")


def test_the_masks_go_along_to_the_split_and_keep_their_bytes(tmp_path):
    out = cleaned(tmp_path, [sample("a", **SIZE), sample("b", **SIZE)], {"a": person()})
    split = new_folder(tmp_path / "split")
    split_dataset(out / "ledger.parquet", split, config=ANY_SIZE)
    for folder in (out, split, split / "ledger.parquet"):
        pack = open_corrections(folder)
        assert pack.sample_ids == ("voc/a",)
        np.testing.assert_array_equal(pack.read("voc/a"), person())


def test_readers_ask_for_the_corrected_mask_first(tmp_path):
    write_corrections({"voc/a": person(0, 3), "voc/b": person()}, new_folder(tmp_path / "source"))
    ledger = write_ledger_file(tmp_path / "split", [sample("a"), sample("b")])
    write_corrections({"voc/a": person(20, 25)}, ledger.parent)
    masks = SampleMasks({"voc": tmp_path / "source" / "corrections"}, ledger)
    for reader in (masks, pickle.loads(pickle.dumps(masks))):
        np.testing.assert_array_equal(reader.read("voc", "voc/a"), person(20, 25))
        np.testing.assert_array_equal(reader.read("voc", "voc/b"), person())


def test_a_relabel_protects_from_the_rules_as_a_keep_does(tmp_path):
    dark = [sample(name, luma_mean=3.0, **SIZE) for name in "ab"]
    rows = by_id(read_ledger(cleaned(tmp_path, dark, {"a": person()})))
    assert [rows[f"voc/{name}"]["reason"] for name in "ab"] == ["", "image_dark"]


def test_a_relabel_cannot_bring_back_what_could_not_be_read(tmp_path):
    out = cleaned(tmp_path, [reject("a", **SIZE), sample("b", **SIZE)], {"a": person()})
    assert by_id(read_ledger(out))["voc/a"]["reason"] == "mask_missing"
    assert open_corrections(out) is None


def test_without_corrections_there_is_no_folder(tmp_path):
    assert write_corrections({}, tmp_path) is None
    carry_corrections(tmp_path, new_folder(tmp_path / "next"))
    assert list((tmp_path / "next").iterdir()) == []


def test_a_mask_of_another_size_stops_the_build_with_the_samples_name(tmp_path):
    with pytest.raises(ValueError, match=r"voc/a: corrected mask \(20, 30\), image \(480, 640\)"):
        cleaned(tmp_path, [sample("a")], {"a": person()})


def test_a_mask_that_is_not_there_or_not_the_decided_one_stops_the_build(tmp_path):
    ledger = write_ledger_file(tmp_path / "merged", [sample("a", **SIZE)])
    decisions = relabel(tmp_path / "decisions", {"a": person()})
    pack = tmp_path / "decisions" / "corrections"
    pack.rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="voc/a: relabelled, but its corrected mask is not"):
        clean(ledger, new_folder(tmp_path / "one"), config=ANY_SIZE, decisions=decisions)
    write_corrections({sha("voc/a"): person(0, 3)}, tmp_path / "decisions")
    with pytest.raises(ValueError, match="voc/a: the corrected mask is not the one"):
        clean(ledger, new_folder(tmp_path / "two"), config=ANY_SIZE, decisions=decisions)
