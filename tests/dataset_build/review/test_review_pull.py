"""Tags, painted masks, the inbox and the last pull, joined; no database needed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from dataset_build.ledger.corrections import open_corrections
from dataset_build.ledger.decisions import read_decisions, read_invalid
from dataset_build.review.relabel_inbox import HandedIn, hand_in, read_inbox
from dataset_build.review.review_pull import Reviewed, merge_decisions
from dataset_build.sources.mask_pictures import (
    MaskPictureError,
    mask_digest,
    to_greys,
    write_picture,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIZE = (4, 6)
SHOWN = np.zeros(SIZE, np.uint8)
CORRECTED = np.zeros(SIZE, np.uint8)
CORRECTED[1:3, 2:5] = 1
CORRECTED[0, 0] = 255


def sha_of(key: str) -> str:
    """What the image named by one hex digit hashes to."""
    return key * 64


class Review:
    """A mask folder, an inbox, and as many pulls as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inbox = folder / "inbox"
        self.last: Path | None = None
        self.pulls = 0

    def shown(self, key: str) -> Path:
        (self.folder / "masks").mkdir(exist_ok=True)
        return write_picture(SHOWN, self.folder / "masks", key)

    def paint(self, key: str, mask: np.ndarray = CORRECTED) -> None:
        cv2.imwrite(str(self.shown(key)), to_greys(mask))

    def sample(self, key: str, *tags: str, minutes: int = 0, **changes) -> Reviewed:
        values = {
            "key": sha_of(key),
            "sample_id": f"voc/{key}",
            "tags": tuple(sorted(tags)),
            "created_at": NOON - timedelta(days=1),
            "last_modified_at": NOON + timedelta(minutes=minutes),
            "reviewer": "ann",
            "size_hw": SIZE,
            "mask_path": str(self.shown(key)),
        }
        return Reviewed(**(values | changes))

    def hand_in(self, key: str, mask: np.ndarray = CORRECTED, *, minutes: int = 0, **changes):
        entry = HandedIn(
            image_sha256=sha_of(key),
            sample_id=f"voc/{key}",
            decided_by="bob",
            decided_at=NOON + timedelta(minutes=minutes),
            height=SIZE[0],
            width=SIZE[1],
            **changes,
        )
        png = cv2.imencode(".png", to_greys(mask))[1].tobytes()
        hand_in(self.inbox, entry, b"" if entry.withdrawn else png)

    def pull(self, *reviewed: Reviewed):
        self.pulls += 1
        out = self.folder / f"pull{self.pulls}"
        out.mkdir()
        summary = merge_decisions(reviewed, out, inbox=self.inbox, previous=self.last)
        self.last = out
        return summary

    @property
    def decided(self) -> dict[str, str]:
        return {key[0]: row.decision for key, row in read_decisions(self.last).items()}

    def mask(self, key: str) -> np.ndarray:
        return open_corrections(self.last).read(sha_of(key))

    @property
    def problems(self) -> list[tuple[str, str]]:
        return [(one.sample_id, one.problem) for one in read_invalid(self.last)]


@pytest.fixture
def review(tmp_path):
    return Review(tmp_path)


def test_of_several_tags_reject_wins_then_relabel_then_keep(review):
    review.paint("b")
    review.paint("c")
    summary = review.pull(
        review.sample("a", "keep", "night"),
        review.sample("b", "keep", "relabel"),
        review.sample("c", "keep", "relabel", "reject"),
        review.sample("d", "night"),
    )
    assert review.decided == {"a": "keep", "b": "relabel", "c": "reject"}
    assert (summary.kept, summary.relabelled, summary.rejected) == (1, 1, 1)
    assert summary.conflicts == 2


def test_who_decides_is_named_by_a_tag_where_two_review_at_once(review):
    review.pull(review.sample("a", "reject", "by:bob"), review.sample("b", "keep", "by: "))
    named = {key[0]: row.decided_by for key, row in read_decisions(review.last).items()}
    assert named == {"a": "bob", "b": "ann"}


