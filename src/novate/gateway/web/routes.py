"""Every route with its scope; the gateway serves these and no others, and both documents come from here."""

from __future__ import annotations

from novate.gateway.web import (
    account_messages,
    account_routes,
    batches,
    document_routes,
    market_routes,
    messages,
    queries,
)
from novate.gateway.web.calls import Rate, Route, Scope

_PUBLIC, _READ, _TRADE = Scope.PUBLIC, Scope.READ, Scope.TRADE
_OF_CORE = (503, 504)
_OF_ORDER = (400, 403, 404, 409, 422, 503, 504)


def _market(path: str, handler: object, response: object, summary: str, **others: object) -> Route:
    """A route that needs no key."""
    return Route("GET", path, _PUBLIC, Rate.PUBLIC, handler, response, summary, **others)  # type: ignore[arg-type]


def _own(path: str, handler: object, response: object, summary: str, **others: object) -> Route:
    """A route that reads what belongs to the key."""
    usual: dict[str, object] = {"tag": "accounts", "refusals": (400, 403, *_OF_CORE)}
    return Route("GET", path, _READ, Rate.READ, handler, response, summary, **(usual | others))  # type: ignore[arg-type]


def _order(method: str, path: str, rate: Rate, handler: object, response: object, summary: str,
           **others: object) -> Route:  # fmt: skip
    """A route that changes orders."""
    usual: dict[str, object] = {"tag": "orders", "refusals": _OF_ORDER}
    return Route(method, path, _TRADE, rate, handler, response, summary, **(usual | others))  # type: ignore[arg-type]


_M, _A, _AM = market_routes, account_routes, account_messages
ROUTES: tuple[Route, ...] = (
    _market("/v1/time", _M.get_time, messages.Time, "The gateway's clock", tag="venue"),
    _market("/v1/status", _M.get_status, messages.NodeState, "Whether the venue takes orders", tag="venue"),
    _market("/v1/limits", _M.get_limits, messages.Limits, "Every rate and bound", tag="venue"),
    _market("/v1/errors", _M.get_errors, messages.ErrorCodes, "Every code of an error", tag="venue"),
    _market("/v1/markets", _M.get_markets, messages.Markets, "All markets", query=queries.Page),
    _market("/v1/markets/{market}", _M.get_market, messages.Market, "One market", refusals=(404,)),
    _market("/v1/markets/{market}/book", _M.get_book, messages.Book, "The displayed book",
            query=queries.DepthQuery, refusals=(404, *_OF_CORE)),
    _market("/v1/markets/{market}/trades", _M.get_trades, messages.Trades, "Trades, newest first",
            query=queries.Page, refusals=(404, 503)),
    _market("/v1/markets/{market}/candles", _M.get_candles, messages.Candles, "Candles, newest first",
            query=queries.CandlesQuery, refusals=(404, 503)),
    _market("/v1/markets/{market}/ticker", _M.get_ticker, messages.Ticker, "A market at a glance",
            refusals=(404,)),
    _market("/v1/tickers", _M.get_tickers, messages.Tickers, "All markets at a glance", query=queries.Page),
    _own("/v1/accounts", _A.get_accounts, _AM.Accounts, "The accounts of the key", query=queries.Page),
    _own("/v1/balances", _A.get_balances, _AM.Balances, "What an account has",
         query=queries.AccountPage),
    _own("/v1/positions", _A.get_positions, _AM.Positions, "Positions that the venue keeps",
         query=queries.AccountPage),
    Route("POST", "/v1/deposits", Scope.TRANSFER, Rate.READ, _A.deposit, _AM.TransferAnswer,
          "Test money in", body=_AM.TransferRequest, refusals=_OF_ORDER, tag="accounts"),
    Route("POST", "/v1/withdrawals", Scope.TRANSFER, Rate.READ, _A.withdraw, _AM.TransferAnswer,
          "Test money out", body=_AM.TransferRequest, refusals=_OF_ORDER, tag="accounts"),
    _own("/v1/orders", _A.get_orders, messages.Orders, "Orders, newest first", query=queries.OrdersQuery,
         tag="orders", refusals=(400, 403, 404, 503)),
    _order("POST", "/v1/orders", Rate.ORDER, _A.place_order, messages.OrderAnswer, "Place an order",
           body=messages.OrderRequest, status=201),
    _order("POST", "/v1/orders/batch", Rate.ORDER, batches.place_batch, messages.BatchAnswer,
           "Place up to 50 orders, each by itself", body=messages.BatchRequest, reads=batches.read_batch),
    _order("POST", "/v1/orders/cancel-all", Rate.CANCEL, _A.cancel_all, messages.CancelAllAnswer,
           "Cancel all open orders", body=messages.CancelAllRequest),
    _order("POST", "/v1/orders/cancel-after", Rate.CANCEL, _A.cancel_after, messages.CancelAfterAnswer,
           "Set the dead-man's switch", body=messages.CancelAfterRequest, refusals=(400, 403)),
    _own("/v1/orders/{client_order_id}", _A.get_order, messages.Order, "One order", query=queries.OfAccount,
         tag="orders", refusals=(400, 403, 404, 503)),
    _order("PATCH", "/v1/orders/{client_order_id}", Rate.ORDER, _A.amend_order, messages.Order,
           "Change an open order", body=messages.AmendRequest),
    _order("DELETE", "/v1/orders/{client_order_id}", Rate.CANCEL, _A.cancel_order, messages.Order,
           "Cancel an open order", query=queries.OfOrder),
    _own("/v1/fills", _A.get_fills, messages.Fills, "Fills, newest first", query=queries.FillsQuery,
         tag="orders", refusals=(400, 403, 404, 503)),
    _own("/v1/clearing/obligations", _A.get_obligations, _AM.Obligations,
         "What the key's members will deliver and pay", query=queries.ClearingPage, tag="clearing",
         refusals=(400, 403, 404, 503)),
    _own("/v1/clearing/fails", _A.get_fails, _AM.Fails, "What was not settled in time",
         query=queries.Page, tag="clearing", refusals=(400, 403, 404, 503)),
    _own("/v1/clearing/entries", _A.get_entries, _AM.LedgerEntries,
         "Transfers of the ledger to and from the key's members, newest first", query=queries.Page,
         tag="clearing", refusals=(400, 403, 404, 503)),
    Route("GET", "/v1/clearing/statements", Scope.CLEAR, Rate.READ, _A.get_statements, _AM.Statements,
          "Files of closed dates", query=queries.Page, refusals=(403, 404, 503), tag="clearing"),
    Route("GET", "/v1/clearing/statements/{date}/{name}", Scope.CLEAR, Rate.READ, _A.get_statement, bytes,
          "One file of a closed date", refusals=(403, 404, 503), tag="clearing",
          kind="application/octet-stream"),
    _market("/v1/openapi.json", document_routes.get_openapi, dict, "This document", tag="documents"),
    _market("/v1/asyncapi.json", document_routes.get_asyncapi, dict, "The WebSocket document",
            tag="documents"),
    _market("/docs", document_routes.get_page, bytes, "The interactive page", tag="documents",
            kind="text/html; charset=utf-8"),
)  # fmt: skip
