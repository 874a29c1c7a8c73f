"""Why the web gateway refuses, and which HTTP status goes with every code of Novate.

    700 the request as bytes     720 who sent it     740 what it asks for     760 the gateway itself

Codes of the venue and of sessions (`novate.domain.codes`, `novate.domain.session_codes`) pass through as they
are. A number is never reused and never renumbered; `tests/golden/web_codes.txt` pins them.
"""

from __future__ import annotations

from enum import IntEnum

from novate.domain.codes import Reject, RowReject
from novate.domain.session_codes import SessionReject


class WebReject(IntEnum):
    """Refusals of the gateway itself, each named after the rule that was broken."""

    # the request as bytes
    MALFORMED_REQUEST = 700
    HEADERS_TOO_LARGE = 701
    TARGET_TOO_LONG = 702
    BODY_TOO_LARGE = 703
    JSON_TOO_DEEP = 704
    MALFORMED_JSON = 705
    INVALID_FIELD = 706
    UNKNOWN_ROUTE = 707
    METHOD_NOT_ALLOWED = 708
    UNSUPPORTED_MEDIA_TYPE = 709
    REQUEST_TOO_SLOW = 710
    TOO_MANY_CONNECTIONS = 711
    MALFORMED_MESSAGE = 712
    MESSAGE_TOO_LARGE = 713
    WRONG_HOST = 714
    # who sent it
    KEY_MISSING = 720
    UNKNOWN_KEY = 721
    WRONG_SIGNATURE = 722
    TIME_OUTSIDE_WINDOW = 723
    REQUEST_REPLAYED = 724
    MISSING_SCOPE = 725
    ACCOUNT_NOT_YOURS = 726
    ACCOUNT_NEEDED = 727
    TOO_MANY_REQUESTS = 728
    LOGIN_NEEDED = 729
    # what it asks for
    UNKNOWN_SYMBOL = 740
    DUPLICATE_DIFFERENT = 741
    INVALID_CURSOR = 742
    UNKNOWN_CHANNEL = 743
    TOO_MANY_SUBSCRIPTIONS = 744
    NO_TEST_MONEY = 745
    NO_CLEARING_HOUSE = 746
    NOTHING_TO_AMEND = 747
    PRICE_NEEDED = 748
    RESUME_TOO_OLD = 749
    ORDER_NOT_OPEN = 750
    # the gateway itself
    CORE_UNAVAILABLE = 760
    NO_ANSWER_IN_TIME = 761
    SLOW_READER = 762
    GATEWAY_STOPPING = 763
    TOO_MUCH_WAITING = 764
    HISTORY_UNAVAILABLE = 765
    INTERNAL_ERROR = 799


Code = Reject | RowReject | SessionReject | WebReject

_STATUS: dict[IntEnum, int] = {
    Reject.UNKNOWN_MARKET: 404, Reject.UNKNOWN_ACCOUNT: 404, Reject.UNKNOWN_ORDER: 404,
    Reject.UNKNOWN_ASSET: 404, Reject.DUPLICATE_ORDER: 409, Reject.MARKET_CLOSED: 409,
    Reject.MARKET_HALTED: 409, Reject.INVALID_IN_STATE: 409, Reject.CREDIT_GAP: 409,
    Reject.ACCOUNT_KILLED: 403, Reject.MEMBER_KILLED: 403, Reject.VENUE_KILLED: 403,
    Reject.MAX_MESSAGE_RATE: 429, Reject.MAX_ORDER_TO_TRADE: 429, Reject.ENGINE_FULL: 503,
    SessionReject.OVERLOAD: 503, SessionReject.RATE_LIMIT: 429,
    WebReject.HEADERS_TOO_LARGE: 431, WebReject.TARGET_TOO_LONG: 414, WebReject.BODY_TOO_LARGE: 413,
    WebReject.UNKNOWN_ROUTE: 404, WebReject.METHOD_NOT_ALLOWED: 405, WebReject.UNSUPPORTED_MEDIA_TYPE: 415,
    WebReject.WRONG_HOST: 421, WebReject.REQUEST_TOO_SLOW: 408, WebReject.TOO_MANY_CONNECTIONS: 503,
    WebReject.MISSING_SCOPE: 403, WebReject.ACCOUNT_NOT_YOURS: 403, WebReject.ACCOUNT_NEEDED: 400,
    WebReject.TOO_MANY_REQUESTS: 429, WebReject.UNKNOWN_SYMBOL: 404, WebReject.DUPLICATE_DIFFERENT: 409,
    WebReject.NO_TEST_MONEY: 403, WebReject.NO_CLEARING_HOUSE: 404, WebReject.ORDER_NOT_OPEN: 409,
    WebReject.UNKNOWN_CHANNEL: 404, WebReject.RESUME_TOO_OLD: 410, WebReject.CORE_UNAVAILABLE: 503,
    WebReject.NO_ANSWER_IN_TIME: 504, WebReject.GATEWAY_STOPPING: 503, WebReject.TOO_MUCH_WAITING: 503,
    WebReject.INTERNAL_ERROR: 500,
}  # fmt: skip
_BANDS = ((760, 503), (740, 400), (720, 401), (700, 400), (660, 503), (640, 403), (620, 400), (600, 401),
          (400, 400), (240, 503), (100, 422))  # fmt: skip


def http_status(code: IntEnum) -> int:
    """The HTTP status of a refusal: its own, or that of its band."""
    own = _STATUS.get(code)
    return own if own is not None else next(status for low, status in _BANDS if code >= low)


def published_codes() -> list[Code]:
    """Every code that an answer can carry, ascending."""
    return [one for kind in (Reject, RowReject, SessionReject, WebReject) for one in kind if one]


class WebRefused(Exception):  # noqa: N818 - a decision, not an error of this program
    """A request is answered with a code, an HTTP status and one sentence."""

    def __init__(self, code: Code, message: str = "", field: str | None = None) -> None:
        super().__init__(message or code.name)
        self.code = code
        self.message = message or _SENTENCES.get(code, code.name.replace("_", " ").lower())
        self.field = field
        self.headers: list[tuple[str, str]] = []


_SENTENCES: dict[IntEnum, str] = {
    WebReject.UNKNOWN_KEY: "Expected the name of a key of this node in Novate-Key, was another",
    WebReject.WRONG_SIGNATURE: "Expected a signature by this key over method, target, time and body",
    WebReject.CORE_UNAVAILABLE: "The core does not answer at the moment; nothing was sent",
    WebReject.NO_ANSWER_IN_TIME: "The core has not answered in time; ask for the order by its client id",
    WebReject.GATEWAY_STOPPING: "The gateway is being stopped",
    WebReject.INTERNAL_ERROR: "The gateway has a defect; the request id finds it in the log",
}  # fmt: skip
