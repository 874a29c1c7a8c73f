"""Where a trade is, by its identity; and digests of names in two parts."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.clearing.rows import NO_ROW
from novate.clearing.text_columns import Table, pair_digests
from novate.clearing.trade_index import TradeIndex

# Few first halves, so that different identities want one slot, and some differ in the second half only.
HALVES = st.tuples(st.sampled_from([0, 1, 255, 256, -1, 2**40]), st.integers(0, 40))


def column(found: list[tuple[int, int]]) -> npt.NDArray[np.void]:
    return np.array(found, np.int64).reshape(-1, 2).view("V16")[:, 0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(HALVES, max_size=60), max_size=12))
def test_blocks_enter_up_to_the_first_that_is_known(blocks: list[list[tuple[int, int]]]) -> None:
    index, known = TradeIndex(), dict[tuple[int, int], int]()
    for block in blocks:
        expected = 0
        while expected < len(block) and block[expected] not in {*known, *block[:expected]}:
            expected += 1
        assert index.enter(column(block), len(known)) == expected
        known |= {key: len(known) + place for place, key in enumerate(block[:expected])}
        assert index.find(column(block)).tolist() == [known.get(key, NO_ROW) for key in block]
    assert len(index) == len(known)


def test_an_index_that_grows_forgets_nothing() -> None:
    index, names = TradeIndex(), column([(number * 7919, number) for number in range(5_000)])
    for first in range(0, 5_000, 100):
        assert index.enter(names[first : first + 100], first) == 100
    assert index.find(names).tolist() == list(range(5_000))
    assert index.get(names[4_321].tobytes()) == 4_321
    assert index.get(bytes(16)[:-1] + b"\x01") == NO_ROW


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=90), min_size=1, max_size=4), st.lists(st.binary(max_size=90), min_size=1))
def test_a_digest_of_two_parts_is_that_of_both_together(heads: list[bytes], tails: list[bytes]) -> None:
    which = np.arange(len(tails)) % len(heads)
    found = pair_digests(Table(heads).rows(which), Table(tails).rows(np.arange(len(tails))))
    expected = [sha256(heads[head] + tail).digest() for head, tail in zip(which.tolist(), tails, strict=True)]
    assert [one.tobytes() for one in found] == expected
