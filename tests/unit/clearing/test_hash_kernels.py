"""SHA-256 and Merkle roots of the kernels against hashlib and the rules' own words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.clearing.kernels.lines import SLACK
from novate.clearing.kernels.sha256 import BLOCK, digests, portable_digest
from novate.clearing.leaves import group_roots, lines_root, trade_texts
from novate.clearing.lines import Written
from novate.clearing.merkle import merkle_root
from novate.clearing.trades.columns import FIELDS, TradeColumns, coded, constant, trade_columns
from tests.oracle.naive_trade_nets import naive_digests, naive_root

EDGES = [b"x" * length for length in (0, 1, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 127, 128, 129, 1000)]


def hashed(messages: list[bytes]) -> list[bytes]:
    data = np.frombuffer(b"".join(messages), np.uint8)
    starts = np.cumsum([0, *map(len, messages)]).astype(np.int64)
    out = np.zeros(32 * len(messages), np.uint8)
    digests(data, starts, out)
    return [out[at : at + 32].tobytes() for at in range(0, len(out), 32)]


def test_digests_of_every_length_around_the_blocks() -> None:
    assert hashed(EDGES) == naive_digests(EDGES)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=10))
def test_digests_of_random_texts(messages: list[bytes]) -> None:
    assert hashed(messages) == naive_digests(messages)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_the_portable_form_gives_the_same(message: bytes) -> None:
    zeros = -(len(message) + 9) % BLOCK
    padded = message + b"\x80" + bytes(zeros) + (8 * len(message)).to_bytes(8, "big")
    out = np.zeros(32, np.uint8)
    portable_digest(np.frombuffer(padded, np.uint8), out)
    assert [out.tobytes()] == naive_digests([message])


def delivery(names: list[tuple[str, str, int]]) -> TradeColumns:
    given = {
        "source": coded(source for source, _, _ in names),
        "trade_id": coded(trade_id for _, trade_id, _ in names),
        "version": coded(str(version) for _, _, version in names),
    }
    return trade_columns({name: given.get(name, constant("", len(names))) for name in FIELDS})


NAME = st.text("ab1é€\U0001d11e ", min_size=1, max_size=12)
NAMES = st.lists(
    st.tuples(st.sampled_from(["NOVATE", "N", "é"]), NAME, st.sampled_from([1, 9, 10, 10**17])),
    unique_by=lambda name: name[:2],
    min_size=1,
    max_size=60,
)


@settings(max_examples=100, deadline=None)
@given(NAMES, st.integers(0, 2**32 - 1))
def test_roots_are_the_twins_for_names_in_any_order(names: list[tuple[str, str, int]], seed: int) -> None:
    columns = delivery(names)
    texts = trade_texts(columns, np.arange(len(names)))
    expected = [f"{source}|{trade_id}|{version}|".encode() for source, trade_id, version in names]
    assert all_texts(texts) == expected
    legs = np.random.default_rng(seed).permutation(2 * len(names)).astype(np.int32)
    bounds = np.array([0, 1, 1 + len(names) // 2, 2 * len(names)], np.int64)
    wanted = np.array([True, len(names) > 1, True])
    roots = group_roots(texts, legs, bounds, wanted)
    for group, root in enumerate(roots):
        inside = legs[bounds[group] : bounds[group + 1]].tolist()
        assert root.tobytes() == (naive_root(expected, inside) if wanted[group] else bytes(32))


def all_texts(texts: Written) -> list[bytes]:
    whole = texts.data.tobytes()
    return [whole[first:end] for first, end in zip(texts.starts, texts.starts[1:], strict=False)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 64, 100, 1000])
def test_root_over_any_number_of_legs(count: int) -> None:
    names = [("NOVATE", str(number), 1) for number in range(count)]
    columns = delivery(names)
    texts = trade_texts(columns, np.arange(count))
    legs = np.random.default_rng(count).permutation(2 * np.arange(count, dtype=np.int32) + 1)
    (root,) = group_roots(texts, legs, np.array([0, count]), np.array([True]))
    assert root.tobytes() == naive_root(all_texts(texts), legs.tolist())


def test_names_that_agree_in_their_first_bytes_are_told_apart() -> None:
    names = [("NOVATE", "same-beginning-" + end, 1) for end in ("", "b", "a", "ab", "0123456789", "é", "~")]
    columns = delivery([*names, ("NOVATE", "other", 1)])
    texts = trade_texts(columns, np.arange(len(names) + 1))
    legs = np.arange(len(names) + 1, dtype=np.int32) * 2
    (root,) = group_roots(texts, legs, np.array([0, len(legs)]), np.array([True]))
    assert root.tobytes() == naive_root(all_texts(texts), legs.tolist())


@pytest.mark.parametrize("count", [*range(9), 33, 100])
def test_root_over_lines_is_that_over_their_texts(count: int) -> None:
    lines = [b"x" * (7 * number % 301) for number in range(count)]
    data = np.frombuffer(b"".join(line + b"\n" for line in lines) + bytes(SLACK), np.uint8)
    starts = np.cumsum([0, *(len(line) + 1 for line in lines)]).astype(np.int64)
    assert lines_root(data, starts) == merkle_root(lines)
