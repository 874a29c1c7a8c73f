"""Schemathesis: requests made from the OpenAPI document, well formed and not, find no server error.

`make fuzz-web` does it for ten minutes (NOVATE_FUZZ_SECONDS); a plain run sends a few to every route.
"""

from __future__ import annotations

import os
import time
import warnings
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings

from novate.gateway.web.routes import ROUTES
from tests.end_to_end.webs import WebNode, web

__all__ = ["web"]
SECONDS = float(os.environ.get("NOVATE_FUZZ_SECONDS", "0"))
EXAMPLES = 25 if SECONDS else 2
SIGNERS = {"/v1/deposits": "BANKER", "/v1/withdrawals": "BANKER"}
CALLED = [route for route in ROUTES if route.tag != "documents"]
DEFECTS = (500, 503, 504)


class Signer(requests.auth.AuthBase):
    """Signs what is about to be sent, whatever it is."""

    def __init__(self, web: WebNode, name: str) -> None:
        self._web = web
        self._name = name

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        data = body.encode() if isinstance(body, str) else bytes(body)
        made = self._web.headers(self._name, request.method or "", request.path_url, data)
        made.pop("Content-Type", None)
        request.headers.update(made)
        return request


@pytest.fixture(scope="module")
def operations(web: WebNode) -> dict[tuple[str, str], Any]:
    """Every operation of the document that the gateway serves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis

        schema = schemathesis.openapi.from_url(f"{web.base}/v1/openapi.json")
        found = [one.ok() for one in schema.get_all_operations()]
    return {(one.method.upper(), one.path): one for one in found}


def fuzz(web: WebNode, operation: Any, signer: str, examples: int) -> int:
    """How many requests were sent; none of them found a defect, and every answer is as documented."""
    import schemathesis
    from schemathesis.specs.openapi import checks

    sent = 0
    promised = (
        checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance,
    )  # fmt: skip

    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=[*HealthCheck],
        phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip
    @given(
        case=operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
        | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
        if _can_be_wrong(operation)
        else operation.as_strategy()
    )
    def send(case: Any) -> None:
        nonlocal sent
        sent += 1
        response = case.call(base_url=web.base, auth=Signer(web, signer))
        assert response.status_code not in DEFECTS, f"{case.as_curl_command()} -> {response.text}"
        case.validate_response(response, checks=promised)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        send()
    return sent


def _can_be_wrong(operation: Any) -> bool:
    return bool(operation.body) or bool(operation.query) or bool(operation.path_parameters)


@pytest.mark.parametrize("route", CALLED, ids=lambda route: f"{route.method} {route.path}")
def test_no_request_finds_a_server_error(
    web: WebNode, operations: dict[tuple[str, str], Any], route: Any
) -> None:
    operation = operations[route.method, route.path]
    share = SECONDS / len(CALLED)
    began = time.monotonic()
    assert fuzz(web, operation, SIGNERS.get(route.path, "ALPINE"), EXAMPLES) > 0
    while time.monotonic() - began < share:
        fuzz(web, operation, SIGNERS.get(route.path, "ALPINE"), EXAMPLES)
    assert web.get("/v1/status").json["state"] == "up"
