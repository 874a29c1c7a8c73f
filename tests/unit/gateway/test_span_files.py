"""SPAN files out and in again, packed in every way, and what is refused."""

from __future__ import annotations

import gzip
import os
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest

from novate.app.margin import Margining
from novate.clearing.margin.span.policy import STANDARD, policy_of
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.gateway.span import columnar
from novate.gateway.span.positions import HEADER
from novate.gateway.span.spn import model_of, read_spn
from novate.gateway.span.stored import open_parameters
from novate.gateway.span.writer import write_spn
from novate.gateway.span.xml_rows import rows_of
from tests.span_cases import FOLDER, WORKED

T1 = FOLDER / "worked" / "T1.spn"
TEXT = T1.read_bytes().decode()
FILES = [FOLDER / "dev" / "small.spn", FOLDER / "dev" / "medium.spn.gz"]
FILES += [FOLDER / "worked" / f"{name}.spn" for name in WORKED]


def bits(path: Path) -> bytes:
    return b"".join(columnar.pieces(read_spn(path), b"", STANDARD))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_that_was_written_reads_as_the_same_model(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.spn.gz"
    write_spn(out, read_spn(path))
    assert bits(out) == bits(path)


def test_positions_and_results_are_written_and_positions_read_again(tmp_path: Path) -> None:
    folder = FOLDER / "dev"
    margining = Margining(folder / "small.spn", STANDARD)
    portfolios = margining.portfolios(folder / "small.csv")
    portfolios = {f"<{name}> & co": positions for name, positions in portfolios.items() if positions}
    results = list(margining.margins(portfolios))
    out = tmp_path / "out.spn"
    write_spn(out, margining.parameters, portfolios, results)
    again = Margining(out, STANDARD)
    assert again.portfolios(out) == portfolios
    assert list(again.margins(again.portfolios(out))) == results
    assert f"<totReq>{results[0].commodities['HL'].figures.requirement / 100:.2f}</totReq>" in out.read_text()


def test_plain_gz_and_zip_are_told_apart_by_their_first_bytes(tmp_path: Path) -> None:
    packed, archive = tmp_path / "a.spn", tmp_path / "b.spn"
    packed.write_bytes(gzip.compress(T1.read_bytes()))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(T1, "inside.spn")
    assert bits(packed) == bits(archive) == bits(T1)


def refused(text: str | bytes, **policy: str) -> SpanProblem:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(SpanProblem) as caught:
        model_of(rows_of([data], policy_of(policy).rate), policy_of(policy))
    return caught.value


CHANGES = [
    (Kind.SCHEMA, "spanFile>", "file>"),
    (Kind.XML_SYNTAX, "</ccDef>", "</ccDeff>"),
    (Kind.SCHEMA, "<currency>USD</currency>\r\n<symbol>", "<symbol>"),
    (Kind.SCHEMA, "<decimalPos>2</decimalPos>", "<decimalPos>10</decimalPos>"),
    (Kind.NUMBER, "<p>8</p>", "<p>8,5</p>"),
    (Kind.NUMBER, "<p>8</p>", "<p>0x8</p>"),
    (Kind.NUMBER, "<p>8</p>", "<p>1e31</p>"),
    (Kind.NUMBER, "<p>8</p>", f"<p>{'1' * 61}</p>"),
    (Kind.PERIOD, "<pe>202612</pe>", "<pe>2026</pe>"),
    (Kind.SCHEMA, "<o>C</o>", "<o>X</o>"),
    (Kind.SCHEMA, "<o>C</o>", ""),
    (Kind.SCHEMA, "<k>410</k>", "<k>410</k><k>410</k>"),
    (Kind.SCHEMA, "<sc>1</sc>", "<sc>0</sc>"),
    (Kind.SCHEMA, "<cvf>500</cvf>", "<cvf>0</cvf>"),
    (Kind.SCHEMA, "<cvf>500</cvf>", "<cvf>-500</cvf>"),
    (Kind.SCHEMA, "<p>8</p>", "<p>-8</p>"),
    (Kind.UNSUPPORTED, "<wfprMeth>NORMAL</wfprMeth>", "<wfprMeth>STRANGE</wfprMeth>"),
    (Kind.UNSUPPORTED, "<somMeth>GROSS</somMeth>", "<somMeth>NET</somMeth>"),
    (Kind.UNSUPPORTED, "</clearingOrg>", "<superSpreads><any/></superSpreads></clearingOrg>"),
    (Kind.UNSUPPORTED, "</clearingOrg>", "</clearingOrg><clearingOrg><ec>B</ec></clearingOrg>"),
    (Kind.UNSUPPORTED, "</ccDef>", "<sSpread/></ccDef>"),
    (Kind.DUPLICATE_CC, "</ccDef>", "</ccDef><ccDef><cc>SP</cc><currency>USD</currency></ccDef>"),
]


@pytest.mark.parametrize(("kind", "old", "new"), CHANGES, ids=lambda value: str(value)[:30])
def test_a_change_that_breaks_a_rule_is_refused_by_its_kind(kind: Kind, old: str, new: str) -> None:
    assert old in TEXT
    everywhere = kind is Kind.XML_SYNTAX or old == "spanFile>"
    problem = refused(TEXT.replace(old, new, -1 if everywhere else 1))
    assert problem.kind is kind
    assert "expected" in str(problem)
    assert ", was " in str(problem)


SPREAD = (
    "<dSpread><spread>{0}</spread><chargeMeth>{1}</chargeMeth><rate><r>1</r><val>5</val></rate>{2}</dSpread>"
)
LEG = "<tLeg><cc>SP</cc><tn>{0}</tn><rs>{1}</rs><i>{2}</i></tLeg>"


@pytest.mark.parametrize(
    ("kind", "spread"),
    [
        (Kind.SCHEMA, SPREAD.format("first", "F", LEG.format(1, "A", 1))),
        (Kind.UNSUPPORTED, SPREAD.format(1, "P", LEG.format(1, "A", 1))),
        (Kind.UNSUPPORTED, SPREAD.format(1, "F", "<rpLeg/>")),
        (Kind.UNKNOWN_TIER, SPREAD.format(1, "F", LEG.format(1, "A", 1))),
        (Kind.SCHEMA, SPREAD.format(1, "F", LEG.format(1, "C", 1))),
        (Kind.SCHEMA, SPREAD.format(1, "F", LEG.format(1, "A", 0))),
        (Kind.SCHEMA, SPREAD.format(1, "F", "")),
    ],
)
def test_a_spread_that_breaks_a_rule_is_refused_by_its_kind(kind: Kind, spread: str) -> None:
    assert refused(TEXT.replace("</ccDef>", spread + "</ccDef>")).kind is kind


ADJUSTED = "<adjRate><r>{0}</r><baseR>{1}</baseR><val>1.5</val></adjRate>"


@pytest.mark.parametrize(
    ("kind", "old", "new", "policy"),
    [
        (
            Kind.SCHEMA,
            "</ccDef>",
            ADJUSTED.format(2, 3) + ADJUSTED.format(3, 2) + "</ccDef>",
            {"initial_rate": "2"},
        ),
        (Kind.UNKNOWN_UNDERLYING, "<undC>\r\n<exch>X</exch>\r\n<pfId>1</pfId>", "<undC><pfId>7</pfId>", {}),
    ],
)
def test_what_is_found_only_when_risk_is_asked_for_names_the_file_too(
    kind: Kind, old: str, new: str, policy: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "odd.spn"
    assert old in TEXT
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(SpanProblem, match=r"odd\.spn: ") as caught:
        Margining(path, policy_of(policy))
    assert caught.value.kind is kind
    if kind is Kind.UNKNOWN_UNDERLYING:
        assert Margining(path, policy_of({"oof_delta_period": "series"})).tables.parameters.periods


def test_a_packed_file_that_is_cut_is_refused_as_such(tmp_path: Path) -> None:
    path = tmp_path / "cut.spn.gz"
    path.write_bytes(gzip.compress(T1.read_bytes())[:-20])
    with pytest.raises(SpanProblem, match="expected a sound gz or zip file") as caught:
        read_spn(path)
    assert caught.value.kind is Kind.GZIP
    with pytest.raises(SpanProblem, match="expected a readable file") as caught:
        read_spn(tmp_path / "none.spn")
    assert caught.value.kind is Kind.FILE


def test_what_is_packed_wrongly_is_refused_as_such(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "lzma", "w", zipfile.ZIP_LZMA) as file:
        file.writestr("inside.spn", bytes(range(256)) * 40 + T1.read_bytes())
    damaged = bytearray((tmp_path / "lzma").read_bytes())
    damaged[60:160] = bytes(100)
    with zipfile.ZipFile(tmp_path / "empty", "w"):
        pass
    with zipfile.ZipFile(tmp_path / "twice", "w") as file:
        file.writestr("inside.gz", gzip.compress(T1.read_bytes()))
    (tmp_path / "lzma").write_bytes(damaged)
    (tmp_path / "gzgz").write_bytes(gzip.compress(gzip.compress(T1.read_bytes())))
    os.mkfifo(tmp_path / "pipe")
    for name, kind, said in (
        ("lzma", Kind.GZIP, "expected a sound gz or zip file, was a damaged one"),
        ("empty", Kind.GZIP, "expected one plain file in the zip, was 0 files"),
        ("twice", Kind.GZIP, "expected a parameter file in the gz or zip, was another packed file"),
        ("gzgz", Kind.GZIP, "expected a parameter file in the gz or zip, was another packed file"),
        ("pipe", Kind.FILE, "expected a regular file, because it is read twice, was a pipe or a device"),
    ):
        with pytest.raises(SpanProblem, match=said) as caught:
            read_spn(tmp_path / name)
        assert caught.value.kind is kind, name


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "nul\x00", "\u202eright to left"])
def test_an_account_that_cannot_be_shown_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "positions.csv"
    path.write_text(f'{",".join(HEADER)}\n"{name}",X,AA,AA,FUT,202603,,,1\n')
    with pytest.raises(SpanProblem, match="account: expected a name that can be shown"):
        Margining(FOLDER / "worked" / "T5.spn", STANDARD).portfolios(path)


