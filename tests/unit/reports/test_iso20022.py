"""ISO 20022 messages: every column is there exactly, the schema holds, the bytes are the same."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from novate.clearing.obligation_table import table_of_rows
from novate.clearing.obligations import COLUMNS, Obligation
from novate.reports.iso20022 import SUPPLEMENT, Digits, Message, MessageError, fixed_point
from novate.reports.iso_secl010 import NAMESPACE as SECL
from novate.reports.iso_secl010 import settlement_obligation_reports
from novate.reports.iso_sese023 import NAMESPACE as SESE
from novate.reports.iso_sese023 import instruction_files, settlement_instructions
from tests.unit.reports.iso_schema import breaches

SCENARIOS = Path(__file__).resolve().parents[2] / "conformance" / "clearing" / "hand"

ROW = Obligation(
    obligation_id="63894ac6c6459f91", cycle="2026-03-03/N1", settle_date="2026-03-03", member="ALPINE",
    account="HOUS", isin="US0378331005", movement="DELI", quantity=1250, pay="CRDT", amount_minor=1234567,
    ccy="USD", type="NEW1", gross_legs=7, trade_root_hash="ab" * 32,
)  # fmt: skip
ONE = Digits(currency={"USD": 2}, quantity={"US0378331005": 3})
FREE = msgspec.structs.replace(ROW, pay="NONE", amount_minor=0, member="BOREAL", obligation_id="0" * 16)


def rows_of_scenarios() -> list[Obligation]:
    """Every OBLIGATION event of the hand-written scenarios."""
    events = (
        event
        for path in sorted(SCENARIOS.glob("*.jsonl"))
        for line in path.read_text().splitlines()[1:]
        for event in json.loads(line)["expect"]
    )
    return [
        msgspec.convert({name: event[name] for name in COLUMNS}, Obligation)
        for event in events
        if event["ev"] == "OBLIGATION"
    ]


ROWS = rows_of_scenarios()
DIGITS = Digits(currency={"USD": 2, "JPY": 0, "KWD": 3, "EUR": 2}, quantity={row.isin: 0 for row in ROWS})


def element(message: Message, namespace: str, path: str) -> ElementTree.Element:
    found = ElementTree.fromstring(message.content).find("./{*}" + path.replace("/", "/{*}"))
    assert found is not None, f"no {path}"
    assert found.tag.startswith(f"{{{namespace}}}")
    return found


def text(message: Message, namespace: str, path: str) -> str:
    return element(message, namespace, path).text or ""


def test_the_scenarios_show_every_kind_of_row() -> None:
    assert {row.type for row in ROWS} == {"NEW1", "FAIL", "COEV"}
    assert {row.movement for row in ROWS} == {"RECE", "DELI", "NONE"}
    assert {row.pay for row in ROWS} == {"CRDT", "DEBT"}
    assert "CCP" in {row.member for row in ROWS}


def test_a_report_has_every_column() -> None:
    (report,) = settlement_obligation_reports(table_of_rows([ROW]), ONE)
    root = "SttlmOblgtnRpt/"
    one = root + "RptDtls/SttlmOblgtnDtls/"
    expected = {
        root + "RptParams/RptId": report.identifier,
        root + "RptParams/RptDtAndTm/Dt": "2026-03-03",
        root + "ClrMmb/PrtryId/Id": "ALPINE",
        root + "DlvryAcct/Id": "HOUS",
        one + "SttlmOblgtnId": "63894ac6c6459f91",
        one + "FinInstrmId/ISIN": "US0378331005",
        one + "IntnddSttlmDt/Dt/Dt": "2026-03-03",
        one + "Qty/Unit": "1.250",
        one + "SttlmAmt/Amt": "12345.67",
        one + "SttlmAmt/CdtDbtInd": "CRDT",
        one + "ClrAcctTp": "HOUS",
        one + "SctiesMvmntTp": "DELI",
        one + "Pmt": "APMT",
        one + "AddtlSttlmOblgtnDtls/OblgtnTp/Cd": "NEW1",
    }
    assert {path: text(report, SECL, path) for path in expected} == expected
    assert element(report, SECL, one + "SttlmAmt/Amt").get("Ccy") == "USD"
    kept = root + "SplmtryData/Envlp/Obligation/"
    assert text(report, SUPPLEMENT, kept + "gross_legs") == "7"
    assert text(report, SUPPLEMENT, kept + "trade_root_hash") == "ab" * 32
    assert text(report, SUPPLEMENT, kept + "cycle") == "2026-03-03/N1"


def test_an_instruction_has_every_column_and_the_house_on_the_other_side() -> None:
    (message,) = settlement_instructions(table_of_rows([ROW]), ONE)
    root = "SctiesSttlmTxInstr/"
    expected = {
        root + "TxId": "63894ac6c6459f91",
        root + "SttlmTpAndAddtlParams/SctiesMvmntTp": "DELI",
        root + "SttlmTpAndAddtlParams/Pmt": "APMT",
        root + "TradDtls/SttlmDt/Dt/Dt": "2026-03-03",
        root + "FinInstrmId/ISIN": "US0378331005",
        root + "QtyAndAcctDtls/SttlmQty/Qty/Unit": "1.250",
        root + "QtyAndAcctDtls/AcctOwnr/Id/PrtryId/Id": "ALPINE",
        root + "QtyAndAcctDtls/SfkpgAcct/Id": "HOUS",
        root + "RcvgSttlmPties/Pty1/Id/PrtryId/Id": "CCP",
        root + "SttlmAmt/Amt": "12345.67",
        root + "SttlmAmt/CdtDbtInd": "CRDT",
    }
    assert {path: text(message, SESE, path) for path in expected} == expected
    assert text(message, SUPPLEMENT, root + "SplmtryData/Envlp/Obligation/type") == "NEW1"
    receiving = msgspec.structs.replace(ROW, movement="RECE", pay="DEBT")
    (message,) = settlement_instructions(table_of_rows([receiving]), ONE)
    assert text(message, SESE, root + "DlvrgSttlmPties/Pty1/Id/PrtryId/Id") == "CCP"
    assert text(message, SESE, root + "SttlmAmt/CdtDbtInd") == "DBIT"


def test_money_without_securities_is_a_payment_free_of_delivery() -> None:
    bare = {"movement": "NONE", "quantity": 0}
    pays = msgspec.structs.replace(ROW, **bare, pay="DEBT")
    paid = msgspec.structs.replace(ROW, **bare, pay="CRDT")
    for row, side in ((pays, "RECE"), (paid, "DELI")):
        (message,) = settlement_instructions(table_of_rows([row]), ONE)
        kind = "SctiesSttlmTxInstr/SttlmTpAndAddtlParams/"
        assert text(message, SESE, kind + "SctiesMvmntTp") == side
        assert text(message, SESE, kind + "Pmt") == "APMT"
        assert text(message, SESE, "SctiesSttlmTxInstr/QtyAndAcctDtls/SttlmQty/Qty/Unit") == "0.000"


def test_securities_without_money_are_free_of_payment() -> None:
    row = msgspec.structs.replace(ROW, pay="NONE", amount_minor=0)
    (message,) = settlement_instructions(table_of_rows([row]), ONE)
    assert text(message, SESE, "SctiesSttlmTxInstr/SttlmTpAndAddtlParams/Pmt") == "FREE"
    assert b"SttlmAmt" not in message.content
    (report,) = settlement_obligation_reports(table_of_rows([row]), ONE)
    assert text(report, SECL, "SttlmOblgtnRpt/RptDtls/SttlmOblgtnDtls/SttlmAmt/Amt") == "0.00"
    assert b"CdtDbtInd" not in report.content


def test_a_symbol_stands_where_there_is_no_isin() -> None:
    row = msgspec.structs.replace(ROW, isin="ACME")
    (message,) = settlement_instructions(
        table_of_rows([row]), Digits(currency={"USD": 2}, quantity={"ACME": 0})
    )
    assert text(message, SESE, "SctiesSttlmTxInstr/FinInstrmId/OthrId/Id") == "ACME"


def test_every_row_of_a_member_is_once_in_a_report_and_the_house_is_in_none() -> None:
    reports = settlement_obligation_reports(table_of_rows(ROWS), DIGITS)
    found = [
        one.text
        for report in reports
        for one in ElementTree.fromstring(report.content).iterfind(".//{*}SttlmOblgtnId")
    ]
    assert sorted(found) == sorted(row.obligation_id for row in ROWS if row.member != "CCP")
    assert len(settlement_instructions(table_of_rows(ROWS), DIGITS)) == len(found)


def test_the_same_rows_give_the_same_bytes() -> None:
    first, second = (
        [(one.identifier, one.content) for one in settlement_obligation_reports(table_of_rows(rows), DIGITS)]
        for rows in (ROWS, list(ROWS))
    )
    assert first == second
    (report,) = settlement_obligation_reports(table_of_rows([ROW]), ONE)
    assert report.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:')
    assert report.content.endswith(b"</Document>\n")
    assert b"\r" not in report.content


def elements(root: ElementTree.Element) -> list[object]:
    """Everything that a document says."""
    return [(one.tag, one.attrib, (one.text or "").strip()) for one in root.iter()]


def test_the_instructions_of_an_account_stand_in_one_business_file() -> None:
    # Scenarios have ids in common.
    table = table_of_rows(list({row.obligation_id: row for row in ROWS}.values()))
    alone = {one.identifier: one.content for one in settlement_instructions(table, DIGITS)}
    reports = settlement_obligation_reports(table, DIGITS)
    files = instruction_files(table, DIGITS)
    assert [one.identifier for one in files] == [one.identifier for one in reports]
    told = 0
    for file in files:
        root = ElementTree.fromstring(file.content)
        assert root.tag == "{urn:iso:std:iso:20022:tech:xsd:head.002.001.01}Xchg"
        documents = root.findall("./{*}Pyld/*")
        counts = {one.text for one in root.iterfind(".//{*}TtlNbOfDocs")} | {
            one.text for one in root.iterfind(".//{*}NbOfDocs")
        }
        assert counts == {str(len(documents))}
        for document in documents:
            identifier = document.findtext(".//{*}TxId") or ""
            assert elements(document) == elements(ElementTree.fromstring(alone[identifier]))
        told += len(documents)
    assert told == len(alone)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ccy": "usd"}, "three capital letters"),
        ({"ccy": "XXX"}, "digits of XXX"),
        ({"member": "M" * 36}, "member: expected 1 to 35"),
        ({"isin": "A" * 36}, "expected 1 to 35"),
        ({"amount_minor": 10**18}, "at most 18 digits"),
    ],
)
def test_what_a_message_cannot_hold_is_refused(change: dict[str, object], said: str) -> None:
    row = msgspec.structs.replace(ROW, **change)
    with pytest.raises(MessageError, match=said):
        settlement_instructions(
            table_of_rows([row]), Digits(currency={"USD": 2, "usd": 2}, quantity={row.isin: 0})
        )


def test_six_digits_of_money_are_refused_and_not_rounded() -> None:
    with pytest.raises(MessageError, match="at most 5 digits"):
        settlement_instructions(table_of_rows([ROW]), Digits(currency={"USD": 6}, quantity=ONE.quantity))


@pytest.mark.parametrize("value", [0, 1, 9, 10, 99, 100, 123456789])
@pytest.mark.parametrize("digits", [0, 1, 2, 5])
def test_moving_the_point_is_exact(value: int, digits: int) -> None:
    assert Decimal(fixed_point(value, digits)) == Decimal(value).scaleb(-digits)


@pytest.mark.parametrize("kind", ["secl.010", "sese.023"])
def test_messages_keep_the_schema(kind: str) -> None:
    pytest.importorskip("python_iso20022", reason="python-iso20022 is not installed")
    from xsdata.formats.dataclass.parsers import XmlParser

    if kind == "secl.010":
        from python_iso20022.secl.secl_010_001_03.models import Secl01000103 as Schema

        messages = settlement_obligation_reports(table_of_rows([*ROWS, FREE, ROW]), with_isin())
    else:
        from python_iso20022.sese.sese_023_001_11.models import Sese02300111 as Schema

        messages = settlement_instructions(table_of_rows([*ROWS, FREE, ROW]), with_isin())
    assert b"<Pmt>FREE" in messages[-2].content
    parser = XmlParser()
    assert len(messages) > 20
    for message in messages[:: max(len(messages) // 60, 1)] + messages[-2:]:
        assert list(breaches(parser.from_bytes(message.content, Schema))) == []
    spoiled = messages[-1].content.replace(b"US0378331005", b"us0378331005")
    assert any("pattern" in one for one in breaches(parser.from_bytes(spoiled, Schema)))


def with_isin() -> Digits:
    return Digits(currency=DIGITS.currency, quantity={**DIGITS.quantity, **ONE.quantity})
