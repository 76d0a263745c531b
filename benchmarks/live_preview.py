"""How many frames a second does the live preview show, and how late?

Frames of a file are hidden as they come, at several sizes, with and without the champion of a home
(``--home``). The processor time a frame takes says how many one core can show; on a machine that
does other work, the wall's figures are lower.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

# Beside this script lies one named like the package that it measures: look above first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
from measuring import Row, parser_of, report

from camera_analysis.footage.footage_files import FootageFile
from camera_analysis.footage.footage_samples import sample_footage
from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.privacy.live_frames import LiveView
from camera_analysis.privacy.live_hiding import LiveConfig
from camera_analysis.privacy.live_sources import LiveClock
from pipelines.pages.live_source import live_source
from pipelines.settings import load_settings
from pipelines.shell.champion_segmenter import champion_segmenter

SIDES_PX = (640, 1280)


def run(video: Path, side_px: int, segmenter: Segmenter | None, seconds: float) -> Row:
    """Show so many seconds of a file at its own speed, frames reduced to a size."""
    clock = LiveClock(now=time.monotonic, sleep=time.sleep)
    source = live_source(str(video), Path(), clock, max_side_px=side_px, again=True)
    view = LiveView(source.frames(), segmenter, LiveConfig(), clock.now, source.empty)
    started, cpu = clock.now(), time.process_time()
    view.start()
    while clock.now() - started < seconds:
        time.sleep(0.1)
    used, status = time.process_time() - cpu, view.status()
    view.stop()
    return {
        "longer side, px": side_px,
        "network": segmenter is not None,
        "pictures": status.pictures,
        "dropped": status.dropped,
        "pictures/s": status.frames_per_s,
        "latency, ms": 1e3 * status.latency_s,
        "processor ms/picture": 1e3 * used / max(status.pictures, 1),
        "source frames/s": rate_of(video),
    }


def rate_of(video: Path) -> float:
    """Frames a second of a file's beginning."""
    file = FootageFile(path=video, start_utc=datetime(1970, 1, 1, tzinfo=UTC))
    samples = (
        one
        for one in sample_footage(file, 1e-4, config=ReadConfig())
        if isinstance(one, SampledFrame)
    )
    times = [one.offset_s for one in islice(samples, 50)]
    return (len(times) - 1) / times[-1]


def main() -> None:
    """One line per size, with and without a network."""
    parser = parser_of(__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("--home", type=Path, help="whose champion looks for people")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    seconds = 5.0 if options.quick else options.seconds
    rows = [run(options.video, side, None, seconds) for side in SIDES_PX]
    if options.home:
        with champion_segmenter(load_settings(options.home)) as segmenter:
            rows += [run(options.video, side, segmenter, seconds) for side in SIDES_PX]
    report("live_preview", rows, options.json)


if __name__ == "__main__":
    main()
