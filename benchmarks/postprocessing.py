"""What does each step after the network change, and what does it cost?

A trained model looks at labelled pictures (``--home``: the test split of a home and its champion;
``--pictures IMAGES MASKS``: a folder) and at labelled frames of fixed cameras (``--sequence``: a
folder with ``images`` and ``masks`` or ``input`` and ``groundtruth``). Each step alone is then
taken on the same answers, and compared with none: IoU and boundary IoU of human pixels, in points,
summed over images as everywhere here. Intervals are 95 % bootstraps of the paired difference.
Units are images; of a sequence they are blocks of ``--block`` frames that follow each other, for
neighbouring frames are wrong together. A sequence of few blocks has an interval that is too narrow.
Steps over time are measured on sequences alone, where flicker (labels that flip on still pixels,
in per cent of the human ones) is counted too.

The time is that of one 640 x 360 frame in one thread, on an answer of the model.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

# Beside this script lies one named like the package that it measures: look above first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Row, interleave, parser_of, report

from pipelines.resources import open_store
from pipelines.settings import load_settings
from segmentation.data import Sample, SplitData
from segmentation.evaluation.bootstrap import interval_of, resampled_sums
from segmentation.evaluation.boundary import count_boundary
from segmentation.evaluation.evaluate import shrink
from segmentation.evaluation.evaluated import MAX_SIDE_PX
from segmentation.evaluation.temporal_consistency import Flicker, count_flicker
from segmentation.inference.frame_stream import RefinedStream
from segmentation.inference.postprocess import refine
from segmentation.inference.postprocess_config import PostprocessConfig
from segmentation.inference.predict import HumanSegmenter
from segmentation.mask_folders import open_folder
from segmentation.metrics import THRESHOLD, count_image
from segmentation.training.sequences import LAYOUTS, UNKNOWN_VALUE

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

#: In per cent; of flicker less is better.
SCORES = ("iou", "boundary_iou", "flicker")
#: Set before anything was measured: a mild and a strong setting of each step.
STEPS: Mapping[str, PostprocessConfig] = {
    "none": PostprocessConfig(),
    "median 3": PostprocessConfig(median_px=3),
    "median 7": PostprocessConfig(median_px=7),
    "median 15": PostprocessConfig(median_px=15),
    "guided 4": PostprocessConfig(guided_radius_px=4),
    "guided 8": PostprocessConfig(guided_radius_px=8),
    "guided 16": PostprocessConfig(guided_radius_px=16),
    "opening 3": PostprocessConfig(opening_px=3),
    "opening 7": PostprocessConfig(opening_px=7),
    "closing 3": PostprocessConfig(closing_px=3),
    "closing 7": PostprocessConfig(closing_px=7),
    "regions 0.05 %": PostprocessConfig(min_region_share=0.0005),
    "regions 0.2 %": PostprocessConfig(min_region_share=0.002),
    "regions 1 %": PostprocessConfig(min_region_share=0.01),
    "holes 0.1 %": PostprocessConfig(max_hole_share=0.001),
    "holes 1 %": PostprocessConfig(max_hole_share=0.01),
    "guided 8, regions 0.2 %, holes 1 %": PostprocessConfig(
        guided_radius_px=8, min_region_share=0.002, max_hole_share=0.01
    ),
}
OVER_TIME: Mapping[str, PostprocessConfig] = {
    "time 0.5, still": PostprocessConfig(temporal_weight=0.5),
    "time 0.8, still": PostprocessConfig(temporal_weight=0.8),
    "time 0.5, all": PostprocessConfig(temporal_weight=0.5, temporal_still_only=False),
    "time 0.8, all": PostprocessConfig(temporal_weight=0.8, temporal_still_only=False),
}
FRAME_HW = (360, 640)
ROUNDS = 9


@dataclass
class Counted:
    """What was counted with one step: a row for each image or block, the sums of its pixels."""

    rows: list[F64] = field(default_factory=list)

    def add(self, predicted: Mask, sample: Sample, flicker: Flicker, *, new_row: bool) -> None:
        """One more image; of a block that has begun unless ``new_row``."""
        pixels = count_image(predicted, sample.mask_hw)
        bands = count_boundary(predicted, sample.mask_hw)
        either = pixels.hits + pixels.false_alarms + pixels.misses
        shares = (pixels.hits, either, bands.hits, bands.either)
        row = np.array([*shares, flicker.flipped_px, flicker.human_px], float)
        if new_row:
            self.rows.append(row)
        else:
            self.rows[-1] += row


class Given:
    """In place of a network: the answer that was just given, for one step after the other."""

    answer: F32

    def probability(self, frames: U8) -> F32:
        """The answer, whatever is asked."""
        return self.answer


@dataclass(frozen=True)
class LabelledSet:
    """Pictures, or frames of a fixed camera in order."""

    name: str
    samples: Iterator[Sample]
    in_order: bool


def count_set(segmenter: HumanSegmenter, labelled: LabelledSet, block: int) -> dict[str, Counted]:
    """Ask the model once about each image, and take every step on its answer."""
    steps = {**STEPS, **OVER_TIME} if labelled.in_order else STEPS
    given = Given()
    streams = {name: RefinedStream(given, config) for name, config in steps.items()}
    counted = {name: Counted() for name in steps}
    before: dict[str, Mask] = {}
    frame_before: U8 | None = None
    for number, sample in enumerate(labelled.samples):
        frame = sample.image_hwc_rgb
        given.answer = segmenter.probability(frame[None])
        for name, stream in streams.items():
            predicted = stream.probability(frame[None])[0] >= THRESHOLD
            flicker = Flicker()
            if labelled.in_order and frame_before is not None:
                pair = np.stack([before[name], predicted])
                flicker = count_flicker(pair, np.stack([frame_before, frame]))
            new_row = not labelled.in_order or number % block == 0
            counted[name].add(predicted, sample, flicker, new_row=new_row)
            before[name] = predicted
        frame_before = frame
    return counted


def differences(name: str, counted: Mapping[str, Counted]) -> list[Row]:
    """Every step against none."""
    plain = np.stack(counted["none"].rows)
    base, drawn = _scores(plain.sum(axis=0)[None])[0], _scores(resampled_sums([plain], len(plain)))
    rows: list[Row] = []
    for step, one in counted.items():
        counts = np.stack(one.rows)
        scores = _scores(counts.sum(axis=0)[None])[0]
        found = _scores(resampled_sums([counts], len(counts))) - drawn
        row: dict[str, str | int | float | None] = {"set": name, "units": len(counts), "step": step}
        for place, score in enumerate(SCORES):
            row[score] = None if np.isnan(scores[place]) else scores[place]
            interval = interval_of(found[:, place])
            if step != "none" and interval is not None:
                row[f"{score}_change"] = scores[place] - base[place]
                row[f"{score}_low"], row[f"{score}_high"] = interval.low, interval.high
        rows.append(row)
    return rows


def _scores(counts: F64) -> F64:
    """(R, 6) counts -> (R, 3) ``SCORES`` in per cent; NaN where nothing defines one."""
    with np.errstate(invalid="ignore"):
        return np.asarray(100 * counts[:, ::2] / counts[:, 1::2], np.float64)


def pooled(counted: Sequence[Mapping[str, Counted]]) -> dict[str, Counted]:
    """Images or blocks of several sets as those of one."""
    together = {name: Counted() for name in counted[0]}
    for one in counted:
        for name, entry in one.items():
            together[name].rows += entry.rows
    return together


def costs(segmenter: HumanSegmenter, sample: Sample, rounds: int) -> dict[str, float]:
    """Milliseconds of processor time per 640 x 360 frame."""
    frame = cv2.resize(sample.image_hwc_rgb, FRAME_HW[::-1], interpolation=cv2.INTER_AREA)
    answer = segmenter.probability(frame[None])[0]
    given = Given()
    given.answer = answer[None]
    streams = {name: RefinedStream(given, config) for name, config in OVER_TIME.items()}
    methods = {
        name: lambda config=config: refine(answer, frame, config) for name, config in STEPS.items()
    } | {
        name: lambda stream=stream: stream.probability(frame[None])
        for name, stream in streams.items()
    }
    return {name: 1e3 * cost.cpu_s for name, cost in interleave(methods, rounds).items()}


def champion(home: Path) -> Path:
    """Folder of a home's champion."""
    store = open_store(load_settings(home))
    return store.path(store.require("champion_model"))


