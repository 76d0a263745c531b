"""The three tables of the thesis talk as one picture that a phone can show."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from dataset_build import charts
from dataset_build.statistics.thesis_tables_views import NOTES, TITLES, Line, Sheet, sheets

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

#: Inches: a line of a table, a line of a note, the column of labels.
_LINE_IN, _NOTE_LINE_IN, _LABEL_IN = 0.25, 0.175, 2.2
#: Inches: a bold letter, the gap between two columns of numbers.
_LETTER_IN, _GAP_IN = 0.113, 0.12
#: A table that is wider goes on below; a Dagster picture shows letters of 15 px at this width.
_WIDEST_IN = 6.8
#: Characters per inch of a note, two points smaller than the tables.
_NOTE_CHARACTERS_PER_IN = 13.0
_TITLE_LINES = 2


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Columns of a table that fit side by side, with their right edges in inches."""

    sheet: Sheet
    ends_in: tuple[float, ...]
    note: tuple[str, ...] = ()

    @property
    def height_in(self) -> float:
        lines = len(self.sheet.lines) + 1 + _TITLE_LINES
        return _LINE_IN * lines + _NOTE_LINE_IN * (len(self.note) + 1)


def draw(table: pa.Table, path: Path) -> Path:
    """The three tables one below the other, each with its note; many sources in several blocks.

    Args:
        table: rows that ``thesis_tables.thesis_tables`` gave.
        path: PNG to write.
    """
    blocks = [block for sheet in sheets(table) for block in _blocks(sheet)]
    heights = [block.height_in for block in blocks]
    figure = charts.new_figure(sum(heights), width_in=_WIDEST_IN, by_hand=True)
    parts = figure.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, block in zip(parts, blocks, strict=True):
        _draw_block(part, block)
    return charts.save(figure, path)


def _blocks(sheet: Sheet) -> Iterator[_Block]:
    """As few blocks as fit, of as many columns each; the note stands below the last."""
    note = tuple(textwrap.wrap(NOTES[sheet.name], round(_WIDEST_IN * _NOTE_CHARACTERS_PER_IN)))
    cells = zip(sheet.columns, *(line.cells for line in sheet.lines), strict=True)
    widths = [_GAP_IN + _LETTER_IN * max(map(len, column)) for column in cells]
    per_block = next(
        size
        for count in range(1, len(widths) + 1)
        if _fits(widths, size := math.ceil(len(widths) / count)) or size == 1
    )
    for start in range(0, len(widths), per_block):
        some = slice(start, start + per_block)
        yield _Block(
            sheet=_columns_of(sheet, some),
            ends_in=tuple(_LABEL_IN + end for end in accumulate(widths[some])),
            note=note if start + per_block >= len(widths) else (),
        )


def _fits(widths: Sequence[float], per_block: int) -> bool:
    parts = (widths[start : start + per_block] for start in range(0, len(widths), per_block))
    return all(_LABEL_IN + sum(part) <= _WIDEST_IN for part in parts)


def _columns_of(sheet: Sheet, some: slice) -> Sheet:
    lines = tuple(replace(line, cells=line.cells[some]) for line in sheet.lines)
    return replace(sheet, columns=sheet.columns[some], lines=lines)


def _draw_block(part: SubFigure, block: _Block) -> None:
    """Positions in inches from the top left; every second line is shaded."""
    top, height = 0.5 * _LINE_IN, block.height_in

    def write(text: str, x_in: float, *, right: bool = False, bold: bool = False) -> None:
        part.text(
            x_in / _WIDEST_IN,
            1.0 - top / height,
            text,
            ha="right" if right else "left",
            va="center",
            fontsize=charts.FONT_PT,
            weight="bold" if bold else "normal",
        )

    write(TITLES[block.sheet.name], 0.05, bold=True)
    lines = (Line(label="", cells=block.sheet.columns), *block.sheet.lines)
    for index, line in enumerate(lines):
        top += _LINE_IN
        if index % 2:
            charts.band(part, 1.0 - (top + _LINE_IN / 2) / height, _LINE_IN / height)
        write(line.label, 0.05, bold=line.label.startswith("="))
        for cell, end in zip(line.cells, block.ends_in, strict=True):
            write(cell, end, right=True, bold=index == 0 or line.label.startswith("="))
    _write_note(part, block.note, 1.0 - (top + 0.7 * _LINE_IN) / height)


def _write_note(part: SubFigure, note: Sequence[str], y: float) -> None:
    part.text(
        0.05 / _WIDEST_IN,
        y,
        "\n".join(note),
        ha="left",
        va="top",
        fontsize=charts.FONT_PT - 2,
        linespacing=1.25,
    )
