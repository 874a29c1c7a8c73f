"""`docs/configuration.md` names every key that a market file may have, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from novate.app import configuration
from novate.app.configuration import load_configuration
from novate.app.configuration_fields import Table
from novate.app.node.settings import load_settings
from tests.tidy.sources import ROOT

PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
TABLES = {
    "calendars", "currencies", "instruments", "members", "clearing", "simulation", "schedules", "node",
    "margin", "collateral", "traders", "web",
}  # fmt: skip
SCHEDULED = """
[schedules.DAY]
time_zone = "Europe/Berlin"
sessions = [{at = "09:00", state = "CONTINUOUS"}]
[margin]
currency = "USD"
collateral = [{asset = "USD"}]
"""
KEY = re.compile(r"`([a-z_]+)`")


def asked_keys(monkeypatch: Any, folder: Path) -> set[str]:
    """Every key that the reader of a configuration asks for."""
    default = ROOT / "src" / "novate" / "app" / "default.toml"
    written = folder / "scheduled.toml"
    written.write_text(default.read_text(encoding="utf-8") + SCHEDULED, encoding="utf-8")
    tables: list[Table] = []
    finish = Table.finish
    monkeypatch.setattr(Table, "finish", lambda table: (tables.append(table), finish(table)))
    load_configuration(written)
    load_settings(written)
    return {key for table in tables for key in table.asked} - TABLES


def test_the_page_names_every_key(monkeypatch: Any, tmp_path: Path) -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| ")]
    assert {key for row in rows for key in KEY.findall(row)} == asked_keys(monkeypatch, tmp_path)


def test_the_page_shows_the_words_of_the_keys_with_few_values() -> None:
    for word in (*configuration.COLLAR_ACTIONS, *configuration.POST_ONLY_MODES, *configuration.ALLOCATIONS):
        assert f'"{word}"' in PAGE, word
