"""Days on two planes that are killed at random moments, and what must be true of them afterwards.

undisturbed day --------------------------------> roots, obligation digests
the same day, killed at random, finished --------> the same, and fills = trades, credit = deltas
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.app.bootstrap import Replay, open_plane
from novate.app.bootstrap_clearing import blocks_from
from novate.app.clearing_house import House
from novate.app.configuration import DEFAULT, load_configuration
from novate.app.plane_process import open_house
from novate.app.plane_streams import FILLS, read_credit
from novate.app.venue_fills import FILL_BYTES, fills_of
from novate.clearing.configured import UNDELIVERED
from novate.domain.clearing_codes import ClearingCommand
from novate.domain.clearing_records import TEXT
from novate.domain.codes import CommandKind, Side
from novate.domain.instruments import CreditModel, MarketTerms, Resale
from novate.domain.records import CREDIT_COMMAND, PARTIES, Events
from novate.domain.resolve import opening_credit, venue_terms
from novate.journal import Journal
from tests.end_to_end.processes import NOVATE

DEPOSITS = (
    ("ALPINE/HOUS", "USD", "25000"),
    ("ALPINE/HOUS", "US00NOVA0016", "40"),
    ("BOREAL/CLIE", "USD", "7"),
)
BLOCK = 32
"""Small, so that a day has many blocks between which it can be killed."""
MOMENTS = {"starting": (0.0, 1.5), "trading": (0.0, 0.03), "closing": (0.0, 1.5)}
"""Seconds after the part is there, after some fill, and after the last one."""
PARTS = ("whole", "venue", "clearing")


class Day(NamedTuple):
    """What a finished day says of itself."""

    venue_root: bytes
    clearing_root: bytes
    obligations: str
    """Digest of what the opening of the next date said."""
    files: str
    """Digest of the list of the closed date's files, in which each has its own."""
    fills: int


def configured(path: Path, orders: int) -> Path:
    """The default market with so many orders; two of its instruments are resold after settlement (K12)."""
    text = DEFAULT.read_text(encoding="utf-8").replace("orders = 200_000", f"orders = {orders}")
    for name in ("NOVA", "BTC-USD"):
        text = text.replace(f'symbol = "{name}"', f'symbol = "{name}"\nresale = "settled"', 1)
    path.write_text(text, encoding="utf-8")
    return path


def prepared(directory: Path, config: Path) -> Path:
    """A house with deposits, before its first day."""
    house, _ = open_house(directory, load_configuration(config))
    with house:
        for party, asset, quantity in DEPOSITS:
            house.deposit(party, asset, quantity)
    return directory


