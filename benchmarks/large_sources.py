"""A source set as large as the published ones, in their three layouts: VOC, COCO-Stuff, ADE20K.

A few hundred painted places and people are recombined: cropped, mirrored, joined, lit, grained. So
no two images are alike, people stand where the masks say, and 640 x 480 JPEGs have the 40 to 60 KB
of photographs. Nothing is drawn twice: broken off, it goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm import tqdm

from pipelines.synthetic.canvas import Material
from pipelines.synthetic.layouts import Layout, class_ids
from pipelines.synthetic.samples import Drawn, draw_sample

U8 = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 640, 480
PAINTED_WH = (320, 240)
PLACES, CROWDS = 200, 200
#: Samples drawn between two marks of what is done.
CHUNK = 200
JPEG_QUALITY = 88
GRAIN = 0.055  # of 255, the strongest; brings a JPEG to 50 KB


@dataclass(frozen=True)
class Share:
    """How many samples a source has at scale 1, and how many of them show people."""

    samples: int
    validation: int
    with_people: float


#: Sizes of the published sources; shares of images with people as they have them.
SHARES = {
    "voc": Share(11_540, 5_823, 0.35),
    "coco_stuff": Share(123_287, 5_000, 0.54),
    "ade20k": Share(22_210, 2_000, 0.25),
}


def source_roots(folder: Path) -> dict[str, Path]:
    """Source -> its root below the set's folder."""
    return {name: folder / name for name in SHARES}


def make_sources(folder: Path, *, scale: float, workers: int) -> float:
    """Draw what is not there yet.

    Args:
        folder: of the set; one set per scale.
        scale: of 157,037 samples.
        workers: processes.

    Returns:
        Seconds that it took in all, earlier attempts included.
    """
    begin = time.perf_counter()
    bank = _bank_file(folder)
    todo = [
        (name, first, min(CHUNK, sizes(scale)[name] - first))
        for name in SHARES
        for first in range(0, sizes(scale)[name], CHUNK)
    ]
    left = [task for task in todo if not _mark(folder, task[0], task[1]).exists()]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        drawn = [pool.submit(_draw_chunk, folder, bank, scale, *task) for task in left]
        for done in tqdm(as_completed(drawn), total=len(drawn), desc="drawing", unit="chunk"):
            done.result()
    for name in SHARES:
        layout = Layout(folder / name, name)
        for index in range(sizes(scale)[name]):
            layout.add(index, split_of(name, index, scale))
        layout.finish()
    return _taken(folder, time.perf_counter() - begin)


def sizes(scale: float) -> dict[str, int]:
    """Samples of each source."""
    return {name: max(8, round(share.samples * scale)) for name, share in SHARES.items()}


def split_of(name: str, index: int, scale: float) -> str:
    """The first ones are validation."""
    return "val" if index < max(2, round(SHARES[name].validation * scale)) else "train"


def draw_one(folder: Path, bank: Path, scale: float, name: str, index: int, variant: int) -> None:
    """Write image and mask of one sample; another ``variant`` is another picture."""
    rng = np.random.default_rng([list(SHARES).index(name), index, variant])
    wanted = rng.random() < SHARES[name].with_people
    drawn = _recombined(rng, bank, with_people=wanted)
    layout, split = Layout(folder / name, name), split_of(name, index, scale)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(drawn.rgb, cv2.COLOR_RGB2BGR), quality)
    layout.image_path(index, split).write_bytes(jpeg.tobytes())
    picture = Image.fromarray(class_ids(name, drawn, rng))
    if name == "voc":
        picture.putpalette([(37 * i) % 256 for i in range(768)])  # keeps the indices
    picture.save(layout.mask_path(index, split), compress_level=1)


def change_some(folder: Path, *, scale: float, share: float) -> int:
    """Draw a share of all samples anew, each time others; returns how many."""
    counter = folder / "variants.txt"
    variant = int(counter.read_text()) + 1 if counter.exists() else 1
    rng = np.random.default_rng(variant)
    bank, changed = _bank_file(folder), 0
    for name, samples in sizes(scale).items():
        for index in rng.choice(samples, max(1, round(samples * share)), replace=False):
            draw_one(folder, bank, scale, name, int(index), variant)
            changed += 1
    counter.write_text(str(variant))
    return changed


def _draw_chunk(folder: Path, bank: Path, scale: float, name: str, first: int, count: int) -> None:
    cv2.setNumThreads(1)
    for index in range(first, first + count):
        draw_one(folder, bank, scale, name, index, 0)
    mark = _mark(folder, name, first)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _mark(folder: Path, name: str, first: int) -> Path:
    return folder / "drawn" / f"{name}-{first:06d}-{CHUNK}"


