"""Texts of tables as columns: what the kernels of `kernels.pairs` are called with.

table ["5|A|", "7|B|"] --Table--> one array of bytes --rows 0 1 1 0--> Texts, a text for each row
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.pairs import Texts, digests_of_pairs
from novate.clearing.kernels.sha256 import DIGEST

Bytes = npt.NDArray[np.uint8]
Int64s = npt.NDArray[np.int64]


class Table:
    """Texts side by side, to be named by their numbers."""

    def __init__(self, texts: Iterable[bytes]) -> None:
        found = list(texts)
        # A copy, so that the array may be written: kernels are compiled for one kind of array only.
        self.data: Bytes = np.frombuffer(b"".join(found), np.uint8).copy()
        self.length: Int64s = np.array([len(text) for text in found], np.int64)
        self.first: Int64s = np.cumsum(self.length) - self.length

    def rows(self, numbers: npt.NDArray[np.integer]) -> Texts:
        """The texts with these numbers."""
        return Texts(self.data, self.first[numbers], self.length[numbers])


def pair_digests(heads: Texts, tails: Texts) -> Bytes:
    """SHA-256 of each head followed by its tail, (n, 32)."""
    out = np.zeros(DIGEST * len(heads.first), np.uint8)
    digests_of_pairs(heads, tails, out)
    return out.reshape(-1, DIGEST)