def test_what_is_not_modelled_can_be_ignored_and_negative_strikes_accepted() -> None:
    odd = TEXT.replace("</ccDef>", "<sSpread/></ccDef>").replace("<k>410</k>", "<k>-410</k>")
    policy = policy_of({"unsupported": "ignore", "negative_strike": "accept"})
    found = model_of(rows_of([odd.encode()], "1"), policy)
    assert found.contracts.strike.value(1) == -410


def test_references_cdata_comments_and_another_encoding_are_read_as_xml_says() -> None:
    odd = TEXT.replace("<cc>SP</cc>", "<cc><![CDATA[S]]><!-- > -->&#80;</cc>", 1)
    odd = odd.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"').replace("<cc>SP", "<cc>SP")
    odd = odd.replace("<name>Worked example</name>", "<name attribute='a>b'>Caf\xe9</name>")
    found = model_of(rows_of([odd.encode("latin-1")], "1"), STANDARD)
    assert found.commodities[0].code == "SP"
    assert found.facts["name"] == "Caf\xe9"


def test_numbers_beyond_64_bits_stay_exact() -> None:
    text = TEXT.replace("<p>8</p>", "<p>8E-20</p>").replace(
        "<a>-8060</a>", "<a>-8060.000000000000000000001</a>"
    )
    found = model_of(rows_of([text.encode()], "1"), STANDARD)
    assert found.contracts.price.value(1) == Fraction(8, 10**20)
    assert found.arrays.units.dtype == object
    assert found.arrays.value((1, 10)) == -Fraction(8060) - Fraction(1, 10**21)  # type: ignore[arg-type]


def test_a_cache_is_written_beside_a_large_file_and_used(tmp_path: Path) -> None:
    large = tmp_path / "large.spn"
    large.write_text(TEXT + "<!--" + " " * 1024 * 1024 + "-->")
    first = open_parameters(large, STANDARD)
    (kept,) = tmp_path.glob("*.span-columns")
    again = open_parameters(large, STANDARD)
    pieces = [b"".join(columnar.pieces(one, b"", STANDARD)) for one in (first, again)]
    assert pieces[0] == pieces[1]
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    assert open_parameters(large, STANDARD).facts == first.facts
    large.write_text(TEXT.replace("<p>8</p>", "<p>9</p>") + "<!--" + " " * 1024 * 1024 + "-->")
    assert open_parameters(large, STANDARD).contracts.price.value(1) == 9
