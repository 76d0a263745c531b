"""Cells of MATLAB files, and the files that are none that can be read."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.benchmark.layouts.matlab_cells import (
    MatlabCellsError,
    count_cells,
    iterate_cells,
)
from tests.camera_analysis.benchmark.layouts.factories_layouts import square, write_label_cells


@pytest.mark.parametrize("compressed", [True, False])
def test_cells_are_counted_by_their_head(tmp_path, compressed):
    file = tmp_path / "1_label.mat"
    write_label_cells(file, [square(2), square(9)], compressed=compressed)
    assert count_cells(file, "volLabel") == 2
    second = list(iterate_cells(file, "volLabel"))[1]
    assert np.array_equal(second.astype(bool), square(9))
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(MatlabCellsError, match=r"the file ends early, after .* copy it again"):
        count_cells(file, "volLabel")


@pytest.mark.parametrize("head", [b"MATLAB 7.3 MAT-file, Platform: GLNXA64", b"\x89HDF\r\n\x1a\n"])
def test_a_file_saved_as_v7_3_says_how_to_save_it(tmp_path, head):
    file = tmp_path / "1_label.mat"
    file.write_bytes(head.ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(MatlabCellsError, match=r"saved as v7\.3 \(HDF5\); save it with -v7"):
        count_cells(file, "volLabel")
