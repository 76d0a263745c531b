"""Does the champion find planted mask faults, and better than a plain ranking by its confidence?

Takes a home with a dataset and a champion (``--home``), asks the champion about every sample,
plants faults of one kind in a tenth of the masks (and once of all kinds together), ranks all
samples, and counts how many planted ones are among the first k and 2k, where k is the number
planted. Beside our score stand two that need only the probabilities: the mean of one minus the
probability of each pixel's own label, and its soft minimum, which dwells on the worst pixels; both
leave ignored pixels out as ours does. The planted samples are drawn anew for each of ``--rounds``
seeds; figures are means. The model has been trained on most of these images with their right masks,
which helps all rankings alike. Masks that were wrong before anything was planted count against
every ranking.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

# Beside this script lies one named like the package that it measures: look above first.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import RESULTS, Row, parser_of, report

from dataset_build import charts
from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN
from pipelines.resources import open_store
from pipelines.settings import load_settings
from segmentation.data import SplitData
from segmentation.evaluation.mask_evidence import quantised_logits
from segmentation.evaluation.mistakenness import judge_masks
from segmentation.inference.predict import HumanSegmenter

U8 = npt.NDArray[np.uint8]
I8 = npt.NDArray[np.int8]

PLANTED_SHARE = 0.1
#: Of the mean width of the people, in any direction.
SHIFT = 0.35
#: Pixels less deep inside a person than this share of its greatest depth go.
ERODED_DEPTH = 0.45
#: Two masks that overlap more are not swapped: the fault would hardly be one.
MAX_SWAP_IOU = 0.3
#: A merger adds at least this share of the human pixels.
MIN_MERGED = 0.15
#: Smaller people are left alone: a fault there is a few pixels.
MIN_PERSON_SHARE, MIN_PERSON_HEIGHT_PX = 0.002, 12
OUTLINE_PX = 4  # the ignored rim that goes with a person
TEMPERATURE = 0.1  # of the soft minimum
MAX_SIDE_PX = 640


@dataclass(frozen=True)
class People:
    """The connected persons of a mask that are large enough: label image, numbers, boxes."""

    labels: npt.NDArray[np.int32]
    numbers: tuple[int, ...]
    stats: npt.NDArray[np.int32]


def people_of(mask: U8) -> People:
    """Connected human regions, without the small ones."""
    human = (mask == HUMAN).view(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(human, connectivity=8)
    numbers = tuple(
        number
        for number in range(1, count)
        if stats[number, cv2.CC_STAT_AREA] >= MIN_PERSON_SHARE * mask.size
        and stats[number, cv2.CC_STAT_HEIGHT] >= MIN_PERSON_HEIGHT_PX
    )
    return People(labels, numbers, stats)


def shift(mask: U8, people: People, rng: np.random.Generator) -> U8:
    """The whole mask, a third of a person's width aside."""
    widths = people.stats[list(people.numbers), cv2.CC_STAT_WIDTH]
    far = max(4.0, SHIFT * float(widths.mean()))
    angle = rng.uniform(0, 2 * np.pi)
    move = np.array([[1, 0, far * np.cos(angle)], [0, 1, far * np.sin(angle)]], np.float32)
    return cv2.warpAffine(mask, move, mask.shape[::-1], flags=cv2.INTER_NEAREST)


def erode(mask: U8, people: People, rng: np.random.Generator) -> U8:
    """Only the core of each person."""
    depth = cv2.distanceTransform((mask == HUMAN).view(np.uint8), cv2.DIST_L2, 3)
    out = mask.copy()
    for number in people.numbers:
        person = people.labels == number
        out[person & (depth <= ERODED_DEPTH * depth[person].max())] = NOT_HUMAN
    return out


def miss(mask: U8, people: People, rng: np.random.Generator) -> U8:
    """One person left out, with the rim around."""
    person = (people.labels == rng.choice(people.numbers)).astype(np.uint8)
    kernel = np.ones((2 * OUTLINE_PX + 1,) * 2, np.uint8)
    out = mask.copy()
    out[(person > 0) | ((cv2.dilate(person, kernel) > 0) & (mask == IGNORE))] = NOT_HUMAN
    return out


