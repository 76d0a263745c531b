"""Instants and durations as a reader beside the camera would write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

# Spelled out because strftime follows the machine's locale, and a page must not.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class LocalClock:
    """Writes UTC instants in a camera's time zone, relative to one local day.

    Args:
        zone_name: IANA name, such as "Europe/Berlin".
        day: local day, "YYYY-MM-DD".

    Raises:
        ValueError: the day is not a calendar day.
        zoneinfo.ZoneInfoNotFoundError: the zone is unknown.
    """

    zone_name: str
    day: str

    def __post_init__(self) -> None:
        """Refuse a day or a zone that does not exist."""
        try:
            date.fromisoformat(self.day)
        except ValueError as error:
            raise ValueError(f"day {self.day!r} is no calendar day; write YYYY-MM-DD") from error
        ZoneInfo(self.zone_name)

    @cached_property
    def offsets(self) -> tuple[str, ...]:
        """UTC offsets in force during the day, in order; two when the clocks change."""
        zone, first = ZoneInfo(self.zone_name), date.fromisoformat(self.day)
        begins, ends = (datetime.combine(first + timedelta(days=n), time(), zone) for n in (0, 1))
        # Where midnight itself is skipped or comes twice, the day begins and ends with the change.
        last = ends.astimezone(UTC) - timedelta(microseconds=1)
        moments = (begins.astimezone(UTC), last)
        return tuple(dict.fromkeys(_offset(moment.astimezone(zone)) for moment in moments))

    @property
    def day_title(self) -> str:
        """The day in words: "Monday 5 January 2026"."""
        return day_title(self.day)

    @property
    def zone_title(self) -> str:
        """The zone and its offset: "Europe/Berlin (UTC+01:00)"."""
        return f"{self.zone_name} ({', then '.join(f'UTC{offset}' for offset in self.offsets)})"

    def local(self, moment: datetime) -> datetime:
        """The clock's reading beside the camera, without a zone: it jumps where clocks change."""
        return moment.astimezone(ZoneInfo(self.zone_name)).replace(tzinfo=None)

    def midnight_before(self, moment: datetime) -> datetime:
        """The instant, in UTC, at which the local day of another instant began."""
        local = moment.astimezone(ZoneInfo(self.zone_name))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        return midnight.astimezone(UTC)

    def at(self, moment: datetime) -> str:
        """Local time of day; the date where it is another day, the offset where clocks change.

        Args:
            moment: an instant; without a zone it is taken as UTC.
        """
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        local = aware.astimezone(ZoneInfo(self.zone_name))
        text = f"{local:%H:%M:%S}"
        if local.date().isoformat() != self.day:
            text = f"{local.day} {MONTHS[local.month - 1][:3]} {text}"
        if len(self.offsets) > 1:
            text += f" (UTC{_offset(local)})"
        return text

    def span(self, start: datetime | None, end: datetime | None) -> str:
        """A time range, "14:03:10-14:05:00" with an en dash; one end may be unknown."""
        if start is None:
            return f"until {self.at(end)}" if end else "time unknown"
        if end is None:
            return f"from {self.at(start)}"
        first, last = self.at(start), self.at(end)
        return first if first == last else f"{first}\u2013{last}"


def is_local_day(text: str) -> bool:
    """Whether a text is a day of the calendar as days are named here and compared: YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def day_title(day: str) -> str:
    """A local day "YYYY-MM-DD" in words: "Monday 5 January 2026"."""
    moment = date.fromisoformat(day)
    return f"{WEEKDAYS[moment.weekday()]} {moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def duration(length: timedelta) -> str:
    """A length of time in its two largest units: "45 s", "3 min 5 s", "2 h 10 min"."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    named = [f"{value}\u00a0{unit}" for value, unit in parts if value][:2]
    return " ".join(named) or "an instant"


def _offset(local: datetime) -> str:
    return local.isoformat(timespec="seconds")[len("2026-01-05T00:00:00") :]
