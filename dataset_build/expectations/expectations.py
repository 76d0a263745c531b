"""Great Expectations over one table: every expectation becomes a finding that names its rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_build.expectations.expectation_suites import SUITES, Expectation, Suite
from dataset_build.markdown import cell

if TYPE_CHECKING:
    import pandas as pd

#: Rows that a finding names at most.
MAX_FAILING = 20
#: Whether each holds is asked first, and which rows break those that do not. Row numbers cost more
#: and come with no other format than the second; the query that would find the rows again is as
#: long as they are many, and never read.
_WHETHER: Mapping[str, object] = {"result_format": "BASIC"}
_WHICH: Mapping[str, object] = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What became of one expectation.

    Args:
        expectation: its name, as in Great Expectations' gallery.
        column: column or claim that was looked at; "" for the whole table.
        passed: it holds for every row.
        observed: what was seen, in words.
        failing_sample_ids: the first rows it does not hold for, at most ``MAX_FAILING``.
    """

    expectation: str
    column: str
    passed: bool
    observed: str
    failing_sample_ids: tuple[str, ...] = ()


def validate(table: pa.Table, suite: str) -> list[Finding]:
    """Hold a stage's table against its suite.

    Args:
        table: as the stage wrote it; it is not changed.
        suite: one of ``expectation_suites.SUITES``.

    Returns:
        One finding per expectation, or one per missing column if there are any.

    Raises:
        ValueError: no such suite.
        RuntimeError: an expectation could not be evaluated at all.
    """
    expected = _suite(suite)
    return _missing(table.column_names, expected) or _held(table, expected)


def validate_file(file: Path, suite: str) -> list[Finding]:
    """``validate`` of a Parquet file, of which only what the suite looks at is read."""
    expected = _suite(suite)
    return _missing(pq.read_schema(file).names, expected) or _held(
        pq.read_table(file, columns=list(expected.read)), expected
    )


def _suite(name: str) -> Suite:
    if name not in SUITES:
        raise ValueError(f"no suite named {name!r}; choose from {', '.join(SUITES)}")
    return SUITES[name]


def _held(table: pa.Table, expected: Suite) -> list[Finding]:
    rows = table.select(list(expected.read)).to_pandas(types_mapper=_blobs_as_they_are)
    results = _results(_judged(rows, expected), expected)
    return [_finding(result, rows, expected) for result in results]


def as_markdown(findings: Sequence[Finding]) -> str:
    """One line per finding, what failed first."""
    lines = ["| | expectation | column | observed | rows |", "|---|---|---|---|---|"]
    for row in sorted(findings, key=lambda finding: finding.passed):
        mark = "ok" if row.passed else "**failed**"
        rows = ", ".join(row.failing_sample_ids)
        cells = (mark, row.expectation, row.column, row.observed, rows)
        lines.append(f"| {' | '.join(map(cell, cells))} |")
    return "\n".join(lines) + "\n"


def _blobs_as_they_are(kind: pa.DataType) -> pd.ArrowDtype | None:
    """Bytes stay in Arrow's memory: nobody asks more of them than whether they are there."""
    import pandas as pd

    return pd.ArrowDtype(kind) if pa.types.is_fixed_size_binary(kind) else None


def _missing(columns: Sequence[str], expected: Suite) -> list[Finding]:
    """A finding for each column of the suite that the table lacks."""
    return [
        Finding(
            expectation="expect_column_to_exist",
            column=name,
            passed=False,
            observed="no such column",
        )
        for name in expected.columns
        if name not in columns
    ]


def _judged(rows: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """The columns that expectations look at, and the claims, no others: each one costs a hash."""
    every = {name: claim(rows).astype(bool) for name, claim in suite.claims.items()}
    some = {name: claim(rows).astype("int64") for name, claim in suite.somewhere.items()}
    looked_at = {expectation.column for expectation in suite.expectations}
    judged = rows[[name for name in rows if name in looked_at]].assign(**every, **some)
    # Great Expectations compares int64 as a column, any other whole number in a call of its own
    return judged.astype(dict.fromkeys(judged.select_dtypes("int32"), "int64"))


def _results(rows: pd.DataFrame, suite: Suite) -> Sequence[Any]:
    with warnings.catch_warnings():
        # importing Great Expectations touches a module that Python 3.11 deprecated
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig
        from great_expectations.validator.v1_validator import Validator

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("stage").add_dataframe_asset("table")
        whole = asset.add_batch_definition_whole_dataframe("all")
        built = {one.column: _built(one) for one in suite.all_expectations()}

        def checked(columns: Sequence[str], result_format: Mapping[str, object]) -> dict[str, Any]:
            # what ``Batch.validate`` does, but that it would hash the whole table once more
            validator = Validator(
                batch_definition=whole,
                batch_parameters={"dataframe": rows},
                result_format=dict(result_format),
            )
            stage = gx.ExpectationSuite(
                name="stage", expectations=[built[name] for name in columns]
            )
            results = validator.validate_expectation_suite(stage).results
            return {_column(result): result for result in results}

        found = checked(list(built), _WHETHER)
        broken = [name for name, result in found.items() if not result.success]
        if broken:
            found |= checked(broken, _WHICH)
    return list(found.values())


def _column(result: Any) -> str:  # noqa: ANN401 - untyped in GX
    """What a suite looks at once; "" for the whole table."""
    return str(result.expectation_config.kwargs.get("column", ""))


def _built(expectation: Expectation) -> object:
    import great_expectations.expectations as catalogue

    place = {"column": expectation.column} if expectation.column else {}
    return getattr(catalogue, expectation.kind)(**place, **expectation.limits)


def _finding(
    result: Any,  # noqa: ANN401 - untyped in GX
    rows: pd.DataFrame,
    suite: Suite,
) -> Finding:
    config = result.expectation_config
    column = _column(result)
    if not result.result:  # neither a count nor a value: it could not be evaluated
        raise RuntimeError(f"{config.type} of {column or 'the table'}: {result.exception_info}")
    details: Mapping[str, Any] = result.result
    failing = (details.get("unexpected_index_list") or [])[:MAX_FAILING]
    keys = rows.loc[failing, list(suite.row_name)].itertuples(index=False, name=None)
    return Finding(
        expectation=str(config.type),
        column=column,
        passed=bool(result.success),
        observed=_observed(details, claim=column in suite.claims),
        failing_sample_ids=tuple(" / ".join(map(str, key)) for key in keys),
    )


def _observed(details: Mapping[str, Any], *, claim: bool) -> str:
    if "observed_value" in details:
        return str(details["observed_value"])
    count, total = details["unexpected_count"], details["element_count"]
    if not count:
        return f"all {total} rows"
    if claim:
        return f"{count} of {total} rows break it"
    examples = sorted({str(value) for value in details["partial_unexpected_list"]})[:3]
    return f"{count} of {total} rows, such as {', '.join(examples)}"
