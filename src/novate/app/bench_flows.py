"""What the benchmark feeds the venue: flows of commands with everything switched on.

    tape of the neutral benchmark --accounts, markets, prices--> Flow(terms, opening, commands, messages)

Every flow runs with checked accounts, credit on deliverable markets, maker and taker fees, limits and
self-trade prevention. `opening` opens the credit of every account that trades and fills books that must be
full before the clock starts; only `commands` is measured. A modify of a tape is a cancel and a new order
(R56): two commands, but one message, and costs are told per message.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandFlag, CommandKind, EventKind, OrderType, SelfTrade, Side, TimeInForce
from novate.domain.instruments import CreditModel, MarketTerms
from novate.domain.limits import LimitKind
from novate.domain.machine import Machine
from novate.domain.records import SET_LIMIT_COMMAND, Commands, new_commands, new_events
from novate.domain.terms import AccountTerms, VenueTerms

Int64s = npt.NDArray[np.int64]

QUOTE = 0
MAX_QUANTITY = 1_000_000
MAX_PRICE = 1_000_000
DEPOSIT = 10**14
NO_LIMIT_REACHES = 10**15
SEED = 23
# An order-to-trade limit (R63) would refuse: it grows with trades only.
SIX_LIMITS = [kind for kind in LimitKind if kind != LimitKind.ORDER_TO_TRADE]


@dataclass(frozen=True)
class Flow:
    """One case of the benchmark."""

    name: str
    terms: VenueTerms
    opening: Commands
    commands: Commands
    messages: int
    """What a cost is divided by: messages as their sender counts them."""

    def batches(self, size: int) -> list[Commands]:
        """The measured commands, cut into batches."""
        return [self.commands[start : start + size] for start in range(0, len(self.commands), size)]


def bench_terms(markets: int, accounts: int) -> VenueTerms:
    """A venue with everything that it can check switched on; bands wide enough for every flow."""
    return VenueTerms(
        markets=tuple(
            MarketTerms(
                market=market,
                max_quantity=MAX_QUANTITY,
                max_price=MAX_PRICE,
                reference_price=MAX_PRICE // 2,
                static_band=MAX_PRICE // 2,
                stp_default="CANCEL_RESTING",
                maker_ppm=100,
                taker_ppm=500,
                credit=CreditModel.DELIVERABLE,
                base_asset=market + 1,
                quote_asset=QUOTE,
            )
            for market in range(markets)
        ),
        accounts=tuple(AccountTerms(account=number, member=number % 50) for number in range(1, accounts + 1)),
        check_accounts=True,
        limits=True,
    )


def tape_flow(name: str, tape: npt.NDArray[Any], venue: Machine, accounts: int, markets: int = 1) -> Flow:
    """A tape as commands. `venue`, fresh and of the same terms, is used up to see which modifies succeed."""
    commands, reentries = commands_of_tape(tape, accounts, markets)
    opening = opening_credit(commands)
    _apply(venue, opening)
    kept = without_dead_reentries(commands, reentries, venue)
    return Flow(name, bench_terms(markets, accounts), opening, kept, len(tape))


def commands_of_tape(
    tape: npt.NDArray[Any], accounts: int, markets: int = 1
) -> tuple[Commands, npt.NDArray[np.intp]]:
    """All commands that a tape can cause, and the rows that re-enter a modified order."""
    modifies = tape["type"] == 2
    first = np.arange(len(tape)) + np.cumsum(modifies) - modifies
    again = first[modifies] + 1
    commands = new_commands(len(tape) + len(again))
    source = np.repeat(np.arange(len(tape)), 1 + modifies)
    enters = np.zeros(len(commands), bool)
    enters[first] = tape["type"] == 0
    enters[again] = True
    order_ids = tape["order_id"][source].astype(np.int64)
    commands["client_order_id"] = order_ids
    commands["account"] = spread(order_ids, accounts) + 1
    commands["market"] = zipf_markets(order_ids, markets)
    commands["time"] = source + 1
    commands["kind"] = np.where(enters, CommandKind.NEW, CommandKind.CANCEL)
    limit_orders(
        commands,
        enters,
        np.where(tape["side"][source] == 0, Side.BUY, Side.SELL)[enters],
        tape["price_ticks"][source][enters],
        tape["quantity"][source][enters],
    )
    immediate = enters & (tape["ioc"][source] != 0)
    commands["time_in_force"][immediate] = TimeInForce.IOC
    return commands, again


def limit_orders(commands: Commands, rows: npt.NDArray[Any], side: Any, price: Any, quantity: Any) -> None:
    """Make good-till-cancelled limit orders of these rows."""
    commands["kind"][rows] = CommandKind.NEW
    commands["side"][rows] = side
    commands["order_type"][rows] = OrderType.LIMIT
    commands["time_in_force"][rows] = TimeInForce.GTC
    commands["stp"][rows] = SelfTrade.CANCEL_RESTING
    commands["flags"][rows] = CommandFlag.PRICE_GIVEN | CommandFlag.QUANTITY_GIVEN
    commands["price"][rows] = price
    commands["quantity"][rows] = quantity


def without_dead_reentries(commands: Commands, reentries: npt.NDArray[np.intp], venue: Machine) -> Commands:
    """Drop the new order of a modify whose cancel is refused: such a modify is one rejected message."""
    keep = np.ones(len(commands), bool)
    events = new_events(4096)
    start = 0
    for row in reentries.tolist():
        block = commands[start:row]
        written = venue.apply(block, events)
        while venue.consumed < len(block):
            block = block[venue.consumed :]
            written = venue.apply(block, events)
        keep[row] = events["kind"][written - 1] != EventKind.REJECTED
        start = row if keep[row] else row + 1
    return commands[keep]


def churn_flow(name: str, resting: int, levels: int, messages: int, accounts: int = 1000) -> Flow:
    """A full book, then in turn: cancel a random order, enter another one at a random price of its side."""
    random = np.random.default_rng(SEED)
    pairs = messages // 2
    slots = random.integers(0, resting, pairs)
    order_ids = np.arange(1, resting + pairs + 1)
    cancelled = _ids_before(slots, resting)
    side_of_slot = np.where(np.arange(resting) % 2, Side.SELL, Side.BUY)
    sides = np.concatenate((side_of_slot, side_of_slot[slots]))
    away = random.integers(0, levels, resting + pairs)
    middle = MAX_PRICE // 20
    entering = new_commands(resting + pairs)
    entering["client_order_id"] = order_ids
    entering["account"] = spread(order_ids, accounts) + 1
    prices = np.where(sides == Side.BUY, middle - 1 - away, middle + away)
    quantities = random.integers(1, 100, resting + pairs)
    limit_orders(entering, np.ones(len(entering), bool), sides, prices, quantities)
    commands = new_commands(2 * pairs)
    commands[1::2] = entering[resting:]
    commands["kind"][0::2] = CommandKind.CANCEL
    commands["client_order_id"][0::2] = cancelled
    commands["account"][0::2] = spread(cancelled, accounts) + 1
    commands["time"] = np.arange(1, 2 * pairs + 1)
    opening = np.concatenate((opening_credit(entering), entering[:resting]))
    return Flow(name, bench_terms(1, accounts), opening, commands, 2 * pairs)


def _ids_before(slots: npt.NDArray[Any], resting: int) -> Int64s:
    """Which order stands in each slot when it is hit: the one of the slot's last hit, or the first one."""
    order = np.argsort(slots, kind="stable")
    sorted_slots = slots[order]
    earlier = np.concatenate(([-1], order[:-1]))
    same = np.concatenate(([False], sorted_slots[1:] == sorted_slots[:-1]))
    standing = np.empty(len(slots), np.int64)
    standing[order] = np.where(same, resting + 1 + earlier, sorted_slots + 1)
    return standing


