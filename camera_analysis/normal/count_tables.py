"""Count planes as Parquet rows: one row per image row, readable by any Parquet reader."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

CountArray = npt.NDArray[np.uint32]

COUNTS_FILE = "counts.parquet"

#: Counts of a day: only the (hour, class) planes that hold a count, in ascending order. Class 0 is
#: left out: it is what the others leave of the hour's frames. Counts of neighbouring rows are
#: alike, so that what is stored is their difference, in a fifth of the room; summed from the top
#: (``numpy.cumsum``) it is the counts again.
COUNTS_BY_HOUR = pa.schema(
    [
        ("local_hour", pa.int8()),  # 0-23
        ("class_id", pa.int16()),
        ("y", pa.int32()),
        ("n_minus_above", pa.list_(pa.int32())),  # W counts less those of the row above
    ]
)

#: Counts of a window, summed over its days and hours: every class.
COUNTS_OF_WINDOW = pa.schema(
    [
        ("class_id", pa.int16()),
        ("y", pa.int32()),
        ("n", pa.list_(pa.uint32())),  # W counts
    ]
)


def plane_table(plane_hw: CountArray, keys: Mapping[str, int], schema: pa.Schema) -> pa.Table:
    """Rows of one (H, W) count plane.

    Args:
        plane_hw: counts.
        keys: the columns that are constant over the plane, by name.
        schema: one of the schemas above.
    """
    height = plane_hw.shape[0]
    columns = {
        name: pa.array([value] * height, schema.field(name).type) for name, value in keys.items()
    }
    columns["y"] = pa.array(np.arange(height, dtype=np.int32))
    if "n" in schema.names:
        columns["n"] = list_column(plane_hw, schema.field("n").type)
    else:
        steps = np.diff(plane_hw.astype(np.int32), axis=0, prepend=np.int32(0))
        columns["n_minus_above"] = list_column(steps, schema.field("n_minus_above").type)
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def list_column(values_hw: npt.NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    """(H, W) values as a column of H lists of W values, without a Python object per value."""
    height, width = values_hw.shape
    offsets = pa.array(np.arange(height + 1, dtype=np.int32) * width)
    values = pa.array(np.ascontiguousarray(values_hw).ravel(), kind.value_type)
    return pa.ListArray.from_arrays(offsets, values, type=kind)


def plane_of(table: pa.Table, height: int, width: int, name: str) -> CountArray:
    """(H, W) count plane of the rows that :func:`plane_table` made.

    Raises:
        ValueError: the rows do not hold ``height`` x ``width`` counts.
    """
    *named, column = table.column_names  # "n", also of days counted before differences were stored
    values = table[column].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    if values.size != height * width:
        keys = {key: table[key][0].as_py() for key in named if key != "y"}
        raise ValueError(
            f"{name}/{COUNTS_FILE}: {keys} holds {values.size} counts, "
            f"expected {height} x {width}; count the day again"
        )
    plane = np.array(values).reshape(height, width)
    return np.asarray(plane if column == "n" else np.cumsum(plane, axis=0), np.uint32)
