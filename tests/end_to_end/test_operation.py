"""The demonstration exchange as a person meets it: one command, a page, traders, and an operator's commands.

One node serves most of the tests, because each start costs seconds; what breaks a node has one of its own.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from novate.app.board.live import netting_title, not_delivered
from novate.app.cli import execute
from novate.app.demo import demonstration_text
from novate.app.node.directory import DataDirectory
from novate.app.node.key_commands import described
from novate.client import Client, Credentials
from novate.client.views import (
    LENGTH,
    MOST_QUESTION_BYTES,
    Answer,
    Fills,
    LedgerEntries,
    Orders,
    PageNow,
    ViewsClient,
    ViewsError,
    read_answer,
)
from novate.domain.codes import CommandKind, EventKind, Side
from novate.domain.records import EVIDENCE_COMMAND
from novate.journal import Journal
from tests.end_to_end.nodes import NodeProcess, events_until
from tests.end_to_end.two_planes import children_of, command_line

PATIENCE = 60.0
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TODAY = datetime.date(2026, 11, 30)


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """A command line in this process: starting another one costs seconds of loading."""
    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        code = execute([str(word) for word in words])
    return subprocess.CompletedProcess(words, code, out.getvalue(), said.getvalue())


def run_json(*words: str | Path) -> Any:
    """The one JSON document that a successful command prints."""
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def found_demo(place: Path, rate: int = 25) -> Path:
    """A demonstration's data directory with free ports, not started yet."""
    text = demonstration_text(TODAY)
    text = re.sub(r'"127.0.0.1:\d+"', '"127.0.0.1:0"', text)
    text = text.replace("orders_per_second = 120", f"orders_per_second = {rate}")
    place.mkdir(parents=True)
    (place / "market.toml").write_text(text, encoding="utf-8")
    return place


def until(check: Callable[[], Any], what: str) -> Any:
    """What `check` gives when it gives something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.25)
    raise AssertionError(f"expected {what} within {PATIENCE:.0f} s")


class Demo:
    """A running demonstration."""

    def __init__(self, place: Path) -> None:
        self.data = place
        self.node = NodeProcess(place, place / "market.toml")
        try:
            self.board = until(self._address, "an address of the board")
        except BaseException:
            self.node.kill()
            raise

    def _address(self) -> str:
        said = run("status", "--data", self.data, "--json").stdout
        beside = json.loads(said).get("status", {}).get("beside", {})
        return str(beside.get("board", "")).removeprefix("listening ")

    def get(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        try:
            with urllib.request.urlopen(f"http://{self.board}{path}", timeout=20) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read()

    def json(self, path: str) -> Any:
        """The document of a path."""
        return json.loads(self.get(path)[2])

    def companion(self, module: str) -> int:
        """Process id of a process beside the node."""
        found = [pid for pid in children_of(self.node.process.pid) if module in command_line(pid)]
        return found[0] if found else 0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demonstration in which something has traded."""
    running = Demo(found_demo(tmp_path_factory.mktemp("demo") / "data"))
    until(lambda: running.json("/live.json")["trades_in_all"] > 20, "trades")
    yield running
    if running.node.process.poll() is None:
        running.node.end(signal.SIGINT)


def test_the_page_and_its_data_are_served(demo: Demo) -> None:
    status, kind, body = demo.get("/")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert b'id="funnel"' in body
    for path in re.findall(rb'(?:href|src)="(/board[^"]+)"', body):
        assert demo.get(path.decode())[0] == 200
    live = demo.json("/live.json?market=3&seconds=5")
    assert live["market"]["symbol"] == "NOVA"
    assert [one["symbol"] for one in live["markets"]][:3] == ["BTC-USD", "ETH-USD", "BTC-EUR"]
    bids, asks = live["market"]["bids"], live["market"]["asks"]
    assert float(bids[0]["price"]) < float(asks[0]["price"])
    assert bids == sorted(bids, key=lambda level: -float(level["price"]))
    assert 0 < bids[-1]["depth"] <= 1
    cleared = until(lambda: (found := demo.json("/clearing.json"))["obligations"] != "0" and found, "a net")
    assert "became" in cleared["title"]
    # One page, one count of trades: all of them, and how many of those are delivered.
    made, delivered, legs, obligations = (
        int(cleared[name].replace(",", "")) for name in ("executions", "trades", "legs", "obligations")
    )
    assert legs == 2 * delivered
    assert cleared["title"] == netting_title(made, delivered, obligations)
    assert cleared["not_delivered"] == not_delivered(made - delivered)
    assert any("netted away" in figure for figure in cleared["figures"])
    assert {row[0] for row in cleared["cash"]["rows"]} == {"ALPINE", "BOREAL", "CASTOR", "DELPHI", "FATHOM"}


