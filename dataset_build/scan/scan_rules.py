"""Everything but the files themselves that decides what a scan writes, as one fingerprint."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import logging
import pickle
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import PIL
import pyarrow as pa

import dataset_build
from dataset_build.config import DatasetConfig
from dataset_build.digests import sha256_of_code
from dataset_build.sources.readers import SourceFiles
from dataset_build.sources.sources import SourceSpec

#: Folders and modules of dataset_build that a scan never asks: a change of them leaves every row
#: as it was. Any other counts as the scan's, so a new one is safe before anyone thinks of this.
LATER_STAGES = frozenset(
    {
        "charts",
        "downloads",
        "duplicates",
        "expectations",
        "ledger",
        "markdown",
        "review",
        "sources.mask_pictures",
        "sources.object_kinds",
        "sources.official_counts",
        "sources.own_frames",
        "statistics",
    }
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ReadLimits:
    """The only settings that the reader of a sample is told.

    Args:
        max_image_px: pixels that a picture may have at most.
        min_region_px: smaller human regions are not counted.
    """

    max_image_px: int
    min_region_px: int

    @classmethod
    def of(cls, config: DatasetConfig) -> ReadLimits:
        """Those of a dataset build."""
        return cls(max_image_px=config.max_image_px, min_region_px=config.min_region_px)


def fingerprint(spec: SourceSpec, files: SourceFiles, limits: ReadLimits) -> str:
    """Digest of code, libraries, limits, label map and of what the decoder has read for itself.

    Args:
        spec: the source.
        files: as listed; the decoder's pickled state stands for tables of segments or outlines.
        limits: of the reader.

    Returns:
        A hex digest; "" where the decoder cannot be pickled, so that nothing may be taken over.
    """
    labels = {name: sorted(ids) for name, ids in asdict(spec.labels).items()}
    stated = [spec.name, spec.licence, labels, spec.private, asdict(limits), _libraries(), _code()]
    digest = _Digest()
    digest.write(json.dumps(stated).encode())
    try:
        pickle.Pickler(digest, protocol=4).dump(files.decoder)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        _log.info("%s: scans cannot be taken over, its decoder is no data (%s)", spec.name, error)
        return ""
    return digest.hexdigest()


class _Digest:
    """A file to write to that keeps only a digest, so that a large pickle is never in memory."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> int:
        """Take more bytes."""
        self._sha256.update(data)
        return len(data)

    def hexdigest(self) -> str:
        """Of all bytes so far."""
        return self._sha256.hexdigest()


def _libraries() -> list[str]:
    """Versions of what decodes, measures and writes."""
    return [
        cv2.__version__,
        np.__version__,
        PIL.__version__,
        pa.__version__,
        importlib.metadata.version("matplotlib"),
        zlib.ZLIB_RUNTIME_VERSION,
    ]


def is_later(module: str) -> bool:
    """Whether a module, by its name below dataset_build, belongs to a later stage."""
    parts = module.split(".")
    return any(".".join(parts[:n]) in LATER_STAGES for n in range(1, len(parts) + 1))


@functools.cache
def _code() -> str:
    """Digest of the modules of dataset_build, but for those of later stages."""
    package = Path(dataset_build.__file__).parent
    return sha256_of_code(package, lambda module: not is_later(module))
