"""Values as YAML reads them, as the fields of a configuration want them, or what is wrong."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Union, get_args, get_origin


def fitted(hint: object, value: object) -> object:
    """A value of the kind that a field has.

    YAML reads ``1e-3``, which has no point, as text, and a person means a number.

    Args:
        hint: of the field.
        value: as it was read, or of the kind already; lists become tuples.

    Raises:
        ValueError: of another kind; says only what was expected.
    """
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _fitted_to_any(get_args(hint), value)
    if origin is tuple:
        return _elements(get_args(hint), value)
    if origin is Mapping or dataclasses.is_dataclass(hint):
        return _fields(hint, value)
    return _plain(hint, value)


def _elements(hints: tuple[object, ...], value: object) -> object:
    """Each of a list's entries fits, where all of them are of one kind."""
    if not isinstance(value, list | tuple):
        raise ValueError("a list")
    if len(hints) != 2 or hints[1] is not Ellipsis:
        return tuple(value)
    try:
        return tuple(fitted(hints[0], entry) for entry in value)
    except ValueError as error:
        raise ValueError(f"a list, each {error}") from error


def _fields(hint: object, value: object) -> object:
    """A name with nothing behind it is an empty mapping; what is built already stays."""
    if value is None and not dataclasses.is_dataclass(hint):
        return {}
    built = dataclasses.is_dataclass(value)
    return _require(built or isinstance(value, Mapping), value, "`name: value` lines")


def _plain(hint: object, value: object) -> object:
    if hint in (int, float):
        return _number(value, whole=hint is int)
    if hint is bool:
        return _require(isinstance(value, bool), value, "true or false")
    if hint is Path:
        return _require(isinstance(value, str | Path), value, "a folder")
    if hint is str and isinstance(value, int | float | None) and not isinstance(value, bool):
        return "" if value is None else str(value)  # a name of digits
    return _require(hint is not str or isinstance(value, str), value, "text")


def _fitted_to_any(hints: tuple[object, ...], value: object) -> object:
    """The first kind that fits; None only where it is meant."""
    wanted = [hint for hint in hints if hint is not types.NoneType]
    if value is None and len(wanted) < len(hints):
        return None
    said = []
    for hint in wanted:
        try:
            return fitted(hint, value)
        except ValueError as error:
            said.append(str(error))
    raise ValueError(" or ".join(said))


def _number(value: object, *, whole: bool) -> object:
    expected = "a whole number" if whole else "a number"
    _require(isinstance(value, int | float | str) and not isinstance(value, bool), value, expected)
    number = value
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError as error:
            raise ValueError(expected) from error
    if isinstance(number, float):
        _require(not math.isnan(number), value, expected)  # it passes limits: nan <= 0 is False
        if whole:
            _require(number.is_integer(), value, expected)
            return int(number)
    return number


def _require(holds: bool, value: object, expected: str) -> object:
    if not holds:
        raise ValueError(expected)
    return value
