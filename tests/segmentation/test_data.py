import pickle
from dataclasses import replace

import cv2
import numpy as np
import pytest

from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from dataset_build.sources.object_kinds import ObjectKinds
from segmentation.data import SplitData, fitted_size, resize_mask
from tests.segmentation.factories_split import draw, open_split, write_split


def test_a_split_holds_its_kept_and_moved_samples_only(tmp_path):
    drawn = [
        draw("kept"),
        draw("moved", fate="moved"),
        draw("removed", fate="removed"),
        draw("other", split="test"),
    ]
    data = write_split(tmp_path, drawn)
    assert data.sample_ids == ("voc/kept", "voc/moved")


def test_samples_come_back_as_drawn(tmp_path):
    drawn = draw("a")
    sample = write_split(tmp_path, [drawn]).load(0)
    assert np.array_equal(sample.image_hwc_rgb, drawn.image_hwc_rgb)
    assert np.array_equal(sample.mask_hw, drawn.mask_hw)
    assert sample.source == "voc"


def test_samples_are_shrunk_and_never_enlarged(tmp_path):
    data = write_split(tmp_path, [draw("a", size_hw=(48, 64))])
    small, same = data.load(0, max_side_px=32), data.load(0, max_side_px=900)
    assert small.image_hwc_rgb.shape == (24, 32, 3)
    assert set(np.unique(small.mask_hw)) <= {0, HUMAN, IGNORE}
    assert same.mask_hw.shape == (48, 64)


def test_knows_who_has_people_without_reading(tmp_path):
    data = write_split(tmp_path, [draw("a"), draw("b", people=0)])
    assert [data.has_people(i) for i in range(2)] == [True, False]
    assert data.tallest_person_share(0) == pytest.approx(28 / 48)
    assert data.tallest_person_share(1) == 0.0


def test_digest_names_the_pixels(tmp_path):
    digests = []
    for number, drawn in enumerate(([draw("a")], [draw("a")], [draw("a", seed=1)])):
        folder = tmp_path / str(number)
        folder.mkdir()
        digests.append(write_split(folder, drawn).digest)
    assert digests[0] == digests[1] != digests[2]


def test_survives_pickling(tmp_path):
    data = pickle.loads(pickle.dumps(write_split(tmp_path, [draw("a")])))
    assert data.load(0).sample_id == "voc/a"


def test_a_split_tells_kinds_where_it_is_asked_to(tmp_path):
    class Cows:
        def told_beside(self, mask_hw, source, sample_id):
            assert (source, sample_id) == ("voc", "voc/a")
            return np.where(mask_hw == NOT_HUMAN, np.uint8(11), mask_hw)

    plain = write_split(tmp_path, [draw("a")])
    packs, roots = {"voc": tmp_path / "packs" / "voc"}, {"voc": tmp_path / "roots" / "voc"}
    told = SplitData(tmp_path / "ledger.parquet", packs, roots, "train", kinds=Cows())
    assert (plain.tells_kinds, told.tells_kinds) == (False, True)
    before, after = plain.load(0).mask_hw, told.load(0).mask_hw
    assert (after == np.where(before == NOT_HUMAN, 11, before)).all()
    assert told.digest == plain.digest


def test_sources_that_name_no_kinds_tell_none(tmp_path):
    write_split(tmp_path, [draw("a", source="ccp")])
    packs, roots = {"ccp": tmp_path / "packs" / "ccp"}, {"ccp": tmp_path / "roots" / "ccp"}
    kinds = ObjectKinds({"ccp": tmp_path})
    split = SplitData(tmp_path / "ledger.parquet", packs, roots, "train", kinds=kinds)
    assert not split.tells_kinds


def test_an_empty_split_is_refused(tmp_path):
    write_split(tmp_path, [draw("a")])
    with pytest.raises(ValueError, match="no samples in split 'val'"):
        open_split(tmp_path, ["voc"], "val")


def test_a_missing_pack_or_root_is_named(tmp_path):
    write_split(tmp_path, [draw("a")])
    ledger = tmp_path / "ledger.parquet"
    with pytest.raises(ValueError, match="packed masks of voc"):
        SplitData(ledger, {}, {"voc": tmp_path}, "train")
    with pytest.raises(ValueError, match="folder of images of voc"):
        SplitData(ledger, {"voc": tmp_path / "packs" / "voc"}, {}, "train")


def test_an_image_of_another_size_is_refused(tmp_path):
    data = write_split(tmp_path, [draw("a")])
    cv2.imwrite(str(tmp_path / "roots" / "voc" / "a.png"), np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(ValueError, match=r"voc/a: image .* differ in size"):
        data.load(0)


def test_image_and_mask_must_fit(tmp_path):
    sample = write_split(tmp_path, [draw("a")]).load(0)
    with pytest.raises(ValueError, match="differ in size"):
        replace(sample, mask_hw=sample.mask_hw[:-1])


@pytest.mark.parametrize(
    ("size", "limit", "fitted"),
    [((480, 640), 640, (480, 640)), ((960, 1280), 640, (480, 640)), ((3, 1000), 100, (1, 100))],
)
def test_fitted_size_keeps_the_aspect(size, limit, fitted):
    assert fitted_size(size, limit) == fitted


def test_resized_masks_hold_no_new_values():
    mask = np.random.default_rng(0).choice(np.array([0, HUMAN, IGNORE], np.uint8), (50, 70))
    assert set(np.unique(resize_mask(mask, (23, 31)))) <= {0, HUMAN, IGNORE}
