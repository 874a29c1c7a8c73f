"""A market's day in two pictures on one time axis: price with volume below, and the top of the book.

price   ~~~/\\/~~\\__          last price as a line, the range of each slice as a band
volume  |.||:|.|:|.          incoming buys up, incoming sells down, auctions half and half, all counted
book    --__--  ask          best displayed prices, the spread filled
        --__--  bid
"""

from __future__ import annotations

from html import escape

from novate.reports.figures import DASH, clock, grouped, plural, short
from novate.reports.model import MarketSeries
from novate.reports.svg import Scale, area_path, label, picture, step_path, tag, ticks, time_ticks

WIDTH = 1080
LEFT, RIGHT = 78, 990
TOP = 12
PRICE_FLOOR = 210
VOLUME_TOP, VOLUME_FLOOR = 226, 296
AXIS = 314
BOOK_FLOOR = 200

Values = tuple[int | None, ...]


def market_figures(market: MarketSeries, number: int) -> str:
    """Both figures of one market."""
    return _price_figure(market, number) + _book_figure(market, number)


def price_text(value: int | None, digits: int) -> str:
    """A price, or a dash where there is none."""
    return DASH if value is None else grouped(value, digits)


def _price_title(market: MarketSeries) -> str:
    if market.first_price is None or market.last_price is None:
        return f"{market.symbol} did not trade"
    move = market.last_price - market.first_price
    ending = grouped(market.last_price, market.price_digits)
    if move == 0:
        return f"{market.symbol} ended where it began, at {ending}"
    verb = "rose" if move > 0 else "fell"
    return f"{market.symbol} {verb} {grouped(abs(move), market.price_digits)} to {ending}"


def _price_figure(market: MarketSeries, number: int) -> str:
    title = _price_title(market)
    low, high = (price_text(value, market.price_digits) for value in (market.low_price, market.high_price))
    line = (
        f"{plural(market.trades, 'trade')} in {market.currency} between {low} and {high}; "
        f"volume {grouped(market.volume, market.quantity_digits)}, incoming buys above the line, sells below"
    )
    line += ", auctions across it." if any(market.auctioned) else "."
    xs = _time_scale(market)
    body = (
        _price_part(market, xs)
        + _volume_part(market, xs)
        + _time_axis(market, xs, AXIS, PRICE_FLOOR, VOLUME_FLOOR)
    )
    svg = picture(WIDTH, AXIS + 8, body, title, class_="chart")
    return _framed(title, line, svg, f"price-{number}")


