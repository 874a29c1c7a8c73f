"""The words for the life of a trade, and what is known of one while it lives (C10, C49).

RECEIVED -> VALIDATED | REJECTED        a delivery
         -> NOVATED                     a leg with the house for each side; AMENDED, CANCELLED before it
         -> NETTED -> INSTRUCTED        a cycle took the leg; its net is an obligation
         -> PARTIAL | SETTLED | FAILED  what became of the net
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from novate.domain.clearing_codes import LegState
from novate.reports.open_nets import Net, NetKey, OpenNets

TradeKey = tuple[str, str]
"""(source, trade id)."""


class Lifecycle(StrEnum):
    """What can happen to a trade or to a leg of it, and the states of a whole trade (C49)."""

    RECEIVED = "RECEIVED"
    VALIDATED = "VALIDATED"
    REJECTED = "REJECTED"
    AMENDED = "AMENDED"
    CANCELLED = "CANCELLED"
    NOVATED = "NOVATED"
    NETTED = "NETTED"
    INSTRUCTED = "INSTRUCTED"
    PARTIAL = "PARTIAL"
    SETTLED = "SETTLED"
    FAILED = "FAILED"


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One step in the life of a trade."""

    date: str
    """Business date."""
    step: Lifecycle
    version: int
    member: str = ""
    account: str = ""
    """Whose leg it is; empty: the whole trade."""
    why: str
    """The reason in words, or its name in the rulebook."""
    state: Lifecycle
    """The state of the whole trade behind the step (C49)."""


class TradeHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that happened to one trade, oldest first."""

    source: str
    trade_id: str
    version: int
    """In force; 0: none yet."""
    state: Lifecycle
    transitions: tuple[Transition, ...]


class LiveLeg(msgspec.Struct):
    """A current leg of a trade; GONE once another takes its place."""

    member: str
    account: str
    isin: str
    is_buyer: bool
    due: str
    place: LegState = LegState.WAITING

    @property
    def key(self) -> NetKey:
        return self.isin, self.member, self.account

    @property
    def party(self) -> str:
        return f"{self.member}/{self.account}"


class LiveTrade(msgspec.Struct):
    """A trade that is followed."""

    key: TradeKey
    version: int = 0
    content: str = ""
    """What is in force, in words."""
    made: str = ""
    """How its next legs come about, in words."""
    was_netted: bool = False
    is_cancelled: bool = False
    state: Lifecycle = Lifecycle.RECEIVED
    legs: list[LiveLeg] = []
    item: Net | None = None
    """The trade as its buyer sees it, where it is open and not netted (C24)."""
    transitions: list[Transition] = []

    def history(self) -> TradeHistory:
        """What there is to tell so far."""
        return TradeHistory(
            source=self.key[0], trade_id=self.key[1], version=self.version, state=self.state,
            transitions=tuple(self.transitions),
        )  # fmt: skip

    def drop_legs(self) -> None:
        """Another version or a cancellation takes the place of all legs (C12, C13)."""
        for leg in self.legs:
            leg.place = LegState.GONE
        self.legs.clear()
        self.item = None

    def state_now(self, nets: OpenNets) -> Lifecycle:
        """C49; before the first legs, how far the delivery has come."""
        if self.is_cancelled:
            return Lifecycle.CANCELLED
        places = {leg.place for leg in self.legs}
        if not places:
            return self.state
        if LegState.WAITING in places:
            return Lifecycle.NOVATED
        if places == {LegState.SETTLED}:
            return Lifecycle.SETTLED
        if any(self._has_failed(leg, nets) for leg in self.legs if leg.place == LegState.OPEN):
            return Lifecycle.FAILED
        return Lifecycle.PARTIAL if LegState.SETTLED in places else Lifecycle.NETTED

    def _has_failed(self, leg: LiveLeg, nets: OpenNets) -> bool:
        net = self.item or nets.nets.get(leg.key)
        return net is not None and net.has_failed
