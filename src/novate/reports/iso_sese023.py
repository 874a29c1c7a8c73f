"""sese.023.001.11, the settlement instruction: one obligation as the member's depository is told of it.

    SctiesSttlmTxInstr
      TxId  obligation id        SttlmTpAndAddtlParams  DELI or RECE, APMT or FREE
      TradDtls/SttlmDt           FinInstrmId            QtyAndAcctDtls  quantity, owner, account
      SttlmParams  NETT          DlvrgSttlmPties or RcvgSttlmPties  the house
      SttlmAmt  if any           SplmtryData  the columns without an element

One message per row of a member, alone or as a payload of its account's business file (head.002.001.01). The
house's own balancing row (CCP, C22) instructs nobody.
"""

from __future__ import annotations

from novate.clearing.lines import Lines, Words
from novate.clearing.obligation_table import ObligationTable
from novate.reports.iso20022 import (
    HOUSE,
    SIDES,
    XML,
    Digits,
    Message,
    Owned,
    Parts,
    Stretch,
    by_owner,
    owners,
    party_xml,
    rows_of_members,
    shared_parts,
)

MESSAGE = "sese.023.001.11"
NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{MESSAGE}"
FILE_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:head.002.001.01"
OTHER_SIDE = {"DELI": "Rcvg", "RECE": "Dlvrg"}


def settlement_instructions(table: ObligationTable, digits: Digits) -> list[Message]:
    """One instruction per row, in the order of the rows. MessageError where a row does not fit."""
    mine = rows_of_members(table)
    lines = Lines.of_parts([XML, *_document(mine, digits), "\n"]).whole(len(mine))
    texts = lines.data.data
    bounds = zip(lines.starts.tolist(), lines.starts[1:].tolist(), strict=False)
    return [
        Message(identifier=mine.identifier(row), parts=(texts[first:end].tobytes(),))
        for row, (first, end) in enumerate(bounds)
    ]


def instruction_files(table: ObligationTable, digits: Digits) -> list[Message]:
    """One business file per cycle, member and account with all its instructions, in order of their first
    rows; each has the identifier of the account's report. MessageError where a row does not fit."""
    mine, groups = by_owner(table)
    lines = Lines.of_parts(["<Pyld>", *_document(mine, digits), "</Pyld>\n"])
    return [
        Message(
            identifier=one.identifier,
            parts=(_head(one).encode(), Stretch(lines, one.first, one.count), b"</Xchg>\n"),
        )
        for one in groups
    ]


def _head(one: Owned) -> str:
    """The description of a business file. Its time is the beginning of the cycle's date: what a file says
    follows from the journal alone."""
    return (
        f'{XML}<Xchg xmlns="{FILE_NAMESPACE}"><PyldDesc><PyldData><PyldIdr>{one.identifier}</PyldIdr>'
        f"<CreDtAndTm>{one.date}T00:00:00Z</CreDtAndTm></PyldData>"
        f"<ApplSpcfcs><TtlNbOfDocs>{one.count}</TtlNbOfDocs></ApplSpcfcs><PyldTp>{NAMESPACE}</PyldTp>"
        f"<MnfstData><DocTp>{MESSAGE}</DocTp><NbOfDocs>{one.count}</NbOfDocs></MnfstData></PyldDesc>\n"
    )


def _document(table: ObligationTable, digits: Digits) -> Parts:
    of = shared_parts(table, digits, with_nothing=False)
    members, accounts = owners(table)
    house = party_xml(HOUSE, "member")
    sides = [f"{OTHER_SIDE[side]}SttlmPties" for side in SIDES]
    other_side = [f"<{one}><Pty1><Id>{house}</Id></Pty1></{one}>" for one in sides]
    assert isinstance(of.movement, Words), "one of two words"
    return [
        f'<Document xmlns="{NAMESPACE}"><SctiesSttlmTxInstr><TxId>', of.identifier, "</TxId>",
        "<SttlmTpAndAddtlParams><SctiesMvmntTp>", of.movement, "</SctiesMvmntTp><Pmt>", of.payment,
        "</Pmt></SttlmTpAndAddtlParams><TradDtls><SttlmDt><Dt><Dt>", of.date,
        "</Dt></Dt></SttlmDt></TradDtls>", of.instrument, "<QtyAndAcctDtls><SttlmQty><Qty><Unit>", *of.units,
        "</Unit></Qty></SttlmQty><AcctOwnr><Id>", Words(table.party, members), "</Id></AcctOwnr>",
        "<SfkpgAcct><Id>", Words(table.party, accounts), "</Id></SfkpgAcct></QtyAndAcctDtls>",
        "<SttlmParams><SctiesTxTp><Cd>NETT</Cd></SctiesTxTp></SttlmParams>",
        # The other side of every obligation is the house.
        Words(of.movement.codes, other_side), of.money,  # of 0 has no direction, and the schema wants one
        *of.supplement, "</SctiesSttlmTxInstr></Document>",
    ]  # fmt: skip
