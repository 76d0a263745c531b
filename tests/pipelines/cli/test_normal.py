"""What is normal of any days, hours and weekdays, from the command line."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from camera_analysis.label_classes import CLASS_NAMES
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.normal.learned_normal import days_in_words, load_normal
from pipelines.cli.command import main
from pipelines.cli.normal import WEEKDAYS, _numbers

#: Monday to Wednesday; on each a person stands at 8 and something else at 20.
DAYS = ("2026-01-05", "2026-01-06", "2026-01-07")


@pytest.fixture
def counted(tiny):
    store = tiny.store
    for day in DAYS:
        counts = ClassCounts(12, 16, CLASS_NAMES)
        for hour, class_id, frames in ((8, 1, 40), (20, 2, 10)):
            for _ in range(frames):
                counts.add(np.full((12, 16), class_id, np.uint8), hour)
        with store.draft("activity_counts", f"door/{day}") as folder:
            counts.save(folder)
            version = store.seal(
                folder, "activity_counts", f"door/{day}", code_version="1", inputs=(), config={}
            )
        store.publish(version)
    return tiny


def ask(home, out, *options):
    words = ["cameras", "normal", "door", "--output", str(out), *options]
    return CliRunner().invoke(main, [*words, "--home", str(home.settings.home)])


@pytest.mark.parametrize(
    ("options", "of_pixel"),
    [
        ((), [0, 120, 30]),
        (("--from", DAYS[1]), [0, 80, 20]),
        (("--to", DAYS[0], "--hours", "20"), [0, 0, 10]),
        (("--weekdays", "mon,wed", "--hours", "6-9"), [0, 80, 0]),
    ],
)
def test_days_hours_and_weekdays_can_be_picked(counted, tmp_path, options, of_pixel):
    said = ask(counted, tmp_path / "out", *options)
    assert said.exit_code == 0, said.output
    normal = load_normal(tmp_path / "out")
    assert normal.counts_khw[:, 5, 5].tolist() == of_pixel
    assert f"{sum(of_pixel)} frames of {days_in_words(normal.days)}" in said.output
    assert (tmp_path / "out" / "human_frequency.png").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--hours", "8-25"), "--hours 8-25: expected names or ranges of 0, 1"),
        (("--weekdays", "fri-mon"), "fri-mon runs backwards"),
        (("--from", "2027-01-01"), "none of the 3 counted days of door, 2026-01-05 to 2026-01-07"),
    ],
)
def test_what_cannot_be_asked_for_is_said(counted, tmp_path, options, message):
    said = ask(counted, tmp_path / "out", *options)
    assert said.exit_code == 1
    assert message in said.output


def test_names_and_ranges():
    assert _numbers("mon-wed, sat", WEEKDAYS, "--weekdays") == [0, 1, 2, 5]
    assert _numbers("", WEEKDAYS, "--weekdays") is None
