"""The mask that is unlike the others stands first, with its place; the rest is bookkeeping."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from dataset_build.scan.mask_pack import MaskPack
from segmentation.evaluation import mistakenness
from segmentation.evaluation.mistakenness import (
    MISTAKENNESS,
    LedgerData,
    MistakennessConfig,
    find_mistaken,
    judge_masks,
)
from tests.segmentation.evaluation.test_mask_evidence import ANN, BOB, frame, seen
from tests.segmentation.factories_model import write_untrained
from tests.segmentation.factories_split import draw, write_split

pytestmark = pytest.mark.usefixtures("coarse_pictures")


def test_of_many_right_masks_the_wrong_one_has_the_highest_score():
    pairs = [(frame(ANN, BOB), seen(ANN, BOB)) for _ in range(20)]
    pairs[7] = (frame(ANN), seen(ANN, BOB))
    verdicts = judge_masks(len(pairs), lambda number: pairs[number])
    scores = [verdict.score for verdict in verdicts]
    assert int(np.argmax(scores)) == 7
    assert verdicts[7].worst.kind == "missing person"
    assert scores[7] > 0.5 > max(scores[:7] + scores[8:])
    assert all(0 <= score < 1 for score in scores)


def test_nothing_is_remarkable_where_all_is_right():
    verdicts = judge_masks(5, lambda _: (frame(ANN), seen(ANN)))
    assert [verdict.score for verdict in verdicts] == [0.0] * 5


class SeesBrightThings:
    """A segmenter that finds the drawn figures, which are bright."""

    trained_side_px = 0

    def __init__(self, *_, **__):
        pass

    def probability(self, frames):
        return np.where(frames.mean(axis=-1) > 130, 0.99, 0.01).astype(np.float32)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Twelve drawn images; the mask of ``wrong`` says that nobody is there."""
    monkeypatch.setattr(mistakenness, "HumanSegmenter", SeesBrightThings)
    drawn = [draw(f"{i:02}", seed=i) for i in range(11)]
    wrong = draw("wrong", seed=99)
    wrong.mask_hw[:] = 0
    write_split(tmp_path, [*drawn, wrong])
    return LedgerData(
        ledger=tmp_path / "ledger.parquet",
        packs={"voc": tmp_path / "packs" / "voc"},
        roots={"voc": tmp_path / "roots" / "voc"},
    )


def found(data, out, **changes):
    out.mkdir()
    summary = find_mistaken(out, data, out, config=MistakennessConfig(**changes))
    return summary, pq.read_table(summary.path)


def test_the_worst_mask_is_written_first_with_its_box(data, tmp_path):
    summary, table = found(data, tmp_path / "out")
    assert table.schema.equals(MISTAKENNESS)
    worst = table.slice(0, 1).to_pylist()[0]
    assert (worst["sample_id"], worst["kind"]) == ("voc/wrong", "missing person")
    assert 10 <= worst["width"] <= 15 and 26 <= worst["height"] <= 31
    assert summary.rows == table.num_rows == 12
    assert summary.pictures[0].is_file()


def test_what_the_model_would_draw_is_kept_for_the_worst(data, tmp_path):
    _, table = found(data, tmp_path / "out", predictions=3)
    pack = MaskPack(tmp_path / "out" / "predictions")
    worst = table["image_sha256"].to_pylist()[:3]
    assert sorted(pack.sample_ids) == sorted(worst)
    assert np.count_nonzero(pack.read(worst[0]) == 1) > 200


def test_fewer_samples_are_drawn_by_hash_and_the_same_ones_again(data, tmp_path):
    draws = [
        found(data, tmp_path / name, max_samples=5, seed=seed)[1]["sample_id"].to_pylist()
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert len(draws[0]) == 5
    assert draws[0] == draws[1]
    assert set(draws[0]) != set(draws[2])


def test_a_trained_model_folder_is_what_it_takes(data, tmp_path, monkeypatch):
    monkeypatch.undo()
    model = write_untrained(tmp_path / "model")
    out = tmp_path / "out"
    out.mkdir()
    assert find_mistaken(model, data, out).rows == 12


def test_to_look_at_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        MistakennessConfig(max_samples=0)
