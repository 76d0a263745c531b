"""When a footage file starts: read from its name, in the camera's time zone.

A local time that a daylight-saving change makes ambiguous (the clock is set back) is taken as the
earlier of the two instants. One that does not exist (the clock is set forward) is read with the
offset in force before the change, so 02:30 in the gap is the instant that the new clock calls
03:30. A name may state its own offset (``2026-10-25T02-30-00+0100.mp4``), which is believed; so is
one in ``starts`` of ``camera.yaml``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

#: An earlier day is that of a clock which was reset, unless a home's settings say ``first_day``.
FIRST_DAY = "2020-01-01"

#: Named groups that a file_time pattern may use.
TIME_GROUPS: tuple[str, ...] = (
    *("year", "month", "day", "hour", "minute", "second"),
    *("fraction", "offset", "day_index"),
)

#: 2026-01-05T08-00-00.mp4; also 2026-10-25T02-30-00.250+0100.mkv
DEFAULT_PATTERN = (
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)T"
    r"(?P<hour>\d\d)-(?P<minute>\d\d)-(?P<second>\d\d)"
    r"(?:\.(?P<fraction>\d{1,6})(?!\w))?(?P<offset>Z|[+-]\d{4})?"
)


class FileTimeError(ValueError):
    """A file name says no valid time; the message says why."""


@dataclass(frozen=True, kw_only=True)
class FileTime:
    """How file names say when they start.

    Attributes:
        pattern: regular expression searched in the path relative to the footage folder, with
            named groups out of :data:`TIME_GROUPS`; hour, minute, second and fraction (decimals of
            the second) default to 0, offset (``Z`` or ``+0100``) to the camera's time zone.
        base: the day of ``day_index`` 0; needed exactly where the pattern has that group.
    """

    pattern: str = DEFAULT_PATTERN  # what the documentation tells users to name their files
    base: date | None = None  # the default pattern holds the whole date

    def __post_init__(self) -> None:
        try:
            groups = set(re.compile(self.pattern).groupindex)
        except re.error as error:
            raise ValueError(
                f"file_time.pattern {self.pattern!r} is no regular expression: {error}"
            ) from error
        unknown = groups - set(TIME_GROUPS)
        if unknown:
            raise ValueError(
                f"file_time.pattern has unknown groups {sorted(unknown)}; "
                f"allowed: {', '.join(TIME_GROUPS)}"
            )
        if "day_index" in groups and self.base is None:
            raise ValueError("file_time.pattern has day_index: state file_time.base, its day 0")
        if self.base is not None and "day_index" not in groups:
            raise ValueError(
                "file_time.base is the day of day_index 0: the pattern has no such group"
            )
        if "day_index" not in groups and not {"year", "month", "day"} <= groups:
            raise ValueError(
                "file_time.pattern names no day; it needs the groups year, month and day, or "
                "day_index with file_time.base"
            )

    def local_start(self, relative_path: str) -> datetime:
        """Local start time that the path states; naive unless the path states an offset.

        Raises:
            FileTimeError: the pattern is not found, or the numbers are no time.
        """
        found = re.search(self.pattern, relative_path)
        if found is None:
            wanted = (
                "a name such as 2026-01-05T08-00-00.mp4"
                if self.pattern == DEFAULT_PATTERN
                else f"what file_time.pattern finds, {self.pattern}"
            )
            raise FileTimeError(
                f"{relative_path} says no time; expected {wanted}; 'starts' or 'file_time' in "
                "camera.yaml tell it, too"
            )
        try:
            texts = {name: text for name, text in found.groupdict().items() if text}
            offset, fraction = texts.pop("offset", ""), texts.pop("fraction", "")
            number = {name: int(text) for name, text in texts.items()}
            microsecond = int(fraction[:6].ljust(6, "0")) if fraction else 0
            clock = time(
                number.get("hour", 0), number.get("minute", 0), number.get("second", 0), microsecond
            )
            zone = _time_zone(offset) if offset else None
            return datetime.combine(self._day(number), clock, zone)
        except (ValueError, KeyError, OverflowError) as error:
            raise FileTimeError(f"{relative_path!r} names no valid time: {error}") from error

    def _day(self, number: dict[str, int]) -> date:
        if "day_index" in number and self.base is not None:
            return self.base + timedelta(days=number["day_index"])
        return date(number["year"], number["month"], number["day"])


def _time_zone(offset: str) -> timezone:
    """Time zone of ``Z``, ``+0100`` or ``+01:00``."""
    if offset == "Z":
        return UTC
    digits = offset[1:].replace(":", "")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-ahead if offset[0] == "-" else ahead)


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """Instant in UTC of a local time; a time with its own offset keeps that offset.

    Gap and fold of a daylight-saving change: see the module's text.
    """
    if local.tzinfo is None:
        local = local.replace(tzinfo=zone, fold=0)
    return local.astimezone(UTC)
