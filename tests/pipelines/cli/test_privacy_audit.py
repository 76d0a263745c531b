"""``learned-normal privacy audit``: the table that ships, and one of drawn sequences."""

from __future__ import annotations

import json

import cv2
import numpy as np
from click.testing import CliRunner

from camera_analysis.privacy.privacy_filters import FILTERS
from pipelines.cli.command import main

SHIRTS = [(200, 40, 40), (40, 60, 200)]


def call(*arguments):
    return CliRunner().invoke(main, ["privacy", "audit", *map(str, arguments)])


def draw_sequence(folder, seed):
    """Somebody with a head and a shirt crosses a wall in twelve frames."""
    rng = np.random.default_rng(seed)
    small = rng.integers(170, 230, (12, 16, 3)).astype(np.uint8)
    wall = cv2.resize(small, (160, 120), interpolation=cv2.INTER_CUBIC)
    for name in ("input", "groundtruth"):
        (folder / name).mkdir(parents=True)
    for number in range(12):
        picture, mask = wall.copy(), np.zeros((120, 160), np.uint8)
        x = 20 + 10 * number
        for canvas, head, shirt in ((picture, (150, 180, 225), SHIRTS[seed]), (mask, 255, 255)):
            cv2.circle(canvas, (x, 36), 9, head, -1)
            cv2.rectangle(canvas, (x - 12, 44), (x + 12, 100), shirt, -1)
        cv2.imwrite(str(folder / "input" / f"in{number:06}.png"), picture)
        cv2.imwrite(str(folder / "groundtruth" / f"gt{number:06}.png"), mask)


def test_shipped_table_has_a_verdict_on_every_method():
    result = call()
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    told = {line.split()[0] for line in lines if line.endswith(("pass", "FAIL"))}
    assert told == {name for name, one in FILTERS.items() if one.hides_people}


def test_own_labelled_sequences_are_measured(tmp_path):
    for seed in range(2):
        draw_sequence(tmp_path / "own" / f"camera{seed}", seed)
    output = tmp_path / "out"
    result = call(
        *(tmp_path / "own", "--frames", "4", "--method", "blank"),
        *("--output", output, "--home", tmp_path / "home"),
    )
    assert result.exit_code == 0, result.output
    rows = json.loads((output / "privacy_audit.json").read_text())["rows"]
    assert [row["method"] for row in rows] == ["blank", "mask"]
    plot = cv2.imread(str(output / "privacy_audit.png"))
    assert np.ptp(plot) > 100, "bars on white"
    assert "not run" in result.output, "no model is given, so no segmenter was asked"
    assert "blank" in result.output and "pass" in result.output


def test_one_sequence_leaves_nobody_to_learn_from(tmp_path):
    draw_sequence(tmp_path / "own" / "camera0", 0)
    result = call(tmp_path / "own", "--home", tmp_path / "home")
    assert result.exit_code == 1
    assert "two sequences at least" in result.output


def test_a_folder_without_a_model_is_told(tmp_path):
    (tmp_path / "no_model").mkdir()
    result = call(tmp_path, "--model", tmp_path / "no_model", "--home", tmp_path / "home")
    assert result.exit_code == 1 and "Error: no model.json in" in result.output


def test_unknown_method_is_named(tmp_path):
    result = call(tmp_path, "--method", "fog", "--home", tmp_path / "home")
    assert result.exit_code == 1 and "no filters that hide people: fog" in result.output
