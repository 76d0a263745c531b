"""Every suite passes on a good table; every expectation can fail, alone, and names its rows."""

from __future__ import annotations

import re
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from dataset_build.expectations.expectation_suites import SUITES
from dataset_build.expectations.expectations import as_markdown, validate, validate_file
from tests.dataset_build.expectations.broken_tables import BROKEN, GOOD, samples_with
from tests.dataset_build.factories_ledger import sample, samples_table

# Great Expectations leaves its ephemeral context's temporary folders to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

MUTATIONS = [(suite, column) for suite, faults in BROKEN.items() for column in faults]


def in_gallery(kind: str) -> str:
    """ExpectColumnMaxToBeBetween -> expect_column_max_to_be_between."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()


@pytest.mark.parametrize("suite", SUITES)
def test_a_good_table_passes(suite):
    findings = validate(GOOD[suite](), suite)
    assert [finding for finding in findings if not finding.passed] == []
    assert len(findings) == len(SUITES[suite].all_expectations())


@pytest.mark.parametrize("suite", SUITES)
def test_every_expectation_is_broken_once(suite):
    columns = [expectation.column for expectation in SUITES[suite].all_expectations()]
    assert sorted(columns) == sorted(BROKEN[suite])


@pytest.mark.parametrize(("suite", "column"), MUTATIONS)
def test_a_broken_table_fails_one_expectation_and_names_the_rows(suite, column):
    broken = BROKEN[suite][column]
    failed = [finding for finding in validate(broken.table, suite) if not finding.passed]
    (kind,) = [one.kind for one in SUITES[suite].all_expectations() if one.column == column]
    assert [(one.expectation, one.column) for one in failed] == [(in_gallery(kind), column)]
    assert failed[0].failing_sample_ids == broken.rows


@pytest.mark.parametrize("suite", SUITES)
def test_a_missing_column_is_named_before_anything_else(suite):
    table = GOOD[suite]()
    name = SUITES[suite].columns[-1]
    (finding,) = validate(table.drop_columns([name]), suite)
    assert (finding.expectation, finding.column) == ("expect_column_to_exist", name)


@pytest.mark.parametrize("suite", SUITES)
def test_a_file_gets_the_verdicts_of_its_table_and_its_missing_columns_are_named(suite, tmp_path):
    file, table = tmp_path / "table.parquet", next(iter(BROKEN[suite].values())).table
    pq.write_table(table, file)
    assert validate_file(file, suite) == validate(table, suite)
    for name in (SUITES[suite].columns[0], *sorted(SUITES[suite].unread)[:1]):
        pq.write_table(table.drop_columns([name]), file)
        assert [finding.column for finding in validate_file(file, suite)] == [name]


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("images/a\\b.jpg", True),
        ("images/lat\\udce91.jpg", True),  # a name that is not UTF-8, as the scan writes it
        ("images/wait...what.jpg", True),
        ("..\\x.jpg", False),
        ("images/../../x.jpg", False),
    ],
)
def test_a_path_may_hold_a_backslash_but_never_leaves_its_source(path, below):
    findings = validate(samples_with(sample("x", image_path=path)), "source_samples")
    assert [one.column for one in findings if not one.passed] == ([] if below else ["image_path"])


def test_at_most_twenty_rows_are_named():
    table = samples_table([sample(f"{i:02}", human_share=2.0) for i in range(30)])
    (finding,) = (one for one in validate(table, "source_samples") if not one.passed)
    assert finding.failing_sample_ids == tuple(f"voc/{i:02}" for i in range(20))
    assert finding.observed == "30 of 30 rows, such as 2.0"


def test_the_markdown_shows_what_failed_first():
    findings = validate(samples_with(sample("x", luma_mean=300.0)), "source_samples")
    lines = as_markdown(findings).splitlines()
    assert lines[2].startswith("| **failed** | expect_column_values_to_be_between | luma_mean |")
    assert lines[2].endswith("| voc/x |")
    assert lines[3].startswith("| ok |")
    assert len(lines) == 2 + len(findings)


def test_a_name_with_a_bar_or_a_line_break_does_not_break_the_table():
    row = sample("x|y\nz", luma_mean=300.0)
    lines = as_markdown(validate(samples_with(row), "source_samples")).splitlines()
    assert lines[2].endswith("| voc/x/y z |")
    assert {line.count("|") for line in lines} == {6}


def test_a_broken_claim_says_how_many_rows_break_it():
    findings = validate(samples_with(sample("x", luma_std=None)), "source_samples")
    (finding,) = (one for one in findings if not one.passed)
    assert finding.observed == "1 of 4 rows break it"


def test_an_unknown_suite_names_those_there_are():
    with pytest.raises(ValueError, match="no suite named 'x'; choose from source_samples"):
        validate(samples_with(), "x")


def test_two_expectations_of_a_column_are_refused():
    suite = next(iter(SUITES.values()))
    with pytest.raises(ValueError, match=f"two expectations of {suite.expectations[0].column}"):
        replace(suite, expectations=(*suite.expectations, suite.expectations[0]))


def test_a_claim_that_is_called_as_a_column_is_refused_where_both_are_expected():
    suite = next(iter(SUITES.values()))
    column = suite.expectations[0].column
    with pytest.raises(ValueError, match=f"two expectations of {column}"):
        replace(suite, claims={**suite.claims, column: lambda rows: rows[column] > 0})
