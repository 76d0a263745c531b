"""A database that does not answer is named within seconds, without its password."""

from __future__ import annotations

import pytest

from dataset_build.review import review_database
from dataset_build.review.review_database import ReviewUnavailableError, database, with_timeout


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("mongodb://db", "mongodb://db/?serverSelectionTimeoutMS=5000"),
        ("mongodb://db:27017/", "mongodb://db:27017/?serverSelectionTimeoutMS=5000"),
        (
            "mongodb://db/review?tls=true",
            "mongodb://db/review?tls=true&serverSelectionTimeoutMS=5000",
        ),
        (
            "mongodb://db/?serverSelectionTimeoutMS=9",
            "mongodb://db/?serverSelectionTimeoutMS=9",
        ),
    ],
)
def test_the_wait_for_a_service_is_short_unless_it_is_stated(uri, expected):
    assert with_timeout(uri) == expected


def test_a_service_that_is_not_there_is_named_without_its_password(monkeypatch):
    monkeypatch.setattr(review_database, "TIMEOUT_MS", 100)
    monkeypatch.setenv(
        "FIFTYONE_DATABASE_URI", "mongodb://me:secret@127.0.0.1:1/?serverSelectionTimeoutMS=100"
    )
    with pytest.raises(ReviewUnavailableError, match=r"127\.0\.0\.1:1/ does not answer") as caught:
        with database():
            raise AssertionError("nothing answers at port 1")
    assert "secret" not in str(caught.value)
    assert "then retry" in str(caught.value)


def test_two_folders_never_share_an_embedded_database(monkeypatch):
    def name(folder: str) -> str:
        monkeypatch.setenv("FIFTYONE_DATABASE_DIR", folder)
        return review_database._service_name()

    # FiftyOne joins a running process of the same name, whatever folder that one serves.
    assert name("/homes/demo/fiftyone") == name("/homes/demo/fiftyone")
    assert len({name("/homes/demo/fiftyone"), name("/homes/real/fiftyone"), "db"}) == 3
