"""Claims about private video."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from assets.claims import Claim, Finding
from camera_analysis.audit.measured_audit import measured_verdict, methods_that_pass
from camera_analysis.footage.video_header import VideoHeader, read_header
from camera_analysis.labelling.labels import NO_SEGMENTER
from camera_analysis.privacy.mask_safety import estimated_in_view
from camera_analysis.privacy.private_day import OFF, VIDEO_FOLDER, read_private_note
from camera_analysis.privacy.private_files import FRAMES_FILE

#: Of what may be people, estimated to be in view. On labelled people masks without a margin and
#: without holding leave 2.0 to 11.1 % of them, and are estimated at 3.5 to 6.2 %.
MAX_UNCOVERED_SHARE = 0.05

NOT_ASKED = Finding(passed=True, seen="the camera asks for no private video")


def every_frame_is_accounted_for(folder: Path) -> Finding:
    """Each frame of the videos has its row: what was hidden of it, or why all of it was."""
    if read_private_note(folder)["status"] == OFF:
        return NOT_ASKED
    rows = pq.read_table(folder / FRAMES_FILE, columns=["video", "frame", "hidden_share", "reason"])
    names = np.asarray(rows["video"])
    shares, reasons = rows["hidden_share"].to_numpy(), np.asarray(rows["reason"])
    wrong = [
        f"{name}: {header.frames} frames, {(names == name).sum()} rows"
        for name, header in _headers(folder).items()
        if header.frames != (names == name).sum()
    ]
    if ((reasons != "") & (shares < 1)).any():
        wrong.append("a frame that is not trusted is not hidden as a whole")
    return Finding(passed=not wrong, seen=f"{rows.num_rows} frames, wrong: {wrong}")


def browsers_can_play_it(folder: Path) -> Finding:
    """H.264 in yuv420p, the index before the pictures."""
    if read_private_note(folder)["status"] == OFF:
        return NOT_ASKED
    headers = _headers(folder)
    wrong = [name for name, header in headers.items() if not header.plays_in_browsers]
    return Finding(passed=not wrong, seen=f"{len(headers)} videos, others: {wrong}")


def nothing_else_goes_with_it(folder: Path) -> Finding:
    """No sound and no words of the source that were not asked for."""
    note = read_private_note(folder)
    if note["status"] == OFF:
        return NOT_ASKED
    headers, settings = _headers(folder), note["settings"]
    wrong = [
        f"{n}: sound" for n, one in headers.items() if one.sound and not settings["keep_audio"]
    ]
    wrong += [
        f"{name}: {', '.join(one.words)}"
        for name, one in headers.items()
        if one.words and not settings["keep_metadata"]
    ]
    return Finding(passed=not wrong, seen=f"{len(headers)} videos, not asked for: {wrong}")


def a_network_looked_for_people(folder: Path) -> Finding:
    """Without one, only what moves is hidden: who stands still all the time is seen."""
    note = read_private_note(folder)
    if note["status"] == OFF:
        return NOT_ASKED
    return Finding(passed=note["segmenter"] != NO_SEGMENTER, seen=f"network: {note['segmenter']}")


def most_frames_are_shown(folder: Path) -> Finding:
    """At most a tenth of the frames had to be hidden as a whole."""
    note = read_private_note(folder)
    if note["status"] == OFF:
        return NOT_ASKED
    share = note["hidden_frames"] / max(note["frames"], 1)
    seen = f"{100 * share:.1f} % of {note['frames']} frames are hidden: {note['reasons']}"
    return Finding(passed=share <= 0.1, seen=seen)


def all_footage_is_in_it(folder: Path) -> Finding:
    """Each footage file of the day has its video, and no stretch of one is left out."""
    note = read_private_note(folder)
    if note["status"] == OFF:
        return NOT_ASKED
    videos, left_out = note["files"], note["left_out"]
    sources = {one["source"] for one in [*videos, *left_out]}
    reasons = Counter(one["reason"] for one in left_out)
    stretches = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    seen = (
        f"{len(videos)} videos of {len(sources)} footage files; left out: {stretches or 'nothing'}"
    )
    return Finding(passed=not left_out and len(videos) == len(sources), seen=seen)


def its_audit_passed(folder: Path) -> Finding:
    """The privacy audit of the method at this strength found no leak above its limits."""
    note = read_private_note(folder)
    if note["status"] == OFF:
        return NOT_ASKED
    settings = note["settings"]
    verdict = measured_verdict(settings["method"], settings["strength"])
    if verdict.passed:
        return Finding(passed=True, seen=f"{settings['method']} passed its audit")
    leaks = f"{settings['method']}: {'; '.join(verdict.reasons)}"
    if settings["accept_leaks"]:
        return Finding(passed=True, seen=f"accepted in camera.yaml: {leaks}")
    return Finding(
        passed=False,
        seen=f"{leaks}. These pass: {', '.join(methods_that_pass())}; or accept it with"
        " privacy.video.accept_leaks: true",
    )


def people_are_covered(folder: Path) -> Finding:
    """Little that may be a person lies beside what was hidden, in the frames that are shown.

    Masks that are empty everywhere fail where somebody may be, and pass in an empty place. Without
    truth this is a rough measure, and its limit as wide: see docs/privacy_audit.md.
    """
    if read_private_note(folder)["status"] == OFF:
        return NOT_ASKED
    columns = ["hidden_share", "doubtful_share", "reason"]
    rows = pq.read_table(folder / FRAMES_FILE, columns=columns)
    hidden, doubtful = rows["hidden_share"].to_numpy(), rows["doubtful_share"].to_numpy()
    shown = np.asarray(rows["reason"]) == ""
    share = estimated_in_view(hidden[shown], doubtful[shown])
    masked = int((hidden[shown] > 0).sum())
    seen = (
        f"{100 * share:.2f} % of what may be people is estimated to be in view; {shown.sum()}"
        f" frames are shown, {masked} of them with a mask; limit {100 * MAX_UNCOVERED_SHARE:g} %"
    )
    return Finding(passed=share <= MAX_UNCOVERED_SHARE, seen=seen)


def _headers(folder: Path) -> dict[str, VideoHeader]:
    return {path.name: read_header(path) for path in sorted((folder / VIDEO_FOLDER).glob("*.mp4"))}


CLAIMS: Mapping[str, Sequence[Claim]] = {
    "private_video": (
        Claim(
            name="every_frame_is_accounted_for",
            says="Each frame of the videos has its row; untrusted ones are hidden as a whole.",
            look=every_frame_is_accounted_for,
        ),
        Claim(
            name="browsers_can_play_it",
            says="H.264 in yuv420p, the index before the pictures.",
            look=browsers_can_play_it,
        ),
        Claim(
            name="nothing_else_goes_with_it",
            says="No sound and no words of the source that were not asked for.",
            look=nothing_else_goes_with_it,
        ),
        Claim(
            name="its_audit_passed",
            says="The privacy audit of the method at this strength found no leak above its limits.",
            look=its_audit_passed,
        ),
        Claim(
            name="people_are_covered",
            says="At most 5 % of what may be people is estimated to be in view.",
            look=people_are_covered,
        ),
        Claim(
            name="a_network_looked_for_people",
            says="A model looked for people; without one, who stands still all the time is seen.",
            look=a_network_looked_for_people,
            blocking=False,
        ),
        Claim(
            name="most_frames_are_shown",
            says="At most a tenth of the frames had to be hidden as a whole.",
            look=most_frames_are_shown,
            blocking=False,
        ),
        Claim(
            name="all_footage_is_in_it",
            says="Each footage file of the day has its video, and no stretch of one is left out.",
            look=all_footage_is_in_it,
            blocking=False,
        ),
    ),
}
