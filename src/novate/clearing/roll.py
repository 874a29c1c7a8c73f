"""The roll to the next business day: closing, and opening (C34, C35, C38, C39).

entitlements, fails, marks, charges, claims, money, DAY_CLOSED --ROLLED--> splits, netting, ageing, eligible
"""

from __future__ import annotations

from novate.clearing.buyins import emit_eligible, tidy_intents
from novate.clearing.capacity import check_roll, count_load
from novate.clearing.charges import charge, mark_open
from novate.clearing.chart import BalanceBook, MoveReason, Purpose, account_of
from novate.clearing.commands import Command, Staged, check_days, rung
from novate.clearing.corporate import entitle, pay_claims
from novate.clearing.cycle import expire_giveups, netting_cycle
from novate.clearing.margin_day import close as margin_close
from novate.clearing.payment import pay_party
from novate.clearing.retirement import retire
from novate.clearing.settlement.deliveries import pay_money_only
from novate.clearing.splits import apply_splits
from novate.clearing.state import Item, State
from novate.domain.clearing_codes import ClearingEvent
from novate.domain.codes import ClearingReject


def roll(state: State, command: Command, staged: Staged) -> ClearingReject:
    """ROLL: strictly in the order of C34."""
    to = command.day
    broken = (
        rung(to <= state.today, ClearingReject.ROLL_BACKWARD)
        or check_days(to)
        or rung(not state.days.is_house_day(to), ClearingReject.NOT_BUSINESS_DAY)
        or rung(to != state.days.next_house_day(state.today), ClearingReject.ROLL_SKIPS_DAY)
        or check_roll(state, to)
        or margin_close.check(state)
    )
    if broken:
        return broken
    close_day(state, to)
    state.out.put(ClearingEvent.ROLLED, day=state.today, number=to)
    state.start_day(to)
    apply_splits(state)
    expire_giveups(state)
    netting_cycle(state)
    tidy_intents(state)
    retire(state)
    count_load(state)
    emit_old(state)
    return ClearingReject.NONE


def close_day(state: State, to: int) -> None:
    """Everything that belongs to the day that ends."""
    entitle(state)
    show_fails(state)
    if state.switches.mark == "DAILY":
        mark_open(state)
    charge(state, to)
    pay_claims(state)
    margin_close.before_money(state)
    pay_money(state)
    margin_close.behind_money(state)
    emit_totals(state)


def show_fails(state: State) -> None:
    """FAILED, and MONEY_ONLY for what has no quantity (C35)."""
    for instrument in range(len(state.terms.instruments)):
        settles = state.settles_today(instrument)
        for party, position in state.positions_of(instrument):
            if position.quantity == 0:
                pay_money_only(state, instrument, party, position)
            elif settles:
                position.failed = True
                state.out.put(
                    ClearingEvent.FAILED, party=party, instrument=instrument, quantity=position.quantity,
                    amount=position.amount, code=position.reason,
                )  # fmt: skip
        for item in state.items_of(instrument):
            if item.quantity == 0:
                pay_item_only(state, item)
            elif settles:
                item.failed = True
                state.out.put(
                    ClearingEvent.FAILED, source=state.trades.get(item.trade, "source"),
                    instrument=instrument, quantity=item.quantity, amount=item.amount, code=item.reason,
                )  # fmt: skip
                state.out.put_text(state.trade_name(item.trade))


def pay_item_only(state: State, item: Item) -> None:
    """An item without quantity: both amounts to due, closed."""
    currency = state.currency(item.instrument)
    for party, amount in ((item.buyer, -item.amount), (item.seller, item.amount)):
        state.pay_later(currency, party, amount, MoveReason.MONEY_ONLY, item.instrument)
        state.out.put(ClearingEvent.MONEY_ONLY, party=party, instrument=item.instrument, amount=amount)
    state.close_item(item)


def pay_money(state: State) -> None:
    """What is due moves, on bank days only; what a party lacks becomes its arrears (C38)."""
    books = (BalanceBook.DUE, BalanceBook.ARREARS)
    owing = {
        (currency, party)
        for book in books
        for currency in state.balances.assets(book)
        for party, _ in state.balances.parties(book, currency)
        if party != state.ccp
    }
    for currency, party in sorted(owing):
        if not state.days.is_bank_day(currency, state.today):
            continue
        pay_party(state, currency, party)


