"""How numbers look: grouped, aligned on the decimal point, direction by sign and arrow before any colour.

1234567, 2 digits  ->  "12,345.67"        -70, signed  ->  "▼ −70"        0, quiet  ->  "–"
"""

from __future__ import annotations

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
UP = "\N{BLACK UP-POINTING TRIANGLE}"
DOWN = "\N{BLACK DOWN-POINTING TRIANGLE}"

NANOSECONDS_A_SECOND = 1_000_000_000
SECONDS_A_DAY = 86_400


def grouped(value: int, digits: int = 0) -> str:
    """A number of 10^-digits units with thousands separated: 1234567, 2 -> "12,345.67"."""
    sign = MINUS if value < 0 else ""
    whole, rest = divmod(abs(value), 10**digits)
    return f"{sign}{whole:,}" + (f".{rest:0{digits}d}" if digits else "")


def quiet(value: int, digits: int = 0) -> str:
    """As `grouped`, with a dash for a zero that carries no information."""
    return grouped(value, digits) if value else DASH


def directed(value: int, digits: int = 0) -> str:
    """As `grouped`, with an arrow and a sign: receive is up, pay or deliver is down."""
    if value == 0:
        return DASH
    return f"{UP} +{grouped(value, digits)}" if value > 0 else f"{DOWN} {grouped(value, digits)}"


def short(value: int, digits: int = 0) -> str:
    """Three significant digits and a unit, for labels inside pictures: 123456789, 2 -> "1.23 m"."""
    units = abs(value) / 10**digits
    for size, name in ((1e12, " tn"), (1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if units >= size:
            scaled = units / size
            places = 0 if scaled >= 100 else 1 if scaled >= 10 else 2
            return f"{MINUS if value < 0 else ''}{scaled:.{places}f}{name}"
    return grouped(value, digits)


def percent(part: int, whole: int) -> str:
    """`part` of `whole` with one decimal, rounded down: a saving of 99.96% is never shown as 100%."""
    if whole == 0:
        return DASH
    permille = part * 1000 // whole
    return f"{permille // 10}.{permille % 10}%" if permille != 1000 else "100%"


def plural(count: int, one: str, many: str = "") -> str:
    """ "1 trade", "2 trades"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def clock(time_ns: int, seconds: bool = True) -> str:
    """Time of day of nanoseconds since 1970 (or since midnight): "10:14:30"."""
    of_day = time_ns // NANOSECONDS_A_SECOND % SECONDS_A_DAY
    text = f"{of_day // 3600:02d}:{of_day // 60 % 60:02d}"
    return f"{text}:{of_day % 60:02d}" if seconds else text
