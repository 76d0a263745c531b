"""What does it bring to look at a picture smaller, at two sizes or mirrored, and at what cost?

Judges one trained model on the test split of ``learned-normal real``, always against masks of at
most 640 px on the longer side, whatever size the network looks at. With ``--postprocess`` the same
answers are judged once more after those steps, which see the mean of all views.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

# Beside this script lies one named like the package that it measures: look above first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from families import Dataset, photograph_columns
from measuring import Row, parser_of, report

from pipelines.resources import open_store
from pipelines.settings import load_settings
from segmentation.data import SplitData
from segmentation.evaluation.evaluated import MAX_SIDE_PX
from segmentation.evaluation.image_table import ImageTable, judge_image
from segmentation.inference.inference_config import InferenceConfig
from segmentation.inference.postprocess_config import PostprocessConfig, parse_steps
from segmentation.inference.predict import HumanSegmenter
from segmentation.inference.views import RefinedViews, Views

VIEWS = {
    "640": Views(),
    "384": Views(sides_px=(384,)),
    "320": Views(sides_px=(320,)),
    "256": Views(sides_px=(256,)),
    "256, mirrored": Views(sides_px=(256,), mirrored=True),
    "320, mirrored": Views(sides_px=(320,), mirrored=True),
    "256 and 320, mirrored": Views(sides_px=(256, 320), mirrored=True),
    "320 and 416, mirrored": Views(sides_px=(320, 416), mirrored=True),
}


def judge(
    segmenter: HumanSegmenter,
    views: Views,
    steps: PostprocessConfig,
    data: SplitData,
    every: int,
) -> Row:
    """Scores with intervals on every ``every``-th image, and processor time per image."""
    looking = RefinedViews(segmenter, views, steps)
    numbers, seconds = range(0, len(data), every), 0.0
    with tempfile.TemporaryDirectory() as scratch:
        with ImageTable(Path(scratch)) as table:
            for number in numbers:
                sample = data.load(number, max_side_px=MAX_SIDE_PX)
                started = time.process_time()
                probability = looking.probability(sample.image_hwc_rgb[None])[0]
                seconds += time.process_time() - started
                table.add(judge_image(probability, sample))
        scores = photograph_columns(Path(scratch))
    return {**scores, "processor ms/image": 1e3 * seconds / len(numbers)}


def trained_in(home: Path) -> Path:
    """Folder of the unet that ``learned-normal real`` has trained."""
    store = open_store(load_settings(home))
    return store.path(store.require("trained_model", "unet"))


def main() -> None:
    """One line per way of looking."""
    parser = parser_of(__doc__)
    parser.add_argument("samples", type=Path, help="folder of real samples, laid out as published")
    parser.add_argument("--home", type=Path, required=True, help="of real, or kept by families.py")
    parser.add_argument("--model", type=Path, help="its folder; default: the home's unet")
    parser.add_argument("--views", nargs="*", default=list(VIEWS), choices=list(VIEWS))
    parser.add_argument("--postprocess", nargs="*", default=[], help="steps as field=value")
    parser.add_argument("--split", default="test", choices=("val", "test"))
    options = parser.parse_args()
    data = Dataset(options.samples, options.home).split(options.split)
    eager = InferenceConfig(backend="eager")
    model = options.model or trained_in(options.home)
    segmenter = HumanSegmenter(model, threads=1, any_size=True, inference=eager)
    every = 10 if options.quick else 1
    kinds = [PostprocessConfig()]
    if options.postprocess:
        kinds.append(parse_steps(tuple(options.postprocess)))
    rows = [
        {
            "looked at": name,
            "steps": steps.name,
            **judge(segmenter, VIEWS[name], steps, data, every),
        }
        for name in options.views
        for steps in kinds
    ]
    report("views", rows, options.json)


if __name__ == "__main__":
    main()
