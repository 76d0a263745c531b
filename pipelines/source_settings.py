"""Sources in the settings: published ones, your own, and stored frames of your cameras."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml

from dataset_build.sources.custom_sources import CustomSource, require_source_name
from pipelines.setting_kinds import fitted

#: Folder below the home that holds stored frames, one folder per camera.
OWN_FRAMES = "own-frames"
#: In each of these: how it is read as a source.
SOURCE_FILE = "source.yaml"


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
        roots[str(name)] = (folder / Path(str(value)).expanduser()).resolve()
    return {"sources": roots, "custom_sources": custom}


def own_frames_root(home: Path, camera_id: str) -> Path:
    """Where stored frames of a camera lie."""
    return home / OWN_FRAMES / camera_id


def own_frames_name(camera_id: str) -> str:
    """Name of the source that a camera's stored frames are."""
    return f"{camera_id}-frames"


def with_own_frames(found: Mapping[str, dict[str, Any]], home: Path) -> dict[str, dict[str, Any]]:
    """What ``read_sources`` gave, and a source for every camera with stored frames.

    Args:
        found: the fields ``sources`` and ``custom_sources`` of ``Settings``.
        home: below which the frames lie.

    Raises:
        SettingsError: a source of that name stands in the settings, or a file cannot be used.
    """
    roots, custom = dict(found["sources"]), dict(found["custom_sources"])
    for path in sorted((home / OWN_FRAMES).glob(f"*/{SOURCE_FILE}")):
        name = own_frames_name(path.parent.name)
        if name in roots:
            raise SettingsError(f"source {name} stands in the settings, and {path} gives it too")
        try:
            fields = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(f"{path}: cannot be read as YAML: {error}") from error
        if not isinstance(fields, dict):
            raise SettingsError(f"{path}: expected `name: value` lines, got {fields!r}")
        roots[name] = path.parent.resolve()
        custom[name] = build(CustomSource, str(path), fields)
    return {"sources": roots, "custom_sources": custom}


def without_own_frames(roots: Mapping[str, Path], home: Path) -> dict[str, Path]:
    """Sources that are the settings' own to write down."""
    folder = (home / OWN_FRAMES).resolve()
    return {name: root for name, root in roots.items() if root.resolve().parent != folder}


def plain_sources(
    roots: Mapping[str, Path], custom: Mapping[str, CustomSource]
) -> dict[str, object]:
    """The opposite of ``read_sources``; fields at their default are left out."""
    plain: dict[str, object] = {}
    for name, root in roots.items():
        if name not in custom:
            plain[name] = str(root)
            continue
        plain[name] = {"root": str(root), **plain_source(custom[name])}
    return plain


def plain_source(custom: CustomSource) -> dict[str, object]:
    """The lines that describe one source of your own; fields at their default are left out."""
    fields = {
        item.name: getattr(custom, item.name)
        for item in dataclasses.fields(CustomSource)
        if getattr(custom, item.name) != item.default
    }
    return {key: list(v) if isinstance(v, tuple) else v for key, v in fields.items()}


def require_known_sources(roots: Mapping[str, Path], custom: Mapping[str, CustomSource]) -> None:
    """Refuse sources that are neither published nor described, or whose name is taken.

    Raises:
        SettingsError: names the sources, and what is known.
    """
    from dataset_build.sources.sources import SOURCES

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
    found = {key: _fitted(hints[key], where, key, value) for key, value in values.items()}
    try:
        return kind(**found)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{where}: {error}") from error


def _fitted(hint: object, where: str, key: str, value: object) -> object:
    """A value of the kind that the dataclass wants."""
    try:
        value = fitted(hint, value)
    except ValueError as error:
        raise SettingsError(f"{where}: {key} = {value!r}; expected {error}") from error
    return _built(hint, f"{where}.{key}", value)


def _built(hint: object, where: str, value: object) -> object:
    """Mappings become nested dataclasses, also those in a list."""
    if isinstance(value, tuple):
        (element, *_) = get_args(hint) or (None,)
        return tuple(_built(element, f"{where}[{n}]", entry) for n, entry in enumerate(value))
    if isinstance(value, Mapping) and isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return build(hint, where, value)
    return value
