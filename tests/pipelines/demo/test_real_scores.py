import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.demo.real_scores import Measured, photograph_scores
from segmentation.evaluation.image_table import IMAGES_FILE


def row(source, hits=0, false_alarms=0, misses=0, empty_false_px=0, empty_px=0):
    return {
        "source": source,
        "hits": hits,
        "false_alarms": false_alarms,
        "misses": misses,
        "empty_images": int(empty_px > 0),
        "empty_false_px": empty_false_px,
        "empty_px": empty_px,
    }


@pytest.fixture
def figures(tmp_path):
    rows = [
        row("penn_fudan", hits=60, false_alarms=20, misses=20),
        row("penn_fudan", hits=60, false_alarms=20, misses=20),
        row("voc", hits=10, misses=90),
        row("voc", hits=90, misses=10),
        row("voc", false_alarms=7, empty_false_px=7, empty_px=100),
        row("voc", empty_px=100),
        row("coco_panoptic", hits=1),
        row("coco_stuff", misses=3),
        row("ccp", hits=1),
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / IMAGES_FILE)
    return {figure.name: figure for figure in photograph_scores(tmp_path)}


def test_people_are_scored_by_kind_of_photograph(figures):
    alike = figures["human IoU, test, Penn-Fudan"]
    assert (alike.value, alike.n, alike.interval) == (0.6, 2, (0.6, 0.6))
    assert figures["human IoU, test, VOC with people"].value == 0.5  # the empty ones apart
    assert figures["human IoU, test, VOC with people"].interval == (0.1, 0.9)
    assert figures["human IoU, test, COCO with people"].value == 0.25  # both of its sources


def test_images_without_people_are_scored_apart(figures):
    found = figures["false px, test, VOC without people"]
    assert (found.value, found.n) == (0.035, 2)
    assert found.shown == "0.035 (0.000 to 0.070)"


def test_one_image_is_no_score(figures):
    assert figures["human IoU, test, CCP"] == Measured(name="human IoU, test, CCP", value=None, n=1)
    assert figures["human IoU, test, CCP"].shown == "-"
