"""The documents and the interactive page, made once for each gateway."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from novate.gateway.web.calls import Answered, Call
from novate.gateway.web.documents import asyncapi, openapi
from novate.gateway.web.requests import encode

if TYPE_CHECKING:
    from novate.gateway.web.gateway import Gateway

HTML = b"text/html; charset=utf-8"


@cache
def _openapi(name: str) -> bytes:
    from novate.gateway.web.routes import ROUTES

    return encode(openapi(ROUTES, name))


@cache
def _asyncapi(name: str) -> bytes:
    return encode(asyncapi(name))


@cache
def _page() -> tuple[bytes, str]:
    """(the page, its content security policy): only its own script and style may run."""
    text = files("novate.gateway.web").joinpath("page.html").read_text("utf-8")
    allowed = {}
    for tag in ("script", "style"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inside is not None
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        allowed[tag] = f"{tag}-src 'sha256-{digest}'"
    policy = f"default-src 'none'; connect-src 'self'; {allowed['script']}; {allowed['style']}"
    return text.encode(), policy


def get_openapi(gateway: Gateway, call: Call) -> Answered:
    """This document."""
    return Answered(200, _openapi(gateway.configuration.name))


def get_asyncapi(gateway: Gateway, call: Call) -> Answered:
    """The AsyncAPI document of the WebSocket."""
    return Answered(200, _asyncapi(gateway.configuration.name))


def get_page(gateway: Gateway, call: Call) -> Answered:
    """All routes, each with a form that calls it."""
    page, policy = _page()
    call.headers += [("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff")]
    return Answered(200, page, HTML)
