"""What a scan says of each image, readable or not: the columns of ``samples.parquet``."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from dataset_build.scan.quality import THUMBNAIL_BYTES

SAMPLES_FILE = "samples.parquet"
#: One row per image of a source; measurements are null where the sample was rejected.
SAMPLES = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("official_split", pa.string(), nullable=False),
        pa.field("image_path", pa.string(), nullable=False),
        pa.field("mask_path", pa.string(), nullable=False),
        pa.field("image_bytes", pa.int64(), nullable=False),
        pa.field("image_sha256", pa.string(), nullable=False),
        pa.field("mask_sha256", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("human_share", pa.float64()),
        pa.field("ignore_share", pa.float64()),
        pa.field("human_px", pa.int64()),
        pa.field("human_regions", pa.int32()),
        pa.field("tallest_region_share", pa.float64()),
        pa.field("border_touch_share", pa.float64()),
        pa.field("person_regions", pa.int32()),
        pa.field("largest_person_share", pa.float64()),
        pa.field("headroom_share", pa.float64()),
        pa.field("cut_share", pa.float64()),
        pa.field("head_cut_share", pa.float64()),
        pa.field("ground_agreement", pa.float64()),
        pa.field("surveillance_score", pa.float64()),
        pa.field("luma_mean", pa.float64()),
        pa.field("luma_std", pa.float64()),
        pa.field("sharpness", pa.float64()),
        pa.field("entropy_bits", pa.float64()),
        pa.field("phash", pa.int64()),
        pa.field("thumbnail", pa.binary(THUMBNAIL_BYTES)),
        pa.field("reject_reason", pa.string(), nullable=False),
        pa.field("reject_detail", pa.string(), nullable=False),
    ]
)


#: Columns whose words recur. A dictionary of any other would be given up half way: a third of the
#: time of writing, for files that are larger.
REPEATED = ("source", "official_split", "licence", "reject_reason", "reject_detail")


@dataclass(frozen=True, kw_only=True)
class SampleRow:
    """One row of ``SAMPLES``; shares are fractions in [0, 1], measurements None for rejects."""

    sample_id: str
    source: str
    official_split: str
    image_path: str
    mask_path: str
    image_bytes: int
    image_sha256: str
    mask_sha256: str
    licence: str
    width: int
    height: int
    human_share: float | None = None
    ignore_share: float | None = None
    human_px: int | None = None
    human_regions: int | None = None
    tallest_region_share: float | None = None
    border_touch_share: float | None = None
    person_regions: int | None = None
    largest_person_share: float | None = None
    headroom_share: float | None = None
    cut_share: float | None = None
    head_cut_share: float | None = None
    ground_agreement: float | None = None
    surveillance_score: float | None = None
    luma_mean: float | None = None
    luma_std: float | None = None
    sharpness: float | None = None
    entropy_bits: float | None = None
    phash: int | None = None
    thumbnail: bytes | None = None
    reject_reason: str = ""
    reject_detail: str = ""
