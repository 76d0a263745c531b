"""Values of YAML against the kinds of fields."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from pipelines.setting_kinds import fitted


@pytest.mark.parametrize(
    ("hint", "value", "found"),
    [
        (float, "1e-3", 0.001),  # YAML wants a point to see a number
        (float, 1, 1),  # as it was written: it is part of what a version is named by
        (int, "4e3", 4000),
        (int, 2.0, 2),
        (bool, True, True),
        (str, 2026, "2026"),
        (str, None, ""),
        (Path, "/data", "/data"),
        (float | None, None, None),
        (float | None, "5", 5.0),
        (str | tuple[int, ...], [1, 2], (1, 2)),
        (tuple[str, ...], ["voc"], ("voc",)),
        (tuple[int, ...], ["2", 4.0], (2, 4)),
        (Mapping[str, int], None, {}),
        (Mapping[str, int], {"a": 1}, {"a": 1}),
    ],
    ids=str,
)
def test_what_a_person_means_is_understood(hint, value, found):
    assert (fitted(hint, value), type(fitted(hint, value))) == (found, type(found))


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (int, 1.5, "a whole number"),
        (int, None, "a whole number"),
        (float, True, "a number"),
        (float, "fast", "a number"),
        (bool, "yes", "true or false"),
        (str, ["a"], "text"),
        (Path, 3, "a folder"),
        (float, "nan", "a number"),
        (tuple[str, ...], "voc", "a list"),
        (tuple[int, ...], [1, 1.5], "a list, each a whole number"),
        (Mapping[str, int], 3, "`name: value` lines"),
        (float | None, "fast", "a number"),
        (str | tuple[int, ...], {"a": 1}, "text or a list"),
    ],
    ids=str,
)
def test_another_kind_is_refused_and_the_right_one_said(hint, value, expected):
    with pytest.raises(ValueError, match=f"^{expected}$"):
        fitted(hint, value)
