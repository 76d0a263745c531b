"""Does the score of surveillance-likeness tell real camera frames from photographs?

Reads the masks of a folder of real samples (four cameras: PETS 2009 by its boxes, and HumanBody2,
IBMtest2 and CaVignal of SBI by their masks; photographs of VOC, COCO, Penn-Fudan and CCP), scores
them, and prints the area under the ROC curve of each camera against each kind of photograph, of
each part of the score alone, and of the rule's limit chosen without the camera that it is tried on.
Frames of one camera are hardly independent: four cameras are four observations, whatever the number
of frames, and no interval is given across them. All four were looked at when the parts were chosen.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

# Beside this script lies one named like the package that it measures: look above first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Row, parser_of, report

from dataset_build import charts
from dataset_build.config import CleaningRules, DatasetConfig
from dataset_build.scan.quality import MaskQuality, measure_mask
from dataset_build.scan.surveillance import WEIGHTS, likeness
from dataset_build.sources.faults import SampleFault
from dataset_build.sources.label_maps import HUMAN
from dataset_build.sources.mask_files import human_mask
from dataset_build.sources.sources import open_source, source_spec
from segmentation.mask_folders import open_folder

SOURCES = {
    "voc": "VOCdevkit/VOC2012",
    "coco_panoptic": "coco",
    "penn_fudan": "PennFudanPed",
    "ccp": "ccp",
}
SBI_PEOPLE = ("HumanBody2", "IBMtest2", "CaVignal")
PETS = "PETS2009"
#: The boxes of PETS are drawn on 768 x 576, the video is 480 x 360.
PETS_SCALE, PETS_HW = 0.625, (360, 480)
UNKNOWN = 170  # of SBI's masks
#: Photographs of which somebody's face or upper body is the subject, picked by eye from sheets of
#: all pictures with 2,000 human pixels or more, before their scores were seen.
VOC_PORTRAITS = frozenset(
    """
    2007_001340 2007_003106 2007_003373 2008_000096 2008_000268 2008_000270 2008_000690
    2008_001112 2008_001645 2008_001660 2008_001854 2008_001980 2008_002067 2008_002436
    2008_003065 2008_003238 2008_003511 2008_003801 2008_004538 2008_005447 2008_006722
    2009_000219 2009_001577 2010_000446 2010_000760 2010_000954 2010_000970 2010_001401
    2010_001692 2010_001756 2010_002022 2010_002303 2010_002561 2010_003673 2010_003894
    2010_003961 2010_004165 2010_004387 2010_004499 2010_004722 2010_005709 2010_005991
    2010_006079 2011_001079 2011_001276 2011_001530 2011_003236
    """.split()
)
COCO_PORTRAITS = frozenset(
    f"{int(number):012}"
    for number in "36 110 113 165 294 326 370 389 395 428 436 446 459 536".split()
)
#: Kinds of photographs that the cameras are compared with.
PORTRAITS, FASHION, STREET, ALL = "portraits", "fashion", "street", "all"
#: The limit tried on a camera lets this share of the frames of each other camera go.
LOST_SHARE = 0.01

Scores = npt.NDArray[np.float64]
#: Camera or kind of photograph -> measurements of its masks.
Measured = dict[str, list[MaskQuality]]


def measured(masks: Iterator[npt.NDArray[np.uint8]]) -> list[MaskQuality]:
    """Measurements of the masks that show a human."""
    least = DatasetConfig().min_region_px
    return [measure_mask(mask, min_region_px=least) for mask in masks if (mask == HUMAN).any()]


def cameras(samples: Path) -> Measured:
    """Frames of fixed cameras."""
    found = {PETS: measured(pets_masks(samples / "pets2009_s2l1" / "PETS2009-S2L1.xml"))}
    for name in SBI_PEOPLE:
        folder = samples / "sbi2015" / name
        frames = open_folder(folder / "input", folder / "groundtruth", unknown_value=UNKNOWN)
        found[name] = measured(sample.mask_hw for sample in frames.load())
    return found


def pets_masks(boxes: Path) -> Iterator[npt.NDArray[np.uint8]]:
    """One mask per frame: an ellipse in each box, since no outlines were published."""
    for frame in ElementTree.parse(boxes).getroot().iter("frame"):
        mask = np.zeros(PETS_HW, np.uint8)
        for box in frame.iter("box"):
            x, y, w, h = (PETS_SCALE * float(box.attrib[key]) for key in ("xc", "yc", "w", "h"))
            axes = (max(round(w / 2), 1), max(round(h / 2), 1))
            cv2.ellipse(mask, (round(x), round(y)), axes, 0, 0, 360, HUMAN, -1)
        yield mask


def photographs(samples: Path) -> Measured:
    """Photographs by kind; one can be of several kinds."""
    kinds: Measured = {PORTRAITS: [], FASHION: [], STREET: [], ALL: []}
    for source, folder in SOURCES.items():
        spec = source_spec(source)
        files = open_source(spec, samples / folder)
        for sample in files.samples:
            data = (samples / folder / sample.mask_path).read_bytes()
            try:
                mask = human_mask(data, sample.key, files.decoder, spec.labels)
            except SampleFault:
                continue  # as a scan would, which counts it
            for quality in measured(iter([mask])):
                for kind in kinds_of(source, sample.key):
                    kinds[kind].append(quality)
    return kinds


def kinds_of(source: str, key: str) -> list[str]:
    """What a photograph is compared as."""
    name = key.rpartition("/")[2]
    portrait = source == "voc" and name in VOC_PORTRAITS
    portrait |= source == "coco_panoptic" and name in COCO_PORTRAITS
    special = {"ccp": [FASHION], "penn_fudan": [STREET]}.get(source, [])
    return [ALL, *special, *([PORTRAITS] if portrait else [])]


def scores_of(group: list[MaskQuality], part: str = "score") -> Scores:
    """(N,) the score, one part of it, or how whole the persons are, which is no part."""
    if part == "score":
        return np.array([quality.surveillance_score or 0.0 for quality in group])
    if part == "uncut":
        return np.array([1.0 - quality.cut_share for quality in group])
    return np.array([asdict(likeness(asdict(quality)))[part] for quality in group])


def area_under_roc(positive: Scores, negative: Scores) -> float:
    """Chance that a positive scores above a negative; equal scores count half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    not_above = np.searchsorted(ordered, positive, "right")
    return float((below + not_above).mean() / 2 / len(ordered))