def emit_totals(state: State) -> None:
    """DAY_CLOSED and its items: who has what, and what is open (C39)."""
    securities, cash = totals_of_securities(state), totals_of_cash(state)
    state.out.put(ClearingEvent.DAY_CLOSED, day=state.today, quantity=len(securities), amount=len(cash))
    for instrument, members, house, world, opened in securities:
        state.out.put(
            ClearingEvent.SECURITIES_ITEM, instrument=instrument, quantity=members, amount=house,
            third=world, fourth=opened,
        )  # fmt: skip
    for currency, *sums in cash:
        state.out.put_cash_item(currency, sums)


def totals_of_securities(state: State) -> list[list[int]]:
    """[instrument, members, CCP, WORLD, open] of every instrument with any of these."""
    found = []
    for instrument in range(len(state.terms.instruments)):
        opened = sum(position.quantity for _, position in state.positions_of(instrument))
        line = [*by_owner(state, BalanceBook.HOLDINGS, instrument), opened]
        if any(line):
            found.append([instrument, *line])
    return found


def totals_of_cash(state: State) -> list[list[int]]:
    """[currency, members, CCP, WORLD, due, arrears, open] of every currency with any of these."""
    opened = open_amounts(state)
    found = []
    for currency in range(len(state.terms.currencies)):
        due, arrears = (
            sum(by_owner(state, book, currency)[:1]) for book in (BalanceBook.DUE, BalanceBook.ARREARS)
        )
        line = [*by_owner(state, BalanceBook.CASH, currency), due, arrears, opened.get(currency, 0)]
        if any(line):
            found.append([currency, *line])
    return found


def open_amounts(state: State) -> dict[int, int]:
    """Currency -> sum of the amounts of open positions."""
    sums: dict[int, int] = {}
    for instrument in state.positions.instruments():
        currency = state.currency(instrument)
        amounts = sum(position.amount for _, position in state.positions_of(instrument))
        sums[currency] = sums.get(currency, 0) + amounts
    return sums


def by_owner(state: State, book: BalanceBook, asset: int) -> list[int]:
    """Members', CCP's and world's part of an asset, whatever for."""
    house, world = (state.balances.of(book, asset, party) for party in (state.ccp, state.world))
    house += state.balances.of(book, asset, account_of(state.ccp, Purpose.CONTRIBUTION))
    # All balances of an asset sum to zero (C48), so members have what the others lack.
    return [-house - world, house, world]


def emit_old(state: State) -> None:
    """AGEING and BUYIN_ELIGIBLE of the instruments that settle today (C39, C40). What is fresh has no age."""
    with_items = {item.instrument for item in state.items.values()}
    of_today = state.switches.buyin_days <= 0
    for instrument in state.instruments_today():
        if instrument in with_items or state.positions.carried(instrument):
            emit_ageing(state, instrument)
        if state.positions.carried(instrument) or (of_today and state.positions.has(instrument)):
            emit_eligible(state, instrument)


def emit_ageing(state: State, instrument: int) -> None:
    """Open quantities by age, those of today left out (C39)."""
    carried = state.positions.carried(instrument)
    lots = [(lot[0], lot[1]) for position in carried.values() for lot in position.lots]
    for item in state.items_of(instrument):
        lots += [(item.since, item.quantity), (item.since, -item.quantity)]
    bounds = state.switches.buckets
    buckets = [[0, 0] for _ in range(len(bounds) + 1)]
    is_old = False
    for since, quantity in lots:
        age = state.days.age(instrument, since, state.today)
        if age >= 1:
            is_old = True
            buckets[sum(age > bound for bound in bounds)][quantity > 0] += abs(quantity)
    if is_old:
        state.out.put(ClearingEvent.AGEING, instrument=instrument, quantity=len(buckets))
        for number, (short, long) in enumerate(buckets):
            state.out.put(ClearingEvent.AGEING_ITEM, number=number, quantity=short, amount=long)
