"""Push, tag, pull, rebuild: one walk through FiftyOne, and what each step left behind."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dataset_build.review.review_database import ReviewUnavailableError
from dataset_build.review.review_fiftyone import configure_fiftyone, open_app

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What the walk printed; it starts its own database and kills it at the end."""
    folder = tmp_path_factory.mktemp("walk")
    command = [sys.executable, "-m", "tests.dataset_build.review.walk_review_fiftyone", str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert run.returncode == 0, run.stderr[-4000:]
    return json.loads((folder / "seen.json").read_text())


def test_the_queue_is_shown_in_order_with_masks_visible(seen):
    assert seen["pushed"] == 4
    assert seen["persistent"]
    assert "ground_truth" in seen["active"]
    assert seen["order"][0] == "voc/a"
    assert seen["why"].startswith("close to image_dark: luma_mean 21, limit 20")
    assert seen["mask"] == [255, 128, 0]
    assert seen["size"] == [32, 24]
    assert seen["images_exist"]


def test_every_kind_has_its_view(seen):
    assert seen["kinds"] == ["close_call", "audit", "audit", "audit"]
    assert seen["in_views"] == {
        "unconfirmed": 0,
        "mistaken": 0,
        "near_duplicate": 0,
        "fault": 0,
        "close_call": 1,
        "audit": 3,
    }
    assert {"queue", "mistaken", "near duplicates", "random audit", "decided"} <= set(seen["views"])


def test_what_the_model_sees_is_shown_where_it_was_asked(seen):
    assert (seen["prediction"], seen["predictions"]) == (80, 1)


def test_a_painted_picture_and_a_mask_set_in_fiftyone_are_relabels(seen):
    relabel = seen["relabel"]
    assert relabel["decided"] == {"a": "reject", "b": "relabel", "c": "reject", "d": "relabel"}
    assert relabel["pixels"] == {"b": 80, "d": 80}
    assert relabel["by"] == ["ann"]


def test_a_relabel_without_a_new_mask_is_a_finding_and_changes_nothing(seen):
    ((sample_id, problem),) = seen["relabel"]["invalid"]
    assert sample_id == "voc/c"
    assert "its mask is as it was" in problem


def test_a_push_keeps_the_painting_and_shows_it_once_the_dataset_obeys(seen):
    relabel = seen["relabel"]
    assert relabel["painting_survives_a_push"]
    assert relabel["human_px"] == {"b": 80, "d": 80}
    assert relabel["shown_after"] == 80
    assert relabel["same_bytes"]


def test_an_untouched_sample_is_not_decided(seen):
    assert seen["untouched"] == {}
    assert "d" not in seen["first"]


def test_tags_become_decisions_and_reject_wins(seen):
    assert seen["first"] == {"a": "reject", "b": "keep", "c": "reject"}


def test_a_second_push_updates_in_place_and_keeps_the_tags(seen):
    assert seen["size_after_second_push"] == 4
    assert seen["why_after_second_push"] == "drawn at random: is the mask right?"
    assert seen["same_bytes"]


def test_a_rebuild_obeys(seen):
    assert seen["fates"] == {"a": "review_reject", "b": "", "c": "review_reject", "d": ""}


def test_a_removed_tag_withdraws_the_decision(seen):
    assert seen["withdrawn"] == {"a": "reject", "c": "reject"}


def test_decisions_survive_a_lost_database(seen):
    assert seen["lost"] == {"a": "reject", "c": "reject"}
    assert seen["created_anew"] == {"a": "reject", "c": "reject"}


def test_what_left_the_queue_untouched_goes_in_time_with_its_picture(seen):
    leftovers = seen["leftovers"]
    assert leftovers["queued"] == 1
    assert leftovers["at_first"] == ["voc/a", "voc/b", "voc/c", "voc/d"]
    assert leftovers["later"] == ["voc/b", "voc/c", "voc/d"]  # tagged, painted on, queued
    assert leftovers["pictures"] == ["b", "c", "d"]
    assert leftovers["painted_is_there"]


def test_a_killed_database_is_a_clear_error_within_seconds(seen):
    assert "does not answer" in seen["killed"]
    assert "Start a new process" in seen["killed"]
    assert seen["killed_wait_s"] < 20


def test_a_port_that_something_else_uses_is_refused_before_anything_starts():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ReviewUnavailableError, match=f"at port {port} already.*--port"):
            open_app("walk", port=port)


def test_another_database_after_the_import_is_refused(monkeypatch, tmp_path):
    for name in ("DATABASE_DIR", "DEFAULT_DATASET_DIR", "DO_NOT_TRACK", "SHOW_PROGRESS_BARS"):
        monkeypatch.setenv(f"FIFTYONE_{name}", "elsewhere")
    monkeypatch.setitem(sys.modules, "fiftyone", object())
    with pytest.raises(RuntimeError, match="FIFTYONE_DATABASE_DIR; start a new process"):
        configure_fiftyone(tmp_path, uri=None)
