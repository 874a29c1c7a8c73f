"""An obligation file is read back whole, or refused with the line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from novate.app.clear import clear_file
from novate.app.cli import execute
from novate.clearing.obligations import HEADER
from novate.clearing.trades.columns import FIELDS
from novate.reports.obligation_reader import ObligationFileError, read_obligations

TRADES = [
    "1,X,1,2026-03-02,ACME,10.00,100,USD,BETA,HOUS,ALFA,HOUS",
    "2,X,1,2026-03-02,ACME,11.00,60,USD,GAMA,CLIE,BETA,HOUS",
    "3,X,1,2026-03-02,SAKE,1500,2,JPY,ALFA,HOUS,GAMA,CLIE",
]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder: Path = tmp_path_factory.mktemp("clear")
    (folder / "trades.csv").write_text("\n".join([",".join(FIELDS), *TRADES]) + "\n")
    clear_file(folder / "trades.csv", folder / "out", adopt=True)
    return (folder / "out" / "obligations.csv").read_bytes()


def test_rows_and_digits_come_back(content: bytes) -> None:
    read = read_obligations(content)
    assert [(row.member, row.isin, row.signed_quantity, row.signed_amount) for row in read.rows] == [
        ("ALFA", "SAKE", 2, -3000),
        ("GAMA", "SAKE", -2, 3000),
        ("ALFA", "ACME", -100, 100000),
        ("BETA", "ACME", 40, -34000),
        ("GAMA", "ACME", 60, -66000),
    ]
    assert read.currency_digits == {"JPY": 0, "USD": 2}
    assert read.quantity_digits == {"ACME": 0, "SAKE": 0}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b",34000,", b",34001,", "footer: expected the line #ccy,USD,2,3,100001"),
        (b"#rows,5", b"#rows,6", "expected the line #rows,5"),
        (b"#isin,ACME,USD,0", b"#isin,ACME,USD,x", "expected digits in field 4"),
        (b"RECE", b"TAKE", 'line 2: movement: expected one of RECE, DELI, NONE, was "TAKE"'),
        (b"2026-03-03,ALFA", b"2026-3-03,ALFA", 'settle_date: expected an ISO date, was "2026-3-03"'),
        (b",DEBT,3000,", b",DEBT,,", 'amount_minor: expected a whole number, was ""'),
        (b",DEBT,3000,", b",NONE,3000,", "expected amount_minor 0 exactly where pay is NONE"),
        (b"obligation_id,", b"id,", "line 1: expected the header"),
        (b",NEW1,", b",", "expected 14 fields, found 13"),
    ],
)
def test_a_changed_file_is_refused(content: bytes, old: bytes, new: bytes, said: str) -> None:
    assert old in content
    with pytest.raises(ObligationFileError) as refused:
        read_obligations(content.replace(old, new, 1))
    assert said in str(refused.value)


def test_a_file_without_its_end_is_refused(content: bytes) -> None:
    with pytest.raises(ObligationFileError, match="footer of control totals"):
        read_obligations(content[: content.index(b"#")])
    with pytest.raises(ObligationFileError, match="#sha256"):
        read_obligations(content[: content.index(b"#sha256")])


@pytest.mark.parametrize("command", ["iso20022", "minimum-payments"])
def test_commands_name_the_broken_file(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text(HEADER)
    options = ["--out", str(tmp_path / "out")] if command == "iso20022" else []
    assert execute(["clearing", command, str(broken), *options]) == 1
    assert f"{broken}: Expected a footer of control totals" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