def merge(mask: U8, people: People, rng: np.random.Generator) -> U8 | None:
    """The two nearest people and all that is between them as one."""
    if len(people.numbers) < 2:
        return None
    boxes = people.stats[list(people.numbers)].astype(float)
    middles = boxes[:, :2] + boxes[:, 2:4] / 2
    gaps = np.hypot(*(middles[:, None] - middles[None]).transpose(2, 0, 1))
    np.fill_diagonal(gaps, np.inf)
    nearest = np.unravel_index(gaps.argmin(), gaps.shape)
    pair = np.isin(people.labels, [people.numbers[int(place)] for place in nearest])
    hull = cv2.convexHull(cv2.findNonZero(pair.astype(np.uint8)))
    filled = cv2.fillConvexPoly(np.zeros_like(mask), hull, 1)
    out = np.where(filled > 0, np.uint8(HUMAN), mask)
    added = np.count_nonzero((out == HUMAN) & (mask != HUMAN))
    return out if added >= MIN_MERGED * np.count_nonzero(mask == HUMAN) else None


def swap(mask: U8, other: U8) -> U8 | None:
    """The mask of another image."""
    out = cv2.resize(other, mask.shape[::-1], interpolation=cv2.INTER_NEAREST)
    union = np.count_nonzero((out == HUMAN) | (mask == HUMAN))
    both = np.count_nonzero((out == HUMAN) & (mask == HUMAN))
    return out if union and both / union < MAX_SWAP_IOU else None


ALONE: Mapping[str, Callable[[U8, People, np.random.Generator], U8 | None]] = {
    "shifted": shift,
    "eroded": erode,
    "merged": merge,
    "missing person": miss,
}
KINDS = (*ALONE, "swapped")


def plant(kind: str, masks: Sequence[U8], number: int, rng: np.random.Generator) -> U8 | None:
    """A fault in one mask; None where there is nobody it could be planted on."""
    people = people_of(masks[number])
    if not people.numbers:
        return None
    if kind == "swapped":
        return swap(masks[number], masks[int(rng.integers(len(masks)))])
    return ALONE[kind](masks[number], people, rng)


def planted_masks(
    kinds: Sequence[str], masks: Sequence[U8], rng: np.random.Generator
) -> dict[int, U8]:
    """Number -> faulty mask, the kinds in turn, in a tenth of the samples or as many as can be."""
    wanted = max(1, round(PLANTED_SHARE * len(masks)))
    found: dict[int, U8] = {}
    for number in rng.permutation(len(masks)).tolist():
        if len(found) == wanted:
            break
        fault = plant(kinds[len(found) % len(kinds)], masks, number, rng)
        if fault is not None:
            found[number] = fault
    return found


def error_of_label(mask: U8, logits: I8) -> npt.NDArray[np.float64]:
    """One minus the probability of each labelled pixel's own label, (n,)."""
    probability = 1 / (1 + np.exp(-logits[mask != IGNORE] / 10.0))
    return np.where(mask[mask != IGNORE] == HUMAN, 1 - probability, probability)


def plain_score(mask: U8, logits: I8) -> float:
    """The mean over pixels."""
    return float(error_of_label(mask, logits).mean())


def soft_score(mask: U8, logits: I8) -> float:
    """The soft maximum of the error over pixels."""
    error = error_of_label(mask, logits)
    weight = np.exp(error / TEMPERATURE)
    return float((error * weight).sum() / weight.sum())


def scores_of(masks: Sequence[U8], answers: Sequence[I8]) -> dict[str, list[float]]:
    """Every ranking's score of every sample."""
    pairs = list(zip(masks, answers, strict=True))
    verdicts = judge_masks(len(pairs), lambda number: pairs[number])
    return {
        "regions": [verdict.score for verdict in verdicts],
        "pixel mean": [plain_score(*pair) for pair in pairs],
        "pixel soft minimum": [soft_score(*pair) for pair in pairs],
    }


def recall(scores: Sequence[float], planted: Sequence[int], first: int) -> float:
    """Share of the planted that stand among the first."""
    order = np.argsort(-np.asarray(scores), kind="stable")[:first]
    return len(set(order.tolist()) & set(planted)) / len(planted)


