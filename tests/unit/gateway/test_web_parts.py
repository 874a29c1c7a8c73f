"""The parts of the web gateway without sockets: ids, rates, resumption, decimals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.configuration import embedded_configuration
from novate.gateway.web.amounts import Screens, canonical
from novate.gateway.web.books import checksum
from novate.gateway.web.codes import WebRefused
from novate.gateway.web.limits import NANOSECONDS, Bucket
from novate.gateway.web.order_ids import FORM, OrderIds
from novate.gateway.web.pages import newest_part, page, part
from novate.gateway.web.websocket import Incoming, accept_key, text_frame
from novate.gateway.web.windows import INTERVALS, MarketWindow

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-"


@given(st.text(LETTERS, min_size=1, max_size=36))
def test_an_id_comes_back_from_its_number(text: str) -> None:
    ids = OrderIds()
    assert FORM.fullmatch(text)
    number = ids.number(text)
    assert -(1 << 63) <= number < 1 << 63
    assert ids.text(number) == text
    assert ids.find(text) == number


@given(st.text(LETTERS, min_size=1, max_size=10), st.text(LETTERS, min_size=1, max_size=10))
def test_two_short_ids_never_have_one_number(one: str, other: str) -> None:
    ids = OrderIds()
    assert (ids.number(one) == ids.number(other)) == (one == other)


def test_a_long_id_that_was_forgotten_is_still_found_by_what_is_shown() -> None:
    number = OrderIds().number("x" * 30)
    shown = OrderIds().text(number)
    assert shown.startswith("#")
    assert OrderIds().find(shown) == number
    assert OrderIds().find("not an id") is None


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_number_of_another_gateway_can_be_shown_and_found(number: int) -> None:
    ids = OrderIds()
    if 0 <= number < 1 << 62 or number < 0:
        assert ids.find(ids.text(number)) == number


def test_a_bucket_gives_no_more_than_its_rate() -> None:
    bucket = Bucket(10, 20)
    now = NANOSECONDS
    assert sum(bucket.spend(1, now) for _ in range(100)) == 20
    assert bucket.seconds_until(1) == 1
    now += NANOSECONDS // 2
    assert sum(bucket.spend(1, now) for _ in range(100)) == 5
    now += 100 * NANOSECONDS
    assert sum(bucket.spend(1, now) for _ in range(100)) == 20
    assert bucket.seconds_until_full == 2


@pytest.mark.parametrize(
    ("text", "short"),
    [("180.50", "180.5"), ("180.00", "180"), ("100", "100"), ("0.0", "0"), ("-1.10", "-1.1")],
)
def test_a_decimal_has_one_form(text: str, short: str) -> None:
    assert canonical(text) == short


def test_the_checksum_is_that_of_the_page() -> None:
    assert checksum([], []) == 0
    assert checksum([("180.5", "5"), ("180", "2")], [("181", "7")]) == _crc()
    many = [(str(price), "1") for price in range(20)]
    assert checksum(many, many) == checksum(many[:10], many[:10])


def _crc() -> int:
    import zlib

    return zlib.crc32(b"180.5:5:180:2:181:7")


def test_candles_are_cut_at_their_intervals() -> None:
    window = MarketWindow()
    minute = INTERVALS["1m"]
    for trade, (time, price) in enumerate([(0, 10), (minute - 1, 12), (minute, 9), (5 * minute, 11)], 1):
        window.add(trade, time, price, 2, 1, trade)
    found = [
        (one.start_ns, one.open, one.high, one.low, one.close, one.volume) for one in window.candles["1m"]
    ]
    assert found == [
        (0, 10, 12, 10, 12, 4), (minute, 9, 9, 9, 9, 2), (5 * minute, 11, 11, 11, 11, 2),
    ]  # fmt: skip
    assert [one.trades for one in window.candles["5m"]] == [3, 1]
    day = window.of_the_day(5 * minute)
    assert day is not None
    assert (day.open, day.high, day.low, day.close, day.volume) == (10, 12, 9, 11, 8)
    assert [row.previous for row in window.trades] == [0, 1, 2, 3]


@given(st.lists(st.integers(0, 100)), st.integers(1, 7))
def test_pages_together_are_the_list(rows: list[int], limit: int) -> None:
    found: list[int] = []
    cursor: str | None = None
    while True:
        some, cursor = part(rows, limit, cursor)
        found += some
        if cursor is None:
            break
    assert found == rows
    some, following = page(rows[: limit + 1], limit, lambda row: row)
    assert (following is None) == (len(rows) <= limit)
    assert list(some) == rows[:limit]


def test_the_handshake_of_the_standard() -> None:
    assert accept_key(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert accept_key(b"short") is None
    assert accept_key(b"") is None


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_of_the_server_is_read_by_another_implementation(size: int) -> None:
    from websockets.client import ClientProtocol
    from websockets.frames import Frame
    from websockets.protocol import State
    from websockets.uri import parse_uri

    client = ClientProtocol(parse_uri("ws:" + "//a/"), state=State.OPEN, max_size=None)
    client.receive_data(text_frame(b"x" * size))
    (found,) = client.events_received()
    assert isinstance(found, Frame)
    assert bytes(found.data) == b"x" * size


def test_frames_that_nobody_masked_end_the_connection() -> None:
    incoming = Incoming()
    messages, _ = incoming.receive(text_frame(b"{}"))
    assert messages == []
    assert incoming.is_over


@given(st.lists(st.integers(0, 100)), st.integers(1, 7), st.integers(0, 3))
def test_pages_of_a_list_that_grows_at_its_front_are_what_it_was(
    rows: list[int], limit: int, growth: int
) -> None:
    found: list[int] = []
    cursor: str | None = None
    grown = rows
    while True:
        some, cursor = newest_part(grown, limit, cursor)
        found += some
        if cursor is None:
            break
        grown = [-1] * growth + grown
    assert found == rows


def test_a_decimal_means_the_same_however_often_it_is_read() -> None:
    market = Screens(embedded_configuration()).market("NOVA")
    for _ in range(2):
        assert market.ticks("182.50", "price") == market.ticks("182.5" + "0" * 30, "price") == 18_250
        with pytest.raises(WebRefused) as refused:
            market.ticks("182.505", "price")
        assert refused.value.field == "price"
