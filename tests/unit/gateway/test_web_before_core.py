"""A gateway that has not heard of its core yet says so, and shows nothing that it does not know."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from novate.app.configuration import DEFAULT, load_configuration
from novate.app.node.web_clearing import clearing_of
from novate.client import Credentials
from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.gateway import Gateway
from novate.gateway.web.keys import Keys
from novate.gateway.web.limits import WebSettings
from novate.gateway.web.market_routes import get_market, get_markets
from novate.gateway.web.older import Older
from novate.gateway.web.trunk import Trunk
from novate.gateway.web.venue_view import VenueView


def test_a_market_whose_state_was_not_told_yet_is_refused_by_name(tmp_path: Path) -> None:
    configuration = load_configuration(DEFAULT)

    async def asked() -> None:
        settings = WebSettings()
        view = VenueView([0] * len(configuration.instruments), lambda first: np.zeros(0, np.int64))
        trunk = Trunk(str(tmp_path / "novate.sock"), Credentials("WEB-0", bytes(32)), view, 1)
        gateway = Gateway(
            configuration, settings, Keys((), {}, settings), trunk, view, clearing_of(tmp_path),
            older=Older(None), switches=tmp_path / "switches",
        )  # fmt: skip
        first = configuration.instruments[0].symbol
        page = SimpleNamespace(query=SimpleNamespace(limit=10, cursor=None), path={"market": first})
        for ask in (get_markets, get_market):
            with pytest.raises(
                WebRefused, match=f"state of {first}, the core has not told it yet"
            ) as refused:
                ask(gateway, page)
            assert refused.value.code == WebReject.CORE_UNAVAILABLE
        gateway.close()

    asyncio.run(asked())
