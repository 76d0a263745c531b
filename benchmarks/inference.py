"""Our way of running a network on a CPU against eager PyTorch and segmentation-models-pytorch.

Everybody starts with the same frames, as bytes, and ends with the probability of a human at every
pixel. Weights are random: speed does not depend on them. Goal: 1.7 times eager in float32, 3.5
times in bfloat16. With ``--model``, a trained one, and ``--images`` and ``--masks`` of the same
stem: how many pixels fall on the other side than in eager float32, and what that does to the IoU.
"""

from __future__ import annotations

import itertools
import logging
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from label_pass import untrained
from measuring import Cost, Row, interleave, parser_of, report
from torch import nn

from segmentation.config import ModelConfig
from segmentation.evaluation.evaluate import shrink
from segmentation.inference.export import drawn_frames, eager_answer
from segmentation.inference.inference_config import InferenceConfig
from segmentation.inference.predict import HumanSegmenter
from segmentation.mask_folders import open_folder
from segmentation.metrics import THRESHOLD, HumanCounts, count_image
from segmentation.model_folder import Normalisation, load_network
from segmentation.speed.speed import PlainNetwork

FRAMES = 4
MAX_SIDE_PX = 640
#: The third mask value of SBI and CDnet.
UNKNOWN = 170
FAST = {
    "ours float32": InferenceConfig(backend="openvino"),
    "ours bfloat16": InferenceConfig(backend="openvino", precision="bfloat16"),
}
#: Ours, and what is nearest to it over there: builder and encoder.
NETWORKS: tuple[tuple[ModelConfig, str, str], ...] = (
    (ModelConfig(width=16), "Unet", "resnet18"),
    (ModelConfig(architecture="deeplabv3plus", backbone="resnet18"), "DeepLabV3Plus", "resnet18"),
    (ModelConfig(architecture="segformer_b0"), "Segformer", "mit_b0"),
    (ModelConfig(architecture="bisenetv2"), "", ""),
)


def peer(builder: str, encoder: str) -> nn.Module | None:
    """Their network; None where the package is missing or has no such network."""
    try:
        import segmentation_models_pytorch as smp
    except ImportError:
        return None
    if not builder:
        return None
    made: nn.Module = getattr(smp, builder)(encoder, encoder_weights=None, classes=1)
    return made.eval()


def methods(
    config: ModelConfig, builder: str, encoder: str, folder: Path, size_px: int
) -> dict[str, Callable[[], object]]:
    """Name -> look at the same frames once."""
    frames = np.ascontiguousarray(drawn_frames((size_px, size_px), FRAMES))
    model = untrained(folder, config)
    plain = PlainNetwork(load_network(model), Normalisation()).eval()
    found: dict[str, Callable[[], object]] = {"eager": lambda: eager_answer(plain, frames)}
    theirs = peer(builder, encoder)
    if theirs is not None:
        wrapped = PlainNetwork(theirs, Normalisation()).eval()
        found[f"smp {builder} {encoder}"] = lambda: eager_answer(wrapped, frames)
    ways = {"ours, eager": InferenceConfig(backend="eager"), **FAST}
    for name, inference in ways.items():
        segmenter = HumanSegmenter(model, inference=inference)
        found[name] = lambda segmenter=segmenter: segmenter.probability(frames)  # type: ignore[misc]
    return found


def rows_of(config: ModelConfig, threads: int, costs: dict[str, Cost]) -> list[Row]:
    """Ratios of medians: above 1 is faster than eager, or than their network."""
    eager = costs["eager"]
    theirs = next((cost for name, cost in costs.items() if name.startswith("smp")), None)
    return [
        {
            "network": f"{config.architecture} {config.backbone} width {config.width}",
            "threads": threads,
            "method": name,
            "wall_ms_per_frame": 1e3 * cost.wall_s / FRAMES,
            "cpu_ms_per_frame": 1e3 * cost.cpu_s / FRAMES,
            "wall_x_eager": eager.wall_s / cost.wall_s,
            "cpu_x_eager": eager.cpu_s / cost.cpu_s,
            "wall_x_smp": theirs.wall_s / cost.wall_s if theirs else None,
        }
        for name, cost in costs.items()
    ]


def agreement(model: Path, images: Path, masks: Path, limit: int) -> list[Row]:
    """Of a trained model: the same side of one half as eager float32, and human IoU."""
    ways = {"eager": InferenceConfig(backend="eager"), **FAST}
    segmenters = {
        name: HumanSegmenter(model, inference=way, any_size=True) for name, way in ways.items()
    }
    same = dict.fromkeys(ways, 0)
    counts = {name: HumanCounts() for name in ways}
    pixels = 0
    folder = open_folder(images, masks, unknown_value=UNKNOWN)
    spread = replace(folder, pairs=folder.pairs[:: max(1, len(folder.pairs) // limit)])
    for sample in spread.load():
        small = shrink(sample, MAX_SIDE_PX)
        found = {
            name: one.probability(small.image_hwc_rgb[None])[0] >= THRESHOLD
            for name, one in segmenters.items()
        }
        pixels += small.mask_hw.size
        for name, human_hw in found.items():
            same[name] += int((human_hw == found["eager"]).sum())
            counts[name] += count_image(human_hw, small.mask_hw)
    return [
        {
            "method": name,
            "images": counts[name].images,
            "agreement": same[name] / pixels,
            "other_side_px": pixels - same[name],
            "iou": counts[name].iou,
        }
        for name in ways
    ]


def timings(quick: bool, only: str | None) -> list[Row]:
    """All networks, with one thread and with two."""
    rows: list[Row] = []
    size_px, rounds = (192, 3) if quick else (512, 5)
    before = torch.get_num_threads()
    for threads, (config, builder, encoder) in itertools.product((1, 2), NETWORKS):
        if only and config.architecture != only:
            continue
        torch.set_num_threads(threads)
        with tempfile.TemporaryDirectory() as folder:
            runs = methods(config, builder, encoder, Path(folder), size_px)
            rows += rows_of(config, threads, interleave(runs, rounds))
    torch.set_num_threads(before)
    return rows


def main() -> None:
    """Timings; or the agreement of a trained model."""
    logging.basicConfig()
    parser = parser_of(__doc__)
    parser.add_argument("--network", help="only this architecture")
    parser.add_argument("--model", type=Path, help="folder of a trained model")
    parser.add_argument("--images", type=Path)
    parser.add_argument("--masks", type=Path)
    options = parser.parse_args()
    if options.model:
        if not options.images or not options.masks:
            parser.error("--model needs --images and --masks")
        limit = 16 if options.quick else 200
        rows = agreement(options.model, options.images, options.masks, limit)
        report("inference_agreement", rows, options.json)
        return
    if peer("Unet", "resnet18") is None:
        print("segmentation-models-pytorch is not installed: its columns stay empty")
    report("inference", timings(options.quick, options.network), options.json)


if __name__ == "__main__":
    main()
