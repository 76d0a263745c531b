"""Every reason code has its section and picture, and its example really earns the code."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import pytest

from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.ledger.rules import threshold_rules
from pipelines.synthetic.rule_examples import documented_codes, draw_all, make_example

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "cleaning_rules.md").read_text(encoding="utf-8")
MOST_BYTES = 60_000


@pytest.mark.parametrize("code", documented_codes())
def test_an_example_is_removed_for_its_reason_and_its_partner_is_kept(code, tmp_path):
    shown = make_example(code, tmp_path)
    assert shown.removed["fate"] == "removed"
    assert shown.removed["reason"] == code
    assert shown.removed["measured"]
    assert shown.kept["fate"] != "removed"
    by_rules = shown.removed["stage"] != "scan"
    assert shown.removed["rule_version"] == (CleaningRules().version if by_rules else 0)


def test_every_code_has_one_section_and_one_picture_and_no_section_is_left_over():
    sections = re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE)
    assert sorted(sections) == sorted(documented_codes())
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        code = section.split("`")[1]
        assert section.count("![") == 1
        assert f"![{code}](pictures/rules/{code}.jpg)" in section


def test_every_picture_is_there_and_small():
    pictures = {path.stem: path for path in (DOCS / "pictures" / "rules").iterdir()}
    assert sorted(pictures) == sorted(documented_codes())
    for path in pictures.values():
        assert path.stat().st_size < MOST_BYTES
        assert cv2.imread(str(path)).shape[1] == 656


def test_every_threshold_is_documented_with_its_default_and_setting():
    rules = CleaningRules(disabled=())
    for rule in threshold_rules(rules):
        section = PAGE.split(f"### `{rule.code}`")[1].split("\n##")[0]
        sign = ">" if rule.above else "<"
        setting = re.search(rf"`{rule.quantity} {sign} (\w+)`", section)
        assert setting, rule.code
        assert getattr(rules, setting[1]) == rule.limit
        assert re.search(rf"\b{rule.limit:g}\b", section), rule.code


def test_the_limits_of_near_duplicates_are_documented():
    config = DatasetConfig()
    assert f"near_duplicate_radius: {config.near_duplicate_radius}" in PAGE
    assert f"min_duplicate_correlation: {config.min_duplicate_correlation:g}" in PAGE
    assert f"negative_share: {config.negative_share:g}" in PAGE
    assert f"max_image_px: {config.max_image_px}" in PAGE


def test_pictures_are_drawn_alike_every_time(tmp_path):
    for name in ("one", "two"):
        draw_all(tmp_path / name, ["image_dark"])
    one, two = (tmp_path / name / "image_dark.jpg" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