def measure(masks: Sequence[U8], answers: Sequence[I8], rounds: int) -> list[Row]:
    """Recall of every ranking for every kind of fault."""
    rows: list[Row] = []
    for name, kinds in {**{kind: (kind,) for kind in KINDS}, "all kinds": KINDS}.items():
        found: dict[str, list[tuple[float, float]]] = {}
        k = 0
        for seed in range(rounds):
            faults = planted_masks(kinds, masks, np.random.default_rng([seed, len(name)]))
            k = len(faults)
            given = [faults.get(number, mask) for number, mask in enumerate(masks)]
            for ranking, scores in scores_of(given, answers).items():
                both = recall(scores, list(faults), k), recall(scores, list(faults), 2 * k)
                found.setdefault(ranking, []).append(both)
        for ranking, values in found.items():
            at_k, at_2k = np.mean(values, axis=0).tolist()
            rows.append(
                {
                    "fault": name,
                    "ranking": ranking,
                    "samples": len(masks),
                    "k": k,
                    "recall@k": at_k,
                    "recall@2k": at_2k,
                }
            )
    return rows


def ask(home: Path) -> tuple[list[U8], list[I8]]:
    """Masks of a home's dataset, and what its champion says about the images."""
    settings = load_settings(home)
    store = open_store(settings)
    roots = settings.dataset_config().source_roots
    packs = {name: store.path(store.require("human_masks", name)) for name in roots}
    champion = store.path(store.require("champion_model"))
    segmenter = HumanSegmenter(champion, threads=1, any_size=True)
    ledger = store.path(store.require("dataset_split")) / "ledger.parquet"
    masks, answers = [], []
    for split in ("train", "val", "test"):
        data = SplitData(ledger, packs, roots, split)
        for number in range(len(data)):
            sample = data.load(number, max_side_px=MAX_SIDE_PX)
            masks.append(sample.mask_hw)
            answers.append(quantised_logits(segmenter.probability(sample.image_hwc_rgb[None])[0]))
    return masks, answers


def remembered(home: Path, cache: Path | None) -> tuple[list[U8], list[I8]]:
    """``ask``, once: its answers are kept where ``--answers`` says."""
    if cache is None:
        return ask(home)
    if not cache.is_file():
        masks, answers = ask(home)
        arrays = {f"m{i}": mask for i, mask in enumerate(masks)}
        np.savez_compressed(cache, **arrays, **{f"a{i}": one for i, one in enumerate(answers)})
    with np.load(cache, allow_pickle=False) as kept:
        count = len(kept.files) // 2
        return [kept[f"m{i}"] for i in range(count)], [kept[f"a{i}"] for i in range(count)]


def draw(rows: Sequence[Row], path: Path) -> Path:
    """Recall among the first k, by fault and ranking."""
    faults = list(dict.fromkeys(str(row["fault"]) for row in rows))
    rankings = list(dict.fromkeys(str(row["ranking"]) for row in rows))
    figure = charts.new_figure(6.0)
    axes = figure.add_subplot()
    height = 0.8 / len(rankings)
    for number, ranking in enumerate(rankings):
        values = [float(str(row["recall@k"])) for row in rows if row["ranking"] == ranking]
        places = np.arange(len(faults)) + number * height
        axes.barh(places, values, height, label=ranking, color=charts.colour_of(number))
    axes.set_yticks(np.arange(len(faults)) + height, faults)
    axes.set_ylim(len(faults) + 1.4, -0.4)  # room for the legend
    axes.set_xlim(0, 1)
    charts.label(axes, title="Planted mask faults found", x="recall among the first k")
    axes.legend(fontsize=charts.FONT_PT, loc="lower right")
    return charts.save(figure, path)


def main() -> None:
    """Ask, plant, rank, count."""
    parser = parser_of(__doc__)
    parser.add_argument("--home", type=Path, default=Path("demo-home"), help="with a champion")
    parser.add_argument("--rounds", type=int, default=5, help="draws of planted samples")
    parser.add_argument("--answers", type=Path, help="an .npz that keeps the champion's answers")
    parser.add_argument("--figure", type=Path, default=RESULTS / "mask_mistakenness.png")
    options = parser.parse_args()
    masks, answers = remembered(options.home, options.answers)
    rows = measure(masks, answers, 1 if options.quick else options.rounds)
    report("mask_mistakenness", rows, options.json)
    print(f"-> {draw(rows, options.figure)}")


if __name__ == "__main__":
    main()
