"""Which Host a server answers to."""

from __future__ import annotations

import pytest

from novate.gateway.hosts import NAME, HostRule

LOCAL = ["localhost", "LOCALHOST:8080", "localhost.", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:8080"]
STRANGE = [
    "", " ", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
    "[::1].evil.example", "[::1]evil", "127.0.0.1@evil.example", "evil.example:80:127.0.0.1", "10.0.0.1",
    "localhost:", "localhost:x", "::1", "127.0.0.1/evil", "\u017focalhost",
]  # fmt: skip


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "localhost:0", "[::1]:8080"])
def test_a_loopback_address_is_called_by_loopback_names_alone(address: str) -> None:
    rule = HostRule(address)
    for _ in range(2):
        assert [host for host in LOCAL if not rule.admits(host)] == []
        assert [host for host in STRANGE if rule.admits(host)] == []


def test_configured_names_are_answered_to_and_others_are_not_then() -> None:
    for address in ("127.0.0.1:8080", "0.0.0.0:8080"):
        rule = HostRule(address, ["Exchange.example", "[fd00::1]"])
        assert rule.admits("exchange.EXAMPLE:443")
        assert rule.admits("[fd00::1]:443")
        assert all(map(rule.admits, LOCAL))
        assert not any(map(rule.admits, STRANGE))
    assert "[fd00::1], exchange.example as the Host, was evil" in rule.sentence("evil")


def test_without_names_an_open_address_answers_to_every_host() -> None:
    assert all(map(HostRule("0.0.0.0:8080").admits, [*LOCAL, *STRANGE]))


def test_many_hosts_are_not_all_kept() -> None:
    rule = HostRule("127.0.0.1:8080")
    assert all(rule.admits(f"127.0.{one // 250}.{one % 250}") for one in range(1_000))
    assert len(rule._admitted) <= 64


@pytest.mark.parametrize("name", ["exchange.example", "a", "10.0.0.1", "[fd00::1]"])
def test_names_that_can_be_configured(name: str) -> None:
    assert NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "a:80", "https:" + "//a", "*", "a b", "-a", "a.", "\u00fc.example"])
def test_names_that_cannot(name: str) -> None:
    assert not NAME.fullmatch(name)
