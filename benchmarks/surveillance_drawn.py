"""The question of ``surveillance_likeness.py`` on drawn people, for a figure that may be shown.

Three synthetic cameras (street, factory fisheye, corridor) against portraits, one person at full
length, and groups. All were drawn to be what they are called: the figure shows what the score
judges and says nothing about real cameras.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measuring import parser_of, report
from surveillance_likeness import draw, measured, photo_rows, roc_rows

from dataset_build.config import CleaningRules
from dataset_build.sources.label_maps import HUMAN
from pipelines.synthetic.actors import Walker, foot_px
from pipelines.synthetic.bodies import solids
from pipelines.synthetic.cameras import HOURS, STORIES
from pipelines.synthetic.figures import Sprite, paste, person_sprite
from pipelines.synthetic.people import gait, pick, random_appearance
from pipelines.synthetic.stories import Story

FRAMES, PHOTOGRAPHS = 300, 100
SECONDS = 40.0
#: Height and width of the photographs: portrait and landscape format.
SIZES_HW = ((320, 240), (240, 320))

Masks = Iterator[npt.NDArray[np.uint8]]


def camera_masks(story: Story, frames: int, rng: np.random.Generator) -> Masks:
    """Frames at random moments of ordinary hours; walls and posts hide nobody."""
    place = story.build(rng)
    width, height = story.size_wh
    for _ in range(frames):
        movers = story.cast(rng, place, pick(rng, HOURS), SECONDS)
        time_s, mask = float(rng.uniform(0, SECONDS)), np.zeros((height, width), np.uint8)
        for mover in movers:
            now = mover.track.at(time_s)
            if isinstance(mover, Walker) and now is not None:
                seen = mover.picture(now, time_s, place.lens)
                _stand(mask, seen, foot_px(place.lens, now.xy_m))
        yield mask


def portrait_masks(count: int, rng: np.random.Generator) -> Masks:
    """One person in the middle, from the waist or the chest up."""
    for _ in range(count):
        mask = np.zeros(pick(rng, SIZES_HW), np.uint8)
        height, width = mask.shape
        tall = rng.uniform(1.5, 3.0) * height
        foot = (width * rng.uniform(0.4, 0.6), rng.uniform(0.04, 0.2) * height + tall)
        _stand(mask, _someone(tall, rng), foot)
        yield mask


def full_length_masks(count: int, people: Sequence[int], rng: np.random.Generator) -> Masks:
    """People beside each other, whole, at eye level.

    Args:
        count: of photographs.
        people: how many, one of these as likely as another.
        rng: draws them.
    """
    for _ in range(count):
        mask = np.zeros(pick(rng, SIZES_HW), np.uint8)
        height, width = mask.shape
        wanted = pick(rng, people)
        for place in (np.arange(wanted) + 0.5) / wanted:
            tall = rng.uniform(0.55, 0.92) * height
            _stand(mask, _someone(tall, rng), (place * width, rng.uniform(0.94, 1.02) * height))
        yield mask


def _someone(tall_px: float, rng: np.random.Generator) -> Sprite:
    who = random_appearance(rng)
    body = solids(who, gait("stand", rng.uniform(0, 6)), rng.uniform(0, 6))
    return person_sprite(who, body, px_per_m=tall_px / who.height_m, elevation=0.05)


def _stand(mask: npt.NDArray[np.uint8], sprite: Sprite, foot_xy: tuple[float, float]) -> None:
    pasted = paste(np.zeros((*mask.shape, 3), np.uint8), sprite, foot_xy)
    if pasted is not None:
        mask[pasted.rows, pasted.columns][pasted.inside] = HUMAN


def main() -> None:
    """Two tables and the figure."""
    parser = parser_of(__doc__)
    parser.add_argument("out", type=Path, help="where surveillance_likeness.png goes")
    options = parser.parse_args()
    rng, part = np.random.default_rng(0), 10 if options.quick else 1
    views = {
        story.camera_id: measured(camera_masks(story, FRAMES // part, rng)) for story in STORIES
    }
    count = PHOTOGRAPHS // part
    photos = {
        "portraits": measured(portrait_masks(count, rng)),
        "full length": measured(full_length_masks(count, (1,), rng)),
        "groups": measured(full_length_masks(count, (2, 3, 4, 5), rng)),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    limit = CleaningRules().min_surveillance_score
    report("surveillance_drawn", roc_rows(views, photos), options.json)
    beside = options.json.with_stem("surveillance_drawn_photographs") if options.json else None
    report("surveillance_drawn_photographs", photo_rows(photos, limit), beside)
    print(draw(views, photos, limit, options.out / "surveillance_likeness.png"))


if __name__ == "__main__":
    main()
