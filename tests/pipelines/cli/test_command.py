"""The command line: every command explains itself, mistakes end in one clear line."""

from __future__ import annotations

import errno
import os
import shlex
import socket
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from assets.dataset import FULL_SCAN
from pipelines.cli import command as cli
from pipelines.cli.command import main
from pipelines.instance import open_instance
from pipelines.storage.local import LocalFiles


def commands(group: click.Group, prefix: tuple[str, ...] = ()):
    """Every command and group below a group, with its words."""
    for name, command in sorted(group.commands.items()):
        yield (*prefix, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*prefix, name))


COMMANDS = list(commands(main))


def call(*words: object, code: int = 0) -> str:
    """Output of a command; its exit code must be as stated and no traceback may show."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    said = result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code, said
    return said


@pytest.fixture
def home(tiny):
    return tiny.settings.home


@pytest.fixture
def videos(tmp_path, film):
    """A folder of footage somewhere else."""
    for day in ("2026-01-05", "2026-01-06"):
        film(tmp_path / "videos" / f"{day}T08-00-00.mp4", seconds=2)
    return tmp_path / "videos"


# Help.


@pytest.mark.parametrize("words", [words for words, _ in COMMANDS], ids=" ".join)
def test_every_command_says_what_it_does(words):
    said = call(*words, "--help")
    assert "Usage:" in said
    assert said.split("\n\n")[1].strip()


def test_every_command_has_a_sentence_of_help():
    silent = [" ".join(words) for words, command in COMMANDS if not (command.help or "").strip()]
    assert silent == []


def test_the_commands_are_the_promised_ones():
    assert {words[0] for words, _ in COMMANDS} >= {
        "demo",
        "real",
        "doctor",
        "analyze",
        "cameras",
        "review",
        "report",
        "rebuild",
        "train",
        "dev",
        "store",
        "models",
    }
    inside = {words for words, _ in COMMANDS if words[0] in ("cameras", "review")}
    assert inside >= {("cameras", name) for name in ("add", "list", "remove", "backfill")} | {
        ("review", "open"),
        ("review", "pull"),
    }


def test_demo_states_its_defaults():
    said = call("demo", "--help")
    for option in ("--home", "--seed", "--images", "--days"):
        assert option in said
    assert "demo-home" in said
    assert "default: 3" in said


def test_version_is_told():
    assert "version" in call("--version")


def test_a_page_is_not_promised_at_a_port_where_another_answers(home):
    with socket.create_server(("127.0.0.1", 0)) as another:
        port = another.getsockname()[1]
        said = call("dev", "--home", home, "--port", port, code=1)
    assert f"port {port} is in use" in said
    assert "give another --port" in said


# Cameras.


def test_a_camera_is_added_listed_filled_reported_and_removed(home, videos):
    said = call("cameras", "add", "door", videos, "--interval", 0.5, "--home", home)
    assert "2 days, 2026-01-05 to 2026-01-06" in said
    assert "learned-normal cameras backfill door" in said
    written = yaml.safe_load((home / "footage" / "door" / "camera.yaml").read_text())
    assert written == {"id": "door", "footage": str(videos), "interval_s": 0.5}

    said = call("cameras", "list", "--home", home)
    assert "door" in said
    assert "2 days     0 reports" in said
    assert "up to date?" not in said
    assert "no report of camera door" in call("report", "door", "--home", home, code=1)

    said = call("cameras", "backfill", "door", "--to", "2026-01-05", "--home", home)
    assert "camera door: 1 days filled" in said
    assert "0 failed" in said
    said = call("cameras", "list", "--home", home)
    assert "1 reports" in said
    assert "up to date? `learned-normal cameras relabel --list" in said
    page = Path(call("report", "door", "--home", home).strip().splitlines()[-1])
    assert page.name == "report.html"
    assert page.is_file()
    assert Path(call("report", "--home", home).strip().splitlines()[-1]).name == "index.html"

    assert "exists" in call("cameras", "add", "door", videos, "--home", home, code=1)
    assert "removed" in call("cameras", "remove", "door", "--home", home)
    assert len(list(videos.iterdir())) == 2
    assert page.is_file()
    assert "no cameras" in call("cameras", "list", "--home", home)
    assert "no camera door" in call("cameras", "remove", "door", "--home", home, code=1)


def test_the_next_step_acts_on_the_home_in_use_as_it_stands(tmp_path, videos, monkeypatch):
    home = tmp_path / "my home"

    def next_words(*words, code=0, default=tmp_path / "other"):
        monkeypatch.setenv("LEARNED_NORMAL_HOME", str(default))  # an instance has changed it
        said = call(*words, "--home", home, code=code).splitlines()[-1]
        return shlex.split(said[said.index("learned-normal") :])[1:]

    words = next_words("cameras", "add", "door", videos)
    assert words == ["cameras", "backfill", "door", "--home", str(home)]
    assert next_words("events", "list", "door") == words
    assert next_words("events", "mark", "door", "2026-01-05", "1", "alarm", code=1) == words
    assert next_words("report", "door", code=1) == words
    listing = ["cameras", "list", "--home", str(home)]
    assert next_words("events", "list", "nosuch", code=1) == listing
    assert next_words("report", "nosuch", code=1) == listing
    adding = ["cameras", "add", "nosuch", "<folder>", "--home", str(home)]
    assert next_words("cameras", "backfill", "nosuch", code=1) == adding
    assert next_words("events", "list", "door", default=home) == words[:3]
    assert not (tmp_path / "other").exists()


def test_a_camera_whose_footage_is_out_of_reach_is_listed_once(tiny, home, videos):
    call("cameras", "add", "door", videos, "--home", home)
    for clock in (1999, 2026):
        tiny.film("hall", f"{clock}-01-05T08-00-00.mp4", seconds=1)
    videos.rename(videos.parent / "away")
    for made in ("", " (1 reports)"):
        hall, door, outside = call("cameras", "list", "--home", home).splitlines()[:3]
        assert outside.startswith("hall/1999-01-05") and "not usable: the day lies" in outside
        assert hall.startswith("hall ") and "1 days" in hall
        assert door.startswith("door ") and f" not usable{made}: camera door: footage fo" in door
        with tiny.store.draft("camera_report", "door/2026-01-05") as folder:
            (folder / "report.html").write_text("")
            version = tiny.store.seal(
                folder,
                "camera_report",
                "door/2026-01-05",
                code_version="1",
                inputs=(),
                config={},
            )
        tiny.store.publish(version)


def test_adding_a_camera_says_which_files_tell_no_time(home, videos):
    (videos / "2026-01-06T08-00-00.mp4").rename(videos / "2026-01-06_08-00-00.mp4")
    said = call("cameras", "add", "door", videos, "--home", home)
    assert "camera door: 1 days, 2026-01-05 to 2026-01-05" in said
    assert "1 files cannot be used; the first is 2026-01-06_08-00-00.mp4" in said
    assert "set file_time, or name its start under 'starts'" in said
    call("cameras", "remove", "door", "--home", home)


def test_adding_a_camera_makes_its_partition_known(tiny, home, videos):
    call("cameras", "add", "door", videos, "--home", home)
    with open_instance(tiny.settings) as instance:
        assert instance.get_dynamic_partitions("camera") == ["door"]
    call("cameras", "remove", "door", "--home", home)
    with open_instance(tiny.settings) as instance:
        assert instance.get_dynamic_partitions("camera") == []


@pytest.mark.parametrize("hostile", ["../../etc", "Front Door", "Door", "t\u00fcr", "a/b", "", "."])
def test_a_hostile_id_is_refused_and_nothing_is_written(home, videos, hostile):
    before = sorted(home.rglob("*"))
    said = call("cameras", "add", hostile, videos, "--home", home, code=1)
    assert "is refused; allowed" in said
    assert sorted(home.rglob("*")) == before
    for command in ("remove", "backfill"):
        assert "is refused" in call("cameras", command, hostile, "--home", home, code=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--time-zone", "Mars/Olympus"), "Mars/Olympus"),
        (("--interval", "-1"), "interval_s"),
        (("--pattern", "(?P<hour"), "pattern"),
        (("--base", "yesterday"), "yesterday"),
        (("--base", "2026-01-05"), "(?P<day_index>..) counts from, and no pattern has that group"),
        (("--base", ""), "--base '' is no day"),
        (("--interval", "0"), "interval_s is 0.0; allowed: 0.001 <= s"),
        (("--fps", "0"), "fps is 0.0; allowed: 0 < fps"),
        (("--image-fps", "0"), "images.fps is 0.0; allowed: 0 < fps"),
        (("--time-zone", ""), "time_zone '' is unknown"),
        (("--pattern", ""), "names no day"),
        (("--fps", "1", "--interval", "1"), "say the same; state one of them"),
    ],
)
def test_an_option_that_cannot_be_used_leaves_no_camera_behind(home, videos, options, said):
    assert said in call("cameras", "add", "door", videos, *options, "--home", home, code=1)
    assert not (home / "footage" / "door").exists()


def test_a_base_completes_a_pattern_that_counts_days(home, videos):
    (videos / "2026-01-06T08-00-00.mp4").rename(videos / "01-08.mp4")
    words = ("--pattern", r"^(?P<day_index>\d\d)-(?P<hour>\d\d)\.", "--base", "2026-01-05")
    said = call("cameras", "add", "door", videos, *words, "--home", home)
    assert "1 days, 2026-01-06 to 2026-01-06" in said


@pytest.mark.parametrize("content", ["- a\n- b\n", "{broken", "speed: 3\n"])
def test_a_camera_file_that_cannot_be_used_is_named(home, videos, content):
    (videos / "camera.yaml").write_text(content)
    said = call("cameras", "add", "door", videos, "--home", home, code=1)
    assert "Traceback" not in said
    assert not (home / "footage" / "door").exists()


def test_a_camera_file_beside_the_footage_is_taken_over(home, videos):
    (videos / "camera.yaml").write_text("time_zone: Europe/Berlin\nwindow_days: 14\n")
    call("cameras", "add", "door", videos, "--time-zone", "UTC", "--home", home)
    written = yaml.safe_load((home / "footage" / "door" / "camera.yaml").read_text())
    assert (written["window_days"], written["time_zone"]) == (14, "UTC")


def test_a_camera_that_holds_its_footage_is_not_removed(tiny, home):
    tiny.film("door", "2026-01-05T08-00-00.mp4", seconds=1)
    assert "holds footage" in call("cameras", "remove", "door", "--home", home, code=1)
    assert (home / "footage" / "door" / "2026-01-05T08-00-00.mp4").is_file()


def test_a_failed_day_ends_the_backfill_with_an_error_code(tiny, home, monkeypatch):
    def no_room(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    tiny.film("door", "2026-01-05T08-00-00.mp4", seconds=1)
    monkeypatch.setattr(LocalFiles, "install", no_room)
    said = call("cameras", "backfill", "door", "--home", home, code=1)
    assert "0 days filled" in said
    assert "2026-01-05" in said
    assert "the disk is full" in said


def test_footage_of_no_known_time_is_listed_with_the_remedy(tiny, home):
    for name in ("clip.mp4", "2026-13-05T08-00-00.mkv"):
        tiny.film("door", "2026-01-05T08-00-00.mp4", seconds=1).rename(
            tiny.settings.footage / "door" / name
        )
    assert (
        "2 files whose names say no time (2026-13-05T08-00-00.mkv ...): name them like"
        " 2026-01-05T08-00-00.mkv, or give `starts:` or `file_time:` in camera.yaml"
    ) in call("cameras", "list", "--home", home)


def test_an_unusable_folder_is_listed_with_its_reason(tiny, home):
    (tiny.settings.footage / "Hall 2").mkdir(parents=True)
    assert "Hall 2" in call("cameras", "list", "--home", home)


@pytest.mark.parametrize(
    "words", [("list", "nosuch"), ("apply", "nosuch", "--from", "2026-01-01")], ids=" ".join
)
def test_events_of_an_unknown_camera_are_an_error(home, words):
    assert "no camera nosuch" in call("events", *words, "--home", home, code=1)


# The rest.


def test_doctor_looks_at_everything(tiny, home, disk_with_room):
    said = call("doctor", "--home", home)
    for subject in ("Python", "dagster", "device", "store", "disk", "cameras", "database"):
        assert subject in said
    assert "FAIL" not in said


def test_doctor_fails_on_a_disk_that_is_nearly_full(tiny, home, disk_with_room):
    disk_with_room(4.96)
    assert f"FAIL  disk: 4.9 GB free below {home}; at least 5 wanted" in call(
        "doctor", "--home", home, code=1
    )
    disk_with_room(5.0)
    assert "ok    disk: 5.0 GB free" in call("doctor", "--home", home)


def test_doctor_fails_on_a_source_that_is_not_there(tiny, home):
    (home / "settings.yaml").write_text("sources: {voc: /nonexistent/voc}\n")
    said = call("doctor", "--home", home, code=1)
    assert "FAIL  source voc: /nonexistent/voc" in said


def test_doctor_warns_of_an_unusable_camera(tiny, home):
    (tiny.settings.footage / "Hall 2").mkdir(parents=True)
    assert "FAIL  camera Hall 2" in call("doctor", "--home", home, code=1)


@pytest.mark.parametrize("content", ["{broken", "executer: ray\n", "- a\n"])
@pytest.mark.parametrize("words", [("doctor",), ("cameras", "list"), ("report",), ("rebuild",)])
def test_settings_that_cannot_be_read_end_in_one_line(tmp_path, content, words):
    (tmp_path / "settings.yaml").write_text(content)
    said = call(*words, "--home", tmp_path, code=1)
    assert said.startswith("Error: ")
    assert "settings.yaml" in said


def test_rebuild_without_sources_shows_what_to_write(home):
    assert "sources:" in call("rebuild", "--home", home, code=1)


@pytest.mark.parametrize(("words", "full"), [((), False), (("--full",), True)])
def test_a_full_rebuild_is_told_to_every_run(tmp_path, monkeypatch, words, full):
    (tmp_path / "settings.yaml").write_text("sources:\n  voc: data\n  ade20k: data\n")
    planned = []
    monkeypatch.setattr("pipelines.shell.runs.Runner.__init__", lambda *_: None)
    monkeypatch.setattr("pipelines.shell.runs.Runner.run_all", lambda _, plan: planned.extend(plan))
    call("rebuild", *words, "--home", tmp_path)
    assert [one.title for one in planned] == ["source_job ade20k", "source_job voc", "dataset_job"]
    assert all((FULL_SCAN in (one.tags or {})) == full for one in planned)


def test_report_before_anything_ran_says_what_to_do(home):
    said = call("report", "--home", home, code=1)
    assert f"no report of any camera in {home} yet; learned-normal cameras backfill <" in said


def test_a_report_of_no_camera_says_that_there_is_none(home):
    (home / "footage" / "door").mkdir(parents=True)
    said = call("report", "door", "--home", home, code=1)
    assert f"no report of camera door in {home} yet; learned-normal cameras backfill door" in said
    said = call("report", "nosuch", "--home", home, code=1)
    assert f"no report of camera nosuch in {home}: no camera nosuch in {home / 'footage'};" in said


def test_a_mark_of_no_camera_says_that_there_is_none(home):
    mark = ("events", "mark", "nosuch", "2026-01-05", "1", "alarm", "--home", home)
    assert f"Error: no camera nosuch in {home / 'footage'};" in call(*mark, code=1)


def test_prune_keeps_what_is_current(tiny, home):
    store = tiny.store
    for number in range(4):
        with store.draft("notes") as folder:
            (folder / "note.txt").write_text(str(number))
            version = store.seal(folder, "notes", code_version="1", inputs=(), config={})
        store.publish(version)
    assert "0 versions removed" in call("store", "prune", "--keep", 4, "--home", home)
    assert "1 versions removed" in call("store", "prune", "--home", home)
    said = call("store", "prune", "--keep", 1, "--home", home)
    assert "2 versions removed" in said
    assert store.history("notes") == (version,)
    store.verify(version)


def test_prune_refuses_a_number_that_makes_no_sense(home):
    assert "--keep" in call("store", "prune", "--keep", -1, "--home", home, code=2)


def test_short_clip_is_refused_in_one_line(home, tmp_path, film):
    clip = film(tmp_path / "short.mp4", seconds=10)
    said = call("analyze", clip, "--no-open", "--home", home, code=1)
    assert said.startswith("Error: short.mp4: lasts")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--interval", 0), "interval_s is 0.0; allowed: 0.001 <= s"),
        (("--image-fps", 0), "--image-fps is 0; allowed: 0 < fps"),
    ],
)
def test_a_clip_is_not_sampled_at_no_interval(home, tmp_path, film, options, says):
    clip = film(tmp_path / "clip.mp4", seconds=31, fps=1)
    assert says in call("analyze", clip, *options, "--no-open", "--home", home, code=1)


def test_text_named_mp4_is_refused_in_one_line(home, tmp_path):
    (tmp_path / "notes.mp4").write_text("Dear diary")
    said = call("analyze", tmp_path / "notes.mp4", "--no-open", "--home", home, code=1)
    assert said.startswith("Error: notes.mp4")


def test_evaluation_without_a_model_says_what_to_materialize(home, tmp_path):
    said = call(
        "models", "evaluate", "--images", tmp_path, "--masks", tmp_path, "--home", home, code=1
    )
    assert "champion_model" in said


def test_a_page_is_opened_where_there_is_a_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    class Browser:
        def open(self, url: str) -> None:
            opened.append(url)

    monkeypatch.setattr(cli.webbrowser, "get", Browser)
    cli._show(tmp_path / "report.html")
    assert opened == [(tmp_path / "report.html").as_uri()]


def test_a_machine_without_a_browser_is_left_in_peace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def absent() -> None:
        raise cli.webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(cli.webbrowser, "get", absent)
    cli._show(tmp_path / "report.html")
    assert capfd.readouterr() == ("", "")