def opening_credit(commands: Commands) -> Commands:
    """Deposits that let every order of the flow be reserved: quote for all, base where an account trades."""
    entering = commands[commands["kind"] == CommandKind.NEW]
    pairs = np.unique(entering["account"].astype(np.int64) << 17 | entering["market"].astype(np.int64) + 1)
    quotes = np.unique(pairs >> 17) << 17 | QUOTE
    holders = np.concatenate((quotes, pairs))
    deposits = new_commands(len(holders))
    deposits["kind"] = CommandKind.CREDIT
    deposits["account"] = holders >> 17
    deposits["client_order_id"] = np.arange(1, len(holders) + 1)  # clearing_seq
    deposits["price"] = DEPOSIT  # delta
    deposits["stop"] = holders & (1 << 17) - 1  # asset
    return deposits


def on_a_warm_venue(flow: Flow) -> Flow:
    """The same flow on a venue that has traded it once and then cancelled all that was left.

    So tables have their size and memory has been touched, as after the first minutes of a day; a short tape
    would otherwise measure little else.
    """
    sweep = new_commands(len(flow.terms.markets))
    sweep["kind"] = CommandKind.MASS_CANCEL
    sweep["market"] = np.arange(len(sweep))
    return replace(flow, opening=np.concatenate((flow.opening, flow.commands, sweep)))


def with_limits(flow: Flow, name: str) -> Flow:
    """The same flow after every account and member got the six limits of K19, none ever in the way."""
    accounts = [account.account for account in flow.terms.accounts]
    members = sorted({account.member for account in flow.terms.accounts})
    holders = [(0, number) for number in accounts] + [(1, number) for number in members]
    rows = np.array([(is_member, holder, kind) for is_member, holder in holders for kind in SIX_LIMITS])
    limits = new_commands(len(rows))
    limits["kind"] = CommandKind.SET_LIMIT
    fields = limits.view(SET_LIMIT_COMMAND)
    fields["holder_is_member"], fields["holder"], fields["limit"] = rows.T
    fields["value"] = NO_LIMIT_REACHES
    fields["window"] = 1
    return replace(flow, name=name, opening=np.concatenate((limits, flow.opening)))


def spread(ids: npt.NDArray[Any], count: int) -> Int64s:
    """A number 0..count-1 for each id, the same for the same id and without a pattern."""
    mixed = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return ((mixed >> np.uint64(33)) % np.uint64(count)).astype(np.int64)


def zipf_markets(ids: npt.NDArray[Any], markets: int) -> Int64s:
    """The market of each order: the k-th busiest gets a share in proportion to 1/k."""
    shares = np.cumsum(1.0 / np.arange(1, markets + 1))
    drawn = spread(ids * 7 + 3, 1 << 30) / float(1 << 30)
    return np.searchsorted(shares / shares[-1], drawn, side="right").astype(np.int64)


def _apply(venue: Machine, commands: Commands) -> None:
    """Apply all commands and let the events go."""
    events = new_events(65536)
    rest = commands
    while len(rest):
        venue.apply(rest, events)
        rest = rest[venue.consumed :]
