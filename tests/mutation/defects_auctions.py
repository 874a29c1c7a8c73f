"""Defects of auctions: the price, whose turn it is, what is left, what is published."""

from __future__ import annotations

from tests.mutation.defect import Defect

DEFECTS = (
    Defect(
        "auction-least-imbalance-ignored",
        "auction.py::_consider",
        "volume > choice.volume or (volume == choice.volume and surplus < choice.surplus)",
        "volume > choice.volume",
        "an auction's price ignores the imbalance",
    ),
    Defect(
        "auction-volume-ignored",
        "auction.py::_consider",
        "volume > choice.volume or (volume == choice.volume and surplus < choice.surplus)",
        "surplus < choice.surplus or choice.highest == NO_PRICE",
        "an auction's price goes for the imbalance first",
    ),
    Defect(
        "auction-pressure-inverted",
        "auction.py::_decide",
        "if choice.signs == 2:",
        "if choice.signs == 1:",
        "buying pressure makes the lowest price",
    ),
    Defect(
        "auction-pressure-ignored",
        "auction.py::_decide",
        "if choice.signs != 1 and reference != NO_PRICE:",
        "if reference != NO_PRICE:",
        "buying pressure does not make the highest price",
    ),
    Defect(
        "auction-reference-ignored",
        "auction.py::_decide",
        "if choice.signs != 1 and reference != NO_PRICE:",
        "if False:",
        "the reference does not decide between prices of an auction",
    ),
    Defect(
        "auction-farthest",
        "auction.py::_consider",
        "abs(price - reference) < abs(nearest - reference)",
        "abs(price - reference) > abs(nearest - reference)",
        "the price farthest from the reference is chosen",
    ),
    Defect(
        "auction-lowest-of-all",
        "auction.py::_decide",
        "return Clearing(choice.highest, choice.volume, choice.highest_imbalance)",
        "return Clearing(choice.lowest, choice.volume, choice.lowest_imbalance)",
        "an auction without a reference takes the lowest price",
    ),
    Defect(
        "auction-imbalance-sign",
        "auction.py::_consider",
        "imbalance = buys - sells",
        "imbalance = sells - buys",
        "the imbalance of an auction has the wrong sign",
    ),
    Defect(
        "auction-displayed-only",
        "auction.py::_gather",
        'total = wide(s.levels["total"][level])',
        'total = wide(s.levels["displayed"][level])',
        "the price of an auction does not count hidden lots",
    ),
    Defect(
        "auction-reference-no-candidate",
        "auction.py::_choose",
        "waiting = reference\n",
        "waiting = NO_PRICE\n",
        "the reference is no candidate for an auction's price",
    ),
    Defect(
        "auction-hidden-first",
        "uncross.py::_first",
        '        row = wide(s.levels["head"][level])\n'
        "        if row == 0:\n"
        '            row = wide(s.levels["hidden_head"][level])\n'
        "            is_shown = False\n",
        '        row = wide(s.levels["hidden_head"][level])\n'
        "        is_shown = row == 0\n"
        "        if row == 0:\n"
        '            row = wide(s.levels["head"][level])\n',
        "hidden orders trade first in an auction",
    ),
    Defect(
        "auction-only-behind-limits",
        "uncross.py::_first",
        "row == 0 or other_key == ANY_PRICE_KEY or other_key > key",
        "row == 0 or (other_key > key and other_key != ANY_PRICE_KEY)",
        "auction-only orders without a limit trade last",
    ),
    Defect(
        "auction-only-not-by-age",
        "uncross.py::_first",
        "(not is_shown or s.stamps[other] < s.stamps[row])",
        "not is_shown",
        "older auction-only orders trade behind the book",
    ),
    Defect(
        "auction-only-before-hidden-lost",
        "uncross.py::_first",
        "(not is_shown or s.stamps[other] < s.stamps[row])",
        "s.stamps[other] < s.stamps[row]",
        "auction-only orders do not go before hidden ones",
    ),
    Defect(
        "auction-leftover-lives",
        "states.py::end_uncross",
        "    if length == 0:\n        return SETTLED\n",
        "    if length >= 0:\n        return SETTLED\n",
        "what an auction leaves of its own orders does not expire",
    ),
    Defect(
        "auction-leftover-of-the-close",
        "states.py::end_uncross",
        "length = gather_auction_only(s, market, AT_CLOSE)",
        "length = gather_auction_only(s, market, AT_OPEN)",
        "AT_CLOSE orders outlive the closing auction",
    ),
    Defect(
        "auction-kind-mixed-up",
        "auction.py::auction_side",
        "if kind == KIND_OPEN:",
        "if kind != KIND_OPEN:",
        "opening orders join the closing auction",
    ),
    Defect(
        "auction-pair-order",
        "uncross.py::_pair",
        "    _finish(s, buy)\n    _finish(s, sell)\n",
        "    _finish(s, sell)\n    _finish(s, buy)\n",
        "the seller's pair is broken before the buyer's",
    ),
    Defect(
        "auction-pair-survives",
        "uncross.py::_finish",
        "        end_other_leg(s, separate(s, row))\n",
        "        pass\n",
        "a partial fill in an auction does not break a pair",
    ),
    Defect(
        "auction-fee-is-the-takers",
        "uncross.py::_pair",
        's.features["auction_ppm"][features]',
        's.markets["taker_ppm"][market]',
        "auction trades pay the taker's fee",
    ),
    Defect(
        "auction-tranche-kept",
        "uncross.py::_shrink",
        'min(leaves, wide(s.extras["display"][extra]))',
        'min(leaves, wide(s.extras["tranche"][extra]))',
        "an iceberg shows only its old tranche after an auction",
    ),
    Defect(
        "auction-print-elects-nobody",
        "uncross.py::_pair",
        "    elect(s, market, price)\n",
        "",
        "prints of an auction do not elect stops",
    ),
    Defect(
        "auction-trades-the-last-price",
        "uncross.py::_pair",
        "price = s.header[AUCTION_PRICE]",
        'price = wide(s.orders["price"][sell])',
        "an auction trades at the seller's price",
    ),
    Defect(
        "auction-from-the-close-only",
        "states.py::_uncross_kind",
        "return KIND_CLOSE if state == AUCTION_CALL and called == KIND_CLOSE else NO_UNCROSS",
        "return NO_UNCROSS",
        "a closing call is not uncrossed at the close",
    ),
    Defect(
        "auction-kind-of-the-halt",
        "states.py::_uncross_kind",
        "return KIND_OPEN if state == PRE_OPEN else INTRADAY",
        "return KIND_OPEN",
        "an uncross after a halt takes opening orders",
    ),
    Defect(
        "indicative-not-reset",
        "calls.py::enter_call",
        '    s.features["indicative_price"][features] = NO_PRICE\n'
        '    s.features["indicative_volume"][features] = 0\n'
        '    s.features["indicative_imbalance"][features] = 0\n',
        "",
        "a new call compares with what the last one published",
    ),
    Defect(
        "indicative-forgets-the-imbalance",
        "auction.py::publish_indicative",
        '        or now.imbalance != s.features["indicative_imbalance"][features]\n',
        "",
        "a changed imbalance is not published",
    ),
    Defect(
        "auction-order-not-day",
        "sweeps.py::gather_day",
        ' or s.orders["status"][row] == AUCTION_ONLY',
        "",
        "auction-only orders outlive the close",
    ),
    Defect(
        "at-open-in-any-call",
        "field_checks.py::check_in_state",
        's.markets["auction_kind"][market] != KIND_OPEN',
        's.markets["auction_kind"][market] < 0',
        "AT_OPEN orders are accepted in calls of other kinds",
    ),
)
