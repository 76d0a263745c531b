"""Where the time of a pass over footage goes, with and without the network.

One clip, first by the whole pass, then stage by stage on its own, in processor time. Goal: within
1.3 times of decoding and inference alone.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from camera_memory import DAY, FPS, film
from measuring import Cost, interleave, parser_of, report

from camera_analysis.camera import Camera
from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.video import read_samples
from camera_analysis.footage.video_file import ReadConfig
from camera_analysis.footage.video_write import write_video
from camera_analysis.labelling.frame_quality import QualityLimits, QualityMeter
from camera_analysis.labelling.label_pass import process_day
from camera_analysis.labelling.labels import encode_label_png
from camera_analysis.labelling.motion import (
    ImageRgb,
    MotionConfig,
    difference_sigma,
    learn_plate,
    mover_mask,
)
from camera_analysis.labelling.plates import PLATE_SAMPLES, plate_quality, to_grey
from camera_analysis.labelling.registration import edges_of
from segmentation.config import ModelConfig
from segmentation.inference.predict import HumanSegmenter
from segmentation.model_folder import ModelDescription, TrainingFacts, write_model
from segmentation.models.registry import build_model, count_parameters

BATCH = 8
GOAL = 1.3


def untrained(folder: Path, config: ModelConfig | None = None) -> Path:
    """A model, by default of the demo's size; its speed does not depend on its weights."""
    config = config or ModelConfig(width=12)
    network = build_model(config).eval()
    facts = TrainingFacts(steps=0, stopped_by="steps", images=0, data_digest="", recipe={})
    counted = count_parameters(network)
    write_model(folder, network, ModelDescription(model=config, parameters=counted, training=facts))
    return folder


class Stages:
    """The stages of a pass over one file, one at a time, over all its samples."""

    def __init__(self, path: Path, interval_s: float, segmenter: HumanSegmenter) -> None:
        self.path = path
        self.interval_s = interval_s
        self.segmenter = segmenter
        self.frames = self.decode()
        self.motion = MotionConfig()
        step = max(1, len(self.frames) // PLATE_SAMPLES)
        self.plate_frames = self.frames[::step][:PLATE_SAMPLES]
        self.plate = learn_plate(self.plate_frames, self.motion)
        self.maps = self.movers()

    def decode(self) -> list[ImageRgb]:
        """Samples, reduced as a camera's are."""
        config = ReadConfig(max_side_px=Camera.max_side_px)
        items = read_samples(self.path, self.interval_s, config=config)
        return [item.frame_rgb for item in items if isinstance(item, SampledFrame)]

    def inference(self) -> None:
        """The network, in the batches of the pass."""
        for start in range(0, len(self.frames), BATCH):
            self.segmenter.probability(np.stack(self.frames[start : start + BATCH]))

    def quality(self) -> None:
        """Brightness, sharpness, stillness, displacement."""
        limits = QualityLimits()
        meter, plate = QualityMeter(limits), plate_quality(to_grey(self.plate.rgb))
        for number, frame in enumerate(self.frames):
            grey = to_grey(frame)
            meter.measure(grey, edges_of(grey), number * self.interval_s, plate)

    def movers(self) -> list[ImageRgb]:
        """What differs from the plate."""
        return [
            mover_mask(difference_sigma(frame, self.plate, self.motion), self.motion).view(np.uint8)
            for frame in self.frames
        ]

    def learn(self) -> None:
        """The plate of the file, from frames at hand."""
        learn_plate(self.plate_frames, self.motion)

    def png(self) -> None:
        """Label maps as they are stored."""
        for labels_hw in self.maps:
            encode_label_png(labels_hw)


def whole(
    folder: Path, interval_s: float, segmenter: HumanSegmenter | None, *, tracks: bool = False
) -> None:
    """The pass itself; with regions for tracks, five times a second."""
    camera = Camera(id="bench", folder=folder, interval_s=interval_s)
    with tempfile.TemporaryDirectory() as work:
        index, labels = Path(work, "index"), Path(work, "labels")
        index.mkdir()
        labels.mkdir()
        regions = Path(work, "regions") if tracks else None
        if regions:
            regions.mkdir()
        process_day(camera, DAY, segmenter, index, labels, regions_out=regions)


def rows_of(
    costs: dict[str, Cost], seconds: float, samples: int
) -> list[dict[str, str | float | None]]:
    """Per sample, as a share of the pass with the network, and as speed."""
    total = costs["pass, network"].cpu_s
    bare = costs["decode"].cpu_s + costs["inference"].cpu_s
    rows: list[dict[str, str | float | None]] = [
        {
            "what": name,
            "cpu_ms_per_sample": 1e3 * cost.cpu_s / samples,
            "share": cost.cpu_s / total,
            "film_s_per_cpu_s": seconds / cost.cpu_s,
            "film_s_per_wall_s": seconds / cost.wall_s,
        }
        for name, cost in costs.items()
    ]
    ratio = total / bare
    return [*rows, {"what": f"pass / (decode + inference), goal {GOAL}", "share": ratio}]


def main() -> None:
    """A clip of 320 x 180, unless footage is given."""
    parser = parser_of(__doc__)
    parser.add_argument("--footage", type=Path, help="one file instead")
    parser.add_argument("--segmenter", type=Path, help="folder of a trained model")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between samples")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    seconds, rounds = (40, 1) if options.quick else (120, 3)
    with tempfile.TemporaryDirectory() as work:
        folder, model_dir = Path(work, "film"), Path(work, "model")
        folder.mkdir()
        model_dir.mkdir()
        path = folder / f"{DAY}T08-00-00.mp4"
        if options.footage:
            path.symlink_to(options.footage.resolve())
        else:
            write_video(path, film(seconds), FPS)
        model = options.segmenter or untrained(model_dir)
        segmenter = HumanSegmenter(model, threads=options.threads)
        stages = Stages(path, options.interval, segmenter)
        costs = interleave(
            {
                "pass, network": lambda: whole(folder, options.interval, segmenter),
                "pass, network, tracks": lambda: whole(
                    folder, options.interval, segmenter, tracks=True
                ),
                "pass, motion only": lambda: whole(folder, options.interval, None),
                "pass, motion only, tracks": lambda: whole(
                    folder, options.interval, None, tracks=True
                ),
                "decode": stages.decode,
                "inference": stages.inference,
                "quality": stages.quality,
                "motion": stages.movers,
                "plate": stages.learn,
                "png": stages.png,
            },
            rounds,
        )
        samples = len(stages.frames)
        report("label_pass", rows_of(costs, samples * options.interval, samples), options.json)


if __name__ == "__main__":
    main()
