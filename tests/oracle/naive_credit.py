"""Credit, worked out afresh every time: what is reserved is a function of open orders and positions.

    balance[account, asset] = [available, reserved]
    reserved  = deliverable orders (K4) + margin of positions and open orders (K14) + fees and premiums (K15)
    available = what is left; it falls by what `reserved` rises, and the other way round

Invariant: the sum of available and reserved of an asset over all accounts, plus what is held for settlement
(K12), is the sum of the deltas that came in (K2).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from novate.domain.instruments import CreditModel, MarketTerms, OnNegative, Resale
from novate.domain.terms import VenueTerms
from tests.oracle.naive_state import Market, Order

MILLION = 1_000_000
ACCOUNT_CLASSES = 8


def ceil_div(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def fee(terms: MarketTerms, notional: int, ppm: int | None) -> int:
    """R50: a fee rounds up, a rebate (negative) rounds towards zero; of the notional's size (R64)."""
    rate, notional = ppm or 0, abs(notional)
    if rate >= 0:
        return ceil_div(notional * rate, MILLION)
    return -(notional * -rate // MILLION)


def worst_fee(terms: MarketTerms, notional: int) -> int:
    """K4: the worst that a fill could bear; where fees are on, an auction's counts too."""
    if terms.maker_ppm is None and terms.taker_ppm is None:
        return 0
    return fee(terms, notional, max(terms.maker_ppm or 0, terms.taker_ppm or 0, terms.auction_ppm, 0))


def reservation_price(terms: MarketTerms, price: int | None) -> int:
    """An order without a limit may trade at any price up to the market's highest."""
    return terms.max_price if price is None else min(price, terms.max_price)


@dataclass
class Balance:
    available: int = 0
    reserved: int = 0


@dataclass
class Need:
    """What an order reserves beside the margin requirement: (asset, amount), and the premium in it."""

    asset: int
    amount: int
    premium: int = 0


class NaiveCredit:
    """Balances of all accounts of a venue."""

    def __init__(self, terms: VenueTerms, markets: list[Market]) -> None:
        self.markets = markets
        self.fee_account = terms.fee_account
        self.classes = {account.account: account.account_class for account in terms.accounts}
        self.balances: defaultdict[tuple[int, int], Balance] = defaultdict(Balance)
        self.positions: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.held_for_settlement: defaultdict[int, int] = defaultdict(int)
        self.granted: defaultdict[int, int] = defaultdict(int)
        self.positions_set: defaultdict[int, int] = defaultdict(int)
        self.last_seq = 0
        self.margins = {
            market.number: [market.terms.margin_per_lot_micro] * ACCOUNT_CLASSES for market in markets
        }

    @property
    def is_on(self) -> bool:
        return any(market.terms.credit != CreditModel.NONE for market in self.markets)

    def assets(self) -> set[int]:
        """Assets that some market of the venue reserves."""
        found: set[int] = set()
        for market in self.markets:
            if market.terms.credit != CreditModel.NONE:
                found.add(market.terms.quote_asset)
            if market.terms.credit == CreditModel.DELIVERABLE:
                found.add(market.terms.base_asset)
        return found

    # -- what must be reserved -----------------------------------------------------------------------

    def need(self, market: Market, side: str, leaves: int, price: int | None) -> Need:
        """Reservation of an order by itself (K4, K15)."""
        terms = market.terms
        held_at = reservation_price(terms, price)
        if terms.min_price < 1:
            held_at = max(abs(terms.min_price), terms.max_price)
        notional = leaves * held_at * terms.notional_multiplier
        if terms.credit == CreditModel.NONE or leaves == 0:
            return Need(terms.quote_asset, 0)
        if terms.credit == CreditModel.MARGINED:
            premium = notional if terms.premium and side == "B" else 0
            return Need(terms.quote_asset, worst_fee(terms, notional) + premium, premium)
        if side == "S":
            return Need(terms.base_asset, leaves * terms.base_units_per_lot)
        return Need(terms.quote_asset, notional + worst_fee(terms, notional))

    def open_quantity(self, acct: int, market: Market, side: str) -> int:
        return sum(o.leaves for o in market.orders if o.acct == acct and o.side == side and o.is_open)

    def exposure(self, acct: int, market: Market, extra_buy: int = 0, extra_sell: int = 0) -> int:
        """W of K14."""
        position = self.positions[acct, market.number]
        buys = self.open_quantity(acct, market, "B") + extra_buy
        sells = self.open_quantity(acct, market, "S") + extra_sell
        return max(abs(position + buys), abs(position - sells))

    def requirement(self, acct: int, market: Market, extra_buy: int = 0, extra_sell: int = 0) -> int:
        if market.terms.credit != CreditModel.MARGINED:
            return 0
        margin = self.margins[market.number][self.classes.get(acct, 0)]
        return ceil_div(self.exposure(acct, market, extra_buy, extra_sell) * margin, MILLION)

    def reserved_by_rule(self, acct: int, asset: int) -> int:
        """Everything that the open orders and positions of the account reserve of the asset."""
        total = 0
        for market in self.markets:
            if market.terms.credit == CreditModel.MARGINED and market.terms.quote_asset == asset:
                total += self.requirement(acct, market)
            for order in market.orders:
                if order.acct == acct and order.is_open:
                    need = self.need(market, order.side, order.leaves, order.reach)
                    total += need.amount if need.asset == asset else 0
        return total

    def recompute(self, acct: int) -> None:
        """Move the difference between what is and what should be reserved (K10)."""
        for asset in sorted(self.assets()):
            balance = self.balances[acct, asset]
            should = self.reserved_by_rule(acct, asset)
            balance.available += balance.reserved - should
            balance.reserved = should

    # -- checks --------------------------------------------------------------------------------------

    def affordable(self, market: Market, order: Order, leaves: int, price: int | None) -> bool:
        """Whether the order may have `leaves` at `price`; what it reserves now counts (K3, K9, K14)."""
        new = self.need(market, order.side, leaves, order.reach_at(price))
        old = self.need(market, order.side, order.leaves if order.is_open else 0, order.reach)
        available = self.balances[order.acct, new.asset].available
        if market.terms.credit == CreditModel.MARGINED:
            more = leaves - (order.leaves if order.is_open else 0)
            buy, sell = (more, 0) if order.side == "B" else (0, more)
            margin_rise = self.requirement(order.acct, market, buy, sell) - self.requirement(
                order.acct, market
            )
            rise = margin_rise + new.amount - old.amount
            return rise <= available or rise <= 0 or (margin_rise <= 0 and new.premium <= old.premium)
        rise = new.amount - old.amount
        return rise <= available or rise <= 0

    # -- movements -----------------------------------------------------------------------------------

    def fill(
        self, market: Market, buyer: int, seller: int, quantity: int, price: int, fees: tuple[int, int]
    ) -> None:
        """Money and goods of one trade (K11, K12, K15), after leaves have fallen; fees: buyer's, seller's."""
        terms = market.terms
        self.positions[buyer, market.number] += quantity
        self.positions[seller, market.number] -= quantity
        if terms.credit == CreditModel.NONE:
            return
        notional = quantity * price * terms.notional_multiplier
        paid = notional if terms.credit == CreditModel.DELIVERABLE or terms.premium else 0
        self.balances[buyer, terms.quote_asset].available -= paid + fees[0]
        self.balances[seller, terms.quote_asset].available += paid - fees[1]
        self.balances[self.fee_account, terms.quote_asset].available += fees[0] + fees[1]
        if terms.credit == CreditModel.DELIVERABLE:
            units = quantity * terms.base_units_per_lot
            self.balances[seller, terms.base_asset].available -= units
            if terms.resale == Resale.IMMEDIATE:
                self.balances[buyer, terms.base_asset].available += units
            else:
                self.held_for_settlement[terms.base_asset] += units
        self.recompute(buyer)
        self.recompute(seller)

    def grant(self, acct: int, asset: int, delta: int) -> None:
        self.balances[acct, asset].available += delta
        self.granted[asset] += delta

    def set_position(self, acct: int, market: Market, quantity: int) -> None:
        self.positions_set[market.number] += quantity - self.positions[acct, market.number]
        self.positions[acct, market.number] = quantity
        self.recompute(acct)

    def newest_order_that_uses(self, acct: int, asset: int) -> Order | None:
        """The next order that K17 cancels, over all markets that cancel."""
        found: list[Order] = []
        for market in self.markets:
            terms = market.terms
            if terms.on_negative != OnNegative.CANCEL_NEWEST or terms.credit == CreditModel.NONE:
                continue
            for order in market.orders:
                uses = self.need(market, order.side, order.leaves, order.price).asset == asset
                if order.acct == acct and order.is_open and uses:
                    found.append(order)
        return max(found, key=lambda order: order.oid, default=None)

    # -- invariants ----------------------------------------------------------------------------------

    def validate(self) -> None:
        """K1 and K2, and that every reservation is what the rules say."""
        for asset in self.assets():
            held = [balance for (_, of), balance in self.balances.items() if of == asset]
            total = sum(balance.available + balance.reserved for balance in held)
            assert total + self.held_for_settlement[asset] == self.granted[asset], (
                f"asset {asset} is not conserved"
            )
        for (acct, asset), balance in list(self.balances.items()):
            assert balance.reserved >= 0
            if asset in self.assets():
                assert balance.reserved == self.reserved_by_rule(acct, asset)
        for market in self.markets:
            held_lots = sum(lots for (_, number), lots in self.positions.items() if number == market.number)
            assert held_lots == self.positions_set[market.number]