def roc_rows(views: Measured, photos: Measured) -> list[Row]:
    """Camera by camera, then the mean over cameras, each counting the same."""
    rows = []
    for name, frames in views.items():
        scores = scores_of(frames)
        against = {
            f"AUC {kind}": area_under_roc(scores, scores_of(group))
            for kind, group in photos.items()
        }
        rows.append(
            {"camera": name, "n": len(frames), "lowest": scores.min(), **spread(scores), **against}
        )
    mean = {f"AUC {kind}": float(np.mean([row[f"AUC {kind}"] for row in rows])) for kind in photos}
    return [*rows, {"camera": "mean", **mean}]


def spread(scores: Scores) -> dict[str, float]:
    """Middle and tenths of some scores."""
    low, middle, high = np.quantile(scores, [0.1, 0.5, 0.9])
    return {"p10": float(low), "median": float(middle), "p90": float(high)}


def photo_rows(photos: Measured, limit: float) -> list[Row]:
    """How photographs score, and how many the rule would remove."""
    rows: list[Row] = []
    for kind, group in photos.items():
        scores = scores_of(group)
        gone = float((scores < limit).mean())
        rows.append({"photographs": kind, "n": len(group), **spread(scores), "removed": gone})
    return rows


def part_rows(views: Measured, photos: Measured) -> list[Row]:
    """Mean over cameras of the area under the curve of each part alone."""
    return [
        {
            "part": part,
            "weight": WEIGHTS.get(part, 0.0),
            **{
                f"AUC {kind}": float(
                    np.mean(
                        [
                            area_under_roc(scores_of(frames, part), scores_of(group, part))
                            for frames in views.values()
                        ]
                    )
                )
                for kind, group in photos.items()
            },
        }
        for part in (*WEIGHTS, "uncut")
    ]


