"""Each augmentation of training on one drawn picture, on a sheet to look at, with its cost.

`python -m pipelines.synthetic.augmentation_sheet docs/pictures/augmentations.jpg` draws the
picture of docs/training.md and prints the processor milliseconds that each costs per crop.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click
import cv2
import numpy as np
import numpy.typing as npt

from dataset_build.sources.label_maps import HUMAN, IGNORE
from pipelines.synthetic.canvas import Material
from pipelines.synthetic.samples import draw_sample
from segmentation.config import TrainConfig
from segmentation.data import Sample
from segmentation.training.augment import random_crop
from segmentation.training.colours import recolour

U8 = npt.NDArray[np.uint8]

#: What the sheet shows: caption -> the share that is 1 in that tile; all others are 0.
SHOWN: Mapping[str, str] = {
    "scale, place, flip, colour": "",
    "rotation": "rotate_share",
    "elastic deformation": "elastic_share",
    "fisheye": "fisheye_share",
    "grey": "grey_share",
    "blur": "blur_share",
    "noise": "noise_share",
    "salt and pepper": "salt_pepper_share",
    "JPEG": "jpeg_share",
    "low light": "low_light_share",
    "equalized luminance": "equalize_share",
}
#: Seeds of a scene with several whole persons, and of the crop.
SCENE, CROP = 29, 5
CROP_PX = 256
COLUMNS = 4
_CAPTION_PX, _GAP_PX = 22, 6
_OUTLINE_RGB = (255, 115, 0)
_JPEG_QUALITY = 82


def draw_sheet(scene: int = SCENE, crop: int = CROP) -> U8:
    """All augmentations side by side, people outlined, unlabelled pixels greyed: (H, W, 3) RGB."""
    sample = drawn_sample(scene)
    tiles = [_tile(name, *augmented(sample, share, crop)) for name, share in SHOWN.items()]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % COLUMNS)
    gap = _GAP_PX // 2
    padded = [np.pad(t, ((gap, gap), (gap, gap), (0, 0)), constant_values=255) for t in tiles]
    rows = [np.hstack(padded[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    return np.vstack(rows)


def drawn_sample(seed: int) -> Sample:
    """A drawn picture with people, and its mask."""
    drawn = draw_sample(np.random.default_rng(seed), with_people=True)
    mask = np.where(drawn.material == Material.PERSON, HUMAN, 0).astype(np.uint8)
    return Sample(sample_id=f"drawn/{seed}", source="drawn", image_hwc_rgb=drawn.rgb, mask_hw=mask)


def augmented(sample: Sample, share: str, seed: int) -> tuple[U8, U8]:
    """One crop of ``CROP_PX`` with only that augmentation, and its mask."""
    config = only(share)
    crop = random_crop(sample, 0.4, config, np.random.default_rng(seed))
    colours = recolour(crop.image_hwc_rgb, config, np.random.default_rng(seed))
    image = (colours.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return image, crop.mask_hw


def only(share: str) -> TrainConfig:
    """The recipe with one augmentation always on and the other optional ones off."""
    shares = {name: float(name == share) for name in SHOWN.values() if name}
    return replace(TrainConfig(crop_px=CROP_PX, person_centred_share=1.0), **shares)


def cost_ms(share: str, crops: int) -> float:
    """Median processor milliseconds of a crop with that augmentation, on one thread."""
    sample, config = drawn_sample(SCENE), only(share)
    seen = []
    for seed in range(crops):
        rng = np.random.default_rng(seed)
        started = time.thread_time()
        recolour(random_crop(sample, 0.4, config, rng).image_hwc_rgb, config, rng)
        seen.append(time.thread_time() - started)
    return 1000 * float(np.median(seen))


def _tile(name: str, image: U8, mask: U8) -> U8:
    picture = image.copy()
    picture[mask == IGNORE] = 128
    outlines, _ = cv2.findContours(
        (mask == HUMAN).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    cv2.drawContours(picture, outlines, -1, _OUTLINE_RGB, 1)
    caption = np.full((_CAPTION_PX, picture.shape[1], 3), 255, np.uint8)
    place, font = (2, _CAPTION_PX - 6), cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(caption, name, place, font, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([caption, picture])


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--crops", default=60, show_default=True, help="Timed, for each augmentation.")
def main(out: Path, crops: int) -> None:
    """Draw the sheet to OUT and print what each augmentation costs."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    cv2.imwrite(str(out), draw_sheet()[..., ::-1], quality)
    cv2.setNumThreads(1)  # thread time sees this thread only
    for name, share in SHOWN.items():
        click.echo(f"{name:28}{cost_ms(share, crops):6.1f} ms")


if __name__ == "__main__":
    main()