def _book_figure(market: MarketSeries, number: int) -> str:
    spreads = [
        a - b
        for b, a in zip(market.bid, market.ask, strict=True)
        if a is not None and b is not None and a > b
    ]
    if not spreads:
        return ""
    median = sorted(spreads)[len(spreads) // 2]
    title = f"The best prices of {market.symbol} stood {grouped(median, market.price_digits)} apart"
    line = (
        f"Best displayed bid and ask in {market.currency} at the end of each slice; the title gives "
        f"the median spread, the widest was {grouped(max(spreads), market.price_digits)}."
    )
    xs = _time_scale(market)
    scale = _value_scale((*market.bid, *market.ask), TOP, BOOK_FLOOR)
    body = _price_grid(scale, market.price_digits)
    places = [xs.at(start) for start in market.starts]
    body += _spread_area(market, places, scale)
    for values, class_ in ((market.ask, "line sell"), (market.bid, "line buy")):
        points = [(x, None if v is None else scale.at(v)) for x, v in zip(places, values, strict=True)]
        body += tag("path", d=step_path(points, RIGHT), class_=class_)
    body += _end_labels(market, scale)
    body += _time_axis(market, xs, BOOK_FLOOR + 18, TOP, BOOK_FLOOR)
    svg = picture(WIDTH, BOOK_FLOOR + 26, body, title, class_="chart")
    return _framed(title, line, svg, f"book-{number}")


def _framed(title: str, line: str, svg: str, identifier: str) -> str:
    kind, number = identifier.split("-")
    return (
        f'<figure id="{identifier}" class="reading" tabindex="0" data-kind="{kind}" data-market="{number}">'
        f"<figcaption><h3>{escape(title)}</h3><p>{escape(line)}</p></figcaption>{svg}"
        f'<p class="readout" aria-live="polite">&#160;</p></figure>'
    )


def _time_scale(market: MarketSeries) -> Scale:
    starts = market.starts
    width = starts[1] - starts[0] if len(starts) > 1 else 1
    return Scale(starts[0], starts[-1] + width, LEFT, RIGHT)


def _value_scale(values: Values, top: float, floor: float) -> Scale:
    known = [value for value in values if value is not None] or [0, 1]
    low, high = min(known), max(known)
    margin = max((high - low) * 0.06, 1)
    return Scale(low - margin, high + margin, floor, top)


def _price_grid(scale: Scale, digits: int) -> str:
    parts = []
    for value in ticks(scale.low, scale.high, 5):
        y = scale.at(value)
        parts.append(tag("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(label(LEFT - 8, y + 4, grouped(value, digits), "axis", "end"))
    return "".join(parts)


def _price_part(market: MarketSeries, xs: Scale) -> str:
    if market.first_price is None:
        return ""
    scale = _value_scale((*market.low, *market.high), TOP, PRICE_FLOOR)
    places, lows, highs, lasts = [], [], [], []
    for start, low, high, last in zip(market.starts, market.low, market.high, market.last, strict=True):
        if low is not None and high is not None and last is not None:
            places.append(xs.at(start))
            lows.append(scale.at(low))
            highs.append(scale.at(high))
            lasts.append(scale.at(last))
    line = "M" + "L".join(f"{x:g} {y:g}" for x, y in zip(places, lasts, strict=True))
    body = _price_grid(scale, market.price_digits)
    body += tag("path", d=area_path(places, highs, lows), class_="range")
    body += tag("path", d=line, class_="line")
    body += tag("circle", cx=places[-1], cy=lasts[-1], r=3, class_="dot")
    return body + label(RIGHT + 8, lasts[-1] + 4, price_text(market.last_price, market.price_digits), "name")


def _volume_part(market: MarketSeries, xs: Scale) -> str:
    halves = tuple(-(-volume // 2) for volume in market.auctioned)
    most = max((*market.bought, *market.sold, *halves, 1))
    middle = (VOLUME_TOP + VOLUME_FLOOR) / 2
    reach = (VOLUME_FLOOR - VOLUME_TOP) / 2
    width = (
        max(xs.at(market.starts[1]) - xs.at(market.starts[0]) - 0.6, 0.6) if len(market.starts) > 1 else 20
    )
    up, down, across = [], [], []
    for start, bought, sold, half in zip(market.starts, market.bought, market.sold, halves, strict=True):
        x = xs.at(start)
        if half:
            tall = round(half / most * reach, 1)
            across.append(f"M{x:g} {middle - tall:g}v{2 * tall:g}h{width:.2f}v{-2 * tall:g}z")
        if bought:
            tall = round(bought / most * reach, 1)
            up.append(f"M{x:g} {middle:g}v{-tall:g}h{width:.2f}v{tall:g}z")
        if sold:
            tall = round(sold / most * reach, 1)
            down.append(f"M{x:g} {middle:g}v{tall:g}h{width:.2f}v{-tall:g}z")
    most_text = short(most, market.quantity_digits)
    auctions = tag("path", d="".join(across), class_="bar auction") if across else ""
    return (
        auctions
        + tag("path", d="".join(up) or "M0 0", class_="bar buy")
        + tag("path", d="".join(down) or "M0 0", class_="bar sell")
        + tag("line", x1=LEFT, x2=RIGHT, y1=middle, y2=middle, class_="grid")
        + label(LEFT - 8, VOLUME_TOP + 8, f"▲ {most_text}", "axis", "end")
        + label(LEFT - 8, VOLUME_FLOOR, f"▼ {most_text}", "axis", "end")
    )


def _time_axis(market: MarketSeries, xs: Scale, y: float, top: float, floor: float) -> str:
    low, high = int(xs.low), int(xs.high)
    places = time_ticks(low, high) if market.by_time else ticks(low, high, 7)
    fine = market.by_time and high - low < 600 * 1_000_000_000
    parts = [tag("line", x1=LEFT, x2=RIGHT, y1=floor, y2=floor, class_="grid")]
    for place in places:
        x = xs.at(place)
        text = clock(place, seconds=fine) if market.by_time else grouped(place)
        parts.append(tag("line", x1=x, x2=x, y1=floor, y2=floor + 4, class_="grid"))
        parts.append(label(x, y, text, "axis", "middle"))
    parts.append(tag("line", x1=0, x2=0, y1=min(top, TOP), y2=floor, class_="cursor"))
    return "".join(parts)


def _spread_area(market: MarketSeries, places: list[float], scale: Scale) -> str:
    """The space between the best prices, slice by slice, as one path."""
    edges = [*places[1:], float(RIGHT)]
    parts = []
    for x, end, bid, ask in zip(places, edges, market.bid, market.ask, strict=True):
        if bid is not None and ask is not None and ask > bid:
            upper, lower = scale.at(ask), scale.at(bid)
            parts.append(f"M{x:g} {upper:g}H{end:g}V{lower:g}H{x:g}Z")
    return tag("path", d="".join(parts), class_="range")


def _end_labels(market: MarketSeries, scale: Scale) -> str:
    """The last bid and ask at the end of their lines, so that no legend has to be decoded."""
    bid = next((value for value in reversed(market.bid) if value is not None), None)
    ask = next((value for value in reversed(market.ask) if value is not None), None)
    if bid is None or ask is None:
        return ""
    ask_y, bid_y = scale.at(ask) + 4, scale.at(bid) + 4
    crowded = max(0.0, 15 - (bid_y - ask_y)) / 2
    digits = market.price_digits
    return label(RIGHT + 8, round(ask_y - crowded, 1), f"▼ ask {grouped(ask, digits)}", "sell") + label(
        RIGHT + 8, round(bid_y + crowded, 1), f"▲ bid {grouped(bid, digits)}", "buy"
    )
