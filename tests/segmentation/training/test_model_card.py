import re
from dataclasses import replace

import pytest

from segmentation.config import ModelConfig
from segmentation.evaluation.card_metrics import write_evaluated_card
from segmentation.evaluation.evaluated import Evaluated
from segmentation.evaluation.evaluation_views import HEADINGS
from segmentation.evaluation.scores import score_scopes
from segmentation.models.registry import build_model
from segmentation.training.checkpoint import HistoryRow
from segmentation.training.model_card import CARD_FILE, write_card
from tests.segmentation.factories_evaluation import image_score, scores_of_hits, write_evaluation
from tests.segmentation.factories_model import describe
from tests.segmentation.factories_split import small_split

HISTORY = [HistoryRow(step=1, loss=0.9, pixel_loss=0.9, region_loss=0.0, lr=0.1, grad_norm=1.0)]


@pytest.fixture
def trained(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    model = ModelConfig(width=2)
    data = small_split(tmp_path / "data")
    write_card(describe(build_model(model), model), data, data, HISTORY, folder)
    return folder


def headings(text):
    return re.findall(r"(?m)^## (.*)$", text)


def test_a_card_says_purpose_data_with_licences_and_limits(trained):
    text = (trained / CARD_FILE).read_text()
    assert headings(text) == ["Intended use", "Data", "Training", "Metrics", "Limits"]
    assert "Not for telling who somebody is" in text
    assert "| voc | 3 | CC0-1.0 |" in text
    assert "Not yet evaluated" in text
    assert re.search(r"Data version \(.*\): training `[0-9a-f]{16}`", text)


def evaluated(trained, folder, scores, version="w" * 64):
    write_evaluation(folder, scores, model=version)
    scopes = score_scopes(folder, resamples=200)
    judged = Evaluated(
        model_version=version, data_digest="e" * 64, max_side_px=640, backend="eager-float32"
    )
    write_evaluated_card(trained, scopes, judged, folder)
    return (folder / CARD_FILE).read_text()


def test_an_evaluation_puts_its_metrics_in_place(trained, tmp_path):
    text = evaluated(trained, tmp_path / "first", scores_of_hits([80, 60, 40], empty_false=20))
    assert headings(text) == ["Intended use", "Data", "Training", "Metrics", "Limits"]
    assert "Not yet evaluated" not in text
    row = next(line for line in text.splitlines() if line.startswith("| IoU |"))
    assert row.startswith(f"| IoU | {100 * 180 / 320:.1f} (")
    assert "all (n = 4)" in text
    assert all(f"| {heading} |" in text for heading in HEADINGS.values())
    assert "`" + "e" * 16 + "`" in text
    # A champion's card is evaluated anew on a newer split: nothing of the old figures stays.
    (trained / CARD_FILE).write_text(text)
    again = evaluated(trained, tmp_path / "second", scores_of_hits([100, 100]))
    assert headings(again) == headings(text)
    assert again.count("| IoU |") == 1
    assert row not in again


def test_weak_points_are_said_in_words(trained, tmp_path):
    score = image_score("a", 80)
    scores = [
        replace(
            score, counts=replace(score.counts, small=4, small_found=1, large=2, large_found=2)
        ),
        image_score("empty", 0, false=9, people=False),
    ]
    text = evaluated(trained, tmp_path / "out", scores)
    assert "persons below 15 % of the frame's height it finds 25.0" in text
    assert re.search(r"It sees somebody in 0\.0 .* of the images in which nobody is", text)


def test_without_a_card_there_is_none(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    judged = Evaluated(model_version="w", data_digest="d", max_side_px=None)
    assert write_evaluated_card(tmp_path, [], judged, folder) is None
    assert not list(folder.iterdir())