def start(directory: Path, config: Path) -> subprocess.Popen[str]:
    """`novate day`, in a process group of its own."""
    return subprocess.Popen(
        [str(NOVATE), "day", str(directory), "--config", str(config), "--block", str(BLOCK), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def finish(directory: Path, config: Path) -> None:
    """Run the day to its end."""
    running = start(directory, config)
    out, err = running.communicate(timeout=600)
    assert running.returncode == 0, f"{running.returncode} {out} {err}"


def kill_at_random(directory: Path, config: Path, what: str, fills: int, chance: random.Random) -> bool:
    """Start the day, kill a part of it at a random moment, and end it; True if the part was alive.

    The moment is found by what the venue has published, so that it lies in the day on any machine.
    """
    moment = chance.choice(("starting", "trading", "trading", "trading", "closing"))
    expected = {"starting": 0, "trading": chance.randint(1, fills), "closing": fills}[moment]
    running = start(directory, config)
    while running.poll() is None and not (parts_of(running.pid, what) and published(directory) >= expected):
        time.sleep(0.002)
    time.sleep(chance.uniform(*MOMENTS[moment]))
    killed = sum(_kill(pid) for pid in parts_of(running.pid, what)) > 0 and running.poll() != 0
    out, err = running.communicate(timeout=600)
    assert what == "whole" or running.returncode == 0, f"{running.returncode} {out} {err}"
    return killed


def parts_of(pid: int, what: str) -> list[int]:
    """Processes of the venue, of the clearing house, or of the whole day."""
    children = children_of(pid)
    if what == "whole":
        return [pid, *children] if len(children) else []
    return [child for child in children if f" {what} " in command_line(child)]


def published(directory: Path) -> int:
    """Fills that the venue has published."""
    path = directory / FILLS
    return path.stat().st_size // FILL_BYTES if path.exists() else 0


def children_of(pid: int) -> list[int]:
    """Processes that a process has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []


def command_line(pid: int) -> str:
    """Arguments of a process, apart by spaces."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def looked_at(directory: Path) -> Day:
    """Check a finished day against its two journals, and say what it came to."""
    fills = fills_of_venue(directory)
    assert trades_of_house(directory) == fills
    plane = open_plane(directory / "venue" / "journal")
    plane.venue.validate()
    given = [
        one for _, records in plane.journal.read() for one in records[records["kind"] == CommandKind.CREDIT]
    ]
    venue_root, opening = plane.venue.state_root(), len(opening_credit(plane.configuration))
    plane.close()
    assert [one.tobytes() for one in given[opening:]] == [
        one.tobytes() for one in read_credit(directory / "clearing" / "credit")
    ]
    with House.open(directory, read_only=True) as house:
        house.plane.house.validate()
        assert house.plane.house.credits >= len(given) - opening
        following = b"".join(kept.tobytes() for kept in house.whole_day().kept)
        (closed,) = (directory / "clearing" / "days").iterdir()
        return Day(
            venue_root, house.plane.house.state_root(), sha256(following).hexdigest(),
            sha256((closed / "day.json").read_bytes()).hexdigest(), len(fills),
        )  # fmt: skip


def fills_of_venue(directory: Path) -> list[int]:
    """Trade ids that the house must have, as the venue's journal gives them again; on the way, what every
    account may deliver is counted from commands and fills alone."""
    replay = Replay(directory / "venue" / "journal")
    markets = venue_terms(replay.configuration).markets
    deliverable = [one for one in markets if one.credit is CreditModel.DELIVERABLE]
    securities: Counter[tuple[int, int]] = Counter()
    parties = {one.number: (one.member, one.account) for one in replay.configuration.accounts}
    undelivered = [
        number for number, one in enumerate(replay.configuration.instruments) if one.kind in UNDELIVERED
    ]
    found = []
    for _, commands, events in replay.batches():
        for one in commands[commands["kind"] == CommandKind.CREDIT].view(CREDIT_COMMAND):
            securities[int(one["account"]), int(one["asset"])] += int(one["delta"])
        fills = fills_of(events)
        trades, sides = fills[0::2], fills[1::2].view(PARTIES)
        for market in deliverable:
            count_deliveries(securities, market, trades, sides)
        found += [
            int(trade["trade_id"])
            for trade, side in zip(trades, sides, strict=True)
            if int(trade["market"]) not in undelivered
            and parties[int(side["maker_account"])] != parties[int(side["taker_account"])]
        ]
    for account in parties:
        for asset in {one.base_asset for one in deliverable}:
            assert sum(replay.venue.balance(account, asset)) == securities[account, asset], (account, asset)
    return found


def count_deliveries(
    securities: Counter[tuple[int, int]], market: MarketTerms, trades: Events, sides: npt.NDArray[np.void]
) -> None:
    """Add what the fills of a market have moved; what was bought may come later, as credit (K12)."""
    mine = trades["market"] == market.market
    for trade, side in zip(trades[mine], sides[mine], strict=True):
        buyer, seller = int(side["taker_account"]), int(side["maker_account"])
        if trade["side"] != Side.BUY:
            buyer, seller = seller, buyer
        units = int(trade["quantity"]) * market.base_units_per_lot
        if market.resale is Resale.IMMEDIATE:
            securities[buyer, market.base_asset] += units
        securities[seller, market.base_asset] -= units


def trades_of_house(directory: Path) -> list[int]:
    """Trade ids of fills in the clearing journal, in its order."""
    with Journal.open(directory / "clearing" / "journal", read_only=True) as journal:
        records = np.concatenate([block for _, block in blocks_from(journal, 1)])
    at = np.flatnonzero(records["kind"] == ClearingCommand.TRADE)
    texts = records[at - 1].view(TEXT)
    return [int(one["text"]) for one in texts]
