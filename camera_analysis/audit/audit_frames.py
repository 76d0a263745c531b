"""Labelled sequences on disk become the frames of a privacy audit."""

from __future__ import annotations

import numpy as np

from camera_analysis.audit.audit_people import AuditFrame, link_people
from camera_analysis.audit.audit_walks import WalkFrames
from camera_analysis.benchmark.layouts.change_detection import ChangeSequence
from camera_analysis.labelling.motion import MotionConfig, learn_plate
from camera_analysis.labelling.plates import PLATE_SAMPLES

#: Code of people in the masks of the layouts ``input`` and ``groundtruth``.
PEOPLE_CODE = 255
#: Frames a second of sequences that do not say it.
FPS = 25.0


def audit_frames(sequence: ChangeSequence, most: int) -> list[AuditFrame]:
    """At most so many frames of a sequence, evenly spread, whose moving things are people.

    People are followed through all frames, so that they are known again in those that are kept;
    the empty view is learned from all of it.

    Args:
        sequence: its truth marks people, every frame or nearly.
        most: frames to keep.

    Raises:
        ValueError: no frame has a mask.
    """
    frames = _labelled(sequence)
    with_people = [frame for frame in frames if frame.people_hw.any()]
    chosen = np.linspace(0, len(with_people) - 1, min(most, len(with_people))).round().astype(int)
    return [with_people[number] for number in chosen.tolist()]


def walk_frames(sequence: ChangeSequence, *, fps: float = FPS, every: int = 3) -> WalkFrames:
    """Every so manieth frame of a sequence: eight a second of 25, at which we follow people too.

    Args:
        sequence: as of :func:`audit_frames`.
        fps: at which it was filmed.
        every: frames from one to the next.

    Raises:
        ValueError: no frame has a mask.
    """
    return WalkFrames(frames=_labelled(sequence)[::every], step_s=every / fps)


def _labelled(sequence: ChangeSequence) -> list[AuditFrame]:
    labelled = [(frame, codes) for frame, codes in sequence.read() if codes is not None]
    if not labelled:
        raise ValueError(f"{sequence.name}: no frame has a mask")
    tracks = link_people(codes == PEOPLE_CODE for _, codes in labelled)
    spread = np.linspace(0, len(labelled) - 1, min(PLATE_SAMPLES, len(labelled))).round()
    plate = learn_plate([labelled[int(place)][0] for place in spread], MotionConfig())
    return [
        AuditFrame(
            sequence=sequence.name,
            frame_rgb=frame,
            people_hw=codes == PEOPLE_CODE,
            tracks_hw=tracks_hw,
            plate=plate,
        )
        for (frame, codes), tracks_hw in zip(labelled, tracks, strict=True)
    ]
