"""What a user would write: Pillow for every file, a hash, blur, a binarized PNG per mask."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import scipy.fft
from PIL import Image

#: Source -> ids of persons, ids to ignore, folders of images and masks.
HUMAN = {"voc": 15, "coco_stuff": 0, "ade20k": 13}
IGNORED = {"voc": 255, "coco_stuff": 255, "ade20k": 0}


def scan_plainly(source: str, root: Path, out: Path) -> list[dict[str, object]]:
    """One row per image below ``root``; writes ``<stem>.png`` of 0, 1 and 255 for every mask."""
    masks = {path.stem: path for path in root.rglob("*.png")}
    rows = []
    for path in sorted(root.rglob("*.jpg")):
        image = Image.open(path).convert("RGB")
        grey = cv2.cvtColor(np.array(image), cv2.COLOR_RGB2GRAY)
        ids = np.array(Image.open(masks[path.stem]))
        binary = np.where(ids == HUMAN[source], 1, np.where(ids == IGNORED[source], 255, 0))
        Image.fromarray(binary.astype(np.uint8)).save(out / f"{path.stem}.png")
        regions, _, _, _ = cv2.connectedComponentsWithStats((binary == 1).astype(np.uint8))
        rows.append(
            {
                "name": path.stem,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "mask_sha256": hashlib.sha256(masks[path.stem].read_bytes()).hexdigest(),
                "size": image.size,
                "phash": perceptual_hash(image),
                "blur": cv2.Laplacian(grey, cv2.CV_64F).var(),
                "brightness": grey.mean(),
                "contrast": grey.std(),
                "human_share": float((binary == 1).sum() / max((binary != 255).sum(), 1)),
                "regions": regions - 1,
            }
        )
    return rows


def perceptual_hash(image: Image.Image) -> int:
    """As imagehash.phash does it: 32 x 32 by Lanczos, cosine transform, median."""
    small = np.asarray(image.convert("L").resize((32, 32), Image.Resampling.LANCZOS))
    low = scipy.fft.dct(scipy.fft.dct(small, axis=0), axis=1)[:8, :8]
    bits = np.packbits(low > np.median(low))
    return int.from_bytes(bits.tobytes(), "big")
