"""What does each privacy filter still give away, and what does it leave to be counted?

People of labelled sequences (``SEQUENCES``: SBI 2015, or any folder of ``input`` and
``groundtruth`` whose moving things are people) and of labelled photographs (``--photographs
IMAGES MASKS``: MATLAB files with a matrix ``groundtruth``, as of CCP; above 0 is a person) are
hidden by every method at every strength, then attacked: see
``camera_analysis/audit/privacy_audit.py``. ``--picture`` draws the plot, ``--publish`` writes the
table that ships with the package. ``--masks`` measures instead what our own masks, of what moves
alone, leave of people in view: all frames of the sequences.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path

# Beside this script lies one named like the package that it measures: look above first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
from measuring import Row, parser_of, report

from camera_analysis.audit.audit_coverage import coverage_by_margin, coverage_of
from camera_analysis.audit.audit_frames import LabelledFootage, audit_frames, walk_frames
from camera_analysis.audit.audit_people import AuditFrame
from camera_analysis.audit.audit_pictures import save_audit
from camera_analysis.audit.audit_table import (
    AuditLimits,
    AuditRow,
    verdict_at,
    write_rows,
)
from camera_analysis.audit.privacy_audit import PrivacyAudit, cases
from camera_analysis.benchmark.layouts.change_detection import ChangeSequence, load_sbi
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.privacy.private_video_settings import PrivateVideoSettings
from dataset_build.sources.matlab_files import read_matrix

PHOTOGRAPH_PX = 320


def photographs(images: Path, masks: Path, most: int) -> list[AuditFrame]:
    """Photographs of one person each, evenly chosen, scaled to one height."""
    files = [path for path in sorted(images.iterdir()) if (masks / f"{path.stem}.mat").is_file()]
    chosen = np.linspace(0, len(files) - 1, min(most, len(files))).round().astype(int)
    frames = []
    for place in chosen.tolist():
        path = files[place]
        labels = read_matrix((masks / f"{path.stem}.mat").read_bytes(), "groundtruth")
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        size_wh = (round(picture.shape[1] * PHOTOGRAPH_PX / picture.shape[0]), PHOTOGRAPH_PX)
        people = cv2.resize(
            (np.asarray(labels) > 0).astype(np.uint8), size_wh, interpolation=cv2.INTER_NEAREST
        )
        frame = AuditFrame(
            sequence=f"photograph {path.stem}",
            frame_rgb=cv2.resize(picture, size_wh, interpolation=cv2.INTER_AREA),
            people_hw=people > 0,
            tracks_hw=people.astype(np.int32),
        )
        frames.append(frame)
    return frames


def segmenter_of(folder: Path | None) -> Segmenter | None:
    """The model of a folder on the processor."""
    if folder is None:
        return None
    from segmentation.inference.inference_config import InferenceConfig
    from segmentation.inference.predict import HumanSegmenter

    return HumanSegmenter(folder, "cpu", inference=InferenceConfig())


def row_of(row: AuditRow, rows: list[AuditRow]) -> Row:
    """A line of the table."""
    verdict = verdict_at(rows, row.method, row.strength, AuditLimits())
    return {**asdict(row), "verdict": "pass" if verdict.passed else "FAIL"}


#: No margin and no hold, against what a camera gets that states nothing. A hold must be above 0.
MASKS = {
    "no margin, not held": PrivateVideoSettings(
        margin_share=0, hold_s=0.001, network_interval_s=0.001
    ),
    "as they are": PrivateVideoSettings(),
}
MARGINS = (0.0, 0.01, 0.02, 0.03, 0.04)


def mask_rows(sequences: list[ChangeSequence]) -> list[Row]:
    """What is left in view in each sequence: by the masks as a whole, then by margin alone."""
    rows: list[Row] = []
    for name, settings in MASKS.items():
        for sequence in sequences:
            found = coverage_of(sequence, None, settings)
            shares = {"in_view": found.uncovered_share, "estimate": found.estimate}
            rows.append(
                {
                    "masks": name,
                    "sequence": sequence.name,
                    "frames": found.frames,
                    "hidden_frames": found.hidden_frames,
                    "bad_frames": found.bad_frames,
                    **{key: round(100 * share, 3) for key, share in shares.items()},
                }
            )
    for sequence in sequences:
        by_margin = coverage_by_margin(sequence, MARGINS, hold_s=PrivateVideoSettings().hold_s)
        for margin, share, bad in zip(
            MARGINS, by_margin.uncovered_shares, by_margin.bad_frames, strict=True
        ):
            rows.append(
                {
                    "masks": f"margin {margin:g}, frames' mean",
                    "sequence": sequence.name,
                    "frames": by_margin.frames,
                    "hidden_frames": None,
                    "bad_frames": bad,
                    "in_view": round(100 * share, 3),
                    "estimate": None,
                }
            )
    return rows


def main() -> None:
    """One line per method and strength."""
    parser = parser_of(__doc__)
    parser.add_argument("sequences", type=Path, help="folder of labelled sequences")
    parser.add_argument("--only", nargs="*", help="sequences whose moving things are people")
    parser.add_argument("--frames", type=int, default=20, help="of each sequence")
    parser.add_argument("--photographs", type=Path, nargs=2, help="folders of images and masks")
    parser.add_argument("--most", type=int, default=80, help="photographs")
    parser.add_argument("--model", type=Path, help="folder of a trained model; else not run")
    parser.add_argument("--about", default="", help="what was looked at, for --publish")
    parser.add_argument("--picture", type=Path, help="where the plot goes")
    parser.add_argument("--publish", type=Path, help="where the package's table goes")
    parser.add_argument("--masks", action="store_true", help="measure our masks, not the filters")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    sequences = [
        sequence
        for sequence in load_sbi(options.sequences).sequences
        if not options.only or sequence.name in options.only
    ]
    if options.masks:
        report("privacy_masks", mask_rows(sequences), options.json)
        return
    started = time.process_time()
    footage = [LabelledFootage(sequence) for sequence in sequences]
    most = 4 if options.quick else options.frames
    frames = [frame for one in footage for frame in audit_frames(one, most)]
    if options.photographs:
        frames += photographs(*options.photographs, 8 if options.quick else options.most)
    walks = [walk_frames(one) for one in footage]
    audit = PrivacyAudit(frames, segmenter_of(options.model), walks)
    print(f"{len(frames)} frames; prepared in {time.process_time() - started:.0f} s", flush=True)
    rows = []
    for method, strength in cases():
        started = time.process_time()
        rows.append(audit.measure(method, strength))
        seconds = time.process_time() - started
        print(f"{method} {strength}: {seconds:.1f} s of processor time", flush=True)
    report("privacy_audit", [row_of(row, rows) for row in rows], options.json)
    if options.publish:
        write_rows(rows, options.publish, about=options.about)
    if options.picture:
        save_audit(rows, AuditLimits(), options.picture)


if __name__ == "__main__":
    main()
