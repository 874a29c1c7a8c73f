"""Where a number stands among sorted ones, inside kernels.

np.searchsorted takes several times as long for one number.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.compiled import inlined


@inlined
def row_of(sorted_numbers: npt.NDArray[np.int64], wanted: int) -> int:
    """The row of `wanted` among n ascending int64s that are all different; -1 where it is not."""
    row, end = 0, len(sorted_numbers)
    while row < end:
        middle = (row + end) >> 1
        if sorted_numbers[middle] < wanted:
            row = middle + 1
        else:
            end = middle
    return row if row < len(sorted_numbers) and sorted_numbers[row] == wanted else -1
