"""The clearing house as anybody would write it down from `clearing-rules.md`: one command at a time.

    command --> NaiveClearing.apply --> events, in order

Plain Python, exact fractions, every day and every sum computed again where it is needed. Slow on purpose: it
is the measure of the machine. The rooms, from the ground up (each stands on the one before):

    terms       calendars, dates, prices, roundings          settlement  SETTLE under the four policies
    state       balances, trades, legs, positions, items     corporate   dividends and splits
    capacity    what a ledger of 64 bits can bear            roll        closing and opening of a day
    credit      fills by number, deltas back by number
    legs        allocation, give-up, transfer
    trades      versions, ladder, novation                   balances    deposits and parameters
    buyins      intents, buy-ins, close-outs                 queries     what can be asked
    netting     the cycle and its rows                       checks      what must always be true (C48)
"""

from __future__ import annotations

from tests.oracle.naive_clearing_balances import Balances
from tests.oracle.naive_clearing_checks import Checks
from tests.oracle.naive_clearing_queries import Queries
from tests.oracle.naive_clearing_state import Json
from tests.oracle.naive_clearing_terms import RefusedError


class NaiveClearing(Checks, Balances, Queries):
    """One clearing house; `config` is the configuration of a scenario's header."""

    def apply(self, command: Json) -> list[Json]:
        """The events of one command. A refused one changes nothing and gives one REJECTED."""
        self.events = []
        room = {
            "TRADE": self.trade, "CANCEL_TRADE": self.cancel_trade, "BATCH": self.batch,
            "ALLOCATE": self.allocate, "GIVE_UP": self.give_up, "TAKE_UP": self.take_up,
            "TRANSFER": self.transfer, "DEPOSIT": self.deposit, "WITHDRAW": self.withdraw,
            "EXEMPT": self.exemption, "PRIORITY": self.priority, "MARK": self.mark,
            "NET": self.net, "SETTLE": self.settle, "ROLL": self.roll,
            "BUYIN_INTENT": self.buyin_intent, "BUYIN_EXECUTE": self.buyin_execute,
            "CASH_CLOSE": self.cash_close, "DIVIDEND": self.dividend, "SPLIT": self.split,
            **self.margin_rooms(),
            "FILLS": self.take_fills, "RELEASE_CREDIT": self.release_credit,
            "STATUS": self.trade_status, "BALANCES": self.all_balances, "POSITIONS": self.all_positions,
        }  # fmt: skip
        try:
            self.gate(command)
            room[command["cmd"]](command)
        except RefusedError as refused:
            assert not self.events, f"{command['cmd']} was refused after it had begun: {self.events}"
            self.emit_refusal(command, str(refused))
        return self.events
