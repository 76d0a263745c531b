"""Three small datasets in the published layouts of VOC, COCO-Stuff 164k and ADE20K, with truth.

People are drawn over textured places, and one file of every known fault is planted in each
source. `truth.json` says which samples hold people, and what should become of every fault.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pipelines.synthetic.faults import Fault, plant_faults, planted_in
from pipelines.synthetic.layouts import (
    PERSON_ID,
    SOURCES,
    Layout,
    class_ids,
    split_of,
    write_jpeg,
    write_mask,
)
from pipelines.synthetic.samples import draw_sample

#: Share of samples with people, so that negatives are left over to choose from.
PEOPLE_SHARE = 0.58


@dataclass(frozen=True)
class SampleTruth:
    """A good sample: its human share of labelled pixels."""

    sample_id: str
    source: str
    with_people: bool
    human_px: int


@dataclass(frozen=True)
class DatasetTruth:
    """What was made: source roots by name, good samples, faulty ones."""

    roots: dict[str, str]
    samples: tuple[SampleTruth, ...]
    faults: tuple[Fault, ...]


def make_datasets(
    folder: Path,
    *,
    seed: int,
    images_per_source: int = 120,
    progress: Callable[[int, int], None] | None = None,
) -> DatasetTruth:
    """Draw the three datasets under `folder` and write `truth.json` there.

    Args:
        folder: created if need be; holds voc, coco_stuff and ade20k afterwards.
        seed: the same seed draws the same bytes.
        images_per_source: good samples of each source; the faulty ones come on top.
        progress: called as progress(samples done, samples in all).
    """
    layouts = [Layout(folder / name, name) for name in SOURCES]
    total = sum(images_per_source + planted_in(layout.name) for layout in layouts)
    samples: list[SampleTruth] = []
    for number, layout in enumerate(layouts):
        for index in range(images_per_source):
            samples.append(_write_good(layout, np.random.default_rng([seed, number, index]), index))
            if progress:
                progress(len(samples), total)
    faults = plant_faults(layouts, seed=seed, first_index=images_per_source)
    for layout in layouts:
        layout.finish()
    if progress:
        progress(total, total)
    roots = {layout.name: layout.root.relative_to(folder).as_posix() for layout in layouts}
    truth = DatasetTruth(roots, tuple(samples), tuple(faults))
    (folder / "truth.json").write_text(json.dumps(asdict(truth), indent=1) + "\n", encoding="utf-8")
    return truth


def _write_good(layout: Layout, rng: np.random.Generator, index: int) -> SampleTruth:
    with_people = int((index + 1) * PEOPLE_SHARE) > int(index * PEOPLE_SHARE)
    split = split_of(index)
    drawn = draw_sample(rng, with_people=with_people)
    write_jpeg(layout.image_path(index, split), drawn.rgb)
    ids = class_ids(layout.name, drawn, rng)
    write_mask(layout.name, layout.mask_path(index, split), ids)
    human_px = int(np.count_nonzero(ids == PERSON_ID[layout.name]))
    return SampleTruth(layout.add(index, split), layout.name, with_people, human_px)