@pytest.mark.parametrize(
    ("tag", "meant"),
    [("Reject", "reject"), ("rejected", "reject"), ("kept", "keep"), ("re-label ", "relabel")],
)
def test_a_tag_that_is_nearly_a_decision_is_told_and_decides_nothing(review, tag, meant):
    review.pull(review.sample("a", tag, "night", "kids", "by:keep"))
    assert review.decided == {}
    assert review.problems == [("voc/a", f"tag {tag!r} is no decision; use {meant}")]


def test_a_painted_mask_is_stored_with_who_and_when(review):
    review.paint("a")
    review.pull(review.sample("a", "relabel"))
    row = read_decisions(review.last)[sha_of("a")]
    assert (row.decided_by, row.tags) == ("ann", ("relabel",))
    assert row.decided_at > NOON  # the picture was painted after the sample was tagged
    assert row.mask_correction == mask_digest(CORRECTED)
    np.testing.assert_array_equal(review.mask("a"), CORRECTED)


def test_a_mask_that_was_set_in_fiftyone_wins_over_the_picture(review):
    review.pull(review.sample("a", "relabel", mask_greys=to_greys(CORRECTED)))
    np.testing.assert_array_equal(review.mask("a"), CORRECTED)
    assert read_decisions(review.last)[sha_of("a")].decided_at == NOON


def test_what_did_not_change_is_the_same_to_the_byte(review):
    review.paint("a")
    tagged = [review.sample("a", "relabel"), review.sample("b", "keep")]
    review.pull(*tagged)
    first = review.last
    review.pull(*(Reviewed(**(vars(s) | {"reviewer": "eve"})) for s in tagged))
    for name in ("decisions.parquet", "corrections/masks.pack", "corrections/masks.parquet"):
        assert (review.last / name).read_bytes() == (first / name).read_bytes()


def test_a_mask_that_is_painted_again_is_a_new_decision(review):
    review.paint("a")
    review.pull(review.sample("a", "relabel"))
    again = 1 - SHOWN
    review.paint("a", again)
    review.pull(review.sample("a", "relabel", reviewer="eve"))
    assert read_decisions(review.last)[sha_of("a")].decided_by == "eve"
    np.testing.assert_array_equal(review.mask("a"), again)


def test_once_the_dataset_obeys_the_shown_mask_is_no_new_correction(review):
    review.paint("a")
    review.pull(review.sample("a", "relabel"))
    before = read_decisions(review.last)
    obeyed = write_picture(CORRECTED, review.folder / "masks", "a")
    review.pull(review.sample("a", "relabel", minutes=60, mask_path=str(obeyed)))
    assert read_decisions(review.last) == before
    assert review.problems == []


@pytest.mark.parametrize(
    ("picture", "problem"),
    [
        (np.full(SIZE, 7, np.uint8), "24 pixels with values [7]"),
        (np.zeros((4, 5), np.uint8), "5 x 4 px, the image has 6 x 4"),
        (to_greys(SHOWN), "its mask is as it was"),
    ],
)
def test_an_unusable_mask_is_a_finding_and_not_a_decision(review, picture, problem):
    cv2.imwrite(str(review.shown("a")), picture)
    summary = review.pull(review.sample("a", "relabel"), review.sample("b", "keep"))
    assert review.decided == {"b": "keep"}
    assert summary.invalid_relabels == 1
    ((sample_id, found),) = review.problems
    assert sample_id == "voc/a"
    assert problem in found


def test_nothing_is_lost_when_a_good_mask_is_followed_by_a_stained_one(review):
    review.paint("a")
    review.pull(review.sample("a", "relabel"))
    cv2.imwrite(str(review.shown("a")), np.full(SIZE, 7, np.uint8))
    review.pull(review.sample("a", "relabel"))
    assert review.decided == {"a": "relabel"}
    np.testing.assert_array_equal(review.mask("a"), CORRECTED)
    assert len(review.problems) == 1


def test_keep_beside_an_unusable_relabel_still_counts(review):
    review.pull(review.sample("a", "keep", "relabel"))
    assert review.decided == {"a": "keep"}


def test_a_lost_picture_is_a_finding_unless_its_mask_was_pulled(review):
    review.paint("a")
    review.pull(review.sample("a", "relabel"))
    gone = {"mask_path": str(review.folder / "gone.png")}
    review.pull(review.sample("a", "relabel", **gone), review.sample("b", "relabel", **gone))
    assert review.decided == {"a": "relabel"}
    assert [name for name, _ in review.problems] == ["voc/b"]


