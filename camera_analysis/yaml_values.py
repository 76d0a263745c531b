"""Values of a YAML document, checked as they are read."""

from __future__ import annotations

import math
from typing import Any


def mapping(value: object, allowed: tuple[str, ...], where: str) -> dict[str, Any]:
    """A mapping that holds no other keys than those allowed.

    Raises:
        ValueError: it is none, or holds others; names ``where`` and the allowed keys.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be a mapping of keys, got {type(value).__name__}")
    unknown = [str(key) for key in value if key not in allowed]
    if unknown:
        raise ValueError(f"{where} has unknown keys {unknown}; allowed: {', '.join(allowed)}")
    return value


def typed(value: Any, expected: tuple[type, ...], key: str) -> Any:  # noqa: ANN401  YAML holds anything
    """The value, if it is of an expected type; ``True`` and ``.nan`` are no numbers.

    Raises:
        ValueError: it is of another type; names the key.
    """
    stray_bool = isinstance(value, bool) and bool not in expected
    is_nan = isinstance(value, float) and math.isnan(value)
    if not isinstance(value, expected) or stray_bool or is_nan:
        names = " or ".join(kind.__name__ for kind in expected)
        raise ValueError(f"{key} is {value!r}; expected {names}")
    return value


def require_secret(value: object, key: str, expected: str) -> None:
    """Refuse a value that is given and no text, without showing it: it may hold a password.

    Raises:
        ValueError: it is of another type; names the key and what was expected.
    """
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{key} is of type {type(value).__name__}; expected {expected}")