def sets_of(options: argparse.Namespace) -> Iterator[LabelledSet]:
    """Everything that was named on the command line."""
    limit = options.limit
    if options.home:
        yield from test_split(options.home, limit)
    for images, masks in options.pictures:
        folder = open_folder(Path(images), Path(masks), unknown_value=UNKNOWN_VALUE)
        samples = (shrink(folder.read(n), MAX_SIDE_PX) for n in range(len(folder.pairs))[:limit])
        yield LabelledSet(folder.name, samples, in_order=False)
    for root in options.sequence:
        here = [(root / one, root / other) for one, other in LAYOUTS if (root / one).is_dir()]
        if not here:
            raise FileNotFoundError(f"{root}: no folder images or input; expected one of {LAYOUTS}")
        images, masks = here[0]
        folder = open_folder(images, masks, unknown_value=UNKNOWN_VALUE, name=root.name)
        frames = range(0, len(folder.pairs), options.stride)[:limit]
        yield LabelledSet(root.name, (folder.read(n) for n in frames), in_order=True)


def test_split(home: Path, limit: int | None) -> Iterator[LabelledSet]:
    """The test split of a home's dataset, by source."""
    settings = load_settings(home)
    store, roots = open_store(settings), settings.dataset_config().source_roots
    packs = {name: store.path(store.require("human_masks", name)) for name in roots}
    data = SplitData(
        store.path(store.require("dataset_split")) / "ledger.parquet", packs, roots, "test"
    )
    sources = [identity.split("/")[0] for identity in data.sample_ids]
    for source in sorted(set(sources)):
        chosen = [number for number, one in enumerate(sources) if one == source][:limit]
        loaded = (data.load(number, max_side_px=MAX_SIDE_PX) for number in chosen)
        yield LabelledSet(source, loaded, in_order=False)


