import numpy as np
import pyarrow.parquet as pq

from dataset_build.scan.mask_pack import MaskPack
from dataset_build.sources.label_maps import HUMAN
from segmentation.data import Sample
from segmentation.evaluation import worst
from segmentation.evaluation.image_table import judge_image
from segmentation.evaluation.worst import PREDICTIONS, TABLE_FILE, WorstSamples

SIZE = (20, 30)


def offered(keeper, name, *, person, seen):
    """A person of 10 x ``person`` px, of whom, and of nothing else, ``seen`` columns are seen."""
    mask, probability = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.float32)
    mask[5:15, :person] = HUMAN
    probability[5:15, :seen] = 0.9
    sample = Sample(
        sample_id=f"voc/{name}",
        source="voc",
        image_hwc_rgb=np.zeros((*SIZE, 3), np.uint8),
        mask_hw=mask,
        image_sha256=name * 64,
    )
    keeper.offer(judge_image(probability, sample), sample, probability)


def rows(folder):
    return pq.read_table(folder / TABLE_FILE).to_pylist()


def test_the_lowest_iou_comes_first_with_what_was_predicted(tmp_path):
    keeper = WorstSamples()
    offered(keeper, "a", person=10, seen=8)
    offered(keeper, "b", person=10, seen=2)
    offered(keeper, "c", person=10, seen=10)
    keeper.write_table(tmp_path)
    found = rows(tmp_path)
    assert [(row["sample_id"], round(row["iou"], 3)) for row in found] == [
        ("voc/b", 0.2), ("voc/a", 0.8), ("voc/c", 1.0),
    ]  # fmt: skip
    seen = MaskPack(tmp_path / PREDICTIONS).read("b" * 64)
    assert (seen == HUMAN).sum() == 20


def test_an_image_without_people_counts_where_somebody_is_seen(tmp_path):
    keeper = WorstSamples()
    offered(keeper, "a", person=0, seen=0)
    offered(keeper, "b", person=0, seen=3)
    offered(keeper, "c", person=10, seen=0)
    keeper.write_table(tmp_path)
    assert [row["sample_id"] for row in rows(tmp_path)] == ["voc/c", "voc/b"]  # more wrong pixels


def test_only_so_many_are_kept_and_of_equals_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(worst, "KEPT", 2)
    keeper = WorstSamples()
    for name, seen in (("a", 5), ("b", 1), ("c", 5), ("d", 9)):
        offered(keeper, name, person=10, seen=seen)
    keeper.write_table(tmp_path)
    assert [row["sample_id"] for row in rows(tmp_path)] == ["voc/b", "voc/a"]
    assert len(MaskPack(tmp_path / PREDICTIONS)) == 2


def test_nothing_to_keep_is_an_empty_table(tmp_path):
    WorstSamples().write_table(tmp_path)
    assert rows(tmp_path) == []
