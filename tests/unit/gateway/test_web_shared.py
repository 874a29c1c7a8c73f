"""What the workers of a gateway know together: each signature once, each key one rate."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.limits import NANOSECONDS, WINDOW_NS
from novate.gateway.web.shared import GENERATIONS, Shared, SharedBucket, new_file

NOW = 1_790_000_000 * NANOSECONDS
PLACES = 1 << 12


@pytest.fixture
def file() -> Iterator[int]:
    """Memory for several workers."""
    made = new_file(PLACES)
    yield made
    os.close(made)


def proof(number: int) -> bytes:
    """A signature."""
    return number.to_bytes(64, "big")


def test_a_signature_that_one_worker_has_seen_is_none_for_another(file: int) -> None:
    one, other = Shared(file, PLACES), Shared(file, PLACES)
    for number in range(1_000):
        first, second = (one, other) if number % 2 else (other, one)
        assert first.note(proof(number), NOW + number)
        assert not second.note(proof(number), NOW + number)
        assert not first.note(proof(number), NOW + number)


def test_signatures_are_remembered_as_long_as_their_times_pass(file: int) -> None:
    shared = Shared(file, PLACES)
    times = [NOW + offset * WINDOW_NS for offset in (-1, 0, 1)]
    assert all(shared.note(proof(at), time) for at, time in enumerate(times))
    assert not any(shared.note(proof(at), time) for at, time in enumerate(times))
    # The next epochs take over the places of those whose times no longer pass, however full they are.
    for epoch in range(2 * GENERATIONS):
        time = NOW + epoch * WINDOW_NS
        for number in range(10, 10 + PLACES // 2):
            assert shared.note(proof(number), time)
        assert not shared.note(proof(10), time)


def test_what_cannot_be_remembered_is_refused(file: int) -> None:
    shared = Shared(file, PLACES)
    most = PLACES * 3 // 4
    assert all(shared.note(proof(number), NOW) for number in range(most))
    with pytest.raises(WebRefused, match=f"Expected at most {most} signed requests in 5 s") as refused:
        shared.note(proof(most), NOW)
    assert refused.value.code is WebReject.TOO_MUCH_WAITING
    assert not shared.note(proof(0), NOW)
    assert shared.note(proof(most), NOW + WINDOW_NS)


def test_a_rate_is_one_for_all_workers_and_each_key(file: int) -> None:
    workers = [Shared(file, PLACES) for _ in range(3)]
    rates = [SharedBucket(one, 7, "order", 2, 5) for one in workers]
    assert [rates[at % 3].spend(1, NOW) for at in range(6)] == [True] * 5 + [False]
    assert SharedBucket(workers[0], 7, "cancel", 2, 5).spend(5, NOW)
    assert SharedBucket(workers[0], 8, "order", 2, 5).spend(5, NOW)
    # Half a second later one unit is there, for one of them; who comes with an older time adds nothing.
    later = NOW + NANOSECONDS // 2
    assert rates[0].spend(1, later)
    assert not rates[1].spend(1, later)
    assert not rates[2].spend(1, NOW)
    assert not rates[2].spend(1, later)
    # A worker that is started again goes on with what is left.
    again = SharedBucket(Shared(file, PLACES), 7, "order", 2, 5)
    assert not again.spend(1, later)
    assert again.remaining == 0


def spent_and_noted(file: int, count: int) -> tuple[int, int]:
    """One worker's work: how many units it was given, and how many signatures were new to it."""
    shared = Shared(file, PLACES)
    rate = SharedBucket(shared, 1, "read", 1, count)
    return (
        sum(rate.spend(1, NOW) for _ in range(count)),
        sum(shared.note(proof(number), NOW) for number in range(count)),
    )


def test_processes_that_work_at_once_are_given_everything_once(file: int) -> None:
    count = PLACES // 2
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("fork")) as pool:
        done = [pool.submit(spent_and_noted, file, count) for _ in range(4)]
        units, signatures = zip(*(one.result() for one in done), strict=True)
    assert sum(units) == count
    assert sum(signatures) == count


def test_workers_share_a_file_without_a_name_where_the_system_has_no_memory_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    made = new_file(PLACES)
    try:
        one, other = Shared(made, PLACES), Shared(made, PLACES)
        assert one.note(proof(1), NOW)
        assert not other.note(proof(1), NOW)
        assert other.note(proof(2), NOW)
    finally:
        os.close(made)
