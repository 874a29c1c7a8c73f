"""What is traded: instruments as people configure them, and the integer terms that the venue needs.

    Instrument (symbol, tick "0.01", lot "1", currency, cycle, calendar, fees, bands)
        |  resolved once, at the edge
        v
    MarketTerms (ticks, lots, minor units; nothing but integers)

Price in ticks, quantity in lots, money in minor units: `notional = ticks * lots * notional_multiplier`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class InstrumentKind(StrEnum):
    """What is traded; spot and equity deliver, the others are on margin."""

    SPOT = "spot"
    EQUITY = "equity"
    FUTURE = "future"
    OPTION = "option"
    PERPETUAL = "perpetual"


class CreditModel(StrEnum):
    """How a market uses credit: not at all, delivering both assets (K4), or on margin (K14)."""

    NONE = "none"
    DELIVERABLE = "deliverable"
    MARGINED = "margined"


class OnNegative(StrEnum):
    """What happens to open orders while an account's credit is negative (K17)."""

    BLOCK = "block"
    CANCEL_NEWEST = "cancel_newest"


class Resale(StrEnum):
    """When what was bought may be sold again (K12)."""

    IMMEDIATE = "immediate"
    SETTLED = "settled"


class MarketTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A market as the venue's kernel sees it. Prices in ticks, quantities in lots, money in minor units."""

    market: int
    """Number of the market, 0..65534; also its row in the kernel's table."""
    max_quantity: int = 1_000_000_000
    max_price: int = 1_000_000_000
    min_price: int = 1
    """Smallest price; zero or negative where a market allows it (spreads, energy)."""
    min_display: int = 1
    reference_price: int | None = None
    static_band: int | None = None
    stp_default: str = "NONE"
    maker_ppm: int | None = None
    taker_ppm: int | None = None
    auction_ppm: int = 0
    collar: int | None = None
    """Ticks that a trade may lie away from the trigger reference when its aggressor starts (R45)."""
    collar_action: str = "CAP"
    """CAP: the aggressor ends there. HALT: the market is halted too. AUCTION: it goes into a call (R59)."""
    volatility_call: int = 0
    """Clock units that a call after a collar lasts (R59)."""
    auction_band: int | None = None
    """Ticks that an auction price may lie away from the trigger reference without an extension (R60)."""
    extension: int = 0
    """Clock units by which a call is extended."""
    max_extensions: int = 0
    """Extensions of one call at most."""
    legs: tuple[int, int] | None = None
    """Markets (near, far) of a combination: a buyer buys near and sells far (R69)."""
    protection: int | None = None
    """Ticks beyond the touch that a market order may trade (R17)."""
    post_only: str = "REJECT"
    """REJECT or SLIDE (R23)."""
    alloc: str = "FIFO"
    """FIFO, PRO_RATA (R47) or FIFO_PRO_RATA (R48)."""
    pr_min: int = 2
    """Smallest pro-rata share in lots."""
    fifo_pct: int = 40
    """Percent that FIFO_PRO_RATA gives by time first."""
    top_order: bool = False
    """Pro-rata: the order that set the best price is served first (R49)."""
    initial_state: str = "CONTINUOUS"
    credit: CreditModel = CreditModel.NONE
    base_asset: int = 0
    """Asset that a deliverable market delivers."""
    quote_asset: int = 0
    """Currency: notional, fees, and margin of a margined market."""
    notional_multiplier: int = 1
    """Minor units of quote for one lot at one tick."""
    base_units_per_lot: int = 1
    resale: Resale = Resale.IMMEDIATE
    on_negative: OnNegative = OnNegative.BLOCK
    margin_per_lot_micro: int = 0
    """Initial margin a lot in minor units times 1e6, for every account class until SET_MARGIN (K14)."""
    premium: bool = False
    """Margined option: the buyer pays price times quantity (K15)."""
    max_price_blocks: int = 16384
    """Bound on distinct 32-tick blocks of prices a side, against books made slow on purpose."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument and its market as configured. Decimal numbers are text, dates ISO text."""

    symbol: str
    kind: InstrumentKind
    currency: str
    """Quote or settlement currency, a key of the configuration's currencies."""
    tick: str
    """Smallest price step in units of the currency."""
    lot: str = "1"
    """Smallest quantity step in units of the instrument."""
    isin: str = ""
    """Identifier in clearing files; the symbol when empty."""
    base: str = ""
    """SPOT: the asset delivered, for example BTC. Default: the symbol."""
    cycle: int = 1
    """Settlement N days after trade date, 0..5."""
    calendar: str | None = None
    """Trading calendar; None: weekends only."""
    schedule: str | None = None
    """Sessions of a trading day; the market is CLOSED before the first one."""
    contract_size: str = "1"
    """Derivatives: units of the currency for a price move of 1.0 on a quantity of 1."""
    expiry: str | None = None
    strike: str | None = None
    option_type: str | None = None
    underlying: str | None = None
    max_quantity: str | None = None
    """Largest order in units of the instrument."""
    max_price: str | None = None
    min_price: str | None = None
    """Lowest price, one tick unless given; zero or negative where the market allows it."""
    min_display: str | None = None
    reference_price: str | None = None
    static_band: str | None = None
    stp_default: str = "NONE"
    maker_ppm: int | None = None
    taker_ppm: int | None = None
    auction_ppm: int = 0
    """Fee of both sides of a trade in an auction."""
    collar: str | None = None
    """How far from the last trade an incoming order may trade, in units of the currency (R45)."""
    collar_action: str = "CAP"
    volatility_call_ns: int = 0
    """How long a call after a collar lasts (R59)."""
    auction_band: str | None = None
    """How far from the last trade an auction's price may lie without an extension (R60)."""
    extension_ns: int = 0
    max_extensions: int = 0
    protection: str | None = None
    """How far behind the best price a market order may trade (R17)."""
    post_only: str = "REJECT"
    alloc: str = "FIFO"
    pr_min: str | None = None
    """Smallest pro-rata share in units of the instrument; None: two lots."""
    fifo_pct: int | None = None
    """Percent that FIFO_PRO_RATA gives by time first; None: 40."""
    top_order: bool = False
    legs: tuple[str, str] | None = None
    """Symbols of the near and the far market of a combination (R70)."""
    initial_state: str = "CONTINUOUS"
    credit: CreditModel = CreditModel.NONE
    resale: Resale = Resale.IMMEDIATE
    on_negative: OnNegative = OnNegative.BLOCK
    margin_per_lot: str = "0"
    policy: str | None = None
    """How the clearing house settles it (C26 to C33); None: as `clearing.policy` says."""

    @property
    def clearing_id(self) -> str:
        """The name under which clearing files know the instrument."""
        return self.isin or self.symbol