def _taken(folder: Path, seconds: float) -> float:
    """Add to what earlier attempts took."""
    note = folder / "seconds.json"
    total = seconds + (json.loads(note.read_text()) if note.exists() else 0.0)
    note.write_text(json.dumps(total))
    return total


def _bank_file(folder: Path) -> Path:
    """The paintings: places without people, then people; (N, h, w, 4) RGB and material."""
    path = folder / "paintings.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        painted = [_painted(number) for number in tqdm(range(PLACES + CROWDS), desc="painting")]
        aside = path.with_suffix(".part.npy")
        np.save(aside, np.stack(painted))
        aside.replace(path)
    return path


def _painted(number: int) -> U8:
    drawn = draw_sample(np.random.default_rng(number), with_people=number >= PLACES)
    rgb = cv2.resize(drawn.rgb, PAINTED_WH, interpolation=cv2.INTER_AREA)
    material = cv2.resize(drawn.material, PAINTED_WH, interpolation=cv2.INTER_NEAREST)
    return np.dstack([rgb, material]).astype(np.uint8)


@lru_cache(maxsize=1)
def _bank(path: Path) -> U8:
    paintings: U8 = np.load(path, mmap_mode="r")
    return paintings


@lru_cache(maxsize=1)
def _grain() -> U8:
    rng = np.random.default_rng(0)
    tile = rng.normal(128, 42, (2 * HEIGHT, 2 * WIDTH, 3)).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(tile, (0, 0), 0.6), np.uint8)


def _recombined(rng: np.random.Generator, bank: Path, *, with_people: bool) -> Drawn:
    rgb, material = _seen(rng, _bank(bank)[rng.integers(PLACES)], (2.0, 3.4))
    if rng.random() < 0.7:
        other_rgb, other_material = _seen(rng, _bank(bank)[rng.integers(PLACES)], (2.0, 3.4))
        edge = int(rng.integers(WIDTH // 5, 4 * WIDTH // 5))
        rgb[:, edge:], material[:, edge:] = other_rgb[:, edge:], other_material[:, edge:]
    if with_people:
        crowd = _bank(bank)[PLACES + rng.integers(CROWDS)]
        crowd_rgb, crowd_material = _seen(rng, crowd, (1.2, 2.6))
        people = np.where(crowd_material == Material.PERSON, np.uint8(255), np.uint8(0))
        cv2.copyTo(crowd_rgb, people, rgb)
        material[people > 0] = Material.PERSON
    light = rng.integers(70, 175, (4, 5, 3), dtype=np.uint8)
    rgb = cv2.multiply(rgb, cv2.resize(light, (WIDTH, HEIGHT)), scale=1 / 128)
    y, x = int(rng.integers(HEIGHT)), int(rng.integers(WIDTH))
    grain = _grain()[y : y + HEIGHT, x : x + WIDTH]
    strength = float(rng.uniform(0.3, 1.0)) * GRAIN * 4
    rgb = cv2.addWeighted(rgb, 1.0, grain, strength, -128 * strength)
    return Drawn(rgb, material, material)


def _seen(rng: np.random.Generator, painting: U8, zoom: tuple[float, float]) -> tuple[U8, U8]:
    """A part of a painting, perhaps mirrored, at full size: RGB and material."""
    scale = float(rng.uniform(*zoom))
    flip = 1.0 if rng.random() < 0.5 else -1.0
    room_x, room_y = PAINTED_WH[0] * scale - WIDTH, PAINTED_WH[1] * scale - HEIGHT
    left = (0.0 if flip > 0 else PAINTED_WH[0] * scale) - float(rng.random()) * room_x
    view = np.array([[flip * scale, 0, left], [0, scale, -float(rng.random()) * room_y]])
    size = (WIDTH, HEIGHT)
    rgb = cv2.warpAffine(painting[..., :3], view, size, flags=cv2.INTER_LINEAR)
    material = cv2.warpAffine(painting[..., 3], view, size, flags=cv2.INTER_NEAREST)
    return np.asarray(rgb, np.uint8), np.asarray(material, np.uint8)


def main() -> None:
    """Only draw the set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=0.01, help="of 157,037 images")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    taken = make_sources(options.folder, scale=options.scale, workers=options.workers)
    print(f"{sum(sizes(options.scale).values())} images in {taken:.0f} s")


if __name__ == "__main__":
    main()