def test_health_readiness_and_metrics(demo: Demo) -> None:
    assert demo.json("/health")["ok"] is True
    assert demo.get("/ready")[0] == 200
    text = demo.get("/metrics")[2].decode()
    for name in (
        'venue_commands_total{kind="QUOTE",result_band="done"}',
        "venue_match_duration_seconds_bucket",
        "venue_journal_fsync_seconds_count",
        'venue_book_levels{instrument="NOVA",side="buy"}',
        "venue_stream_lag_messages",
        'venue_gateway_sessions{protocol="binary"}',
        "venue_state_hash_mismatch_total 0",
        "venue_build_info{version=",
        "ccp_netting_ratio",
        "ccp_fails_open{age_days=",
    ):
        assert name in text, name
    samples = re.compile(
        r"(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+=\"[^\"]*\"(,[a-z_]+=\"[^\"]*\")*\})? [0-9.e+-]+)"
    )
    assert all(samples.fullmatch(line) for line in text.splitlines()), "the text format of Prometheus"
    assert not re.search(r'(account|order|client|session)="', text), "never an id as a label"


def test_an_order_of_a_person_is_traded_and_seen_in_the_views(demo: Demo) -> None:
    credentials = Credentials.from_file(demo.data / "keys" / "ALPINE.key", "ALPINE")
    with Client.connect(demo.node.address, credentials) as client:
        client.receipt(client.place_order(3, 101, 77, Side.BUY, 5, 19_000))
        events = events_until(client, EventKind.TRADE, timeout=10)
        assert EventKind.TRADE in events["kind"]
    with ViewsClient.connect(demo.data / "views.sock") as views:
        fills = until(lambda: [*views.ask(Fills(accounts=[101])).records()], "a fill in the views")
        assert sum(fill["quantity"] for fill in fills) == 5
        (order,) = views.ask(Orders(accounts=[101], client_order_id=77)).records()
        assert (order["filled"], order["leaves"], order["side"]) == (5, 0, Side.BUY)
        market, cleared = (row[0] for row in views.ask(PageNow(market=3)).rows)
        assert "settle" in cleared["title"]
        assert market["market"]["symbol"] == "NOVA"


def test_a_deposit_at_the_clearing_house_is_an_entry_of_the_ledger(demo: Demo) -> None:
    assert run("clearing", "deposit", demo.data, "ALPINE/HOUS", "USD", "1234.56").returncode == 0
    with ViewsClient.connect(demo.data / "views.sock") as views:
        found = until(lambda: [*views.ask(LedgerEntries(members=["ALPINE"])).records()], "a ledger entry")
        assert [(one["reason"], one["amount"], one["asset"]) for one in found] == [
            ("DEPOSIT", 123_456, "USD")
        ]
        assert found[0]["credit"] == "Liabilities:ALPINE:HOUS:Cash:USD"
        assert not views.ask(LedgerEntries(members=["BOREAL"])).rows


