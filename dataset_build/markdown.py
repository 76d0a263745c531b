"""Text in tables of Markdown."""

from __future__ import annotations


def cell(text: str) -> str:
    """Text that cannot end its cell: a file may be named with a bar or a line break."""
    return " ".join(text.replace("|", "/").split())