def test_removing_the_tag_withdraws_and_a_sample_created_anew_withdraws_nothing(review):
    for key in "ab":
        review.paint(key)
    review.pull(review.sample("a", "relabel"), review.sample("b", "relabel"))
    anew = {"created_at": datetime.now(UTC) + timedelta(days=1)}
    summary = review.pull(review.sample("a"), review.sample("b", **anew))
    assert review.decided == {"b": "relabel"}
    assert summary.carried_over == 1
    np.testing.assert_array_equal(review.mask("b"), CORRECTED)


def test_decisions_and_masks_survive_a_lost_database(review):
    review.paint("a")
    review.pull(review.sample("a", "relabel"), review.sample("b", "reject"))
    for _ in range(2):
        review.pull()
    assert review.decided == {"a": "relabel", "b": "reject"}
    np.testing.assert_array_equal(review.mask("a"), CORRECTED)


def test_a_mask_from_the_command_line_needs_no_database(review):
    review.hand_in("a")
    for _ in range(2):
        review.pull()
    row = read_decisions(review.last)[sha_of("a")]
    assert (row.decision, row.decided_by, row.decided_at) == ("relabel", "bob", NOON)
    np.testing.assert_array_equal(review.mask("a"), CORRECTED)


def test_a_mask_from_the_command_line_stands_though_the_sample_bears_no_tag(review):
    review.hand_in("a")
    for _ in range(2):
        review.pull(review.sample("a"))
    assert review.decided == {"a": "relabel"}


def test_the_newer_of_tag_and_command_line_counts_and_goes_on_counting(review):
    review.pull(review.sample("a", "keep"), review.sample("b", "keep"))
    review.hand_in("a", minutes=5)
    for minutes in (10, 20):  # the queue was pushed again: the samples were modified
        review.pull(
            review.sample("a", "keep", minutes=minutes),
            review.sample("b", "keep", minutes=minutes),
        )
        assert review.decided == {"a": "relabel", "b": "keep"}
    review.pull(review.sample("a", "reject", minutes=30))
    review.pull(review.sample("a", "reject", minutes=40))
    assert review.decided == {"a": "reject", "b": "keep"}


def test_what_was_handed_in_can_be_withdrawn(review):
    review.hand_in("a")
    review.pull()
    review.hand_in("a", minutes=1, withdrawn=True)
    review.pull()
    assert review.decided == {}
    assert open_corrections(review.last) is None
    review.pull()
    assert review.decided == {}


def test_a_mask_that_does_not_fit_is_refused_when_it_is_handed_in(review):
    with pytest.raises(MaskPictureError, match="5 x 4 px, the image has 6 x 4"):
        review.hand_in("a", np.zeros((4, 5), np.uint8))
    assert not review.inbox.exists()


def test_an_inbox_that_lost_a_mask_says_so(review):
    review.hand_in("a")
    (review.inbox / f"{sha_of('a')}.png").unlink()
    review.pull()
    assert review.problems == [
        ("voc/a", f"{sha_of('a')}.png is gone from the inbox; hand it in again")
    ]


def test_an_inbox_entry_that_is_none_stops_the_pull_with_its_name(review):
    review.inbox.mkdir()
    (review.inbox / "x.json").write_text("{}")
    with pytest.raises(ValueError, match=r"x\.json: no entry of a relabel"):
        read_inbox(review.inbox)


def test_a_moment_without_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        HandedIn(
            image_sha256=sha_of("a"),
            sample_id="voc/a",
            decided_by="bob",
            decided_at=datetime(2026, 3, 1),
            height=1,
            width=1,
        )


@pytest.mark.parametrize("name", ["../../x", "", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_an_entry_whose_sha256_could_be_a_path_is_refused(review, name):
    review.hand_in("a")
    path = review.inbox / f"{sha_of('a')}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"image_sha256": name}))
    with pytest.raises(ValueError, match=r"voc/a: image_sha256 is .*, expected 64 hex digits"):
        read_inbox(review.inbox)