def test_an_operator_halts_resumes_and_uses_a_kill_switch(demo: Demo) -> None:
    data = ("--data", demo.data)
    assert [one["state"] for one in run_json("markets", *data)["markets"]] == ["CONTINUOUS"] * 6
    (halted,) = run_json("halt", "ORCA", *data)["done"]
    assert halted["told"] == "ORCA to HALTED, was CONTINUOUS"
    assert until(lambda: run_json("markets", *data)["markets"][4]["state"] == "HALTED", "a halt")
    assert b'state="HALTED"' in demo.get("/metrics")[2]
    again = run("halt", "4", *data, "--json")
    assert again.returncode == 1
    assert json.loads(again.stdout)["done"][0]["reason"] == "INVALID_TRANSITION"
    (resumed,) = run_json("resume", "ORCA", *data)["done"]
    assert resumed["sequence"] > halted["sequence"]
    (killed,) = run_json("kill-switch", "member", "FATHOM", *data)["done"]
    assert re.fullmatch(r"kill switch of member FATHOM on: [\d,]+ orders were cancelled", killed["told"])

    def stopped() -> list[int]:
        return [one["account"] for one in run_json("accounts", *data)["accounts"] if one["stopped_by"]]

    assert until(stopped, "stopped accounts") == [501, 502]
    run_json("kill-switch", "member", "FATHOM", "--revive", *data)
    assert until(lambda: not stopped(), "no stopped account")
    text = run("accounts", *data).stdout
    assert "ALPINE" in text
    assert "2000000000.00" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["halt", "NOPE"], 'a number or "all", was "NOPE"'),
        (["kill-switch", "account", "7"], 'a configured account, was "7"'),
        (["kill-switch", "member", "NOBODY"], 'was "NOBODY"'),
        (["kill-switch", "venue", "x"], 'for the whole venue, was "x"'),
        (["halt", "NOVA", "--session", "ALPINE"], "MISSING_PERMISSION"),
        (["halt", "NOVA", "--session", "NOBODY"], "expected the private key of session NOBODY"),
        (["up", "--demo"], "expected to be the only writer"),
        (["views", "rebuild"], "expected to be the only writer"),
        (["simulate", "--accounts", "1;2"], 'numbers with commas between, was "1;2"'),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(demo: Demo, words: list[str], said: str) -> None:
    done = run(*words, "--data", demo.data)
    assert done.returncode == 1
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_hostile_questions_and_requests_are_answered_or_cut_off(demo: Demo) -> None:
    def asked(data: bytes) -> Answer:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(20)
            peer.connect(str(demo.data / "views.sock"))
            peer.sendall(data)
            (length,) = LENGTH.unpack(peer.recv(4, socket.MSG_WAITALL))
            return read_answer(peer.recv(length, socket.MSG_WAITALL))

    for question in (
        b"{}",
        b"not json",
        b'{"type":"trades","market":-1}',
        b'{"type":"trades","market":0,"limit":100000}',
        b'{"type":"trades","market":"0; DROP TABLE trades"}',
        b'{"type":"drop","market":0}',
        b'{"type":"trades","market":0,"extra":1}',
        b'{"type":"orders","accounts":[]}',
        b'{"type":"book","market":99}',
        b'{"type":"ledger_entries","members":["' + b"x" * 100 + b'"]}',
        b"[" * 10_000,
    ):
        with pytest.raises(ViewsError):
            asked(LENGTH.pack(len(question)) + question)
    with pytest.raises(ViewsError, match="at most 65536 bytes"):
        asked(LENGTH.pack(MOST_QUESTION_BYTES + 1))
    injected = b'{"type":"ledger_entries","members":["\' OR 1=1; DROP TABLE trades; --"]}'
    assert asked(LENGTH.pack(len(injected)) + injected).rows == []
    host, port = demo.board.split(":")
    for request, expected in (
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"405"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", b"405"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 10_000 + b"\r\n\r\n", b"431"),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
        (b"GET /live.json?market=x HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET /live.json?market=99 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET /live.json?seconds=7 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (
            b"GET /live.json?" + b"a=1&" * 500 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"200",
        ),
        (b"\x00\xff\xfe garbage\r\n\r\n", b"400"),
        (b"HEAD / HTTP/1.1\r\nHost: 127.0.0.1:80\r\nConnection: close\r\n\r\n", b"200"),
    ):
        with socket.create_connection((host, int(port)), timeout=20) as peer:
            peer.sendall(request)
            answer = peer.recv(1 << 16)
            assert answer.split(b" ")[1] == expected, request[:60]
    assert demo.get("/health")[0] == 200


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("market=" + "9" * 40, r"market: expected a number from 0 to \d+, was 9{40}"),
        (
            "market=" + "9" * 5_000,
            r"market: expected a number from 0 to \d+, was 9{60}\.\.\. \(5000 characters\)",
        ),
        ("market=99", r"market: expected a number from 0 to \d+, was 99"),
        ("market=-1", r"market: expected a number from 0 to \d+, was -1"),
        ("market=", r"market: expected a number from 0 to \d+, was empty"),
        ("market=%D9%A3", r"market: expected a number from 0 to \d+, was \u0663"),
        ("seconds=7", r"seconds: expected one of 5, 60, 900, was 7"),
        ("seconds=1e3&market=3", r"seconds: expected one of 5, 60, 900, was 1e3"),
    ],
)
def test_a_parameter_of_the_board_is_refused_with_all_that_was_found(
    demo: Demo, query: str, said: str
) -> None:
    status, _, body = demo.get(f"/live.json?{query}")
    assert status == 400
    assert re.fullmatch(said, json.loads(body)["message"])


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_draws_the_page(demo: Demo) -> None:
    done = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         "--virtual-time-budget=4000", "--dump-dom", f"http://{demo.board}/#3"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert re.search(r'<h1 id="title">NOVA \d+\.\d\d ', done.stdout)
    assert done.stdout.count('class="body ') > 0, "candles"
    assert re.search(r'<div class="count">[\d,]+</div><div class="what">obligations', done.stdout)
    assert 'id="stale" role="alert" hidden' in done.stdout
    assert not [line for line in done.stderr.splitlines() if "CONSOLE" in line], done.stderr


