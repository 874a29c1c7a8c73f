"""Test money: deposits and withdrawals as CREDIT commands (K16), where no clearing house stands beside.

The deltas of a clearing house have numbers without a gap; so have these. Whoever asks for a number at the
same time as somebody else is told that it was taken (REPEATED, or CREDIT_GAP) and asks again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from novate.domain.codes import CommandKind, EventKind, Reject
from novate.domain.queries import BALANCE_LINE, QueryKind
from novate.domain.records import CREDIT_COMMAND
from novate.domain.resolve import Asset
from novate.gateway.web.account_messages import TransferAnswer, TransferRequest
from novate.gateway.web.amounts import Screens
from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.keys import Key
from novate.gateway.web.order_desk import account_of
from novate.gateway.web.trunk import Trunk, Waiting

MOST_TRIES = 8
MOST_TRANSFERS = 50_000


class Cashier:
    """Moves test money, one transfer after the other."""

    def __init__(self, trunk: Trunk, screens: Screens, is_allowed: Callable[[], bool]) -> None:
        self._trunk = trunk
        self._screens = screens
        self._is_allowed = is_allowed
        self._lock = asyncio.Lock()
        self._done: OrderedDict[tuple[int, str], tuple[tuple[object, ...], TransferAnswer]] = OrderedDict()

    async def transfer(self, key: Key, request: TransferRequest, sign: int) -> TransferAnswer:
        """A deposit (1) or a withdrawal (-1). Raises WebRefused."""
        if not self._is_allowed():
            raise WebRefused(WebReject.NO_TEST_MONEY, "Expected a venue with test money, this one has none")
        account = account_of(key, request.account)
        minor, asset = self._screens.minor(request.amount, request.asset, "amount")
        if not 0 < minor < 1 << 62:
            raise WebRefused(WebReject.INVALID_FIELD, "Expected an amount above zero", "amount")
        digest = (sign, minor, asset.number)
        async with self._lock:
            known = self._done.get((account, request.transfer_id))
            if known is not None:
                if known[0] != digest:
                    raise WebRefused(
                        WebReject.DUPLICATE_DIFFERENT, "Expected a transfer id that no other transfer has",
                        "transfer_id",
                    )  # fmt: skip
                answer = known[1]
                return TransferAnswer(**{**_fields(answer), "duplicate_same": True})
            available, sequence = await self._move(account, asset, sign * minor)
            answer = TransferAnswer(
                transfer_id=request.transfer_id,
                account=account,
                asset=asset.name,
                amount=self._screens.money(sign * minor, asset),
                available=self._screens.money(available, asset),
                seq=sequence,
                duplicate_same=False,
            )
            self._done[account, request.transfer_id] = (digest, answer)
            if len(self._done) > MOST_TRANSFERS:
                self._done.popitem(last=False)
            return answer

    async def _move(self, account: int, asset: Asset, delta: int) -> tuple[int, int]:
        """(available afterwards, sequence) of a CREDIT that was taken."""
        for _ in range(MOST_TRIES):
            answer = await self._trunk.ask(QueryKind.BALANCES, account=account)
            lines = np.frombuffer(answer.lines, BALANCE_LINE)
            held = int(lines["available"][lines["asset"] == asset.number].sum())
            free, number = self._free(lines, asset), int(answer.record["last"]) + 1
            if held + delta < 0:
                said = f"Expected at most what is free, {free}; was {self._screens.money(-delta, asset)}"
                raise WebRefused(Reject.INSUFFICIENT_CREDIT, said, "amount")
            outcome, sequence = await self._credit(account, asset.number, delta, number)
            if outcome[0] == EventKind.CREDIT_SET and not outcome[3]:
                return int(outcome[1]), sequence
            if outcome[0] == EventKind.REJECTED and outcome[1] != Reject.CREDIT_GAP:
                reason = Reject(outcome[1])
                rule = reason.name.replace("_", " ").lower()
                said = f"Expected an amount that the venue takes, was {rule}; free is {free}"
                raise WebRefused(reason, said, "amount")
        raise WebRefused(
            Reject.CREDIT_GAP, f"Expected no other transfer meanwhile, was one each time; free is {free}"
        )

    def _free(self, lines: Any, asset: Asset) -> str:
        """What an account may still commit of an asset, and what its open orders have reserved."""
        own = lines[lines["asset"] == asset.number]
        available = self._screens.money(int(own["available"].sum()), asset)
        reserved = self._screens.money(int(own["reserved"].sum()), asset)
        return f"{available} {asset.name} ({reserved} more is reserved by open orders)"

    async def _credit(self, account: int, asset: int, delta: int, number: int) -> tuple[tuple[Any, ...], int]:
        command = np.zeros(1, CREDIT_COMMAND)
        command["kind"], command["account"], command["clearing_seq"] = CommandKind.CREDIT, account, number
        command["delta"], command["asset"] = delta, asset
        answered: asyncio.Future[Waiting] = asyncio.get_running_loop().create_future()
        self._trunk.submit(
            command.tobytes(), Waiting(lambda one: None if answered.done() else answered.set_result(one))
        )
        waiting = await answered
        if not waiting.outcomes:
            raise WebRefused(waiting.refusal or WebReject.NO_ANSWER_IN_TIME)
        return waiting.outcomes[0], waiting.sequence


def _fields(answer: TransferAnswer) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in answer.__struct_fields__}
