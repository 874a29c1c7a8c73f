"""secl.010.001.03, the settlement obligation report: what one member must deliver, receive and pay.

    SttlmOblgtnRpt
      RptParams   report id, date of the cycle        ClrMmb  member       DlvryAcct  account
      RptDtls
        SttlmOblgtnDtls*     one per row
          AddtlSttlmOblgtnDtls   FAIL, NEW1 or COEV
      SplmtryData*           one per row: the columns without an element

One report per cycle, member and account, in the order of the rows. The house's own balancing row (CCP, C22)
is no member's obligation and is in no report.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from xml.etree import ElementTree

from novate.clearing.obligations import Obligation
from novate.reports.iso20022 import (
    HOUSE,
    Digits,
    Message,
    add,
    add_instrument,
    add_money,
    add_party,
    add_supplement,
    add_units,
    document,
    movement,
    payment,
    short_text,
)

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:secl.010.001.03"


def settlement_obligation_reports(rows: Iterable[Obligation], digits: Digits) -> list[Message]:
    """The reports of all members, in order of their first rows. MessageError where a row does not fit."""
    grouped: dict[tuple[str, str, str], list[Obligation]] = {}
    for row in rows:
        if row.member != HOUSE:
            grouped.setdefault((row.cycle, row.member, row.account), []).append(row)
    return [_report(key, taken, digits) for key, taken in grouped.items()]


def report_id(cycle: str, member: str, account: str) -> str:
    """First 16 hexadecimal digits of SHA-256 over `cycle|member|account`."""
    return sha256(f"{cycle}|{member}|{account}".encode()).hexdigest()[:16]


def _report(key: tuple[str, str, str], rows: list[Obligation], digits: Digits) -> Message:
    cycle, member, account = key
    identifier = report_id(cycle, member, account)
    body = ElementTree.Element("SttlmOblgtnRpt")
    parameters = add(body, "RptParams")
    add(parameters, "RptId", identifier)
    add(parameters, "RptDtAndTm/Dt", cycle.partition("/")[0])
    page = add(body, "Pgntn")
    add(page, "PgNb", "1")
    add(page, "LastPgInd", "true")
    add_party(body, "ClrMmb", member, "member")
    add(body, "DlvryAcct/Id", short_text(account, "account"))
    details = add(body, "RptDtls")
    for row in rows:
        _add_obligation(details, row, digits)
    for row in rows:
        add_supplement(body, row)
    return Message(identifier=identifier, content=document(NAMESPACE, body))


def _add_obligation(details: ElementTree.Element, row: Obligation, digits: Digits) -> None:
    one = add(details, "SttlmOblgtnDtls")
    add(one, "SttlmOblgtnId", short_text(row.obligation_id, "obligation_id"))
    add_instrument(one, row.isin)
    add(one, "IntnddSttlmDt/Dt/Dt", row.settle_date)
    add_units(one, "Qty/Unit", row, digits)
    add_money(one, row, digits)
    # A net has trades of any venue behind it.
    add(one, "PlcOfTrad/Tp/Cd", "VARI")
    add(one, "ClrAcctTp", row.account)
    add(one, "SctiesMvmntTp", movement(row))
    add(one, "Pmt", payment(row))
    part = add(one, "AddtlSttlmOblgtnDtls")
    add(part, "OblgtnTp/Cd", row.type)
    add_units(part, "Qty/Unit", row, digits)
    add_money(part, row, digits)
    add(part, "SttlmDt", row.settle_date)
    add(part, "SctiesMvmntTp", movement(row))
    add(part, "Pmt", payment(row))
