"""What a run has made is told at its end, and nothing where nothing was made."""

from __future__ import annotations

from pathlib import Path

from pipelines.shell.outcome import (
    camera_lines,
    dataset_lines,
    index_page,
    model_lines,
    newest_report,
    print_dataset,
    print_outcome,
    split_lines,
)


def test_an_empty_home_tells_nothing(tiny):
    assert index_page(tiny.settings) is None
    assert newest_report(tiny.settings, "door") is None
    assert [*dataset_lines(tiny.store), *model_lines(tiny.store)] == []
    assert [*camera_lines(tiny.store), *split_lines(tiny.store)] == []


def test_pages_are_where_they_are_said_to_be(line):
    assert index_page(line.settings).is_file()
    report = newest_report(line.settings, line.camera)
    assert report == line.path("camera_report", f"{line.camera}/{line.days[1]}") / "report.html"


def test_a_camera_whose_id_begins_like_another_has_no_report(line):
    assert newest_report(line.settings, line.camera[:-1]) is None


def test_fates_in_the_summary_add_up(line):
    (said,) = dataset_lines(line.store)
    numbers = numbers_in(said)
    assert numbers[0] == sum(numbers[1:4])


def test_splits_and_reasons_in_the_summary_add_up_to_the_fates(line):
    (fates,) = dataset_lines(line.store)
    kept, moved, removed = numbers_in(fates)[1:]
    splits, reasons = map(numbers_in, split_lines(line.store))
    assert (sum(splits), sum(reasons)) == (kept + moved, removed)


def test_a_rebuild_ends_with_sizes_tables_and_what_to_do_next(line, capsys):
    print_dataset(line.settings)
    said = dict(row.split(maxsplit=1) for row in capsys.readouterr().out.splitlines())
    assert list(said) == ["dataset", "splits", "removed", "tables", "review"]
    assert Path(said["tables"]).is_file()
    assert f"learned-normal review open --home {line.settings.home}" in said["review"]


def numbers_in(said: str) -> list[int]:
    return [int(word) for word in said.replace(",", "").split() if word.isdigit()]


def test_summary_names_models_events_and_places(line, capsys):
    print_outcome(line.settings)
    said = capsys.readouterr().out
    assert "model unet" in said
    assert f"{line.camera}/{line.days[1]}" in said
    assert str(line.settings.home) in said
    assert str(index_page(line.settings)) in said
    assert "learned-normal review open" in said
