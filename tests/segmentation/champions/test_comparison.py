import cv2
import pyarrow.parquet as pq
import pytest

from segmentation.champions.champion import Entrant
from segmentation.champions.comparison import COMPARISON, PAIRS, compare_models
from tests.segmentation.champions.test_champion import BETTER, LUCKY, PLAIN, speed_of
from tests.segmentation.factories_evaluation import DATA, write_judged_model

pytestmark = pytest.mark.usefixtures("coarse_pictures")


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def entrants(tmp_path):
    """Three models; the speed of one was measured."""
    found = {}
    for place, (name, hits) in enumerate(
        {"plain": PLAIN, "better": BETTER, "lucky": LUCKY}.items()
    ):
        model, evaluation = write_judged_model(tmp_path / name, hits, seed=float(place))
        speed = speed_of(25.0) if name == "plain" else None
        found[name] = Entrant(model=model, evaluation=evaluation, speed=speed)
    return found


def test_models_stand_from_best_to_worst_with_intervals(entrants, out):
    summary = compare_models(entrants, out, data_digest=DATA)
    table = pq.read_table(out / "comparison.parquet")
    assert table.schema == COMPARISON
    rows = table.to_pylist()
    assert [row["model"] for row in rows] == ["better", "lucky", "plain"]
    assert (summary.best, summary.models, summary.images) == ("better", 3, 21)
    assert all(row["iou_low"] < row["iou"] < row["iou_high"] for row in rows)
    assert rows[0]["behind_best"] is None
    assert rows[2]["behind_best"] == pytest.approx(-0.06)
    assert rows[2]["behind_best_high"] == pytest.approx(-0.06)
    # Better than the plain one by a point, but nobody knows.
    assert rows[1]["behind_best_low"] < -0.05 < 0 < rows[1]["behind_best_high"]


def test_every_pair_is_compared_once(entrants, out):
    compare_models(entrants, out, data_digest=DATA)
    table = pq.read_table(out / "pairs.parquet")
    assert table.schema == PAIRS
    pairs = {(row["one"], row["other"]): row["better"] for row in table.to_pylist()}
    assert pairs == pytest.approx(
        {("better", "lucky"): 0.05, ("better", "plain"): 0.06, ("lucky", "plain"): 0.01}
    )


def test_the_table_says_what_is_missing(entrants, out, tmp_path):
    model, evaluation = write_judged_model(tmp_path / "old", PLAIN, seed=9.0, data="e" * 64)
    entrants["old"] = Entrant(model=model, evaluation=evaluation)
    summary = compare_models(entrants, out, data_digest=DATA)
    text = (out / "comparison.md").read_text()
    assert summary.without_speed == ("better", "lucky")
    assert "Speed not measured (materialize `model_speed`): better, lucky." in text
    assert "Left out: old: evaluated on another test split" in text
    lines = text.splitlines()
    assert len({line.count("|") for line in lines[:5]}) == 1
    assert lines[4].startswith("| plain | 49.5 (")
    assert lines[4].endswith("| 25.0 | 40.0 |")


@pytest.mark.usefixtures("fine_pictures")
def test_the_picture_has_a_part_for_speed_where_it_was_measured(entrants, out):
    compare_models(entrants, out, data_digest=DATA)
    with_speed = cv2.imread(str(out / "accuracy_speed_size.png")).shape
    compare_models({"better": entrants["better"]}, out, data_digest=DATA)
    without = cv2.imread(str(out / "accuracy_speed_size.png")).shape
    assert with_speed[1] == without[1]
    assert with_speed[0] > without[0] + 400


def test_nothing_to_compare_is_an_error_that_says_why(entrants, out):
    with pytest.raises(ValueError, match=r"better: evaluated on another test split.*plain"):
        compare_models(entrants, out, data_digest="f" * 64)
    with pytest.raises(ValueError, match="none was evaluated"):
        compare_models({}, out, data_digest=DATA)


def test_models_that_were_judged_with_other_steps_are_left_out(entrants, out, tmp_path):
    model, evaluation = write_judged_model(tmp_path / "r", BETTER, seed=9.0, steps="opening_px=3")
    entrants["refined"] = Entrant(model=model, evaluation=evaluation)
    assert list(compare_models(entrants, out, data_digest=DATA).left_out) == ["refined"]
    summary = compare_models(entrants, out, data_digest=DATA, steps="opening_px=3")
    assert (summary.best, len(summary.left_out)) == ("refined", 3)
