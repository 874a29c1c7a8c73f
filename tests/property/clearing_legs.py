"""A book of legs, kept from LEG and settlement events alone: what waits, what is open, what a cycle must say.

    LEG ADD, REMOVE, REVERSE --> waiting[due, instrument, party]
    a cycle                  --> nets[instrument, party] = what was open + what is due
    DELIVERED, RECEIVED ...  --> nets less what moved

It knows no splits, buy-ins and close-outs: flows for it are drawn without them.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.oracle.naive_clearing_terms import Json, Terms

NetKey = tuple[str, str, str]
BEYOND = ("SPLIT", "BUYIN_EXECUTE", "CASH_CLOSE")
"""Commands that the book does not follow."""
SIGNS = {"RECE": 1, "DELI": -1, "NONE": 0, "CRDT": 1, "DEBT": -1}


class LegBook:
    """Sums of legs in one house."""

    def __init__(self, config: Json) -> None:
        self.terms = Terms(config)
        self.today: str = config["start"]
        self.waiting: dict[tuple[str, str, str, str], list[int]] = {}
        """(due, isin, member, account) -> quantity, amount, number of legs."""
        self.nets: dict[NetKey, list[int]] = {}
        """(isin, member, account) -> quantity, amount; of netted instruments."""
        self.cycles: list[tuple[dict[NetKey, tuple[int, int]], list[Json]]] = []
        """Of each cycle the nets that it has to make, and its rows."""
        self._rows: list[Json] = []
        self._isins: set[str] = set()

    def take(self, events: Iterable[Json]) -> None:
        """The next events."""
        for event in events:
            name = event["ev"]
            if name == "LEG" and event["op"] != "WITHDRAW":
                self._leg(event, -1 if event["op"] == "REMOVE" else 1)
            elif name in ("DELIVERED", "RECEIVED", "MONEY_ONLY", "MARKED"):
                self._change(event)
            elif name == "OBLIGATION":
                self._rows.append(event)
            elif name == "NETTED":
                self._isins.add(event["isin"])
            elif name == "FILE":
                self._cycle()
            elif name == "ROLLED":
                self.today = event["to"]

    def open(self) -> dict[NetKey, list[int]]:
        """Nets that are not zero."""
        return {key: net for key, net in self.nets.items() if any(net)}

    def _leg(self, event: Json, sign: int) -> None:
        key = event["due"], event["isin"], event["member"], event["account"]
        sums = self.waiting.setdefault(key, [0, 0, 0])
        for place, number in enumerate((event["qty"], event["amount"], 1)):
            sums[place] += sign * number
        if not sums[2]:
            del self.waiting[key]

    def _change(self, event: Json) -> None:
        if self.terms.policy(event["isin"]).startswith("GROSS"):
            return
        net = self.nets[event["isin"], event["member"], event["account"]]
        if event["ev"] == "MARKED":
            net[1] = event["amount"]
            return
        net[0] += event["qty"] if event["ev"] == "DELIVERED" else -event.get("qty", 0)
        net[1] -= event["amount"]

    def _cycle(self) -> None:
        for key in [key for key in self.waiting if key[0] <= self.today and key[1] in self._isins]:
            quantity, amount, _ = self.waiting.pop(key)
            net = self.nets.setdefault(key[1:], [0, 0])
            net[0] += quantity
            net[1] += amount
        is_net = {isin: not self.terms.policy(isin).startswith("GROSS") for isin in self._isins}
        self.nets = {key: net for key, net in self.nets.items() if is_net.get(key[0], True)}
        due = {key: (net[0], net[1]) for key, net in self.open().items() if key[0] in self._isins}
        rows = [row for row in self._rows if is_net.get(row["isin"], True)]
        self.cycles.append((due, rows))
        self._rows, self._isins = [], set()


def row_net(row: Json) -> tuple[NetKey, tuple[int, int]]:
    """An obligation as key and signed sums."""
    sums = SIGNS[row["movement"]] * row["quantity"], SIGNS[row["pay"]] * row["amount_minor"]
    return (row["isin"], row["member"], row["account"]), sums
