"""A folder or a glob -> its files, each under the key that the wildcards matched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_WILDCARD = re.compile(r"[*?\[]")
_TOKENS = re.compile(r"\*+|\?|\[[!^]?\]?[^\]/]*\]|[^*?\[]+|\[")


@dataclass(frozen=True, kw_only=True)
class FoundFiles:
    """Files below a base: key -> relative posix path, and those that fit no key of their own."""

    by_key: dict[str, str]
    strays: tuple[str, ...]


def find_files(base: Path, pattern: str, suffixes: Sequence[str]) -> FoundFiles:
    """Files that a pattern names; links to folders are not followed.

    A key is what the wildcards matched, joined by ``/``, without the file's suffix:
    ``scenes/*/rgb/*.jpg`` finds ``scenes/yard/rgb/0001.jpg`` under ``yard/0001``.

    Args:
        base: an existing folder.
        pattern: a folder, whose files are taken by suffix, or a glob with *, ?, [abc] and **.
        suffixes: ends of file names, in any case, for a pattern without wildcards.

    Returns:
        The files by key; where a key comes twice, as of ``a.jpg`` and ``a.png``, the second in the
        order of names stands under its whole name, or its path where the pattern is a glob. Hidden
        files, and in a plain folder those with another suffix, are strays.
    """
    plain = not _WILDCARD.search(pattern)
    matcher = _folder_matcher(pattern, suffixes) if plain else _glob_matcher(pattern)
    by_key: dict[str, str] = {}
    strays: list[str] = []
    for relative in _listed(base, pattern):
        found = matcher.fullmatch(relative)
        key = "/".join(part for part in found.groups() if part).replace("//", "/") if found else ""
        if not key or is_hidden(relative.rpartition("/")[2]):
            strays += [relative] if found or plain else []
        else:
            twin = relative.rpartition("/")[2] if plain else relative
            by_key[twin if key in by_key else key] = relative
    return FoundFiles(by_key=by_key, strays=tuple(strays))


def is_regular(entry: os.DirEntry[str]) -> bool:
    """Whether there is a file behind a name; a link that leads nowhere or to itself is none."""
    try:
        return entry.is_file()
    except OSError:
        return False


def is_hidden(name: str) -> bool:
    """Whether a file is one of those that systems leave beside pictures, such as ``._a.jpg``."""
    return name.startswith(".")


def matches(relative: str, pattern: str) -> bool:
    """Whether a posix path is one that a pattern names, whatever its suffix."""
    plain = not _WILDCARD.search(pattern)
    matcher = _folder_matcher(pattern, ("",)) if plain else _glob_matcher(pattern)
    return matcher.fullmatch(relative) is not None


def _folder_matcher(folder: str, suffixes: Sequence[str]) -> re.Pattern[str]:
    ends = "|".join(re.escape(suffix) for suffix in suffixes)
    return re.compile(f"{re.escape(folder)}/([^/]+)(?i:{ends})", re.DOTALL)


def _glob_matcher(pattern: str) -> re.Pattern[str]:
    """Every wildcard is a group, except that the suffix of the last segment belongs to no key."""
    *folders, name = pattern.split("/")
    words = ["(?:([^/]+(?:/[^/]+)*)/)?" if one == "**" else _segment(one) + "/" for one in folders]
    return re.compile("".join(words) + _segment(name), re.DOTALL)


def _segment(segment: str) -> str:
    return "".join(_token(token) for token in _TOKENS.findall(segment))


def _token(token: str) -> str:
    if token.startswith("*"):
        return "([^/]*)"
    if token == "?":
        return "([^/])"
    if token.startswith("[") and len(token) > 1:
        negated = token[1] in "!^"
        inside = token[2 if negated else 1 : -1].replace("\\", "\\\\")
        return f"([{'^/' if negated else ''}{inside}])"
    return f"(?i:{re.escape(token)})"


def _listed(base: Path, pattern: str) -> Iterator[str]:
    """Relative posix paths of the files that could match, sorted."""
    segments = pattern.split("/")
    fixed = []
    for segment in segments:
        if _WILDCARD.search(segment):
            break
        fixed.append(segment)
    wild = segments[len(fixed) :]
    deepest = None if "**" in wild else max(len(wild) - 1, 0)
    yield from _walk(base, "/".join(fixed), deepest)


def _walk(base: Path, folder: str, deepest: int | None) -> Iterator[str]:
    """Files of a folder and, ``deepest`` levels further, of those in it (None: all levels)."""
    here = base / folder if folder else base
    if not here.is_dir():
        return
    with os.scandir(here) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        relative = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            if deepest is None or deepest > 0:
                yield from _walk(base, relative, None if deepest is None else deepest - 1)
        elif is_regular(entry):
            yield relative
