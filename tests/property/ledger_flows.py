"""Generated commands for the ledger: few accounts, few ids, small amounts, so that every rung is reached.

    seed --> Flow = {"max_batch": n, "commands": [LEDGER.., ACCOUNTS.., TRANSFERS.., ...]}

Heavy on chains, two-phase transfers, limits, closing, timeouts and balances near the end of int64. Every
command may carry a time; ids are drawn from a small range, so repetitions and burned ids are common.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.oracle.naive_ledger import NaiveLedger

Json = dict[str, Any]

MAX = 2**63 - 1
ACCOUNT_IDS = [*range(1, 9), 2**40, MAX - 1]
EDGE_IDS = [0, -1, MAX, -(2**63), 99]
BIG = [MAX, MAX - 1, MAX // 2, MAX // 2 + 1, 2**62]
FIELDS = ["amount", "debit", "credit", "code", "ledger", "timeout", "user_ref", "pending_id"]
GOOD_FLAGS: list[list[str]] = [
    [], [], ["history"], ["history"], ["debits_must_not_exceed_credits"],
    ["credits_must_not_exceed_debits", "history"], ["debits_must_not_exceed_credits", "history"],
]  # fmt: skip
ACCOUNT_FLAGS: list[list[str]] = [
    *GOOD_FLAGS, ["closed"], ["reserved"],
    ["debits_must_not_exceed_credits", "credits_must_not_exceed_debits"],
]  # fmt: skip
MOVES: list[list[str]] = [
    [], [], [], [], [], [], ["pending"], ["pending"], ["pending"], ["pending"], ["pending"],
    ["balancing_debit"], ["balancing_credit"], ["balancing_debit", "balancing_credit"],
    ["pending", "balancing_debit"], ["pending", "closing_debit"], ["pending", "closing_credit"],
    ["pending", "closing_debit", "closing_credit", "balancing_credit"],
]  # fmt: skip
WRONG_MOVES: list[list[str]] = [["closing_debit"], ["reserved"], ["closing_credit", "closing_credit"]]
RESOLUTIONS: list[list[str]] = [["post_pending"], ["void_pending"]]
WRONG_RESOLUTIONS: list[list[str]] = [["post_pending", "void_pending"], ["post_pending", "pending"]]


class Day:
    """Draws one command after the other; a naive ledger beside it knows what is open, closed and pending."""

    def __init__(self, seed: int) -> None:
        self.r = Random(seed)
        self.now = 0
        self.naive = NaiveLedger()
        self.sent: list[Json] = []
        self.big = self.r.random() < 0.25

    def command(self) -> Json:
        """Any command, most of them requests of transfers."""
        r = self.r
        kind = r.choices(
            ["TRANSFERS", "TIME", "BALANCE", "HISTORY", "ASSERT", "LOOKUP", "FOLD", "TRIAL", "ROOT",
             "ACCOUNTS", "LEDGER"],
            [30, 4, 2, 2, 2, 3, 3, 1, 1, 2, 1],
        )[0]  # fmt: skip
        found: Json = {"cmd": kind, **getattr(self, "_" + kind.lower())()}
        if r.random() < 0.6:
            self.now = max(0, self.now + r.choice([0, 0, 1, 1, 2, 3, 7, -2]))
            found["t"] = self.now
        return self.done(found)

    def done(self, command: Json) -> Json:
        """The command, after the naive ledger has taken it."""
        self.naive.answer(command)
        return command

    def _transfers(self) -> Json:
        return {"transfers": [self.transfer() for _ in range(self.r.choice([0, 1, 2, 3, 5, 8, 13, 21]))]}

    def transfer(self) -> Json:
        """One request: new, a repetition of an old one, or with an old id."""
        r = self.r
        if self.sent and r.random() < 0.08:
            stored = [old for old in self.sent if old["id"] in self.naive.state.transfers]
            again = dict(r.choice(stored if stored and r.random() < 0.8 else self.sent))
            if r.random() < 0.6:
                again[r.choice(FIELDS)] = r.randint(0, 3)
            return again
        pending = [t.id for t in self.naive.state.transfers.values() if t.status == "pending"]
        resolves = r.random() < (0.35 if pending else 0.02)
        found = self._resolution(pending) if resolves else self._move()
        if r.random() < 0.2:
            found["flags"] = ["linked", *found["flags"]]
        self.sent.append(found)
        return found

    def _id(self) -> int:
        r = self.r
        if r.random() < 0.02:
            return r.choice(EDGE_IDS)
        if self.sent and r.random() < 0.06:
            return int(r.choice(self.sent)["id"])
        return r.randint(1, 10**6)

    def _account(self) -> int:
        return self.r.choice(EDGE_IDS if self.r.random() < 0.03 else ACCOUNT_IDS)

    def _amount(self) -> int:
        r = self.r
        if self.big and r.random() < 0.3:
            return r.choice(BIG)
        return r.choice(
            [0, 1, 1, 2, 3, 5, 8, 20, 100, MAX if r.random() < 0.2 else 4, -1 if r.random() < 0.1 else 6]
        )

    def _sides(self) -> tuple[int, int]:
        """Two accounts, nearly always open ones of one ledger."""
        r, accounts = self.r, self.naive.state.accounts
        debit, credit = self._account(), self._account()
        if debit in accounts and r.random() < 0.93:
            ledger = accounts[debit].ledger
            fit = [
                n
                for n, a in accounts.items()
                if a.ledger == ledger and "closed" not in a.flags and n != debit
            ]
            credit = r.choice(fit or [credit])
        return debit, credit

    def _move(self) -> Json:
        r = self.r
        debit, credit = self._sides()
        known = self.naive.state.accounts.get(debit)
        ledger = known.ledger if known is not None and r.random() < 0.96 else r.randint(0, 2)
        flags = list(r.choice(WRONG_MOVES if r.random() < 0.03 else MOVES))
        found: Json = {
            "id": self._id(), "debit": debit, "credit": credit, "amount": self._amount(), "ledger": ledger,
            "code": 0 if r.random() < 0.01 else r.randint(1, 3), "flags": flags,
        }  # fmt: skip
        if ("pending" in flags and r.random() < 0.7) or r.random() < 0.02:
            found["timeout"] = r.choice([1, 1, 2, 3, 5, 9, 20, 4, MAX if r.random() < 0.3 else 6])
            if r.random() < 0.02:
                found["timeout"] = -1
        if r.random() < 0.2:
            found["user_ref"] = r.randint(-3, 3)
        if r.random() < 0.01:
            found["pending_id"] = 5
        return found

    def _resolution(self, pending: list[int]) -> Json:
        r = self.r
        flags = list(r.choice(WRONG_RESOLUTIONS if r.random() < 0.03 else RESOLUTIONS))
        found: Json = {"id": self._id(), "flags": flags, "pending_id": r.choice(pending or [self._id()])}
        if r.random() < 0.1:
            found["pending_id"] = r.choice([*(old["id"] for old in self.sent), *EDGE_IDS, found["id"]])
        if r.random() < 0.5:
            found["amount"] = r.choice([self._amount(), MAX, 0])
        for name, values in (
            ("debit", ACCOUNT_IDS),
            ("credit", ACCOUNT_IDS),
            ("ledger", [1, 2]),
            ("code", [1, 2]),
        ):
            if r.random() < 0.05:
                found[name] = r.choice(values)
        if r.random() < 0.1:
            found["user_ref"] = r.randint(-3, 3)
        if r.random() < 0.02:
            found["timeout"] = 1
        return found

    def _accounts(self) -> Json:
        return {"accounts": [self.account(self._account()) for _ in range(self.r.randint(0, 4))]}

    def account(self, number: int) -> Json:
        """A request for an account, sometimes a linked one."""
        r = self.r
        flags = list(r.choice(ACCOUNT_FLAGS))
        if r.random() < 0.15:
            flags.append("linked")
        ledger = r.choice([1, 1, 1, 1, 2, 3 if r.random() < 0.2 else 1, 0 if r.random() < 0.1 else 1])
        return {"id": number, "ledger": ledger, "code": r.choice([1, 1, 2, 0 if r.random() < 0.1 else 3]),
                "user_ref": r.choice([0, 0, 7]), "flags": flags}  # fmt: skip

    def _ledger(self) -> Json:
        r = self.r
        asset = r.choice(["USD", "EUR", "usd", "A" * 25, "BTC"])
        return {"ledger": r.randint(0, 3), "asset": asset, "scale": r.choice([2, 2, 0, 19, -1])}

    def _time(self) -> Json:
        return {}

    _trial = _root = _time

    def _balance(self) -> Json:
        at = {"at": self.r.randint(0, self.now + 2)} if self.r.random() < 0.6 else {}
        return {"account": self._account(), **at}

    def _history(self) -> Json:
        limits = {"from": self.r.randint(0, self.now), "to": self.r.randint(0, self.now + 1)}
        return {"account": self._account(), **(limits if self.r.random() < 0.5 else {})}

    def _assert(self) -> Json:
        names = ["debits_pending", "debits_posted", "credits_pending", "credits_posted", "net"]
        asserted = dict.fromkeys(self.r.sample(names, self.r.randint(0, 3)), 0)
        return {**self._balance(), **asserted}

    def _lookup(self) -> Json:
        return {"id": self.r.choice([*(old["id"] for old in self.sent[-20:]), self._id()])}

    def _fold(self) -> Json:
        return {"account": self._account()}


def ledger_flow_of(seed: int, length: int = 40) -> Json:
    """A flow that opens two ledgers and all accounts, and then does anything."""
    day = Day(seed)
    plain = [
        {
            "id": number,
            "ledger": 2 if number in (7, 8) else 1,
            "code": 1,
            "flags": list(day.r.choice(GOOD_FLAGS)),
        }
        for number in ACCOUNT_IDS
    ]
    opening: list[Json] = [
        {"cmd": "LEDGER", "ledger": 1, "asset": "USD", "scale": 2},
        {"cmd": "LEDGER", "ledger": 2, "asset": "EUR", "scale": 2},
        {"cmd": "ACCOUNTS", "accounts": [day.account(number) for number in ACCOUNT_IDS[:4]]},
        {"cmd": "ACCOUNTS", "accounts": plain},
    ]
    commands = [day.done(command) for command in opening] + [day.command() for _ in range(length)]
    return {"header": {"max_batch": day.r.choice([8192, 8192, 8192, 13])}, "commands": commands}
