"""Accounts for orders that come without one: a keyed hash of the order id picks a configured account.

    order id --blake2b with a key--> 64 bits --mod--> one of the trading accounts

The choice depends on nothing but the id and the list of accounts, so a file gives the same obligations on
every machine. The account that receives fees is never picked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set

import numpy as np

from novate.domain.configuration import Configuration
from novate.gateway.files.text_numbers import Int64s

KEY = b"novate: orders of files to accounts"


class Parties:
    """The trading accounts of a configuration, ready to be picked from."""

    def __init__(self, configuration: Configuration) -> None:
        accounts = [a for a in configuration.accounts if a.number != configuration.fee_account]
        self._numbers = [account.number for account in accounts] or [1, 2]
        self._party = {a.number: (a.member, a.account.value) for a in accounts}

    def account_of(self, order_id: int) -> int:
        return self._numbers[self._spread(order_id) % len(self._numbers)]

    def accounts_of(self, order_ids: Int64s) -> Int64s:
        """`account_of` for a whole column."""
        distinct, place = np.unique(order_ids, return_inverse=True)
        accounts = np.array([self.account_of(order_id) for order_id in distinct.tolist()], np.int64)
        return accounts[place] if len(accounts) else np.zeros(0, np.int64)

    def account_against(self, order_id: int, makers: Set[int]) -> int:
        """An account for an aggressor: picked by its id, then the next one whose clearing party is none of
        the makers'. If there is no such account the picked one is given: a trade within one party."""
        first = self._spread(order_id) % len(self._numbers)
        taken = {self._party.get(maker, maker) for maker in makers}
        for step in range(len(self._numbers)):
            number = self._numbers[(first + step) % len(self._numbers)]
            if self._party.get(number, number) not in taken:
                return number
        return self._numbers[first]

    def _spread(self, order_id: int) -> int:
        digest = hashlib.blake2b(order_id.to_bytes(8, "little", signed=True), digest_size=8, key=KEY)
        return int.from_bytes(digest.digest(), "little")
