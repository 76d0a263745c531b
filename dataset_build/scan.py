"""One pass over a source: one row per image, readable or not."""

from __future__ import annotations

import pyarrow as pa

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
        pa.field("luma_mean", pa.float64()),
        pa.field("luma_std", pa.float64()),
        pa.field("sharpness", pa.float64()),
        pa.field("entropy_bits", pa.float64()),
        pa.field("phash", pa.int64()),
        pa.field("reject_reason", pa.string(), nullable=False),
        pa.field("reject_detail", pa.string(), nullable=False),
    ]
)
