"""The three tables of the thesis talk as lines of text and as Markdown, each with its note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from dataset_build.statistics.tally import ALL, Address, from_table
from dataset_build.statistics.thesis_tables import (
    CLEANING,
    FROM,
    JOINED,
    LEFT,
    NEW,
    OLD,
    ORIGINAL,
    RESULT,
    SHARES,
    SIZES,
    SPLIT_AND_MERGE,
    TAKEN,
)

#: What the columns mean, and where the talk's own sums did not add up.
NOTES: Mapping[str, str] = {
    SIZES: (
        "Official lists; test is what a source calls val or test. No-human share = images without"
        " humans / readable images; nothing is sampled yet, so each source shows all it has. Human"
        " pixels = human / labelled pixels, unlabelled ones count nowhere. Shares are fractions,"
        " not percent. The talk's human columns add up to 72,304 and 4,008 (printed: 72,255 and"
        " 4,030); its 'no-human 20%' is of the images with humans (63,965 → 76,758), 0.167 of"
        " the whole, and neither 4,038 (VOC) nor 610 (ADE20K) follows from its own percentage."
    ),
    CLEANING: (
        "Old - removed - left + joined = new, in every column. Left and joined: images whose list"
        " or kind changed, such as by a corrected mask. Shares are fractions. In the talk 91,172"
        " went in and 48,530 came out, 42,642 fewer, but 'removed' says 29,726, and test grew from"
        " 4,807 to 4,855 although images were removed: what moved was not written down. Its '20%'"
        " of no-human images is 0.100 of those with humans here (3,971 / 39,704)."
    ),
    SPLIT_AND_MERGE: (
        "New - removed - left + joined = result. New stands by official list, result by our split;"
        " left and joined are images that changed between the two. Removed: images without humans"
        " beyond the wanted share, and the smaller side of a duplicate group that lay across a"
        " line. Shares are fractions. The talk's sums add up here, but the 'removed' 2,183 went to"
        " validation, and its 'no-human 20%' is 0.091 of train (3,765 / 41,492)."
    ),
}
TITLES: Mapping[str, str] = {
    SIZES: "Sizes: what the sources hold",
    CLEANING: "Cleaning: old to new",
    SPLIT_AND_MERGE: "Split and merge: the dataset",
}
_SPLIT_NAMES = {
    "train": "train",
    "val": "validation",
    "test": "test",
    "none": "no list",
    ALL: "total",
}
_NO_VALUE = "–"  # noqa: RUF001 - an en dash, as tables use


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a table: a label and one cell per column."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One table as it is shown."""

    name: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]


def sheets(table: pa.Table) -> tuple[Sheet, ...]:
    """The three tables, quantities downwards, sources or splits across.

    Args:
        table: rows that ``thesis_tables.thesis_tables`` gave.
    """
    values = from_table(table)
    return (
        _sheet(values, SIZES, "source", _size_lines(values)),
        _sheet(values, CLEANING, "split", _flow_lines((OLD, NEW))),
        _sheet(values, SPLIT_AND_MERGE, "split", [*_flow_lines((NEW, RESULT)), *_origins(values)]),
    )


#: Label, and the address of a line's cells but for the column's source or split.
_Wanted = tuple[str, Address]


def _size_lines(values: Mapping[Address, float]) -> Iterator[_Wanted]:
    there = {at.split for at in values if at.table == SIZES}
    splits = [split for split in ("train", "test", "none", ALL) if split in there]
    for label, quantity in (
        ("images", "images"),
        ("unreadable", "unreadable"),
        ("human", "with_human"),
        ("with no-human", "readable"),
        ("no-human share", "no_human_share"),
        ("human pixels", "human_pixel_share"),
        ("same, human images", "human_pixel_share_with_human"),
    ):
        for split in [ALL] if quantity == "unreadable" else splits:
            yield (
                f"{label}, {_SPLIT_NAMES[split]}",
                Address(table=SIZES, source=ALL, split=split, stage=ORIGINAL, quantity=quantity),
            )


def _flow_lines(ends: tuple[str, str]) -> Iterator[_Wanted]:
    start, end = ends
    name = CLEANING if start == OLD else SPLIT_AND_MERGE
    kinds = (
        ("human", "with_human"),
        ("no-human", "without_human"),
        *((("unreadable", "unreadable"),) if start == OLD else ()),
    )
    shares = (
        ("no-human share", "no_human_share"),
        ("human pixels", "human_pixel_share"),
        ("same, human images", "human_pixel_share_with_human"),
    )
    for stage, label, some in (
        (start, start, (*kinds, *shares) if start == OLD else kinds),
        (TAKEN, "- removed", kinds),
        (LEFT, "- left", ()),
        (JOINED, "+ joined", ()),
        (end, f"= {end}", (*kinds[:2], *shares)),
    ):
        for detail, quantity in (("", "images"), *some):
            shown = f"· {detail}" if detail else label
            yield (
                shown,
                Address(table=name, source=ALL, split=ALL, stage=stage, quantity=quantity),
            )


def _origins(values: Mapping[Address, float]) -> Iterator[_Wanted]:
    stages = {at.stage for at in values if at.stage.startswith(FROM)}
    for stage in sorted(stages, key=lambda one: [*_SPLIT_NAMES].index(one.removeprefix(FROM))):
        official = _SPLIT_NAMES[stage.removeprefix(FROM)]
        yield (
            f"· from {official}",
            Address(table=SPLIT_AND_MERGE, source=ALL, split=ALL, stage=stage, quantity="images"),
        )


def _sheet(
    values: Mapping[Address, float], name: str, axis: str, wanted: Iterable[_Wanted]
) -> Sheet:
    there = {ALL, *(getattr(at, axis) for at in values if at.table == name)}
    order = [*sorted(there - {ALL}), ALL] if axis == "source" else [*_SPLIT_NAMES]
    columns = [column for column in order if column in there]
    lines = [
        Line(
            label=label,
            cells=tuple(_cell(values, replace(at, **{axis: column})) for column in columns),
        )
        for label, at in wanted
    ]
    names = columns if axis == "source" else [_SPLIT_NAMES[column] for column in columns]
    shown = tuple("total" if column == ALL else column for column in names)
    return Sheet(name=name, columns=shown, lines=tuple(lines))


def _cell(values: Mapping[Address, float], at: Address) -> str:
    """A count that was not met is 0; a share of nothing is no number."""
    if at.quantity in SHARES:
        return f"{values[at]:.3f}" if at in values else _NO_VALUE
    return f"{values.get(at, 0.0):,.0f}"


def to_markdown(table: pa.Table) -> str:
    """The three tables with their notes."""
    sections = []
    for sheet in sheets(table):
        lines = [
            f"**{TITLES[sheet.name]}** (`{sheet.name}`)",
            "",
            f"| | {' | '.join(sheet.columns)} |",
            f"|---|{'--:|' * len(sheet.columns)}",
            *(f"| {line.label} | {' | '.join(line.cells)} |" for line in sheet.lines),
            "",
            NOTES[sheet.name],
        ]
        sections.append("\n".join(lines))
    return "\n\n".join(sections) + "\n"
