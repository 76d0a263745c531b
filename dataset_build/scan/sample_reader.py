"""The two files of a sample, read once: digests, measurements and packed mask, or what is wrong."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from dataset_build.scan.mask_pack import PackedMask
from dataset_build.scan.quality import (
    MEASURED_WIDTH_PX,
    ImageQuality,
    MaskQuality,
    measure_image,
    measure_mask,
)
from dataset_build.scan.scan_rules import ReadLimits
from dataset_build.sources.faults import RejectReason, SampleFault, Side, undecodable
from dataset_build.sources.image_files import (
    LoadedFile,
    decode_luma,
    held_data,
    is_turned_on_screen,
    load_file,
    read_header,
    require_size,
)
from dataset_build.sources.mask_files import human_mask
from dataset_build.sources.readers import SampleFiles, SourceFiles
from dataset_build.sources.sources import SourceSpec

#: Samples that a thread reads at a time; the hand-over between threads costs as much as one in 50.
_HANDFUL = 8
#: Handfuls that may wait for each thread, or for the one that writes.
_AHEAD = 4


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the files of one sample hold; the last three are None where ``fault`` says why.

    Args:
        image_bytes: size of the image file.
        image_sha256: of the image file; "" where there is none.
        mask_sha256: of the mask file; "" where there is none.
        width: of the image, px; 0 where its header cannot be read.
        height: likewise.
        settled: reading the same bytes again would find the same; False where the file system
            failed, so that the next scan has to look again.
    """

    image_bytes: int
    image_sha256: str
    mask_sha256: str
    settled: bool
    width: int = 0
    height: int = 0
    fault: SampleFault | None = None
    image: ImageQuality | None = None
    mask: MaskQuality | None = None
    packed: PackedMask | None = None


@dataclass(frozen=True, kw_only=True)
class SampleReader:
    """Reads the samples of one source; safe to call from several threads.

    Args:
        root: the folder below which the paths of ``files`` lie.
    """

    spec: SourceSpec
    root: Path
    files: SourceFiles
    limits: ReadLimits

    def read_all(self, samples: Sequence[SampleFiles]) -> list[Reading]:
        """One reading per sample, in their order."""
        return [self.read(sample) for sample in samples]

    def read(self, sample: SampleFiles) -> Reading:
        """Everything that the scan wants to know of a sample; never raises for bad files."""
        image = self._load(sample.image_path, "image", sample)
        mask = self._load(sample.mask_path, "mask", sample)
        reading = Reading(
            image_bytes=image.size_bytes,
            image_sha256=image.sha256,
            mask_sha256=mask.sha256,
            settled=image.settled and mask.settled,
        )
        try:
            header = read_header(image.require(), "image")
            reading = replace(reading, width=header.width, height=header.height)
            if printable(sample.key) != sample.key:
                raise undecodable("image", "the file name is not UTF-8")
            return self._measured(reading, image.require(), mask.require(), sample.key)
        except SampleFault as fault:
            return replace(reading, fault=fault)

    def _load(self, path: str, side: Side, sample: SampleFiles) -> LoadedFile:
        held = self.files.masks_in_tables.get(sample.key) if side == "mask" else None
        if held is not None:
            return held_data(held)
        absent = f"no {side} file for {printable(sample.key)!r}"
        return load_file(
            self.root / path if path else None,
            side,
            max_px=self.limits.max_image_px,
            absent=absent,
        )

    def _measured(self, reading: Reading, image: bytes, mask: bytes, key: str) -> Reading:
        """Refuse by the headers first: no pixel is decoded before both sizes are known good."""
        limit = self.limits.max_image_px
        require_size(reading.width, reading.height, "image", max_px=limit)
        size = self.files.decoder.size(mask)
        require_size(*size, "mask", max_px=limit)
        if size != (reading.width, reading.height):
            found = f"image {reading.width} x {reading.height} px, mask {size[0]} x {size[1]} px"
            if size == (reading.height, reading.width) and is_turned_on_screen(image):
                found += "; the mask is of the image as its EXIF note turns it, turn the mask back"
            raise SampleFault(RejectReason.SIZE_MISMATCH, found)
        luma = decode_luma(image, "image", min_width_px=MEASURED_WIDTH_PX)
        mask_hw = human_mask(mask, key, self.files.decoder, self.spec.labels)
        return replace(
            reading,
            image=measure_image(luma),
            mask=measure_mask(mask_hw, min_region_px=self.limits.min_region_px),
            packed=PackedMask.of(mask_hw),
        )


def printable(text: str) -> str:
    """Text that UTF-8 can hold: undecodable bytes of a file name become backslash escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def read_ahead(
    reader: SampleReader, samples: Sequence[SampleFiles], workers: int
) -> Iterator[Iterator[Reading]]:
    """Readings in the order of the samples, made by several threads, a bounded number ahead.

    Args:
        reader: of their source.
        samples: what to read.
        workers: threads; 0 takes as many as this process has cores.
    """
    opencv_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # its own threads gain nothing on small pictures and take our cores
    try:
        with ThreadPoolExecutor(max_workers=workers or cores()) as pool:
            yield _in_order(pool, reader, samples, ahead=_AHEAD * (workers or cores()))
    finally:
        cv2.setNumThreads(opencv_threads)


def _in_order(
    pool: ThreadPoolExecutor, reader: SampleReader, samples: Sequence[SampleFiles], *, ahead: int
) -> Iterator[Reading]:
    waiting: deque[Future[list[Reading]]] = deque()
    for start in range(0, len(samples), _HANDFUL):
        waiting.append(pool.submit(reader.read_all, samples[start : start + _HANDFUL]))
        if len(waiting) >= ahead:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
