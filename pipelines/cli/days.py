"""Local days on the command line: refused where they are none, before anything is done."""

from __future__ import annotations

from datetime import datetime

import click


class LocalDay(click.ParamType):
    """A day as "YYYY-MM-DD", given on as text; the empty text of a default is let through."""

    name = "day"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The text, or a clear end of the command: days are compared as text later on."""
        text = str(value)
        try:
            is_day = not text or f"{datetime.strptime(text, '%Y-%m-%d'):%Y-%m-%d}" == text
        except ValueError:
            is_day = False
        if not is_day:
            self.fail(f"{text!r} is no day of the calendar; write YYYY-MM-DD", param, ctx)
        return text


LOCAL_DAY = LocalDay()
