"""A private video is published where its method passed the audit and its masks hold people."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.checks import CLAIMS
from assets.checks_privacy import all_footage_is_in_it, its_audit_passed, people_are_covered
from camera_analysis.privacy.private_day import PRIVATE_FILE
from camera_analysis.privacy.private_files import FRAMES_FILE, PRIVATE_FRAMES


def noted(folder, **settings):
    note = {
        "status": "written",
        "settings": {"method": "mask", "strength": 0.05, "accept_leaks": False, **settings},
    }
    (folder / PRIVATE_FILE).write_text(json.dumps(note))
    return folder


def framed(folder, rows):
    """Rows of (hidden share, doubtful share, reason)."""
    table = [
        {
            "video": "a.mp4",
            "frame": number,
            "offset_s": number / 25,
            "hidden_share": hidden,
            "doubtful_share": doubtful,
            "reason": reason,
        }
        for number, (hidden, doubtful, reason) in enumerate(rows)
    ]
    pq.write_table(pa.Table.from_pylist(table, schema=PRIVATE_FRAMES), folder / FRAMES_FILE)
    return noted(folder)


@pytest.mark.parametrize("method", ["mask", "blank", "silhouette"])
def test_methods_that_use_nothing_of_a_look_pass(tmp_path, method):
    assert its_audit_passed(noted(tmp_path, method=method)).passed


def test_blur_by_which_people_are_known_again_is_refused_with_what_would_pass(tmp_path):
    finding = its_audit_passed(noted(tmp_path, method="blur", strength=0.05))
    assert not finding.passed
    assert "blur: a matcher links" in finding.seen
    assert "These pass: blank, mask, silhouette" in finding.seen
    assert "privacy.video.accept_leaks: true" in finding.seen


def test_leak_that_is_accepted_is_told(tmp_path):
    finding = its_audit_passed(noted(tmp_path, method="blur", strength=0.05, accept_leaks=True))
    assert finding.passed
    assert finding.seen.startswith("accepted in camera.yaml: blur: ")


def test_strength_below_all_that_were_measured_is_refused(tmp_path):
    finding = its_audit_passed(noted(tmp_path, method="pixelate", strength=0.01))
    assert not finding.passed
    assert "pixelate was not measured at a strength of 0.01 or less" in finding.seen


def test_little_doubt_beside_what_is_hidden_is_covered(tmp_path):
    finding = people_are_covered(framed(tmp_path, [(0.10, 0.001, ""), (0.30, 0.003, "")]))
    assert finding.passed
    assert finding.seen.startswith("0.99 % of what may be people is estimated to be in view")


def test_much_doubt_beside_what_is_hidden_is_not(tmp_path):
    assert not people_are_covered(framed(tmp_path, [(0.10, 0.01, "")])).passed


def test_frames_that_are_hidden_as_a_whole_do_not_count(tmp_path):
    rows = [(1.0, 0.9, "doubtful"), (0.0, 0.001, ""), (0.2, 0.0, "")]
    assert people_are_covered(framed(tmp_path, rows)).passed


def test_masks_that_are_empty_everywhere_fail_where_somebody_may_be(tmp_path):
    finding = people_are_covered(framed(tmp_path, [(0.0, 0.0, "")] * 9 + [(0.0, 0.01, "")]))
    assert not finding.passed
    assert finding.seen.startswith("100.00 % of what may be people")
    assert "10 frames are shown, 0 of them with a mask" in finding.seen


def test_empty_corridor_passes(tmp_path):
    finding = people_are_covered(framed(tmp_path, [(0.0, 0.0004, "")] * 10))
    assert finding.passed
    assert "10 frames are shown, 0 of them with a mask" in finding.seen


def test_no_private_video_is_no_leak(tmp_path):
    (tmp_path / PRIVATE_FILE).write_text('{"status": "off"}')
    assert its_audit_passed(tmp_path).passed and people_are_covered(tmp_path).passed
    assert all_footage_is_in_it(tmp_path).passed


def told(folder, videos, left_out):
    """A note of videos and of (source, reason) left out."""
    noted(folder)
    note = json.loads((folder / PRIVATE_FILE).read_text())
    note["files"] = [{"source": source} for source in videos]
    note["left_out"] = [{"source": source, "reason": reason} for source, reason in left_out]
    (folder / PRIVATE_FILE).write_text(json.dumps(note))
    return all_footage_is_in_it(folder)


def test_footage_that_is_in_no_video_is_told(tmp_path):
    assert told(tmp_path, ["a.mkv", "b.mkv"], []).passed
    part = told(tmp_path, ["a.mkv"], [("a.mkv", "undecodable")])
    assert not part.passed
    assert part.seen == "1 videos of 1 footage files; left out: 1 undecodable"


def test_a_day_of_footage_without_any_video_is_told_and_a_day_without_footage_is_not(tmp_path):
    none = told(tmp_path, [], [("a.mkv", "no_frames"), ("b.mkv", "no_frames")])
    assert not none.passed
    assert none.seen == "0 videos of 2 footage files; left out: 2 no_frames"
    assert told(tmp_path, [], []).passed


def test_what_was_left_out_warns_and_does_not_block():
    assert not {one.name: one.blocking for one in CLAIMS["private_video"]}["all_footage_is_in_it"]


def test_both_claims_block():
    blocking = {claim.name for claim in CLAIMS["private_video"] if claim.blocking}
    assert {"its_audit_passed", "people_are_covered"} <= blocking
