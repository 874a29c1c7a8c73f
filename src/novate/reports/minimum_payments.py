"""Fewest payments between the parties themselves, without the house: an analysis, not clearing (C52).

    net balances     -10 -49 -50 -65 75 99      sum 0
    zero-sum groups  {-10 -65 75}  {-49 -50 99}      a group of g parties needs g - 1 payments
    payments         6 parties - 2 groups = 4        with the house: 6

The minimum is n - k: n balances that are not zero, k the largest number of disjoint groups that each sum to
zero. Finding k is NP-hard. A balance and its opposite may always be paired first: if they stood in two
groups, the pair and the rest of both are two groups as well. What is left is solved

    up to 20 parties   exactly, over 2**n subsets: most(S) = max over i in S of most(S - i) + (sum(S) == 0)
    beyond             groups of three first, the rest exactly or as one group; a lower bound is said with it

Without pairs a group has at least three members and both signs, so k <= min(payers, receivers, n // 3): the
bound. Cost: 2**n * n steps and 10 * 2**n bytes for n <= 20; n**2 steps beyond.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from novate.domain.units import INT64_MAX

EXACT_PARTIES = 20
MAX_PARTIES = 2_000


class BalancesError(ValueError):
    """Balances that cannot be settled among themselves; the message says what was expected."""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment in minor units."""

    payer: str
    receiver: str
    amount_minor: int


class MinimumPayments(msgspec.Struct, frozen=True, kw_only=True):
    """Payments that settle all balances."""

    parties: int
    """Parties whose balance is not zero: the payments that a house in the middle needs."""
    payments: tuple[Payment, ...]
    at_least: int
    """No set of payments is smaller than this."""
    is_minimal: bool
    """True where the number of payments is proven to be the smallest."""


def minimum_payments(balances: Iterable[tuple[str, int]]) -> MinimumPayments:
    """The fewest payments that bring every (party, balance in minor units) to zero; positive receives.

    Deterministic: the same balances in any order give the same payments. Raises BalancesError where a
    party comes twice, the balances do not sum to zero, are too large, or are too many.
    """
    entries = sorted((name, amount) for name, amount in balances if amount)
    _check(entries)
    groups, rest = _pairs(entries)
    paired = len(groups)
    if len(rest) <= EXACT_PARTIES:
        groups += _exact_groups(rest)
        at_least, is_minimal = len(entries) - len(groups), True
    else:
        receivers = sum(amount > 0 for _, amount in rest)
        at_least = len(entries) - paired - min(receivers, len(rest) - receivers, len(rest) // 3)
        found, rest = _triples(rest)
        groups += found
        groups += _exact_groups(rest) if len(rest) <= EXACT_PARTIES else [rest]
        is_minimal = len(entries) - len(groups) == at_least
    payments = [payment for group in groups for payment in _settle(group)]
    return MinimumPayments(
        parties=len(entries),
        payments=tuple(sorted(payments, key=lambda one: (one.payer, one.receiver))),
        at_least=at_least,
        is_minimal=is_minimal or len(payments) == at_least,
    )


Entries = list[tuple[str, int]]


def _check(entries: Entries) -> None:
    for (first, _), (second, _) in pairwise(entries):
        if first == second:
            raise BalancesError(f"Expected each party once, was {first} twice")
    total = sum(amount for _, amount in entries)
    if total:
        raise BalancesError(f"Expected balances that sum to 0, was a sum of {total}")
    if sum(abs(amount) for _, amount in entries) > INT64_MAX:
        raise BalancesError(f"Expected balances of at most {INT64_MAX} in all, were larger")
    if len(entries) > MAX_PARTIES:
        raise BalancesError(f"Expected at most {MAX_PARTIES:,} parties, were {len(entries):,}")


def _pairs(entries: Entries) -> tuple[list[Entries], Entries]:
    """Pairs of opposite balances, and what has no partner; both in the order of the names."""
    waiting: dict[int, Entries] = {}
    groups: list[Entries] = []
    for entry in entries:
        partners = waiting.get(-entry[1])
        if partners:
            groups.append([partners.pop(0), entry])
        else:
            waiting.setdefault(entry[1], []).append(entry)
    return groups, sorted(entry for left in waiting.values() for entry in left)


def _triples(entries: Entries) -> tuple[list[Entries], Entries]:
    """Groups of three that sum to zero, taken as they come, and the rest."""
    groups: list[Entries] = []
    free = dict.fromkeys(entries, True)
    by_amount: dict[int, Entries] = {}
    for entry in entries:
        by_amount.setdefault(entry[1], []).append(entry)
    for place, first in enumerate(entries):
        for second in entries[place + 1 :]:
            if not free[first]:
                break
            if not free[second]:
                continue
            third = _free_one(by_amount.get(-first[1] - second[1], []), free, (first, second))
            if third is not None:
                groups.append([first, second, third])
                free[first] = free[second] = free[third] = False
    return groups, [entry for entry in entries if free[entry]]


def _free_one(
    candidates: Entries, free: dict[tuple[str, int], bool], taken: Sequence[tuple[str, int]]
) -> tuple[str, int] | None:
    return next((one for one in candidates if free[one] and one not in taken), None)


def _exact_groups(entries: Entries) -> list[Entries]:
    """The largest number of disjoint zero-sum groups; every entry is in one of them."""
    if not entries:
        return []
    is_zero, most = _most_groups(np.array([amount for _, amount in entries], np.int64))
    groups: list[Entries] = []
    group: Entries = []
    subset = len(most) - 1
    while subset:
        if is_zero[subset] and group:
            groups.append(group)
            group = []
        wanted = most[subset] - is_zero[subset]
        member = next(i for i in range(len(entries)) if subset >> i & 1 and most[subset ^ 1 << i] == wanted)
        group.append(entries[member])
        subset ^= 1 << member
    return [*groups, group]


def _most_groups(amounts: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int8]]:
    """Per subset, as bits: does it sum to zero, and the most zero-sum sets S1 < S2 < ... up to it."""
    size = 1 << len(amounts)
    sums = np.zeros(size, np.int64)
    for i, amount in enumerate(amounts.tolist()):
        sums[1 << i : 2 << i] = sums[: 1 << i] + amount
    is_zero = sums == 0
    is_zero[0] = False
    most = np.zeros(size, np.int8)
    subsets = np.arange(size, dtype=np.int64)
    counts = np.bitwise_count(subsets)
    # Layer by layer: a subset stands on those with one member less.
    for members in range(1, len(amounts) + 1):
        layer = subsets[counts == members]
        best = np.zeros(len(layer), np.int8)
        for i in range(len(amounts)):
            has = (layer >> i & 1).astype(bool)
            best[has] = np.maximum(best[has], most[layer[has] ^ (1 << i)])
        most[layer] = best + is_zero[layer]
    return is_zero, most


def _settle(group: Entries) -> list[Payment]:
    """At most g - 1 payments within a zero-sum group: each one brings a party to zero, the last one two."""
    payers = sorted(((-amount, name) for name, amount in group if amount < 0), reverse=True)
    receivers = sorted(((amount, name) for name, amount in group if amount > 0), reverse=True)
    payments = []
    while payers and receivers:
        (owed, payer), (due, receiver) = payers.pop(), receivers.pop()
        amount = min(owed, due)
        payments.append(Payment(payer=payer, receiver=receiver, amount_minor=amount))
        if owed > amount:
            payers.append((owed - amount, payer))
        if due > amount:
            receivers.append((due - amount, receiver))
    return payments