def held_out_rows(views: Measured, photos: Measured) -> list[Row]:
    """The limit from the other cameras alone, tried on the one left out."""
    rows: list[Row] = []
    for held_out, frames in views.items():
        others = [scores_of(views[name]) for name in views if name != held_out]
        limit = min(float(np.quantile(scores, LOST_SHARE)) for scores in others)
        removed = {
            f"removed {kind}": float((scores_of(group) < limit).mean())
            for kind, group in photos.items()
        }
        kept = float((scores_of(frames) >= limit).mean())
        rows.append({"camera": held_out, "limit": limit, "kept": kept, **removed})
    return rows


def roc_curve(views: Measured, photos: list[MaskQuality]) -> tuple[Scores, Scores]:
    """Share of photographs passed, share of frames passed; each camera counts the same."""
    limits = np.append(2.0, np.linspace(1.0, 0.0, 1001))  # at first nothing passes
    negative = scores_of(photos)
    passed = np.array([(negative >= limit).mean() for limit in limits])
    frames = [[(scores_of(group) >= limit).mean() for limit in limits] for group in views.values()]
    return passed, np.mean(frames, axis=0)


def draw(views: Measured, photos: Measured, limit: float, path: Path) -> Path:
    """Where the scores of each group lie, and the ROC curves of the cameras together."""
    figure = charts.new_figure(8.5)
    above, below = figure.subplots(2, 1, height_ratios=(1.0, 1.0))
    groups = {**views, **{f"{kind} *": group for kind, group in photos.items()}}
    names = list(groups)[::-1]
    boxes = above.boxplot(
        [scores_of(groups[name]) for name in names],
        orientation="horizontal",
        tick_labels=[f"{name} ({len(groups[name])})" for name in names],
        whis=(0, 100),
        patch_artist=True,
        medianprops={"color": "black"},
    )
    for name, box in zip(names, boxes["boxes"], strict=True):
        box.set_facecolor(charts.colour_of(0 if name in views else 1))
    above.axvline(limit, color="black", linestyle="--")
    charts.label(above, title=f"Cameras and photographs (*), limit {limit:g}", x="score")
    for index, (kind, group) in enumerate(photos.items()):
        passed, kept = roc_curve(views, group)
        mean = np.mean([area_under_roc(scores_of(v), scores_of(group)) for v in views.values()])
        below.plot(passed, kept, color=charts.colour_of(index), label=f"{kind}: {mean:.2f}")
    below.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    mean_of = f"AUC, mean of {len(views)} cameras"
    below.legend(fontsize=charts.FONT_PT, loc="lower right", title=mean_of)
    charts.label(below, title="ROC", x="photographs that pass", y="frames that pass")
    return charts.save(figure, path)


def main() -> None:
    """Four tables and a figure."""
    parser = parser_of(__doc__)
    parser.add_argument("samples", type=Path, help="folder of real samples, laid out as published")
    parser.add_argument("out", type=Path, help="where surveillance_likeness.png goes")
    options = parser.parse_args()
    views, photos = cameras(options.samples), photographs(options.samples)
    limit = CleaningRules().min_surveillance_score
    options.out.mkdir(parents=True, exist_ok=True)
    tables: Mapping[str, list[Row]] = {
        "surveillance_likeness": roc_rows(views, photos),
        "surveillance_photographs": photo_rows(photos, limit),
        "surveillance_parts": part_rows(views, photos),
        "surveillance_held_out": held_out_rows(views, photos),
    }
    for name, rows in tables.items():
        report(name, rows, options.json.with_stem(name) if options.json else None)
    print(draw(views, photos, limit, options.out / "surveillance_likeness.png"))


if __name__ == "__main__":
    main()
