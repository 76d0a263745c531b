"""Downloads from a real server that breaks off, lies and changes its mind."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from dataset_build.downloads import downloads
from dataset_build.downloads.downloads import download
from dataset_build.downloads.remote_file import DownloadError
from tests.dataset_build.downloads.factories_server import Site, serve

BODY = random.Random(7).randbytes(3_000_000)
MD5 = hashlib.md5(BODY).hexdigest()
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def site():
    with serve(Site(BODY)) as served:
        yield served


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "archives" / "archive.zip"


class Clock:
    """Waits nowhere and remembers what was asked."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)


def fetch(site: Site, target: Path, **options: object) -> downloads.Downloaded:
    return download(site.url, target, **{"sleep": Clock(), **options})


def left_behind(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_a_file_comes_whole_with_its_checksum_beside_it(site: Site, target: Path):
    found = fetch(site, target, size_bytes=len(BODY), md5=MD5)
    assert target.read_bytes() == BODY
    assert (found.verified_by, found.sha256, found.fetched) == ("md5", SHA256, True)
    assert (target.parent / "archive.zip.sha256").read_text() == f"{SHA256}  archive.zip\n"
    assert left_behind(target) == ["archive.zip", "archive.zip.sha256"]


def test_progress_reaches_the_whole_length(site: Site, target: Path):
    seen: list[tuple[int, int | None]] = []
    fetch(site, target, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, len(BODY))
    assert seen[-1] == (len(BODY), len(BODY))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_server_that_breaks_off_midway_is_asked_for_the_rest_only(site: Site, target: Path):
    site.break_after = [1_000_000, 500_000]
    fetch(site, target, md5=MD5)
    assert target.read_bytes() == BODY
    assert [r.get("range") for r in site.requests] == [None, "bytes=1000000-", "bytes=1500000-"]
    assert site.requests[1]["if-range"] == '"one"'


def test_a_later_command_goes_on_where_a_killed_one_stopped(site: Site, target: Path):
    site.break_after = [1_000_000]
    with pytest.raises(DownloadError, match="run the same command again to go on"):
        fetch(site, target, attempts=1, sleep=lambda seconds: site.answers.append(503))
    assert not target.exists()
    site.answers.clear()
    site.requests.clear()
    fetch(site, target, md5=MD5)
    assert target.read_bytes() == BODY
    assert [r.get("range") for r in site.requests] == ["bytes=1000000-"]


def test_a_date_serves_where_there_is_no_strong_tag(site: Site, target: Path):
    site.etag, site.last_modified = 'W/"weak"', "Wed, 21 Oct 2015 07:28:00 GMT"
    site.break_after = [1_000_000]
    fetch(site, target, md5=MD5)
    assert site.requests[1]["if-range"] == site.last_modified


def test_a_part_of_an_unknown_file_is_never_continued(site: Site, target: Path):
    site.etag = ""
    site.break_after = [1_000_000]
    fetch(site, target, md5=MD5)
    assert [r.get("range") for r in site.requests] == [None, None]
    assert target.read_bytes() == BODY


def test_a_server_that_ignores_ranges_sends_all_of_it_again(site: Site, target: Path):
    site.takes_ranges = False
    site.break_after = [1_000_000]
    fetch(site, target)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("obeys_if_range", [True, False])
def test_a_file_that_changed_midway_is_fetched_anew(site: Site, target: Path, obeys_if_range: bool):
    fresh = random.Random(8).randbytes(len(BODY))

    def replace_file(site: Site) -> None:
        if len(site.requests) == 2:
            site.body, site.etag = fresh, '"two"'

    site.break_after, site.before, site.obeys_if_range = [1_000_000], replace_file, obeys_if_range
    fetch(site, target)
    assert target.read_bytes() == fresh


def test_a_server_that_promises_more_than_it_sends_is_found_out(site: Site, target: Path):
    site.stated_length = len(BODY) + 10
    site.takes_ranges = False
    with pytest.raises(DownloadError, match=r"broke off after 3,000,000 of 3,000,010 bytes"):
        fetch(site, target, attempts=3)
    assert not target.exists()


def test_a_server_that_promises_less_than_was_published_is_refused_at_once(
    site: Site, target: Path
):
    site.stated_length = 100
    with pytest.raises(DownloadError, match=r"has 100 bytes, the published one 3,000,000"):
        fetch(site, target, size_bytes=len(BODY))
    assert len(site.requests) == 1


def test_a_wrong_checksum_leaves_nothing_that_could_be_taken_for_the_file(site: Site, target: Path):
    with pytest.raises(DownloadError, match=f"has the md5 {MD5}, the published file {'0' * 32}"):
        fetch(site, target, md5="0" * 32)
    assert left_behind(target) == []


def test_errors_that_pass_are_waited_out_ever_longer(site: Site, target: Path):
    site.answers = [500, 503, 429]
    clock = Clock()
    fetch(site, target, md5=MD5, sleep=clock)
    assert target.read_bytes() == BODY
    assert clock.waits == [2.0, 4.0, 8.0]


def test_a_server_that_stays_down_is_given_up_on(site: Site, target: Path):
    site.answers = [500] * 99
    with pytest.raises(DownloadError, match=r"500 .*, 4 times in a row"):
        fetch(site, target, attempts=4)
    assert len(site.requests) == 4


def test_a_server_without_ranges_that_breaks_off_here_and_there_is_given_up_on(
    site: Site, target: Path
):
    site.takes_ranges = False
    site.break_after = [1_000_000, 500_000, 900_000] * 9
    with pytest.raises(DownloadError, match=r"broke off after 1,000,000 .*, 3 times in a row"):
        fetch(site, target, attempts=3)
    assert len(site.requests) == 4  # the first brought new bytes, three in a row did not


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_not_there_is_not_asked_for_twice(site: Site, target: Path, status: int):
    site.answers = [status]
    with pytest.raises(DownloadError, match=f"the server answers {status}"):
        fetch(site, target)
    assert len(site.requests) == 1


def test_nobody_at_the_address_is_a_clear_error(target: Path):
    with serve(Site(BODY)) as site:
        url = site.url
    with pytest.raises(DownloadError, match="refused"):
        download(url, target, attempts=2, sleep=Clock())


def test_a_whole_file_is_not_fetched_again_but_verified(site: Site, target: Path):
    fetch(site, target, md5=MD5)
    site.requests.clear()
    again = fetch(site, target)
    assert (again.fetched, again.verified_by, site.requests) == (False, "recorded sha256", [])


@pytest.mark.parametrize("checks", [{"md5": MD5}, {"size_bytes": len(BODY)}, {}])
def test_a_file_that_rotted_on_disk_is_named(site: Site, target: Path, checks: dict):
    fetch(site, target)
    target.write_bytes(BODY[:-1])
    with pytest.raises(DownloadError, match="Remove it and run the same command again"):
        fetch(site, target, **checks)
    assert target.exists()  # it may be somebody's only copy


def test_without_a_published_checksum_only_the_length_vouches(site: Site, target: Path):
    assert fetch(site, target).verified_by == "length"


def test_a_file_put_there_by_hand_is_vouched_for_by_nothing_until_it_is_recorded(
    site: Site, target: Path
):
    target.parent.mkdir()
    target.write_bytes(BODY)
    found = fetch(site, target)
    assert (found.verified_by, found.fetched, site.requests) == ("nothing", False, [])
    assert (target.parent / "archive.zip.sha256").read_text() == f"{SHA256}  archive.zip\n"
    assert fetch(site, target).verified_by == "recorded sha256"
    target.write_bytes(BODY[:-1])
    with pytest.raises(DownloadError, match=f"the recorded one is {SHA256}"):
        fetch(site, target)


@pytest.mark.parametrize(
    ("checks", "by"), [({"size_bytes": len(BODY)}, "length"), ({"md5": MD5}, "md5")]
)
def test_a_file_put_there_by_hand_is_held_to_what_is_published(
    site: Site, target: Path, checks: dict, by: str
):
    target.parent.mkdir()
    target.write_bytes(BODY)
    assert fetch(site, target, **checks).verified_by == by
    assert fetch(site, target).verified_by == "recorded sha256"


@pytest.mark.parametrize("url", ["file:///etc/hosts", "ftp://host/file", "archive.zip"])
def test_only_web_addresses_are_opened(url: str, target: Path):
    with pytest.raises(ValueError, match="http"):
        download(url, target)


def test_no_redirection_leads_away_from_the_web(site: Site, target: Path):
    site.redirect_to = "file:///etc/hosts"
    with pytest.raises(DownloadError):
        fetch(site, target, attempts=1)
    assert not target.exists()


def test_a_full_disk_says_so_and_keeps_what_came(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
):
    def no_room(self: object, done: int, total: int | None) -> None:
        if done:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads._Fetch, "_report", no_room)
    with pytest.raises(DownloadError, match="the disk is full"):
        fetch(site, target)
    assert (target.parent / "archive.zip.part").stat().st_size > 0
