"""How high normal frames of a window score in the channels: each day against the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from camera_analysis.channels.channel_scale import (
    ChannelScale,
    blocks_of_day,
    learn_scale,
    whole_days,
)
from camera_analysis.channels.channel_window import sum_channels
from camera_analysis.labelling.code_tables import CODES_FILE, read_codes_meta
from camera_analysis.normal.cross_fit import cut_blocks

#: Parts of a lone day: each is scored by seven eighths of it.
LONE_DAY_BLOCKS = 8


def write_scale(counts: Mapping[str, Path], codes: Mapping[str, Path], out: Path) -> None:
    """Write ``channel_scale.parquet`` for the days of a window; nothing where none has channels.

    Args:
        counts: day -> folder of its activity counts.
        codes: day -> folder of the codes that were counted.
        out: existing folder, of the learned normal of these days.
    """
    window = sum_channels(counts, sorted(set(counts) & set(codes)))
    if window.total is None or not window.total.frames:
        return
    meta = window.total.meta
    if len(window.days) > 1:
        scale = learn_scale(whole_days(codes, window.by_day), meta)
    else:
        scale = _lone_day(codes[window.days[0]])
    scale.save(out)


def _lone_day(labels_dir: Path) -> ChannelScale:
    meta = read_codes_meta(labels_dir)
    if meta is None:
        return ChannelScale()
    rows = pq.read_metadata(labels_dir / CODES_FILE).num_rows
    blocks = [(block.start, block.end) for block in cut_blocks(rows, LONE_DAY_BLOCKS, 0)]
    return learn_scale(blocks_of_day(labels_dir, meta, blocks), meta)
