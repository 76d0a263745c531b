"""Days on the command line: one spelling, and a clear refusal of everything else."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from pipelines.cli.command import main

TAKING_A_DAY = (
    ("cameras", "backfill", "door", "--from"),
    ("cameras", "normal", "door", "--output", "out", "--to"),
    ("cameras", "relabel", "--to"),
    ("cameras", "relearn", "door", "--from"),
    ("cameras", "tracks", "door", "--day"),
    ("events", "apply", "door", "--from"),
    ("events", "list", "door"),
)


@pytest.mark.parametrize("command", TAKING_A_DAY, ids=" ".join)
@pytest.mark.parametrize("wrong", ["2026-13-45", "2026-1-5", "yesterday", "20260105"])
def test_what_is_no_day_is_refused_before_anything_is_done(command, wrong, tmp_path):
    result = CliRunner().invoke(main, [*command, wrong, "--home", str(tmp_path / "home")])
    assert result.exit_code == 2
    assert f"'{wrong}' is no day of the calendar; write YYYY-MM-DD" in result.output
    assert not (tmp_path / "home").exists()


def test_a_day_of_the_calendar_is_let_through_to_what_is_missing(tmp_path):
    home = tmp_path / "home"
    words = ["events", "list", "door", "2026-01-05", "--home", str(home)]
    result = CliRunner().invoke(main, words)
    hint = f"learned-normal cameras list --home {home}"
    expected = f"Error: no camera door in {home / 'footage'}; {hint}\n"
    assert (result.exit_code, result.output) == (1, expected)
