"""Results never go over what somebody else has left: runs, results of other commands, the input itself."""

from __future__ import annotations

import fcntl
import os
import resource
from pathlib import Path

import pytest

from novate.app.cli import execute
from tests.end_to_end.processes import novate

TRADES = (
    "trade_id,source,version,trade_date,instrument,price,quantity,currency,"
    "buyer_member,buyer_account,seller_member,seller_account\n"
    "1,X,1,2026-03-02,ACME,10.00,100,USD,BETA,HOUS,ALFA,HOUS\n"
)
ORDERS = "time,command,market,account,client_order_id,side,quantity,price\n1,NEW,NOVA,101,1,BUY,10,182.50\n"
MESSAGES = "34200.5,1,11,100,5853300,1\n"


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with one file for each command."""
    (tmp_path / "t.csv").write_text(TRADES)
    (tmp_path / "o.csv").write_text(ORDERS)
    (tmp_path / "acme_1.csv").write_text(MESSAGES)
    return tmp_path


def command(name: str, inputs: Path, out: Path) -> list[str]:
    """The command line of a command that leaves results in `out`."""
    return {
        "clear": ["clear", str(inputs / "t.csv"), "--adopt", "--out", str(out)],
        "match": ["match", str(inputs / "o.csv"), "--format", "csv", "--out", str(out)],
        "import": ["import", "lobster", str(inputs / "acme_1.csv"), "--out", str(out)],
    }[name]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes; a lock holds only the number of the last process that looked."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock")
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", ["clear", "match", "import"])
def test_a_run_is_not_written_into(
    name: str, day: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(day)
    assert execute(command(name, inputs, day)) == 1
    assert "was one of novate run (summary.json)" in capsys.readouterr().err
    (day / "summary.json").unlink()
    assert execute(command(name, inputs, day)) == 1
    assert "was one of novate run (journal/witness)" in capsys.readouterr().err
    before.pop(str(day / "summary.json"))
    assert contents(day) == before


@pytest.mark.parametrize("name", ["clear", "match", "import", "days"])
@pytest.mark.parametrize(
    ("mark", "said"),
    [("clearing/journal", "a clearing house"), ("venue/journal", "novate up or novate day")],
)
def test_nothing_is_put_beside_a_house_or_a_venue(
    mark: str, said: str, name: str, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Positions of a file would be taken for those of the house that stands there."""
    out = inputs / "firm"
    if mark == "clearing/journal":
        assert execute(["clearing", "open", str(out)]) == 0
    else:
        (out / mark).mkdir(parents=True)
    before = contents(out)
    capsys.readouterr()
    line = command("clear" if name == "days" else name, inputs, out)
    assert execute([*line, "--to", "2026-03-04"] if name == "days" else line) == 1
    assert f"was one of {said} ({mark}); give another --out" in capsys.readouterr().err
    assert contents(out) == before


@pytest.mark.parametrize(("first", "second"), [("clear", "match"), ("match", "clear"), ("import", "match")])
def test_results_of_another_command_are_not_replaced(
    first: str, second: str, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = inputs / "out"
    assert execute(command(first, inputs, out)) == 0
    before = contents(out)
    capsys.readouterr()
    assert execute(command(second, inputs, out)) == 1
    assert f"was one of novate {first}" in capsys.readouterr().err
    assert contents(out) == before
    assert execute(command(first, inputs, out)) == 0


@pytest.mark.parametrize("link", [False, True])
def test_an_input_is_not_replaced_by_its_own_results(
    link: bool, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = inputs / "io"
    out.mkdir()
    name = out / "obligations.csv"
    name.hardlink_to(inputs / "t.csv") if link else (inputs / "t.csv").rename(name)
    given = inputs / "t.csv" if link else name
    assert execute(["clear", str(given), "--adopt", "--out", str(out)]) == 1
    assert "was a file that is read" in capsys.readouterr().err
    assert given.read_text() == TRADES


def test_a_place_that_is_no_directory_is_named(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inputs / "file").write_text("x")
    (inputs / "link").symlink_to(inputs / "nowhere")
    (inputs / "taken" / "rejects.csv").mkdir(parents=True)
    for name in ("clear", "match", "import"):
        for place, said in (
            ("file", "file: expected a directory for the results, was a file"),
            ("file/below", "file: expected a directory for the results, was a file"),
            ("link", "link: expected a directory for the results, was a link to nothing"),
            ("taken", "rejects.csv: expected a file or nothing there, was a directory"),
        ):
            assert execute(command(name, inputs, inputs / place)) == 1
            assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["clear", "match", "import"])
def test_two_commands_never_write_into_one_directory_at_once(
    name: str, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = inputs / "out"
    out.mkdir()
    held = os.open(out, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        assert execute(command(name, inputs, out)) == 1
    finally:
        os.close(held)
    assert "out: expected to be the only writer" in capsys.readouterr().err
    assert not list(out.iterdir())


@pytest.mark.parametrize("name", ["clear", "match", "import"])
@pytest.mark.parametrize("limit", [100, 2_000, 6_000])
def test_a_disk_that_is_full_is_said_in_one_line_with_its_place(name: str, limit: int, inputs: Path) -> None:
    """A limit on the size of files stands for the disk; the files of each command are larger."""
    (inputs / "t.csv").write_text(
        TRADES + "".join(f"{TRADES.splitlines()[1].replace('1,X', f'{n},X')}\n" for n in range(2, 9))
    )
    out = inputs / "out"
    failed = novate(
        *command(name, inputs, out),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert failed.returncode or limit > 100
    if failed.returncode:
        assert str(out) in failed.stderr
        assert len(failed.stderr.splitlines()) == 1, failed.stderr
        assert not list(out.iterdir())
    else:
        assert all(path.stat().st_size <= limit for path in out.iterdir())
