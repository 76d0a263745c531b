from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_analysis.footage.file_time import FileTime, FileTimeError, to_utc

BERLIN = ZoneInfo("Europe/Berlin")


def test_the_default_name_is_an_iso_time_with_dashes():
    assert FileTime().local_start("a/2026-01-05T08-00-09.mp4") == datetime(2026, 1, 5, 8, 0, 9)


def test_day_index_counts_from_the_base():
    names = FileTime(pattern=r"(?P<day_index>\d+)/(?P<hour>\d\d)", base=date(2020, 2, 28))
    assert names.local_start("2/07.mp4") == datetime(2020, 3, 1, 7)


@pytest.mark.parametrize("name", ["x.mp4", "2026-02-30T08-00-00.mp4", "2026-01-05T25-00-00.mp4"])
def test_names_without_a_valid_time_are_refused(name):
    with pytest.raises(FileTimeError, match=name):
        FileTime().local_start(name)


def test_a_name_without_a_time_is_told_what_is_expected():
    with pytest.raises(FileTimeError, match="a name such as 2026-01-05T08-00-00"):
        FileTime().local_start("clip.mp4")
    own = FileTime(pattern=r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)")
    with pytest.raises(FileTimeError) as refused:
        own.local_start("clip.mp4")
    assert own.pattern in str(refused.value)  # as it stands in camera.yaml


def test_the_hour_that_occurs_twice_is_the_earlier_one():
    assert to_utc(datetime(2026, 10, 25, 2, 30), BERLIN) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_the_hour_that_does_not_exist_is_read_with_the_offset_before():
    instant = to_utc(datetime(2026, 3, 29, 2, 30), BERLIN)
    assert instant == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert instant.astimezone(BERLIN).hour == 3


def test_a_time_with_its_own_offset_keeps_it():
    stated = datetime.fromisoformat("2026-10-25T02:30:00+01:00")
    assert to_utc(stated, BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@given(st.datetimes(datetime(2001, 1, 1), datetime(2037, 1, 1)))
def test_the_default_pattern_reads_back_any_time(moment):
    moment = moment.replace(microsecond=0)
    assert FileTime().local_start(moment.strftime("%Y-%m-%dT%H-%M-%S") + ".ts") == moment


def test_a_name_may_state_a_fraction_and_an_offset():
    names = FileTime()
    stated = names.local_start("2026-10-25T02-30-00.250+0100.mkv")
    assert to_utc(stated, BERLIN) == datetime(2026, 10, 25, 1, 30, 0, 250_000, tzinfo=UTC)
    assert names.local_start("2026-01-05T08-00-00Z.mp4").utcoffset() == timedelta(0)
    assert names.local_start("2026-01-05T08-00-00.5.mp4").microsecond == 500_000
    assert names.local_start("2026-01-05T08-00-00-0330.ts").utcoffset() == -timedelta(hours=3.5)
    for plain in ("2026-01-05T08-00-00.mp4", "2026-01-05T08-00-00.3gp", "2026-01-05T08-00-00-2.ts"):
        assert names.local_start(plain) == datetime(2026, 1, 5, 8)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@given(seconds=st.integers(0, 365 * 86_400))
def test_a_name_with_its_offset_is_exact_in_every_hour_of_the_year(zone, seconds):
    instant = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    name = instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H-%M-%S%z")
    assert to_utc(FileTime().local_start(name), ZoneInfo(zone)) == instant
