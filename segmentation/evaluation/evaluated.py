"""``evaluation.json``: which weights an evaluation judged, and on which pixels."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

EVALUATION_FILE = "evaluation.json"
#: Longer side at which photographs are judged at most: what cameras deliver.
MAX_SIDE_PX = 640
#: 1 had no table of images that could be compared.
FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What was judged, and on what.

    Args:
        model_version: sha256 of the weights.
        data_digest: names the pixels that were judged.
        max_side_px: longer side at which they were; None for full size.
        backend: by what the network was run; they agree in all but a few pixels of ten thousand.
        steps: what was done to its answers, by ``PostprocessConfig.name``; empty for nothing.
        sequence: whether the images were seen as frames of one camera, in order.
        views: how often and how large each was looked at, by ``Views.name``; empty for once, no
            larger than those of training.
    """

    model_version: str
    data_digest: str
    max_side_px: int | None
    backend: str = ""
    steps: str = ""
    sequence: bool = False
    views: str = ""


def read_evaluated(folder: Path) -> Evaluated | None:
    """What an evaluation judged; None for one that cannot be compared, as older ones cannot."""
    path = folder / EVALUATION_FILE
    if not path.is_file():
        return None
    values = json.loads(path.read_text(encoding="utf-8"))
    if values.pop("format", 1) != FORMAT:
        return None
    return Evaluated(**values)


def write_evaluated(judged: Evaluated, out: Path) -> Path:
    """Write ``evaluation.json``."""
    text = json.dumps({"format": FORMAT, **asdict(judged)}, indent=1, sort_keys=True)
    (out / EVALUATION_FILE).write_text(text + "\n", encoding="utf-8")
    return out / EVALUATION_FILE
