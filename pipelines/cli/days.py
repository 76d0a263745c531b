"""Local days on the command line: refused where they are none, before anything is done."""

from __future__ import annotations

import click

from camera_analysis.local_time import is_local_day


class LocalDay(click.ParamType):
    """A day as "YYYY-MM-DD", given on as text; the empty text of a default is let through."""

    name = "day"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The text, or a clear end of the command: days are compared as text later on."""
        text = str(value)
        if text and not is_local_day(text):
            self.fail(f"{text!r} is no day of the calendar; write YYYY-MM-DD", param, ctx)
        return text


LOCAL_DAY = LocalDay()
