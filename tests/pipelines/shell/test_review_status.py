"""The command line of the review, over a store that holds a queue and a few decisions."""

from __future__ import annotations

from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from dataset_build.ledger.decisions import Decision, InvalidRelabel, write_decisions
from dataset_build.review import review_fiftyone
from dataset_build.review.relabel_inbox import read_inbox
from dataset_build.review.review import rank_queue
from pipelines.cli.review import review
from pipelines.resources import open_store
from pipelines.settings import Settings, save_settings
from tests.dataset_build.factories_ledger import new_folder, reject, sample, sha, write_ledger_file

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    """Two images queued, one of them decided; a third cannot be read."""
    settings = Settings(home=tmp_path / "home")
    save_settings(settings)
    store = open_store(settings)
    rows = [sample(name, width=8, height=6) for name in "ab"] + [reject("c")]
    ledger = write_ledger_file(tmp_path / "ledger", rows)
    rank_queue(ledger, new_folder(tmp_path / "queue"), limit=5)
    decided = Decision(
        image_sha256=sha("voc/a"),
        decision="keep",
        tags=("by:ann", "keep", "relabel"),
        decided_by="ann",
        decided_at=NOON,
    )
    stained = InvalidRelabel(image_sha256=sha("voc/b"), sample_id="voc/b", problem="stained")
    write_decisions([decided], new_folder(tmp_path / "decisions"), invalid=[stained])
    for name, folder in (
        ("merged_dataset", "ledger"),
        ("review_queue", "queue"),
        ("review_decisions", "decisions"),
    ):
        version = store.seal(tmp_path / folder, name, code_version="1", inputs=(), config={})
        store.publish(version)
    return settings.home


def command(home, *arguments):
    return CliRunner().invoke(review, [*arguments, "--home", str(home)])


def mask_png(path, value=255, size=(6, 8)):
    cv2.imwrite(str(path), np.full(size, value, np.uint8))
    return str(path)


def test_status_says_what_is_open_who_decided_and_what_cannot_be_used(home):
    said = command(home, "status").output
    assert "audit" in said
    assert said.splitlines()[1].split()[1:] == ["2", "1", "1"]
    assert "| ann | 0 | 0 | 1 |" in said
    assert "cannot be used: voc/b: stained" in said
    assert "disputed: voc/a is tagged relabel and keep: keep counts (ann, 2026-03-01 12:00" in said
    assert "last pull: 20" in said


def test_status_of_a_new_home_is_no_error(tmp_path):
    save_settings(Settings(home=tmp_path))
    done = command(tmp_path, "status")
    assert done.exit_code == 0
    assert "nothing is queued" in done.output
    assert "last pull: never" in done.output


@pytest.mark.parametrize("name", ["voc/a", sha("voc/a"), sha("voc/a")[:10]])
def test_a_mask_is_handed_in_by_sample_id_or_hash(home, tmp_path, name):
    done = command(home, "relabel", name, mask_png(tmp_path / "m.png"), "--reviewer", "bob")
    assert done.exit_code == 0, done.output
    (entry,) = read_inbox(home / "review-masks" / "inbox")
    assert (entry.sample_id, entry.decided_by) == ("voc/a", "bob")
    assert (entry.image_sha256, entry.height, entry.width) == (sha("voc/a"), 6, 8)


def test_what_was_handed_in_is_withdrawn_by_a_flag(home):
    assert command(home, "relabel", "voc/a", "--withdraw").exit_code == 0
    (entry,) = read_inbox(home / "review-masks" / "inbox")
    assert entry.withdrawn


@pytest.mark.parametrize(
    ("name", "mask", "said"),
    [
        ("voc/a", {"value": 7}, "48 pixels with values [7]"),
        ("voc/a", {"size": (5, 8)}, "8 x 5 px, the image has 8 x 6"),
        ("voc/nobody", {}, "no such image in the ledger"),
        ("voc/c", {}, "cannot be read (mask_missing)"),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(home, tmp_path, name, mask, said):
    done = command(home, "relabel", name, mask_png(tmp_path / "m.png", **mask))
    assert done.exit_code == 1
    assert said in done.output
    assert not (home / "review-masks").exists()


def test_a_mask_or_a_withdrawal_not_both_and_not_neither(home, tmp_path):
    assert command(home, "relabel", "voc/a").exit_code == 2
    both = ["relabel", "voc/a", mask_png(tmp_path / "m.png"), "--withdraw"]
    assert command(home, *both).exit_code == 2


def test_ctrl_c_ends_the_review_and_says_what_takes_the_decisions(home, monkeypatch):
    class Session:
        def wait(self, _seconds):
            raise KeyboardInterrupt

    monkeypatch.setattr(review_fiftyone, "configure_fiftyone", lambda *_, **__: None)
    monkeypatch.setattr(review_fiftyone, "open_app", lambda *_, **__: Session())
    closed = CliRunner().invoke(review, ["open", "--home", str(home), "--reviewer", "ann"])
    assert closed.exit_code == 0
    assert "FiftyOne for ann" in closed.output
    assert closed.output.rstrip().endswith("takes what was decided.")
