"""``images.parquet``: what was counted on every judged image, so that no network runs again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from segmentation.data import Sample
from segmentation.evaluation.boundary import count_boundary
from segmentation.evaluation.calibration import BINS, F32, BinCounts, count_bins
from segmentation.evaluation.person_recall import count_persons, has_false_region
from segmentation.metrics import THRESHOLD, HumanCounts, count_image

F64 = npt.NDArray[np.float64]

IMAGES_FILE = "images.parquet"
#: Names of the counts, in the order of a matrix of counts; the bins of the calibration follow.
COUNT_NAMES: tuple[str, ...] = tuple(asdict(HumanCounts()))
BIN_NAMES = ("bin_px", "bin_human_px", "bin_probability")
#: Columns of a matrix of counts.
MATRIX_COLUMNS = len(COUNT_NAMES) + BINS * len(BIN_NAMES)
#: Scores of a single image that are worth sorting by.
IMAGE_SCORES = ("iou", "dice", "precision", "recall", "pixel_accuracy", "boundary_iou")
_ROW_GROUP = 1024

#: One row per image, in the order in which they were judged; a score is null where nothing
#: defines it.
IMAGES = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        *(pa.field(name, pa.float64()) for name in IMAGE_SCORES),
        pa.field("wrong_share", pa.float64()),
        *(pa.field(name, pa.int64(), nullable=False) for name in COUNT_NAMES),
        pa.field("bin_px", pa.list_(pa.int64(), BINS), nullable=False),
        pa.field("bin_human_px", pa.list_(pa.int64(), BINS), nullable=False),
        pa.field("bin_probability", pa.list_(pa.float64(), BINS), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class ImageScore:
    """One judged image."""

    sample_id: str
    source: str
    counts: HumanCounts
    bins: BinCounts

    @property
    def wrong_share(self) -> float | None:
        """Share of labelled pixels that are wrong; None where none is labelled."""
        accuracy = self.counts.pixel_accuracy
        return None if accuracy is None else 1.0 - accuracy


def judge_image(probability_hw: F32, sample: Sample) -> ImageScore:
    """Count everything on one image; (H, W) probabilities of the sample's size."""
    predicted, mask = probability_hw >= THRESHOLD, sample.mask_hw
    boundary = count_boundary(predicted, mask)
    counts = replace(
        count_image(predicted, mask),
        boundary_hits=boundary.hits,
        boundary_either=boundary.either,
        empty_with_region=int(has_false_region(predicted, mask)),
        **asdict(count_persons(predicted, mask)),
    )
    return ImageScore(
        sample_id=sample.sample_id,
        source=sample.source,
        counts=counts,
        bins=count_bins(probability_hw, mask),
    )


class ImageTable:
    """Writes ``images.parquet``, a group of rows at a time; use it in a ``with`` statement.

    Args:
        folder: existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._writer = pq.ParquetWriter(folder / IMAGES_FILE, IMAGES, compression="zstd")
        self._waiting: list[dict[str, object]] = []

    def __enter__(self) -> ImageTable:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left; after an error the table is worth nothing."""
        if kind is None:
            self._flush()
        self._writer.close()

    def add(self, score: ImageScore) -> None:
        """One more row."""
        self._waiting.append(_row(score))
        if len(self._waiting) == _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_pylist(self._waiting, IMAGES))
        self._waiting = []


def _row(score: ImageScore) -> dict[str, object]:
    return {
        "sample_id": score.sample_id,
        "source": score.source,
        **{name: score.counts.score(name) for name in IMAGE_SCORES},
        "wrong_share": score.wrong_share,
        **asdict(score.counts),
        "bin_px": score.bins.px.tolist(),
        "bin_human_px": score.bins.human_px.tolist(),
        "bin_probability": score.bins.probability.tolist(),
    }


def images_by_source(folder: Path) -> dict[str, int]:
    """Source -> judged images, sorted by name.

    Raises:
        FileNotFoundError: the evaluation holds no table of images, as older ones did not.
    """
    sources = pq.read_table(_table_of(folder), columns=["source"])["source"]
    counts = {item["values"]: item["counts"] for item in sources.value_counts().to_pylist()}
    return dict(sorted(counts.items()))


def sample_ids(folder: Path) -> pa.ChunkedArray:
    """Ids of the judged images, in the table's order."""
    return pq.read_table(_table_of(folder), columns=["sample_id"])["sample_id"]


def count_blocks(folder: Path, source: str | None = None) -> Iterator[F64]:
    """The counts of all images, or of one source's, a bounded number of rows at a time.

    Args:
        folder: of an evaluation.
        source: None for all images.

    Yields:
        (n, ``MATRIX_COLUMNS``) counts; blocks without a row of the source are left out.
    """
    file = pq.ParquetFile(_table_of(folder))
    columns = ["source", *COUNT_NAMES, *BIN_NAMES]
    for batch in file.iter_batches(batch_size=_ROW_GROUP, columns=columns):
        chosen = batch if source is None else batch.filter(pc.equal(batch["source"], source))
        if chosen.num_rows:
            counts = [chosen[name].to_numpy(zero_copy_only=False) for name in COUNT_NAMES]
            bins = [_bins(chosen[name]) for name in BIN_NAMES]
            yield np.column_stack([*counts, *bins]).astype(np.float64)


def _bins(column: pa.FixedSizeListArray) -> F64:
    values = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values.reshape(len(column), BINS), np.float64)


def _table_of(folder: Path) -> Path:
    path = folder / IMAGES_FILE
    if not path.is_file():
        raise FileNotFoundError(f"no {IMAGES_FILE} in {folder}; evaluate the model again")
    return path
