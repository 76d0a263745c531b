"""Nothing that is shown, new, painted or of another name is removed."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from dataset_build.review.review_leftovers import is_painted, remove_pictures
from dataset_build.sources.mask_pictures import to_greys, write_picture
from tests.dataset_build.factories_ledger import sha

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
MASK = np.array([[0, 1], [255, 0]], np.uint8)


def picture(folder, name, *, age_days):
    """A mask picture of an image of that name."""
    folder.mkdir(exist_ok=True)
    path = write_picture(MASK, folder, sha(name))
    return aged(path, age_days)


def aged(path, age_days):
    moment = (NOW - timedelta(days=age_days)).timestamp()
    os.utime(path, (moment, moment))
    return path


def test_an_old_picture_that_no_sample_shows_goes_and_no_other(tmp_path):
    old, shown = picture(tmp_path, "a", age_days=31), picture(tmp_path, "b", age_days=99)
    new = picture(tmp_path, "c", age_days=29)
    assert remove_pictures(tmp_path, shown=[shown], before=BEFORE) == [old]
    assert sorted(tmp_path.iterdir()) == sorted([shown, new])


def test_predictions_and_unfinished_drafts_go_too(tmp_path):
    seen = picture(tmp_path / "predictions", "a", age_days=31)
    draft = picture(tmp_path, "b", age_days=31).rename(tmp_path / f"{sha('b')}-{sha('m')}.part")
    assert remove_pictures(tmp_path, shown=[], before=BEFORE) == sorted([draft, seen])


def test_a_file_that_the_reviewer_put_there_stays(tmp_path):
    own = aged(picture(tmp_path, "a", age_days=0).rename(tmp_path / "my copy.png"), 400)
    assert remove_pictures(tmp_path, shown=[], before=BEFORE) == []
    assert own.is_file()


def test_a_shown_picture_stays_under_another_way_to_it(tmp_path):
    (tmp_path / "home").mkdir()
    old = picture(tmp_path / "masks", "a", age_days=31)
    way = tmp_path / "home" / ".." / "masks" / old.name
    assert remove_pictures(tmp_path / "masks", shown=[way], before=BEFORE) == []


def test_painted_is_what_differs_from_the_mask_in_the_name(tmp_path):
    path = picture(tmp_path, "a", age_days=0)
    assert not is_painted(path, (2, 2))
    cv2.imwrite(str(path), to_greys(MASK[::-1]))
    assert is_painted(path, (2, 2))


def test_a_picture_that_cannot_be_read_counts_as_painted_and_a_missing_one_does_not(tmp_path):
    path = picture(tmp_path, "a", age_days=0)
    path.write_bytes(b"half a")
    assert is_painted(path, (2, 2))
    path.unlink()
    assert not is_painted(path, (2, 2))
