"""Every kind has its places, pairs stay together, and what was decided is not asked again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.ledger.cleaning import clean
from dataset_build.ledger.decisions import Decision, write_decisions
from dataset_build.review.review import QUEUE, QueueInputs, _Places, rank_queue
from dataset_build.review.review_candidates import QueueEntry
from tests.dataset_build.factories_ledger import (
    entry,
    negative,
    new_folder,
    reject,
    sample,
    sha,
    write_ledger_file,
)

RULES = CleaningRules(min_luma_mean=20.0, min_sharpness=20.0, min_human_share=0.001)
INPUTS = QueueInputs(rules=RULES)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEAR = {"fate": "removed", "stage": "clean", "reason": "duplicate_near"}


def ranked(tmp_path, rows, *, limit=10, inputs=INPUTS, name="queue"):
    """Queue rows of a ledger as it is."""
    ledger = write_ledger_file(tmp_path / f"ledger-{name}", rows)
    summary = rank_queue(ledger, new_folder(tmp_path / name), limit=limit, inputs=inputs)
    return pq.read_table(summary.path).to_pylist(), summary


def queue(tmp_path, rows, *, limit=10, inputs=INPUTS, name="queue"):
    """Queue rows of a ledger that was cleaned by ``RULES``."""
    merged = write_ledger_file(tmp_path / f"merged-{name}", rows)
    cleaned = new_folder(tmp_path / f"cleaned-{name}")
    clean(merged, cleaned, config=DatasetConfig(cleaning=RULES), decisions=None)
    summary = rank_queue(cleaned, new_folder(tmp_path / name), limit=limit, inputs=inputs)
    return pq.read_table(summary.path).to_pylist(), summary


def judged(folder, **scores):
    """What a model thinks of the masks of these samples of voc."""
    rows = [
        {
            "sample_id": f"voc/{name}",
            "image_sha256": sha(f"voc/{name}"),
            "mask_sha256": sha(f"mask of voc/{name}"),
            "source": "voc",
            "score": score,
            "kind": "missing person",
            "area_share": 0.021,
        }
        for name, score in scores.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows), new_folder(folder) / "mistakenness.parquet")
    return folder


def names(rows):
    return [row["sample_id"].removeprefix("voc/") for row in rows]


def test_a_removal_asks_for_confirmation_and_says_what_was_measured(tmp_path):
    rows, summary = queue(tmp_path, [sample("a", sharpness=10.0)])
    assert rows[0]["why"] == (
        "removed by image_blurred (sharpness 10 < 20); tag keep if it should stay"
    )
    assert (rows[0]["image_sha256"], rows[0]["kind"]) == (sha("voc/a"), "fault")
    assert summary.kinds == {"fault": 1}


def test_a_narrow_escape_is_queued_and_an_ordinary_sample_is_an_audit(tmp_path):
    rows, summary = queue(tmp_path, [sample("close", luma_mean=22.0), sample("far")])
    assert names(rows) == ["close", "far"]
    assert rows[0]["why"] == (
        "close to image_dark: luma_mean 22, limit 20; tag reject if it is bad"
    )
    assert rows[1]["why"] == "drawn at random: is the mask right?"
    assert rows[1]["priority"] == 0
    assert summary.kinds == {"close_call": 1, "audit": 1}


def test_the_closer_to_the_limit_the_more_urgent(tmp_path):
    values = {"a": 2.0, "b": 19.0, "c": 21.0, "d": 24.0}
    rows, _ = queue(tmp_path, [sample(name, luma_mean=value) for name, value in values.items()])
    assert names(rows) == ["c", "b", "d", "a"]
    assert all(0 <= row["priority"] <= 1 for row in rows)


def test_a_mask_that_the_model_doubts_comes_with_its_region_and_a_sure_one_does_not(tmp_path):
    inputs = replace(INPUTS, mistakenness=judged(tmp_path / "judged", a=0.9, b=0.4))
    rows, summary = ranked(tmp_path, [sample("a"), sample("b")], inputs=inputs)
    assert rows[0]["why"].startswith("model and mask disagree: missing person, 2.1 % of the frame")
    assert (names(rows)[0], rows[0]["priority"]) == ("a", 0.9)
    assert summary.kinds == {"mistaken": 1, "audit": 1}


def test_a_mask_that_changed_since_the_model_saw_it_is_not_held_against_the_sample(tmp_path):
    inputs = replace(INPUTS, mistakenness=judged(tmp_path / "judged", a=0.9, b=0.9, c=0.9))
    rows = [
        sample("a", mask_sha256=sha("redrawn")),
        entry(sample("b"), mask_correction=sha("corrected")),
        entry(sample("c"), fate="removed", stage="split", reason="negative_surplus"),
    ]
    assert "mistaken" not in ranked(tmp_path, rows, inputs=inputs)[1].kinds


def test_a_score_belongs_to_the_image_that_was_seen_whatever_its_name(tmp_path):
    inputs = replace(INPUTS, mistakenness=judged(tmp_path / "judged", a=0.9, b=0.8))
    rows = [
        sample("a", image_sha256=sha("another picture"), mask_sha256=sha("mask of voc/a")),
        sample("new", image_sha256=sha("voc/b"), mask_sha256=sha("mask of voc/b")),
    ]
    queued, summary = ranked(tmp_path, rows, inputs=inputs)
    assert summary.kinds == {"mistaken": 1, "audit": 1}
    assert (names(queued)[0], queued[0]["image_sha256"]) == ("new", sha("voc/b"))


def test_what_was_removed_as_near_duplicate_stands_beside_what_stayed(tmp_path):
    """Both groups bear the same priority; a third sample does not come between."""
    rows = []
    for group in "xy":
        common = {"duplicate_group": sha(group)}
        rows.append(entry(sample(f"{group}-kept", phash=0), **common))
        gone = sample(f"{group}-gone", phash=0b111)
        rows.append(entry(gone, **common, **NEAR, measured="3 of 64 bits from it"))
    queued, summary = ranked(tmp_path, [*rows, sample("else", luma_mean=21.0)])
    pairs = [(name, row["pair"]) for name, row in zip(names(queued), queued, strict=True)]
    x, y = sha("x")[:12], sha("y")[:12]
    for wanted in ([("x-kept", x), ("x-gone", x)], [("y-kept", y), ("y-gone", y)]):
        at = pairs.index(wanted[0])
        assert pairs[at : at + 2] == wanted
    by_name = dict(zip(names(queued), queued, strict=True))
    assert by_name["x-gone"]["priority"] == 3 / INPUTS.radius
    assert by_name["x-kept"]["why"] == "stays; voc/x-gone was removed as its near duplicate"
    assert "3 of 64 bits from it" in by_name["x-gone"]["why"]
    assert summary.kinds == {"near_duplicate": 4, "close_call": 1}


def test_of_a_long_film_a_few_frames_are_shown(tmp_path):
    common = {"duplicate_group": sha("film")}
    rows = [entry(sample("kept"), **common)]
    rows += [entry(sample(f"{i}"), **common, **NEAR, measured="") for i in range(9)]
    queued, summary = ranked(tmp_path, rows)
    assert summary.kinds == {"near_duplicate": 4}
    assert queued[0]["why"] == "stays; voc/0 and 8 more were removed as its near duplicate"


def test_a_pair_for_which_there_is_one_place_waits(tmp_path):
    common = {"duplicate_group": sha("x")}
    rows = [entry(sample("a"), **common), entry(sample("b"), **common, **NEAR, measured="")]
    assert ranked(tmp_path, rows, limit=2)[1].kinds == {"audit": 1}  # one is left to chance


def test_a_tenth_of_the_places_is_left_to_chance(tmp_path):
    rows = [sample(f"close{i:02}", luma_mean=21.0) for i in range(30)]
    rows += [sample(f"far{i:02}") for i in range(30)]
    queued, summary = queue(tmp_path, rows, limit=20)
    assert (len(queued), summary.kinds) == (20, {"close_call": 18, "audit": 2})


def test_each_kind_has_its_share_when_all_are_plenty(tmp_path):
    rows = [sample(f"m{i:02}") for i in range(30)]
    rows += [sample(f"c{i:02}", luma_mean=21.0) for i in range(30)]
    gone = {"fate": "removed", "stage": "clean", "reason": "image_dark", "measured": ""}
    rows += [entry(sample(f"f{i:02}", luma_mean=19.0), **gone) for i in range(30)]
    for i in range(15):
        common = {"duplicate_group": sha(f"{i}")}
        rows.append(entry(sample(f"p{i:02}", phash=0), **common))
        rows.append(entry(sample(f"q{i:02}", phash=1), **common, **NEAR, measured=""))
    scores = judged(tmp_path / "judged", **{f"m{i:02}": 0.6 for i in range(30)})
    _, summary = ranked(tmp_path, rows, limit=40, inputs=replace(INPUTS, mistakenness=scores))
    assert summary.kinds["mistaken"] == 16
    assert summary.kinds["near_duplicate"] == 8
    assert summary.kinds["fault"] >= 6 <= summary.kinds["close_call"]
    assert summary.kinds["audit"] == 4
    assert summary.rows == 40


def test_what_was_decided_is_not_asked_again(tmp_path):
    decided = Decision(
        image_sha256=sha("voc/a"),
        decision="keep",
        tags=("keep",),
        decided_by="ann",
        decided_at=NOON,
    )
    path = write_decisions([decided], new_folder(tmp_path / "decisions")).path
    rows = [sample("a", luma_mean=21.0), sample("b", luma_mean=21.0)]
    assert names(ranked(tmp_path, rows, name="one")[0]) == ["a", "b"]
    inputs = replace(INPUTS, decisions=path)
    assert names(ranked(tmp_path, rows, inputs=inputs, name="two")[0]) == ["b"]


def test_another_seed_draws_another_audit_and_the_same_seed_the_same(tmp_path):
    rows = [sample(f"{i:02}") for i in range(40)]
    draws = [
        names(ranked(tmp_path, rows, limit=5, inputs=replace(INPUTS, seed=seed), name=name)[0])
        for seed, name in ((0, "one"), (0, "two"), (1, "three"))
    ]
    assert draws[0] == draws[1]
    assert set(draws[0]) != set(draws[2])


def test_unread_files_and_surplus_are_not_shown(tmp_path):
    gone = {"fate": "removed", "stage": "split", "reason": "negative_surplus", "measured": "x"}
    queued, _ = ranked(tmp_path, [reject("a"), sample("b"), entry(negative("d"), **gone)])
    assert names(queued) == ["b"]


def test_what_was_kept_against_a_rule_is_settled(tmp_path):
    assert ranked(tmp_path, [sample("a", luma_mean=19.9)])[1].kinds == {"audit": 1}


def test_an_empty_scene_is_no_sliver(tmp_path):
    assert queue(tmp_path, [negative("a")])[1].kinds == {"audit": 1}


def test_an_empty_ledger_gives_an_empty_queue_of_the_right_shape(tmp_path):
    rows, summary = ranked(tmp_path, [])
    assert (rows, summary.rows) == ([], 0)
    assert pq.read_schema(summary.path).equals(QUEUE)


def test_a_queue_without_places_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 1 place"):
        rank_queue(tmp_path, tmp_path, limit=0)


units = st.lists(
    st.lists(st.integers(0, 12), min_size=1, max_size=4, unique=True), max_size=12
).map(
    lambda groups: [
        tuple(
            QueueEntry(
                sample_id=str(image),
                image_sha256=str(image),
                source="voc",
                kind="near_duplicate",
                pair=str(number),
                why="x",
                priority=0.5,
            )
            for image in group
        )
        for number, group in enumerate(groups)
    ]
)


@given(units, st.integers(1, 15), st.integers(0, 15), st.sets(st.sampled_from("0123")))
def test_places_are_never_exceeded_images_never_repeated_and_units_never_torn(
    offered, limit, places, decided
):
    filled = _Places(limit, decided=decided)
    over = filled.fill(offered, places)
    images = [one.image_sha256 for one in filled.taken]
    assert len(images) == len(set(images)) <= min(limit, places)
    assert not set(images) & decided
    pairs = {one.pair for one in filled.taken}
    whole = [one for unit in offered if unit[0].pair in pairs for one in unit]
    assert sorted(one.image_sha256 for one in whole) == sorted(images)
    assert not pairs & {unit[0].pair for unit in over}
