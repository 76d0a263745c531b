"""Sources in the settings: a folder for a published one, a few lines for one of your own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from dataset_build.custom_sources import CustomSource, require_source_name


class SettingsError(ValueError):
    """A setting is unknown or has a value that cannot be used."""


def read_sources(found: object, folder: Path) -> dict[str, dict[str, Any]]:
    """The setting ``sources`` of a file, taken apart.

    Args:
        found: name -> folder of a published source, or a mapping with ``root`` and the fields of
            ``CustomSource``.
        folder: that relative folders are meant from.

    Returns:
        The fields ``sources`` and ``custom_sources`` of ``Settings``.

    Raises:
        SettingsError: no mapping, a description without ``root``, or one that cannot be used.
    """
    if not isinstance(found, Mapping):
        raise SettingsError(f"sources: expected `name: folder` lines, got {found!r}")
    roots: dict[str, Path] = {}
    custom: dict[str, CustomSource] = {}
    for name, value in found.items():
        where = f"sources.{name}"
        if isinstance(value, Mapping):
            fields = {str(key): entry for key, entry in value.items() if key != "root"}
            if not isinstance(value.get("root"), str):
                raise SettingsError(f"{where}: no root; name the folder that holds the source")
            if "human" not in fields:
                raise SettingsError(f"{where}: no human; name the ids of pixels that are a person")
            custom[str(name)] = build(CustomSource, where, fields)
            value = value["root"]
        if not isinstance(value, str | Path):
            raise SettingsError(f"{where} = {value!r}; expected a folder, or root: and more lines")
        roots[str(name)] = (folder / str(value)).resolve()
    return {"sources": roots, "custom_sources": custom}


def plain_sources(
    roots: Mapping[str, Path], custom: Mapping[str, CustomSource]
) -> dict[str, object]:
    """The opposite of ``read_sources``; fields at their default are left out."""
    plain: dict[str, object] = {}
    for name, root in roots.items():
        if name not in custom:
            plain[name] = str(root)
            continue
        fields = {
            item.name: getattr(custom[name], item.name)
            for item in dataclasses.fields(CustomSource)
            if getattr(custom[name], item.name) != item.default
        }
        lists = {key: list(v) if isinstance(v, tuple) else v for key, v in fields.items()}
        plain[name] = {"root": str(root), **lists}
    return plain


def require_known_sources(roots: Mapping[str, Path], custom: Mapping[str, CustomSource]) -> None:
    """Refuse sources that are neither published nor described, or whose name is taken.

    Raises:
        SettingsError: names the sources, and what is known.
    """
    from dataset_build.sources import SOURCES

    unknown = sorted(set(roots) - set(SOURCES) - set(custom))
    if unknown:
        raise SettingsError(
            f"sources {unknown} are unknown; known: {sorted(SOURCES)}. A source of your own is"
            " described by root, images, masks and human: see docs/sources.md"
        )
    taken = sorted(set(custom) & set(SOURCES))
    if taken:
        raise SettingsError(f"sources {taken} are published ones; give your own another name")
    if set(custom) - set(roots):
        raise SettingsError(f"custom sources {sorted(set(custom) - set(roots))} have no folder")
    for name in custom:
        try:
            require_source_name(name)
        except ValueError as error:
            raise SettingsError(f"sources: {error}") from error


def build(kind: type[Any], where: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """A configuration dataclass from settings.

    Raises:
        SettingsError: An unknown key, or a value that it refuses; names where it stands.
    """
    allowed = {item.name for item in dataclasses.fields(kind)}
    unknown = sorted(set(values) - allowed)
    if unknown:
        raise SettingsError(f"{where}: unknown settings {unknown}; allowed: {sorted(allowed)}")
    hints = get_type_hints(kind)
    fitted = {key: _fitted(hints[key], f"{where}.{key}", value) for key, value in values.items()}
    try:
        return kind(**fitted)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{where}: {error}") from error


def _fitted(hint: object, where: str, value: object) -> object:
    """A value as the dataclass wants it: lists as tuples, mappings as nested dataclasses."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, Mapping) and isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return build(hint, where, value)
    return value
