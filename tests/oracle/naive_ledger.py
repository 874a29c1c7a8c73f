"""The ledger as anybody can read it: dictionaries, one rule after the other, no cleverness (L1 to L34).

    {"cmd": "TRANSFERS", "t": 7, "transfers": [...]}
        --> clock, due expiries, the command itself
        --> {"results": [...], "expired": [...], "balances": [...]}

A chain is undone by putting back a copy of everything. Slow on purpose: it is what the fast ledger is
compared with. Commands and answers are the JSON objects of docs/ledger-scenario-format.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from tests.oracle.naive_ledger_ladder import (
    BURNING,
    MAX,
    RESOLVING,
    TRANSFER_FLAGS,
    Account,
    Transfer,
    balanced,
    effective_amount,
    refusal,
)
from tests.oracle.naive_ledger_root import root_of

Json = dict[str, Any]

ASSET = re.compile(r"[A-Z][A-Z0-9._-]{0,23}")
BALANCES = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
RESERVED_BIT = 32768
MUTUALLY_EXCLUSIVE = {"debits_must_not_exceed_credits", "credits_must_not_exceed_debits"}
ACCOUNT_FLAGS = (
    "linked", "debits_must_not_exceed_credits", "credits_must_not_exceed_debits", "history", "closed"
)  # fmt: skip


@dataclass
class State:
    """Everything that a broken chain gives back, and the clock."""

    now: int = 0
    ledgers: dict[int, tuple[str, int]] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    transfers: dict[int, Transfer] = field(default_factory=dict)
    """In order of creation, so the n-th has seq n (L7)."""
    rows: dict[int, list[list[Any]]] = field(default_factory=dict)
    """History by account (L26)."""
    burned: set[int] = field(default_factory=set)
    expiries: int = 0

    def copy(self) -> State:
        """All of it, sharing nothing that changes."""
        return State(
            now=self.now,
            ledgers=dict(self.ledgers),
            accounts={number: replace(a, flags=set(a.flags)) for number, a in self.accounts.items()},
            transfers={number: replace(t) for number, t in self.transfers.items()},
            rows={number: list(rows) for number, rows in self.rows.items()},
            burned=set(self.burned),
            expiries=self.expiries,
        )


class NaiveLedger:
    """Answers commands; `state` is all there is."""

    def __init__(self, max_batch: int = 8192) -> None:
        self.max_batch = max_batch
        self.state = State()

    def answer(self, command: Json) -> Json:
        """The answer to one command, with `expired` and `balances` where they are not empty (L6)."""
        before = self._balances()
        command = _with_plain_flags(command)
        self.state.now = max(self.state.now, command.get("t") or 0)
        expired = self._expire()
        found: Json = getattr(self, "_" + command["cmd"].lower())(command)
        after = self._balances()
        changed = [[a, *row] for a, row in sorted(after.items()) if before.get(a, [0] * 5) != row]
        if expired:
            found["expired"] = expired
        if changed:
            found["balances"] = changed
        return found

    def _balances(self) -> dict[int, list[int]]:
        return {
            number: [*(getattr(a, name) for name in BALANCES), int("closed" in a.flags)]
            for number, a in self.state.accounts.items()
        }

    # -- ledgers and accounts --------------------------------------------------------------------------------

    def _ledger(self, command: Json) -> Json:
        """L8."""
        ledger, asset, scale = command["ledger"], command["asset"], command["scale"]
        ledgers = self.state.ledgers
        if ledger == 0:
            result = "ledger_must_not_be_zero"
        elif ledger in ledgers:
            result = "exists"
            if ledgers[ledger] != (asset, scale):
                same_asset = ledgers[ledger][0] == asset
                result = "exists_with_different_scale" if same_asset else "exists_with_different_asset"
        elif not ASSET.fullmatch(asset):
            result = "asset_is_invalid"
        elif not 0 <= scale <= 18:
            result = "scale_out_of_range"
        elif asset in [other for other, _ in ledgers.values()]:
            result = "asset_already_registered"
        else:
            ledgers[ledger] = (asset, scale)
            result = "created"
        return {"result": result}

    def _accounts(self, command: Json) -> Json:
        return self._batch(command["accounts"], self._open_account)

    def _transfers(self, command: Json) -> Json:
        return self._batch(command["transfers"], self._transfer)

    def _batch(self, events: list[Json], one: Any) -> Json:
        """Chains and single events in order (L21 to L24)."""
        if len(events) > self.max_batch:
            return {"result": "batch_too_large"}
        results: list[str] = []
        while len(results) < len(events):
            chain = _chain_at(events, len(results))
            if len(chain) == 1 and "linked" not in chain[0].get("flags", []):
                results.append(self._settle(chain[0], one(chain[0])))
            else:
                results.extend(self._chain(chain, one))
        return {"results": results}

    def _chain(self, chain: list[Json], one: Any) -> list[str]:
        is_open = "linked" in chain[-1].get("flags", [])
        before = self.state.copy()
        for place, event in enumerate(chain):
            last_of_open = is_open and place == len(chain) - 1
            result = "linked_event_chain_open" if last_of_open else one(event)
            if result != "created":
                self.state = before
                results = ["linked_event_failed"] * len(chain)
                results[place] = self._settle(event, result)
                if is_open:
                    results[-1] = "linked_event_chain_open"
                return results
        return ["created"] * len(chain)

    def _settle(self, event: Json, result: str) -> str:
        """A refusal whose cause may pass burns the id (L12)."""
        if result in BURNING:
            self.state.burned.add(event["id"])
        return result

    def _open_account(self, event: Json) -> str:
        """L9."""
        number, flags = event["id"], set(event.get("flags", []))
        if "reserved" in flags:
            return "reserved_flag"
        if number <= 0:
            return "id_must_be_positive"
        if number == MAX:
            return "id_must_not_be_int_max"
        if number in self.state.accounts:
            return _account_repetition(self.state.accounts[number], event)
        if flags >= MUTUALLY_EXCLUSIVE:
            return "flags_are_mutually_exclusive"
        if event["ledger"] == 0:
            return "ledger_must_not_be_zero"
        if event["code"] == 0:
            return "code_must_not_be_zero"
        if event["ledger"] not in self.state.ledgers:
            return "ledger_not_found"
        self.state.accounts[number] = Account(
            id=number, ledger=event["ledger"], code=event["code"], user_ref=event.get("user_ref", 0),
            flags=flags, time=self.state.now,
        )  # fmt: skip
        self.state.rows[number] = []
        return "created"

    # -- transfers -------------------------------------------------------------------------------------------

    def _transfer(self, event: Json) -> str:
        state = self.state
        why = refusal(event, state.accounts, state.transfers, state.burned, state.now)
        if why:
            return why
        flags = set(event.get("flags", []))
        new = Transfer(
            id=event["id"], debit=event.get("debit", 0), credit=event.get("credit", 0),
            amount=event.get("amount", 0), pending_id=event.get("pending_id", 0),
            timeout=event.get("timeout", 0), user_ref=event.get("user_ref", 0),
            ledger=event.get("ledger", 0), code=event.get("code", 0), flags=flags, time=state.now,
            seq=len(state.transfers) + 1, status="pending" if "pending" in flags else "none",
        )  # fmt: skip
        if flags & RESOLVING:
            self._resolve(new)
        else:
            self._move(new)
        state.transfers[new.id] = new
        self._write_rows(new, state.now, "TRANSFER")
        return "created"

    def _move(self, new: Transfer) -> None:
        """Single-phase and pending (L13, L15, L17, L25)."""
        debit, credit = self.state.accounts[new.debit], self.state.accounts[new.credit]
        new.amount = balanced(new.amount, new.flags, debit, credit)
        if "pending" in new.flags:
            debit.debits_pending += new.amount
            credit.credits_pending += new.amount
        else:
            debit.debits_posted += new.amount
            credit.credits_posted += new.amount
        if "closing_debit" in new.flags:
            debit.flags.add("closed")
        if "closing_credit" in new.flags:
            credit.flags.add("closed")

    def _resolve(self, new: Transfer) -> None:
        """Post and void (L18)."""
        pending = self.state.transfers[new.pending_id]
        new.amount = effective_amount(new.amount, new.flags, pending)
        new.debit, new.credit = pending.debit, pending.credit
        new.ledger, new.code = pending.ledger, pending.code
        new.user_ref = new.user_ref or pending.user_ref
        if "post_pending" in new.flags:
            self._release(pending, "posted")
            self.state.accounts[new.debit].debits_posted += new.amount
            self.state.accounts[new.credit].credits_posted += new.amount
        else:
            self._release(pending, "voided")

    def _release(self, pending: Transfer, status: str) -> None:
        """The whole amount is free again, and what the transfer had closed is open (L18, L20, L25)."""
        debit, credit = self.state.accounts[pending.debit], self.state.accounts[pending.credit]
        debit.debits_pending -= pending.amount
        credit.credits_pending -= pending.amount
        if "closing_debit" in pending.flags:
            debit.flags.discard("closed")
        if "closing_credit" in pending.flags:
            credit.flags.discard("closed")
        pending.status = status

    def _expire(self) -> list[int]:
        """L20."""
        due = [
            (t.time + t.timeout, t.seq, t)
            for t in self.state.transfers.values()
            if t.status == "pending" and t.timeout and t.time + t.timeout <= self.state.now
        ]
        for time, _, transfer in sorted(due, key=lambda entry: entry[:2]):
            self._release(transfer, "expired")
            self.state.expiries += 1
            self._write_rows(transfer, time, "EXPIRY")
        return [transfer.id for _, _, transfer in sorted(due, key=lambda entry: entry[:2])]

    def _write_rows(self, transfer: Transfer, time: int, kind: str) -> None:
        for number in (transfer.debit, transfer.credit):
            account = self.state.accounts[number]
            if "history" in account.flags:
                self.state.rows[number].append([time, kind, transfer.id, *self._row(account)])

    # -- the other commands ----------------------------------------------------------------------------------

    def _row(self, account: Account) -> list[int]:
        return [getattr(account, name) for name in BALANCES]

    def _time(self, command: Json) -> Json:
        return {}

    def _balance(self, command: Json) -> Json:
        """L27."""
        account, at = self.state.accounts.get(command["account"]), command.get("at")
        if account is None:
            return {"result": "account_not_found"}
        if at is None:
            return {"result": "ok", "row": self._row(account)}
        if at > self.state.now:
            return {"result": "time_not_reached"}
        if "history" not in account.flags:
            return {"result": "history_not_kept"}
        rows = [row[3:] for row in self.state.rows[account.id] if row[0] <= at]
        return {"result": "ok", "row": rows[-1] if rows else [0, 0, 0, 0]}

    def _history(self, command: Json) -> Json:
        """L26."""
        account = self.state.accounts.get(command["account"])
        if account is None:
            return {"result": "account_not_found"}
        if "history" not in account.flags:
            return {"result": "history_not_kept"}
        first, last = command.get("from", 0), command.get("to", MAX)
        return {"result": "ok", "rows": [r for r in self.state.rows[account.id] if first <= r[0] <= last]}

    def _assert(self, command: Json) -> Json:
        """L28."""
        fields = [name for name in (*BALANCES, "net") if command.get(name) is not None]
        if command["account"] not in self.state.accounts:
            return {"result": "account_not_found"}
        if not fields:
            return {"result": "nothing_asserted"}
        answer = self._balance(command)
        if answer["result"] != "ok":
            return answer
        found = dict(zip(BALANCES, answer["row"], strict=True))
        found["net"] = found["credits_posted"] - found["debits_posted"]
        for name in fields:
            if found[name] != command[name]:
                return {"result": f"differs_{name}", "found": found[name]}
        return {"result": "ok"}

    def _lookup(self, command: Json) -> Json:
        """L31."""
        found = self.state.transfers.get(command["id"])
        if found is None:
            return {"result": "transfer_not_found"}
        return {"result": "ok", "transfer": found.to_json(), "status": found.status}

    def _fold(self, command: Json) -> Json:
        """L29."""
        account = self.state.accounts.get(command["account"])
        if account is None:
            return {"result": "account_not_found"}
        folded = min(account.debits_posted, account.credits_posted)
        account.debits_posted -= folded
        account.credits_posted -= folded
        if folded and "history" in account.flags:
            self.state.rows[account.id].append([self.state.now, "FOLD", 0, *self._row(account)])
        return {"result": "ok", "folded": folded}

    def _trial(self, command: Json) -> Json:
        """L31."""
        accounts = self.state.accounts.values()
        return {
            "ledgers": [
                [
                    ledger,
                    *(sum(getattr(a, name) for a in accounts if a.ledger == ledger) for name in BALANCES),
                ]
                for ledger in sorted(self.state.ledgers)
            ]
        }

    def _root(self, command: Json) -> Json:
        """L33."""
        s = self.state
        return {"root": root_of(s.now, s.expiries, len(s.burned), s.ledgers, s.accounts, s.transfers)}


def _with_plain_flags(command: Json) -> Json:
    """A list of flags stands for the sum of their bits, so a flag that is named twice is another one."""
    plain = dict(command)
    for key, names in (("accounts", ACCOUNT_FLAGS), ("transfers", TRANSFER_FLAGS)):
        if key in command:
            plain[key] = [{**e, "flags": _plain(e.get("flags", []), names)} for e in command[key]]
    return plain


def _plain(flags: list[str], names: tuple[str, ...]) -> list[str]:
    bits = sum(RESERVED_BIT if flag == "reserved" else 1 << names.index(flag) for flag in flags)
    found = [name for bit, name in enumerate(names) if bits >> bit & 1]
    return [*found, "reserved"] if bits >> len(names) else found


def _chain_at(events: list[Json], first: int) -> list[Json]:
    """The run of linked events from `first` on, and the one behind it."""
    last = first
    while last < len(events) - 1 and "linked" in events[last].get("flags", []):
        last += 1
    return events[first : last + 1]


def _account_repetition(account: Account, event: Json) -> str:
    """Rungs 6 to 10 of L9; `closed` is not compared."""
    if set(event.get("flags", [])) - {"closed"} != account.flags - {"closed"}:
        return "exists_with_different_flags"
    for name in ("user_ref", "ledger", "code"):
        if event.get(name, 0) != getattr(account, name):
            return f"exists_with_different_{name}"
    return "exists"
