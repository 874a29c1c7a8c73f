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

from novate.clearing.lines import Lines, Words
from novate.clearing.obligation_table import ObligationTable
from novate.reports.iso20022 import (
    XML,
    Digits,
    Message,
    Owned,
    Parts,
    Stretch,
    by_owner,
    owners,
    party_xml,
    shared_parts,
    short_text,
)

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:secl.010.001.03"


def settlement_obligation_reports(table: ObligationTable, digits: Digits) -> list[Message]:
    """The reports of all members, in order of their first rows. MessageError where a row does not fit."""
    mine, groups = by_owner(table)
    details, supplements = (Lines.of_parts(parts) for parts in _parts(mine, digits))
    return [
        Message(
            identifier=one.identifier,
            parts=(
                _head(one).encode(), Stretch(details, one.first, one.count), b"</RptDtls>\n",
                Stretch(supplements, one.first, one.count), b"</SttlmOblgtnRpt></Document>\n",
            ),
        )
        for one in groups
    ]  # fmt: skip


def _head(one: Owned) -> str:
    return (
        f'{XML}<Document xmlns="{NAMESPACE}"><SttlmOblgtnRpt><RptParams><RptId>{one.identifier}</RptId>'
        f"<RptDtAndTm><Dt>{one.date}</Dt></RptDtAndTm></RptParams>"
        "<Pgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></Pgntn>"
        f"<ClrMmb>{party_xml(one.member, 'member')}</ClrMmb>"
        f"<DlvryAcct><Id>{short_text(one.account, 'account')}</Id></DlvryAcct><RptDtls>\n"
    )


def _parts(table: ObligationTable, digits: Digits) -> tuple[Parts, Parts]:
    """(details, supplement) of each row."""
    of = shared_parts(table, digits, with_nothing=True)
    accounts = Words(table.party, owners(table)[1])
    quantity: Parts = ["<Qty><Unit>", *of.units, "</Unit></Qty>", of.money]
    way: Parts = ["<SctiesMvmntTp>", of.movement, "</SctiesMvmntTp><Pmt>", of.payment, "</Pmt>"]
    details: Parts = [
        "<SttlmOblgtnDtls><SttlmOblgtnId>", of.identifier, "</SttlmOblgtnId>", of.instrument,
        "<IntnddSttlmDt><Dt><Dt>", of.date, "</Dt></Dt></IntnddSttlmDt>", *quantity,
        # A net has trades of any venue behind it.
        "<PlcOfTrad><Tp><Cd>VARI</Cd></Tp></PlcOfTrad><ClrAcctTp>", accounts, "</ClrAcctTp>", *way,
        "<AddtlSttlmOblgtnDtls><OblgtnTp><Cd>", of.kind, "</Cd></OblgtnTp>", *quantity,
        "<SttlmDt>", of.date, "</SttlmDt>", *way, "</AddtlSttlmOblgtnDtls></SttlmOblgtnDtls>\n",
    ]  # fmt: skip
    return details, [*of.supplement, "\n"]
