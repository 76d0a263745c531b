"""How many walked on which day, and from where to where, from the command line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from pipelines.cli.command import main
from tests.camera_analysis.factories_tracks import film
from tests.camera_analysis.tracks.test_trajectories import WALKS, Day

DAYS = ("2026-01-05", "2026-01-06")


@pytest.fixture
def tracked(tiny, tmp_path):
    store = tiny.store
    _, made = Day(tmp_path / "drawn").make("day", film(140, *WALKS))
    for day in DAYS:
        with store.draft("trajectories", f"door/{day}") as folder:
            for path in made.iterdir():
                (folder / path.name).write_bytes(path.read_bytes())
            version = store.seal(
                folder, "trajectories", f"door/{day}", code_version="1", inputs=(), config={}
            )
        store.publish(version)
    return tiny


def ask(home, *words):
    return CliRunner().invoke(
        main, ["cameras", "tracks", *words, "--home", str(home.settings.home)]
    )


def test_days_are_listed_with_their_walks(tracked):
    said = ask(tracked, "door")
    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    assert lines[0].split() == ["day", "status", "tracks", "walks", "paths", "lost"]
    assert [line.split() for line in lines[1:]] == [
        [day, "tracked", "7", "7", "2", "0"] for day in DAYS
    ]


def test_a_day_says_who_went_where(tracked):
    said = ask(tracked, "door", "--day", DAYS[0]).output.splitlines()
    assert said[1].split()[0] == DAYS[0]
    assert said[4].split() == ["A", "B", "C", "D", "elsewhere"]
    walks = [int(n) for line in said[5:10] for n in line.split()[1:]]
    assert sorted(n for n in walks if n) == [3, 4]
    assert said[-1].startswith("tables and pictures: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("door", "--day", "2026-02-01"), "camera door has no tracks on 2026-02-01; next: "),
        (("gate",), "camera gate has no tracks yet; next: learned-normal cameras backfill gate"),
    ],
)
def test_what_is_not_there_is_said(tracked, words, message):
    said = ask(tracked, *words)
    assert said.exit_code == 1
    assert message in said.output