def main() -> None:
    """Ask, refine, count, compare."""
    parser = parser_of(__doc__)
    parser.add_argument("--home", type=Path, help="its champion, and its test split")
    parser.add_argument("--model", type=Path, help="folder of a model; default: the champion")
    parser.add_argument("--pictures", nargs=2, action="append", default=[])
    parser.add_argument("--sequence", type=Path, action="append", default=[])
    parser.add_argument("--stride", type=int, default=1, help="every so many frames of a sequence")
    parser.add_argument("--block", type=int, default=30, help="frames that are one unit")
    options = parser.parse_args()
    options.limit = 4 * options.block if options.quick else None
    cv2.setNumThreads(1)
    if not (options.home or (options.model and (options.pictures or options.sequence))):
        parser.error("give --home, or --model with --pictures or --sequence")
    segmenter = HumanSegmenter(options.model or champion(options.home), threads=1, any_size=True)
    rows: list[Row] = []
    kinds: dict[str, list[dict[str, Counted]]] = {"all pictures": [], "all sequences": []}
    for labelled in sets_of(options):
        counted = count_set(segmenter, labelled, options.block)
        kinds["all sequences" if labelled.in_order else "all pictures"].append(counted)
        rows += differences(labelled.name, counted)
        print(f"{labelled.name}: {len(counted['none'].rows)} units", flush=True)
    for kind, found in kinds.items():
        rows += differences(kind, pooled(found)) if found else []
    first = next(iter(next(sets_of(options)).samples))
    times = costs(segmenter, first, 3 if options.quick else ROUNDS)
    report("postprocessing", [{**row, "ms": times[str(row["step"])]} for row in rows], options.json)


if __name__ == "__main__":
    main()