def test_traders_are_started_again_and_a_killed_board_goes_on_where_it_was(demo: Demo) -> None:
    for module in ("novate.app.board.process", "novate.app.traders_process"):
        subprocess.run(["kill", "-9", str(demo.companion(module))], check=True)
    before = demo.node.process.pid
    demo.board = until(
        lambda: demo.companion("board.process") and "127" in demo._address() and demo._address(), "a board"
    )
    until(lambda: _answers(demo), "an answer of the new board")
    sequence = demo.json("/live.json")["sequence"]
    until(lambda: demo.json("/live.json")["sequence"] > sequence + 20, "orders of new traders")
    assert demo.node.process.pid == before
    logged = [json.loads(line) for line in (demo.data / "logs" / "node.log").read_text().splitlines()]
    assert sum("killed by signal 9" in str(line.get("told")) for line in logged) == 2
    assert "views_made_again" not in (demo.data / "logs" / "board.log").read_text()


def _answers(demo: Demo) -> bool:
    try:
        return demo.get("/health")[0] == 200
    except OSError:
        demo.board = demo._address()
        return False


def test_ctrl_c_ends_everything_and_a_rebuild_equals_what_was_fed(demo: Demo) -> None:
    children = children_of(demo.node.process.pid)
    assert len(children) == 3, "board, traders, clearing"
    code, out, said = demo.node.end(signal.SIGINT)
    assert code == 0, said
    assert json.loads(out.splitlines()[-1])["stopped_at"] > 0
    assert "Traceback" not in said
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    fed = run_json("views", "digest", "--data", demo.data)
    assert fed["sequence"] == json.loads(out.splitlines()[-1])["stopped_at"]
    assert fed["rows"]["trades"] > 20
    assert run_json("views", "rebuild", "--data", demo.data) == fed
    for command in (["markets"], ["accounts"], ["halt", "NOVA"], ["simulate", "--seconds", "1"]):
        done = run(*command, "--data", demo.data)
        assert done.returncode == 1
        assert "expected a running node" in done.stderr or "novate.sock" in done.stderr


def test_what_an_operator_did_stands_in_the_journal_under_its_session(demo: Demo) -> None:
    with Journal.open(demo.data / "venue" / "journal", read_only=True) as journal:
        commands = np.concatenate([records for _, records in journal.read()])
    operator = next(
        line.number for line in described(DataDirectory(demo.data), None) if line.name == "OPERATOR"
    )
    for kind, count in ((CommandKind.STATE, 3), (CommandKind.KILL, 1), (CommandKind.REVIVE, 1)):
        found = commands[commands["kind"] == kind]
        assert len(found) == count, "one of three changes of state was refused, and journaled all the same"
        # A kill switch names no session; whose frame it came in says the evidence behind it.
        assert kind is not CommandKind.STATE or set(found["session"].tolist()) == {operator}
    evidence = commands[commands["kind"] == CommandKind.EVIDENCE].view(EVIDENCE_COMMAND)
    assert operator in evidence["session"]


def test_no_log_and_no_output_holds_a_key(demo: Demo) -> None:
    secrets = [path.read_text().strip() for path in (demo.data / "keys").glob("*.key")]
    assert len(secrets) == 7
    logs = list((demo.data / "logs").iterdir())
    assert {path.name for path in logs} >= {"node.log", "board.log"}
    for path in logs:
        text = path.read_text().lower()
        assert '"event": "login"' in text or path.name != "node.log"
        for secret in secrets:
            assert secret not in text
            assert str(bytes.fromhex(secret)).lower() not in text


def test_what_would_be_sent_follows_from_the_seed_alone(demo: Demo) -> None:
    words = ("simulate", "--rehearse", "--data", demo.data, "--seconds", "3", "--rate", "200")
    first, again = (run_json(*words, "--seed", "5") for _ in range(2))
    assert first == again
    assert first != run_json(*words, "--seed", "6")
