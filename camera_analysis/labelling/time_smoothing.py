"""Scores of consecutive frames, calmed by a Gaussian mean over time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatVector = npt.NDArray[np.float64]

#: What lies farther away weighs nothing.
KERNEL_SIGMAS = 3


def gaussian_mean(
    values: npt.NDArray[np.floating], sigma: float, *, before: int = 0, after: int = 0
) -> FloatVector:
    """Weighted mean of each value and its neighbours; at the ends the weights left sum to 1.

    Args:
        values: (N,) in the order of time, evenly spaced.
        sigma: standard deviation in values; 0 leaves them as they are.
        before: frames ahead of the first value that count as 0.
        after: frames behind the last value that count as 0.
    """
    if sigma <= 0 or not values.size:
        return np.array(values, np.float64)
    reach = int(np.ceil(KERNEL_SIGMAS * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    head = min(before, reach)
    inside = np.ones(values.size + head + min(after, reach))
    weight = np.convolve(inside, kernel)[reach : reach + inside.size]
    total = np.convolve(values, kernel)[reach : reach + values.size]
    return np.asarray(total / weight[head : head + values.size], np.float64)
