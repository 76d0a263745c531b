from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from dataset_build.config import DatasetConfig
from dataset_build.scan.mask_pack import (
    MASK_INDEX,
    MaskPack,
    MaskPackError,
    PackedMask,
    PackSummary,
    PackWriter,
    pack_mask,
    unpack_mask,
)
from dataset_build.scan.scan import scan_source
from tests.dataset_build import factories_sources as draw

MASKS = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(0, 25), st.integers(0, 25)),
    elements=st.sampled_from([0, 1, 255]),
)


def packed(root: Path, out: Path, source: str = "ade20k") -> PackSummary:
    out.mkdir(exist_ok=True)
    return scan_source(source, root, out, out, config=DatasetConfig()).masks


@given(MASKS)
def test_any_mask_comes_back_exactly(mask):
    back = unpack_mask(pack_mask(mask), *mask.shape)
    assert back.dtype == np.uint8
    assert np.array_equal(back, mask)


@given(MASKS.filter(lambda mask: mask.size > 0))
def test_the_same_mask_gives_the_same_bytes_whatever_its_memory_order(mask):
    assert pack_mask(np.asfortranarray(mask)) == pack_mask(mask)


def test_a_fourth_value_is_refused():
    with pytest.raises(ValueError, match="binarize the mask first"):
        pack_mask(np.array([[0, 2]], np.uint8))


@pytest.mark.parametrize("blob", [b"", b"junk", pack_mask(np.zeros((9, 9), np.uint8))[:-2]])
def test_a_damaged_blob_is_an_error(blob):
    with pytest.raises(MaskPackError, match="damaged blob"):
        unpack_mask(blob, 9, 9)


def test_a_blob_of_another_size_is_an_error():
    with pytest.raises(MaskPackError, match="4 x 4 px need 4"):
        unpack_mask(pack_mask(np.zeros((9, 9), np.uint8)), 4, 4)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Five samples: two with a person, one without, one with ignored pixels, one damaged."""
    half = draw.class_map(13)
    half[:12] = 0
    masks = {
        "a": draw.class_map(13),
        "b": draw.class_map(13, height=17, width=41),
        "c": draw.class_map(4),
        "d": half,
        "e": draw.class_map(151),
    }
    return draw.write_ade20k(tmp_path / "ade", masks)


def test_readable_samples_are_packed_and_read_back(source: Path, tmp_path: Path):
    summary = packed(source, tmp_path / "out")
    pack = MaskPack(tmp_path / "out")
    assert pack.sample_ids == tuple(f"ade20k/training/{n}" for n in "abcd")
    assert summary.masks == len(pack) == 4
    assert summary.pack_bytes == summary.pack.stat().st_size < summary.mask_bytes
    assert pack.read("ade20k/training/b").shape == (17, 41)
    assert np.array_equal(pack.read("ade20k/training/a"), draw.class_map(13) == 13)
    assert set(np.unique(pack.read("ade20k/training/d")).tolist()) == {0, 1, 255}


def test_the_index_has_its_schema_and_the_digest_of_the_raw_mask(source: Path, tmp_path: Path):
    summary = packed(source, tmp_path / "out")
    index = pq.read_table(summary.index)
    assert index.schema.equals(MASK_INDEX)
    first = index.to_pylist()[0]
    mask = MaskPack(tmp_path / "out").read(first["sample_id"])
    assert first["sha256"] == hashlib.sha256(mask.tobytes()).hexdigest()


def test_the_same_source_gives_the_same_bytes(source: Path, tmp_path: Path):
    one, two = packed(source, tmp_path / "one"), packed(source, tmp_path / "two")
    assert one.pack.read_bytes() == two.pack.read_bytes()
    assert one.index.read_bytes() == two.index.read_bytes()
    one_png, two_png = (pack.pack.with_name("preview.png") for pack in (one, two))
    assert one_png.read_bytes() == two_png.read_bytes()


def test_a_pickled_pack_reads_the_same(source: Path, tmp_path: Path):
    packed(source, tmp_path / "out")
    pack = MaskPack(tmp_path / "out")
    before = pack.read("ade20k/training/a")
    assert np.array_equal(pickle.loads(pickle.dumps(pack)).read("ade20k/training/a"), before)


def test_an_unknown_sample_is_a_key_error(source: Path, tmp_path: Path):
    packed(source, tmp_path / "out")
    pack = MaskPack(tmp_path / "out")
    assert "ade20k/training/e" not in pack
    with pytest.raises(KeyError, match="training/e: not among the 4 masks"):
        pack.read("ade20k/training/e")


def test_a_shortened_pack_names_the_sample_and_the_way_out(source: Path, tmp_path: Path):
    summary = packed(source, tmp_path / "out")
    summary.pack.write_bytes(summary.pack.read_bytes()[:-5])
    with pytest.raises(MaskPackError, match=r"training/d: damaged blob.*pack the source again"):
        MaskPack(tmp_path / "out").read("ade20k/training/d")


def test_masks_of_another_pack_are_copied_as_they_are(source: Path, tmp_path: Path):
    one = packed(source, tmp_path / "one")
    index = pq.read_table(one.index)
    (tmp_path / "two").mkdir()
    extra = PackedMask.of(np.ones((3, 5), np.uint8))
    with PackWriter(tmp_path / "two") as writer:
        writer.add("extra", extra)
        writer.copy(index.slice(2, 2), one.pack)
        writer.end_group()
        writer.copy(index.slice(0, 1), one.pack)
    two = MaskPack(tmp_path / "two")
    assert two.sample_ids == ("extra", *(f"ade20k/training/{n}" for n in "cda"))
    before = MaskPack(tmp_path / "one")
    assert all(np.array_equal(two.read(name), before.read(name)) for name in two.sample_ids[1:])
    assert np.array_equal(two.read("extra"), np.ones((3, 5)))
    assert (writer.summary().masks, writer.summary().mask_bytes) == (4, 15 + 3 * 24 * 32)
    assert writer.summary().pack_bytes == writer.summary().pack.stat().st_size


def test_a_shorter_pack_cannot_be_copied(source: Path, tmp_path: Path):
    one = packed(source, tmp_path / "one")
    one.pack.write_bytes(one.pack.read_bytes()[:-5])
    with pytest.raises(MaskPackError, match="ends 5 bytes early; pack the source again"):
        with PackWriter(tmp_path) as writer:
            writer.copy(pq.read_table(one.index), one.pack)


def test_a_source_without_readable_samples_gives_an_empty_pack(tmp_path: Path):
    root = draw.write_ade20k(tmp_path / "ade", {"a": draw.class_map(151)})
    summary = packed(root, tmp_path / "out")
    assert summary.masks == 0
    assert not summary.pack.with_name("preview.png").exists()
    assert len(MaskPack(tmp_path / "out")) == 0


def test_the_preview_is_a_picture(source: Path, tmp_path: Path):
    summary = packed(source, tmp_path / "out")
    with Image.open(summary.pack.with_name("preview.png")) as picture:
        assert picture.width == 900  # 6 inches at 150 dpi
