"""What stands beside people in a photograph, where its source says so: VOC's classes but person.

A network that is told only "nobody" has to find out by itself what a horse is. These kinds are for
training alone; the dataset's masks stay as ``label_maps`` has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from dataset_build.sources.label_maps import HUMAN, NOT_HUMAN
from dataset_build.sources.mask_files import MaskDecoder
from dataset_build.sources.readers import SampleFiles
from dataset_build.sources.sources import open_source, source_spec

U8 = npt.NDArray[np.uint8]

#: Names of the kinds; the value of the first in a mask is ``FIRST_KIND``. ``NOT_HUMAN`` then means
#: none of them.
KINDS = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)
FIRST_KIND = HUMAN + 1
#: Nobody, and the source does not tell what else.
UNTOLD = 254
#: What a head has to tell apart: none of them, people, and the kinds.
CLASSES = FIRST_KIND + len(KINDS)

#: Class ids of VOC and SBD, where 15 is the person.
_VOC_IDS = (*range(1, 15), *range(16, 21))
#: Category ids of COCO's JSON files; those of the COCO-Stuff maps are one less.
_COCO_IDS = (5, 2, 16, 9, 44, 6, 3, 17, 62, 21, 67, 18, 19, 4, 64, 20, 63, 7, 72)
_STUFF_IDS = tuple(number - 1 for number in _COCO_IDS)


def _table(ids: tuple[int, ...]) -> U8:
    """(256,): class id of a source -> value in a mask."""
    table = np.full(256, NOT_HUMAN, np.uint8)
    table[list(ids)] = np.arange(FIRST_KIND, CLASSES)
    return table


#: The sources that name these kinds.
TABLES: Mapping[str, U8] = MappingProxyType(
    {
        "voc": _table(_VOC_IDS),
        "sbd": _table(_VOC_IDS),
        "coco_panoptic": _table(_COCO_IDS),
        "coco_stuff": _table(_STUFF_IDS),
    }
)


class ObjectKinds:
    """The kinds in the samples of a dataset, read from where the sources' masks lie.

    Args:
        roots: source -> its folder; sources that do not name these kinds may be among them.

    Raises:
        SourceLayoutError: a folder is missing or laid out differently.
    """

    def __init__(self, roots: Mapping[str, Path]) -> None:
        self._roots = {name: roots[name] for name in roots if name in TABLES}
        self._decoders: dict[str, MaskDecoder] = {}
        self._files: dict[str, dict[str, SampleFiles]] = {}
        for name, root in self._roots.items():
            files = open_source(source_spec(name), root)
            self._decoders[name] = files.decoder
            self._files[name] = {sample.key: sample for sample in files.samples}

    def told_beside(self, mask_hw: U8, source: str, sample_id: str) -> U8:
        """A human mask with the kinds in place of ``NOT_HUMAN``; people and ignored pixels stay.

        Args:
            mask_hw: (H, W) of NOT_HUMAN, HUMAN and IGNORE; stays as it is.
            source: of the sample.
            sample_id: ``<source>/<key>``.

        Returns:
            (H, W) with a kind, NOT_HUMAN for none of them, or UNTOLD where the source has no say.

        Raises:
            SampleFault: the source's mask is damaged.
            FileNotFoundError: it is gone.
            ValueError: it has another size.
        """
        if source not in self._files:
            return np.where(mask_hw == NOT_HUMAN, np.uint8(UNTOLD), mask_hw)
        key = sample_id.removeprefix(f"{source}/")
        sample = self._files[source].get(key)
        if sample is None or not sample.mask_path:
            raise FileNotFoundError(
                f"{sample_id}: its mask is gone from {self._roots[source]}; scan {source} again"
            )
        path = self._roots[source] / sample.mask_path
        ids = self._decoders[source].class_ids(path.read_bytes(), key)
        if ids.shape != mask_hw.shape:
            raise ValueError(
                f"{sample_id}: {path} has {ids.shape}, its packed mask {mask_hw.shape}; scan and"
                f" pack {source} again"
            )
        return np.where(mask_hw == NOT_HUMAN, TABLES[source][ids], mask_hw)
